package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestPositionsOfAbsentLevels: the file keeps what levels that are not configured now have delivered.
func TestPositionsOfAbsentLevels(t *testing.T) {
	s, err := newScheduler(nil, "1s 1s")
	if err == nil {
		err = s.load([]byte(`{"dataVersion":{},"offsetTable":{1:5,2:6,3:7,18:9,-1:4,0:4,5:-2,2000000000:1}}`))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.levels[0].offset.Store(50)
	text, err := s.encode()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := newScheduler(nil, strings.Repeat("1s ", 18))
	if err := again.load(text); err != nil {
		t.Fatal(err)
	}
	for level, want := range map[int32]int64{1: 50, 2: 6, 3: 7, 4: 0, 5: 0, 18: 9} {
		if got := again.position(level); got != want {
			t.Errorf("level %d is at %d, want %d", level, got, want)
		}
	}
	if len(s.absent) != 2 {
		t.Errorf("kept %v", s.absent)
	}
}

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
