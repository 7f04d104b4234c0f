package broker

import (
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// loggedBroker is a broker that was not started and writes down what it logs.
func loggedBroker(t *testing.T) (*Broker, *logLines) {
	t.Helper()
	lines := new(logLines)
	b, err := New(testConfig(t, t.TempDir()), zerolog.New(lines))
	if err != nil {
		t.Fatal(err)
	}
	return b, lines
}

// TestStoreEventsAreLogged: what the store tells is in the log, with the level that it deserves and everything that
// somebody needs who has to act.
func TestStoreEventsAreLogged(t *testing.T) {
	b, lines := loggedBroker(t)
	e, why := b.storeEvents(), errors.New("the reason")
	for text, c := range map[string]struct {
		tell   func()
		level  string
		fields map[string]any
	}{
		"messages that a group has not consumed were deleted": {
			func() { e.UnconsumedDeleted("f", "T", 3, 10, 15) }, "error",
			map[string]any{"file": "f", "topic": "T", "queueId": 3.0, "from": 10.0, "to": 15.0}},
		"recovering the store": {
			func() { e.RecoveryProgress(recovery.Progress{Phase: "queues", File: "f", Offset: 1, End: 2}) }, "info",
			map[string]any{"phase": "queues", "file": "f", "offset": 1.0, "end": 2.0}},
		"a queue offset in the commit log does not follow": {
			func() {
				e.QueueJump(recovery.Jump{Topic: "T", QueueID: 1, Want: 5, Got: 9, LogOffset: 77, What: "filled"})
			},
			"error", map[string]any{"topic": "T", "queueId": 1.0, "expected": 5.0, "found": 9.0, "logOffset": 77.0,
				"result": "filled"}},
		"store recovered": {
			func() {
				e.RecoveryDone(recovery.Report{Clean: true, From: 1, To: 2, Records: 3, Rebuilt: 4, Trimmed: 5, Jumps: 6,
					Took: 7 * time.Millisecond, QueuesKnown: true})
			}, "info", map[string]any{"clean": true, "from": 1.0, "to": 2.0, "records": 3.0, "rebuilt": 4.0, "trimmed": 5.0,
				"jumps": 6.0, "tookMillis": 7.0, "queuesKnown": true}},
		"the store is damaged": {func() { e.Corruption(&datafile.CorruptionError{File: "f", Offset: 9}) }, "error", nil},
		"commit log file begins": {func() { e.SegmentRolled("f", 8) }, "info",
			map[string]any{"file": "f", "offset": 8.0}},
		"commit log file deleted": {func() { e.SegmentDeleted("f", 8, true) }, "info",
			map[string]any{"file": "f", "offset": 8.0, "forced": true}},
		"flush failed: sends are refused until restart": {func() { e.FlushFailed("f", why) }, "error",
			map[string]any{"file": "f", "error": "the reason"}},
		"index": {func() { e.BackgroundError("index", "f", why) }, "warn",
			map[string]any{"file": "f", "error": "the reason"}},
		"the store was not stopped cleanly": {func() { e.StoppedUnclean(why) }, "error",
			map[string]any{"error": "the reason"}},
		"little room for the commit log": {func() { e.LittleRoom(&commitlog.RoomError{}) }, "warn", nil},
		"sends are refused":              {func() { e.Writable(why) }, "error", map[string]any{"error": "the reason"}},
		"sends are accepted again":       {func() { e.Writable(nil) }, "info", nil},
	} {
		c.tell()
		line := lines.find(text)
		if line == nil || line["level"] != c.level {
			t.Errorf("%s: %v", text, line)
			continue
		}
		for name, want := range c.fields {
			if line[name] != want {
				t.Errorf("%s: %s is %v, want %v", text, name, line[name], want)
			}
		}
	}
	if n := b.stats.UnconsumedDeleted.Load(); n != 5 {
		t.Errorf("%d deleted messages counted", n)
	}
	b.restored(vfs.Restored{File: "topics.json", From: "topics.json.bak", Why: why})
	if line := lines.find(vfs.Restored{File: "topics.json", From: "topics.json.bak", Why: why}.String()); line["level"] != "warn" ||
		line["file"] != "topics.json" || line["readInstead"] != "topics.json.bak" || line["reason"] != "the reason" {
		t.Errorf("restored: %v", line)
	}
}

// TestBackgroundErrorsAreThrottled: what fails again and again fills no log.
func TestBackgroundErrorsAreThrottled(t *testing.T) {
	b, lines := loggedBroker(t)
	for range 50 {
		b.storeEvents().BackgroundError("index", "f", errors.New("x"))
	}
	lines.mu.Lock()
	defer lines.mu.Unlock()
	if n := len(lines.lines); n < 1 || n > 2 {
		t.Errorf("%d lines", n)
	}
}

// TestMessageStoredWakes: a message of a level wakes the level only; others wake the held pulls of their queue.
func TestMessageStoredWakes(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	if n := r.b.holds.Count(); n != 0 {
		t.Fatalf("%d wait", n)
	}
	woken := make(chan int32, 1)
	go func() {
		code, _, _ := r.pull("g", "T", 1, "*", 20_000)
		woken <- code
	}()
	testutil.WaitFor(t, "a held pull", func() bool { return r.b.holds.Count() == 1 })
	r.b.messageStored(dispatch.ScheduleTopic, 0, 1, 0, 0, nil)
	r.b.messageStored("U", 0, 1, 0, 0, nil)
	select {
	case code := <-woken:
		t.Fatalf("woken with %d by a message of another topic", code)
	case <-time.After(50 * time.Millisecond):
	}
	for range 8 { // one of them goes to the queue
		r.send("T", "", "next")
	}
	select {
	case code := <-woken:
		if code != 0 {
			t.Errorf("code %d", code)
		}
	case <-time.After(10 * time.Second):
		t.Error("a held pull sleeps through its message")
	}
}
