package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func (p *peer) permCall(code int32, broker string) *wire.Command {
	p.t.Helper()
	return call(p, code, wire.BrokerNameRequest, &wire.BrokerNameHeader{BrokerName: broker}, "")
}

func TestWipeWritePerm(t *testing.T) {
	p := start(t)
	b := newBroker("b", "h:2", 0, "T")
	p.register(newBroker("a", "h:1", 0, "T"))
	p.register(b)
	p.perm("T", "b") // into the cache
	if got := p.permCall(wire.ReqWipeWritePermOfBroker, "b").GetString("wipeTopicCount"); got != "3" {
		t.Errorf("count %q", got)
	}
	if p.perm("T", "a") != 6 || p.perm("T", "b") != 4 || p.perm("b", "b") != 4 {
		t.Errorf("perm %d %d", p.perm("T", "a"), p.perm("T", "b"))
	}
	p.register(b)
	if p.perm("T", "b") != 4 {
		t.Error("an unchanged registration gave the permission back")
	}
	b.version.Counter++
	p.register(b)
	if p.perm("T", "b") != 6 {
		t.Error("a changed registration did not give the permission back")
	}
	if got := p.permCall(wire.ReqWipeWritePermOfBroker, "nobody").GetString("wipeTopicCount"); got != "0" {
		t.Errorf("unknown broker: count %q", got)
	}
}
