package timer

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestWheelBehindItsLog: what the wheel on disk lacks of the log, as Java may leave it, is hung in again, from the slot
// on that is delivered next; what was delivered does not come again, and what the wheel has is not hung in twice.
func TestWheelBehindItsLog(t *testing.T) {
	mem := vfs.NewMem()
	r := newRig(t, smallConfig(), mem, begin)
	slots := []int64{50, 150, 250, 950}
	for i, at := range slots {
		r.put(begin+at, fmt.Sprint("a", i), "")
		r.put(begin+at, fmt.Sprint("b", i), "")
	}
	r.turn(begin)
	r.turn(begin + 100)
	r.want("a0", "b0")
	if r.tm.readTime != begin+100 {
		t.Fatalf("read time %d", r.tm.readTime-begin)
	}
	r.tm.mu.Lock()
	for _, at := range []int64{0, 100, 900} { // the third slot stays
		r.tm.wheel.clear(r.tm.wheel.index(begin + at))
	}
	r.tm.mu.Unlock()
	r.stop()
	r = newRig(t, smallConfig(), mem, begin+100)
	if rep := r.tm.Report(); rep.Rebuilt || rep.Dropped != 0 || rep.Pending != 6 || rep.ReadTime != begin+100 ||
		rep.QueueOffset != 8 {
		t.Errorf("report %+v", rep)
	}
	r.turn(begin + 200)
	r.want("a0", "b0", "a1", "b1")
	r.turn(begin + 1000)
	r.want("a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3")
	if r.tm.pending != 0 || len(r.bad) != 0 {
		t.Errorf("%d wait, skipped %v", r.tm.pending, r.bad)
	}
	r.halt()
}

// rewrite changes the check point of a store that has stopped.
func rewrite(t *testing.T, mem *vfs.Mem, edit func(c *checkpoint)) {
	t.Helper()
	cf, c, found, err := openCheckpoint(mem, "/store/config/timercheck")
	if err != nil || !found {
		t.Fatal(found, err)
	}
	edit(&c)
	if err := cf.write(c); err != nil {
		t.Fatal(err)
	}
}

// cutLog takes the units from number n on out of the timer log.
func cutLog(t *testing.T, mem *vfs.Mem, n int64) {
	t.Helper()
	const perFile, size = 78, 4096
	for base := n / perFile * size; ; base += size {
		f, err := mem.OpenFile(fmt.Sprintf("/store/timerlog/%020d", base))
		if err != nil {
			return
		}
		from := max(0, n-base/size*perFile) * unitSize
		if _, err := f.WriteAt(make([]byte, size-from), from); err != nil {
			t.Fatal(err)
		}
	}
}

// TestResume: where enqueuing goes on, by check point and log. Java's check point may be ahead of a log that lost its
// end, or behind it; without one the log's last unit says it, also when that ends a file.
func TestResume(t *testing.T) {
	const all = 200
	posOf := func(n int64) int64 { return n/78*4096 + n%78*unitSize }
	for name, c := range map[string]struct {
		units   int64 // of the log that are left
		gone    bool  // the last two files are not there
		edit    func(c *checkpoint)
		want    int64 // queue offset
		dropped int64
	}{
		"as it was":            {units: all, want: all},
		"the log lost its end": {units: 150, want: 150},
		"all but one":          {units: 1, want: 1},
		"at the end of a file": {units: 156, want: 156},
		"one behind the end":   {units: 157, want: 157},
		"one less than a file": {units: 77, want: 77},
		"one file is left":     {units: 78, gone: true, want: 78},
		"half of one is left":  {units: 40, gone: true, want: 40},
		"a check point far ahead": {units: all, want: all,
			edit: func(c *checkpoint) { c.queueOffset, c.masterOffset, c.logPos = 500, 500, posOf(500) }},
		"far ahead of a log that lost its end": {units: 150, want: 150,
			edit: func(c *checkpoint) { c.queueOffset, c.masterOffset, c.logPos = 500, 500, posOf(500) }},
		"a check point behind the log": {units: all, want: 120, dropped: 80,
			edit: func(c *checkpoint) { c.queueOffset, c.masterOffset, c.logPos = 120, 120, posOf(120) }},
		"behind, at the end of a file": {units: all, want: 156, dropped: 44,
			edit: func(c *checkpoint) { c.queueOffset, c.masterOffset, c.logPos = 156, 156, posOf(156) }},
		"a master that is behind": {units: all, want: 120, dropped: 80,
			edit: func(c *checkpoint) { c.masterOffset = 120 }},
		"the position alone is behind": {units: all, want: all, edit: func(c *checkpoint) { c.logPos = posOf(120) }},
		"no check point":               {units: all, want: all, edit: func(c *checkpoint) { *c = checkpoint{} }},
		"no check point, a full file":  {units: 156, want: 156, edit: func(c *checkpoint) { *c = checkpoint{} }},
	} {
		mem := vfs.NewMem()
		r := newRig(t, smallConfig(), mem, begin)
		for i := range all {
			r.put(begin+5000+int64(i%3)*100, fmt.Sprint(i), "")
		}
		r.turn(begin)
		r.stop()
		if c.units < all {
			cutLog(t, mem, c.units)
		}
		for _, base := range []int64{4096, 8192} {
			if !c.gone {
				break
			}
			if err := mem.Remove(fmt.Sprintf("/store/timerlog/%020d", base)); err != nil {
				t.Fatal(err)
			}
		}
		if c.edit != nil {
			rewrite(t, mem, c.edit)
		}
		r = newRig(t, smallConfig(), mem, begin)
		rep := r.tm.Report()
		if rep.QueueOffset != c.want || rep.Dropped != c.dropped || rep.Pending != min(c.want, c.units) {
			t.Errorf("%s: %+v", name, rep)
		}
		r.turn(begin)
		r.turn(begin + 6000)
		bodies, _ := r.got()
		for i, n := range sortedInts(bodies) {
			if i != n || len(bodies) != all {
				t.Fatalf("%s: %d messages, number %d is %d", name, len(bodies), i, n)
			}
		}
		r.halt()
		mem.Free()
	}
}

// TestSyncTriesAgain: what a failed sync did not make durable is synced by the next one, and nothing else.
func TestSyncTriesAgain(t *testing.T) {
	mem := vfs.NewMem()
	defer mem.Free()
	l, err := openLog(mem, "/log", 4096)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	for range 3 * 78 { // three files
		if _, err := l.next(); err != nil {
			t.Fatal(err)
		}
		l.add(&unit{})
		if err := l.write(); err != nil {
			t.Fatal(err)
		}
	}
	for round, c := range []struct{ fail, want int }{{2, 2}, {1, 1}, {0, 2}, {0, 0}} { // which sync fails; how many there are
		n := 0
		mem.Inject(func(op, _ string) error {
			if op != "sync" {
				return nil
			}
			if n++; n == c.fail {
				return syscall.EIO
			}
			return nil
		})
		if err := l.sync(); (err != nil) != (c.fail > 0) || n != c.want {
			t.Errorf("round %d: %v, %d files synced, want %d", round, err, n, c.want)
		}
	}
	mem.Inject(nil)
}

// TestEnqueuedIsTold: each message with the delay that its producer wanted.
func TestEnqueuedIsTold(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	var told []string
	r.tm.ev.Enqueued = func(topic []byte, ms int64) { told = append(told, fmt.Sprint(string(topic), " ", ms)) }
	for _, born := range []int64{begin - 200, begin + 100} {
		props := fmt.Sprintf("TIMER_OUT_MS\x01%d\x02REAL_TOPIC\x01T\x02REAL_QID\x010\x02UNIQ_KEY\x01u\x02", begin+500)
		if _, err := r.s.Append(&store.Record{Message: record.Message{Topic: Topic, BornTimestamp: born, BornHost: host,
			StoreHost: host, Body: []byte("b"), Properties: []byte(props)}}); err != nil {
			t.Fatal(err)
		}
	}
	if r.turn(begin); !slices.Equal(told, []string{"T 700", "T 400"}) {
		t.Errorf("told %v", told)
	}
}

// TestLoopWakesByItself: with nothing else happening the loop delivers when slots end, one after the other.
func TestLoopWakesByItself(t *testing.T) {
	now := time.Now().UnixMilli()
	r := newRig(t, smallConfig(), vfs.NewMem(), now)
	r.tm.now = time.Now
	for i := range int64(3) {
		r.put(now+200+i*200, fmt.Sprint(i), "")
	}
	if err := r.tm.Start(); err != nil {
		t.Fatal(err)
	}
	defer r.stop()
	testutil.WaitFor(t, "three deliveries", func() bool { got, _ := r.got(); return len(got) == 3 })
	_, views := r.got()
	for i, m := range views {
		if due := now + 200 + int64(i)*200; m.StoreTimestamp < due {
			t.Errorf("message %d came %d ms early", i, due-m.StoreTimestamp)
		}
	}
}

// TestOldUnitsAreErased: what stands behind the place at which the log ends for a start is gone, so that no later one
// takes it for new.
func TestOldUnitsAreErased(t *testing.T) {
	for _, lost := range []int64{5, 76, 77, 78, 80} { // a unit that a power cut took, also at the end of a file
		mem := vfs.NewMem()
		r := newRig(t, smallConfig(), mem, begin)
		for i := range 100 {
			r.put(begin+5000, fmt.Sprint(i), "")
		}
		r.turn(begin)
		r.stop()
		f, err := mem.OpenFile(fmt.Sprintf("/store/timerlog/%020d", lost/78*4096))
		if err == nil {
			_, err = f.WriteAt(make([]byte, unitSize), lost%78*unitSize)
		}
		if err != nil {
			t.Fatal(err)
		}
		r = newRig(t, smallConfig(), mem, begin)
		if rep := r.tm.Report(); rep.QueueOffset != lost || rep.Pending != lost {
			t.Errorf("without unit %d: %+v", lost, rep)
		}
		for _, file := range r.tm.log.files {
			b := make([]byte, 4096)
			if _, err := file.f.ReadAt(b, 0); err != nil {
				t.Fatal(err)
			}
			keep := max(0, min(lost*unitSize-file.base/4096*78*unitSize, 78*unitSize))
			if rest := b[keep:min(4096, 78*unitSize)]; slices.ContainsFunc(rest, func(x byte) bool { return x != 0 }) {
				t.Errorf("without unit %d: something is left behind it in the file at %d", lost, file.base)
			}
		}
		r.halt()
		mem.Free()
	}
}

// TestYieldNotesTheTime: who hands over says how far it was, also when nothing was delivered since the last note.
func TestYieldNotesTheTime(t *testing.T) {
	mem := vfs.NewMem()
	defer mem.Free()
	r := newRig(t, smallConfig(), mem, begin)
	r.turn(begin + 5000)
	r.tm.Lead(false)
	r.turn(begin + 5000)
	r.tm.Yield()
	_, c, found, err := openCheckpoint(mem, "/store/config/timercheck")
	if err != nil || !found || c.readTime != begin+5000 {
		t.Errorf("noted %+v, found %v, %v", c, found, err)
	}
	r.halt()
}

// behind is a store whose log begins at another place.
type behind struct {
	MessageStore
	min int64
}

func (b behind) MinPhyOffset() int64 { return b.min }

// TestDropTail: units whose messages will be read again go, and those of other messages; what cannot be read stays, and
// what stands for a message that has expired.
func TestDropTail(t *testing.T) {
	mem := vfs.NewMem()
	defer mem.Free()
	r := newRig(t, smallConfig(), mem, begin)
	for i := range 10 {
		r.put(begin+5000, fmt.Sprint(i), "")
	}
	r.turn(begin)
	end := r.tm.log.end
	at := func(n int64) checkpoint { return checkpoint{queueOffset: n, masterOffset: n} }
	for n, want := range map[int64]int64{10: end, 7: end - 3*unitSize, 1: end - 9*unitSize, 0: 0} {
		if got := r.tm.dropTail(end, at(n), true); got != want {
			t.Errorf("goes on at %d: the log ends at %d, want %d", n, got, want)
		}
	}
	if got := r.tm.dropTail(end, checkpoint{}, false); got != end {
		t.Errorf("without a check point the log ends at %d", got)
	}
	if got := r.tm.dropTail(end+unitSize, at(7), true); got != end+unitSize {
		t.Errorf("behind what cannot be read the log ends at %d, want %d", got, end+unitSize)
	}
	ms := r.tm.ms
	u, _ := r.tm.log.read(end - 2*unitSize)
	r.tm.ms = behind{ms, u.offset + 1}
	if got := r.tm.dropTail(end, at(0), true); got != end-unitSize {
		t.Errorf("behind a message that has expired the log ends at %d, want %d", got, end-unitSize)
	}
	r.tm.ms = behind{ms, u.offset}
	if got := r.tm.dropTail(end, at(0), true); got != end-2*unitSize {
		t.Errorf("behind the last that has expired the log ends at %d, want %d", got, end-2*unitSize)
	}
	r.tm.ms = ms
	r.halt()
}

// TestCopiesAreForgotten: which of the overdue messages had been delivered is known until all of them are; what is due
// later is not compared with them.
func TestCopiesAreForgotten(t *testing.T) {
	mem := vfs.NewMem()
	r := newRig(t, smallConfig(), mem, begin)
	r.put(begin+500, "early", "")
	r.put(begin+5000, "late", "")
	r.turn(begin)
	if err := r.tm.flush(true); err != nil {
		t.Fatal(err)
	}
	r.turn(begin + 700) // delivered, and not noted
	r.want("early")
	clone := mem.Clone()
	r.halt()
	r = newRig(t, smallConfig(), clone, begin+1000)
	led := -1
	r.tm.ev.Led = func(copies int, _ int64) { led = copies }
	r.turn(begin + 1000)
	r.want("early")
	if led != 1 || r.tm.copies != nil {
		t.Errorf("%d copies were found, kept: %v", led, r.tm.copies != nil)
	}
	r.turn(begin + 6000)
	r.want("early", "late")
	r.halt()
}
