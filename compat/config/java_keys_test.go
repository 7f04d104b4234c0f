package config

import "testing"

func TestIsJavaKey(t *testing.T) {
	for key, want := range map[string]bool{"brokerName": true, "sendMessageThreadPoolNums": true, "rocketmqHome": true,
		"maxOutboundBytes": false, "brokername": false, "": false} {
		if got := IsJavaKey(key); got != want {
			t.Errorf("%q: %v, want %v", key, got, want)
		}
	}
}
