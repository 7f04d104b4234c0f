package broker

import (
	"testing"

	"gorocket/remoting/wire"
)

// TestCloneGroupOffset: one topic or all; a live group's topics that it does not read any more only with offline.
func TestCloneGroupOffset(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for _, topic := range []string{"A", "B"} {
		r.send(topic, "", "x")
		r.pull("src", topic, 0, "*", 0)
		r.commit("src", topic, 0, 1)
	}
	clone := func(fields string) answer { return r.ask(wire.ReqCloneGroupOffset, fields, "") }
	offset := func(group, topic string) int64 { return r.b.offsets.Query(group, topic, 0) }
	clone("srcGroup=src&destGroup=a%20b").is(t, 29, "The specified group: a b, contains illegal characters")
	clone("srcGroup=src").is(t, 1, "")
	clone("srcGroup=src&destGroup=one&topic=A").is(t, 0, "")
	if offset("one", "A") != 1 || offset("one", "B") != -1 {
		t.Errorf("one topic: %d %d", offset("one", "A"), offset("one", "B"))
	}
	clone("srcGroup=src&destGroup=all").is(t, 0, "")
	if offset("all", "A") != 1 || offset("all", "B") != 1 {
		t.Errorf("all topics: %d %d", offset("all", "A"), offset("all", "B"))
	}
	r.ask(wire.ReqHeartBeat, "", beatBody("c1", "src", "A", 0, false)).is(t, 0, "")
	clone("srcGroup=src&destGroup=live").is(t, 0, "")
	clone("srcGroup=src&destGroup=offline&offline=true").is(t, 0, "")
	if offset("live", "A") != 1 || offset("live", "B") != -1 || offset("offline", "B") != 1 {
		t.Errorf("a live group: %d %d, offline %d", offset("live", "A"), offset("live", "B"), offset("offline", "B"))
	}
	clone("srcGroup=none&destGroup=nothing&topic=A").is(t, 0, "")
	if offset("nothing", "A") != -1 {
		t.Error("nothing was cloned to something")
	}
}
