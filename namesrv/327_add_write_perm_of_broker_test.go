package namesrv

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestAddWritePerm(t *testing.T) {
	p := start(t)
	b := newBroker("a", "h:1", 0, "T", "None")
	b.topics[1].Perm = 0
	p.register(b)
	p.permCall(wire.ReqWipeWritePermOfBroker, "a")
	if got := p.permCall(wire.ReqAddWritePermOfBroker, "a").GetString("addTopicCount"); got != "4" {
		t.Errorf("count %q", got)
	}
	if p.perm("T", "a") != 6 || p.perm("None", "a") != 6 {
		t.Errorf("perm %d and %d", p.perm("T", "a"), p.perm("None", "a"))
	}
}
