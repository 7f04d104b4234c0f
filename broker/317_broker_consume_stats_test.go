package broker

import (
	"fmt"
	"testing"

	"gorocket/compat"
	"gorocket/remoting/wire"
)

// TestBrokerConsumeStats: the lag of all groups adds up; isOrder leaves ordinary topics out.
func TestBrokerConsumeStats(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 5 {
		r.send("T", "", fmt.Sprint(i))
	}
	for group, at := range map[string]int64{"a": 2, "b": 5} {
		r.b.groups.Find(group)
		r.commit(group, "T", 0, at)
	}
	ask := func(order string) (l consumeStatsList) {
		t.Helper()
		a := r.ask(wire.ReqGetBrokerConsumeStats, "isOrder="+order, "").is(t, 0, "")
		if err := compat.Unmarshal([]byte(a.body), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := ask("false")
	if l.TotalDiff != 3 || l.BrokerAddr != r.addr {
		t.Errorf("%+v", l)
	}
	for _, groups := range l.ConsumeStatsList {
		if s := groups["a"]; len(s) == 1 && s[0].OffsetTable[queueOf(r.b.cfg(), "T", 0)].ConsumerOffset != 2 {
			t.Errorf("group a: %+v", s)
		}
	}
	if l := ask("true"); l.TotalDiff != 0 {
		t.Errorf("order topics only: %+v", l)
	}
	r.ask(wire.ReqGetBrokerConsumeStats, "", "").is(t, 1, "")
}
