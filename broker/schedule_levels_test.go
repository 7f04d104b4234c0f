package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLevelSwitchedOffForOneRun: what a level delivered before a run without it does not come again behind that run,
// and what waited does come.
func TestLevelSwitchedOffForOneRun(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	levels := func(spec string) *rig {
		cfg.MessageDelayLevel = spec
		return startRig(t, cfg)
	}
	r := levels("1s 1s 1s")
	for i := range 3 {
		r.send("T", "DELAY\x013\x02", fmt.Sprint("delivered ", i))
	}
	r.await("T", 3)
	r.send("T", "DELAY\x013\x02", "waits")
	r.stop()
	r = levels("1s")
	r.send("T", "DELAY\x011\x02", "meanwhile")
	r.await("T", 4) // another level moves on: the file is written
	r.stop()
	r = levels("1s 1s 1s")
	got, _ := r.await("T", 5)
	if n := strings.Count(strings.Join(got, "|"), "delivered"); n != 3 || strings.Count(strings.Join(got, "|"),
		"waits") != 1 {
		t.Errorf("%q", got)
	}
	deadline := time.Now().Add(300 * time.Millisecond) // nothing else comes
	for time.Now().Before(deadline) {
		if more := r.bodies("T"); len(more) > 5 {
			t.Fatalf("%q", more)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
