package namesrv

import (
	"testing"

	"gorocket/remoting"
)

func TestGetKVConfig(t *testing.T) {
	p := start(t)
	p.want(p.kvCall(remoting.ReqGetKvConfig, "ns", "k", ""), remoting.QueryNotFound, "No config item, Namespace: ns Key: k", "")
	for _, value := range []string{"v", "", "a=b;c\nd"} {
		p.kvCall(remoting.ReqPutKvConfig, "ns", "k", value)
		got := p.kvCall(remoting.ReqGetKvConfig, "ns", "k", "")
		if text, has := got.Get("value"); got.Code != remoting.Success || !has || string(text) != value {
			t.Errorf("value %q: got %d %q %v", value, got.Code, text, has)
		}
	}
}
