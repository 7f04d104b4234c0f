package delay

import (
	"strings"
	"testing"
	"time"
)

func TestDelayLevels(t *testing.T) {
	s, err := NewLevels(Deps{}, javaLevels)
	if err != nil || s.Max() != 18 || s.levels[4].delay != time.Minute || s.levels[17].delay != 2*time.Hour {
		t.Fatalf("%v %+v", err, s)
	}
	for _, bad := range []string{"", "1x", "s", "1s -1s", "1 s"} {
		if _, err := NewLevels(Deps{}, bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if err := s.Load([]byte(`{"dataVersion":{"counter":3},"offsetTable":{1:5,18:9,99:1}}`)); err != nil ||
		s.levels[0].offset.Load() != 5 || s.levels[17].offset.Load() != 9 {
		t.Errorf("delayOffset.json: %v", err)
	}
	f := dueFilter{delay: 1000, now: 10_000}
	// 12,000 is beyond now+delay: the clock went back
	for at, want := range map[int64]bool{9_999: true, 10_000: true, 12_000: true} {
		if f.next = 0; f.MatchTagsCode(at) != want {
			t.Errorf("deliver at %d: %v", at, !want)
		}
	}
	if f.MatchTagsCode(10_500) || f.next != 10_500 || f.MatchTagsCode(1) {
		t.Error("the first that is not due stops the scan")
	}
}

// TestPositionsOfAbsentLevels: the file keeps what levels that are not configured now have delivered.
func TestPositionsOfAbsentLevels(t *testing.T) {
	s, err := NewLevels(Deps{}, "1s 1s")
	if err == nil {
		err = s.Load([]byte(`{"dataVersion":{},"offsetTable":{1:5,2:6,3:7,18:9,-1:4,0:4,5:-2,2000000000:1}}`))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.levels[0].offset.Store(50)
	text, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := NewLevels(Deps{}, strings.Repeat("1s ", 18))
	if err := again.Load(text); err != nil {
		t.Fatal(err)
	}
	for level, want := range map[int32]int64{1: 50, 2: 6, 3: 7, 4: 0, 5: 0, 18: 9} {
		if got := again.Position(level); got != want {
			t.Errorf("level %d is at %d, want %d", level, got, want)
		}
	}
	if len(s.absent) != 2 {
		t.Errorf("kept %v", s.absent)
	}
}

// javaLevels is the default of messageDelayLevel.
const javaLevels = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h"
