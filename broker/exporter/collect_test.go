package exporter

import (
	"testing"

	"gorocket/remoting/wire"
)

// TestProcessors: every request waits for one of Java's processors.
func TestProcessors(t *testing.T) {
	for code, want := range map[int32]string{wire.ReqSendMessageV2: "send", wire.ReqPullMessage: "pull",
		wire.ReqHeartBeat: "heartbeat", wire.ReqUpdateBrokerConfig: "admin", wire.ReqEndTransaction: "transaction"} {
		if got := processors[processorOf(code)]; got != want {
			t.Errorf("%d waits for %s", code, got)
		}
	}
}
