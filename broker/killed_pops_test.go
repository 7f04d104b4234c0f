package broker

import (
	"slices"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// TestKillKeepsPopped: a broker that is killed behind the answers to pops and acknowledgements knows both at its next
// start, and a clean stop leaves no journal.
func TestKillKeepsPopped(t *testing.T) {
	mem := newMem(t)
	r := memRig(t, mem, func(c *config.Config) { c.FlushConsumerOffsetInterval = 3_600_000 })
	for _, body := range []string{"a", "b", "c"} {
		r.send("T", "", body)
	}
	bodies, handles := r.ask(wire.ReqPopMessage, popFields("T", "g", "invisibleTime=8000"), "").is(t, 0, "FOUND").popped(t)
	if !slices.Equal(bodies, []string{"a", "b", "c"}) {
		t.Fatalf("popped %q", bodies)
	}
	began := time.Now()
	r.ask(wire.ReqAckMessage, ackFields("T", "g", handles["b"]), "").is(t, 0, "")
	left := mem.Clone()
	r2 := reborn(t, left)
	r2.send("T", "", "d")
	var got []string
	testutil.WaitFor(t, "what was not acknowledged", func() bool {
		a := r2.ask(wire.ReqPopMessage, popFields("T", "g"), "")
		if a.code != 0 {
			time.Sleep(50 * time.Millisecond)
			return false
		}
		list, handles := a.popped(t)
		for _, body := range list {
			if early := 8*time.Second - time.Since(began); body != "d" && early > 0 {
				t.Errorf("%s is popped %v before its time", body, early)
			}
			r2.ask(wire.ReqAckMessage, ackFields("T", "g", handles[body]), "").is(t, 0, "")
		}
		got = append(got, list...)
		return len(got) >= 3
	})
	slices.Sort(got)
	if !slices.Equal(got, []string{"a", "c", "d"}) {
		t.Errorf("popped %q after the kill", got)
	}
	if files, err := left.ReadDir(memRoot + "/popJournal"); err != nil || len(files) == 0 {
		t.Errorf("the journal of a broker that runs: %v %v", files, err)
	}
	r2.stop()
	if files, err := left.ReadDir(memRoot + "/popJournal"); err == nil {
		t.Errorf("a clean stop has left %v", files)
	}
}
