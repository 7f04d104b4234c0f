package timer

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

var errDisk = errors.New("disk")

// faulty is a store of which some calls fail or say something else, where the fields are set.
type faulty struct {
	MessageStore
	record func(offset int64) error                                  // for WithOwnRecord
	get    func(q *store.GetQuery, res *store.GetResult) (done bool) // for Get
	put    func(r *store.Record) error                               // for Append
	since  error                                                     // of RecordsSince
	min    int64                                                     // of the log
}

func (f *faulty) MinPhyOffset() int64 { return max(f.min, f.MessageStore.MinPhyOffset()) }

func (f *faulty) RecordsSince(ts, from int64, fn func(m *record.View)) error {
	if f.since != nil {
		return f.since
	}
	return f.MessageStore.RecordsSince(ts, from, fn)
}

func (f *faulty) WithOwnRecord(offset int64, fn func(rec []byte) error) error {
	if f.record != nil {
		if err := f.record(offset); err != nil {
			return err
		}
	}
	return f.MessageStore.WithOwnRecord(offset, fn)
}

func (f *faulty) Get(q *store.GetQuery, res *store.GetResult) {
	if f.get == nil || !f.get(q, res) {
		f.MessageStore.Get(q, res)
	}
}

func (f *faulty) Append(r *store.Record) (store.Appended, error) {
	if f.put != nil {
		if err := f.put(r); err != nil {
			return store.Appended{}, err
		}
	}
	return f.MessageStore.Append(r)
}

// TestSwitches: while timerStopDequeue is set nothing is delivered, and what comes is placed; while timerStopEnqueue
// is,
// what waits is delivered, and what comes waits.
func TestSwitches(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	live := r.cfg
	r.tm.live = func() *store.Config { return &live }
	r.put(begin+500, "a", "")
	r.turn(begin)
	live.TimerStopDequeue = true
	r.put(begin+700, "b", "")
	for range 5 { // there would be more to do: a turn does not end
		r.clock.ms = begin + 1000
		r.tm.step()
	}
	r.want()
	if r.tm.pending != 2 {
		t.Errorf("%d wait: what came is not placed", r.tm.pending)
	}
	live.TimerStopDequeue, live.TimerStopEnqueue = false, true
	r.put(begin+1500, "c", "")
	r.turn(begin + 1100)
	r.want("a", "b")
	r.turn(begin + 2000)
	r.want("a", "b")
	if r.tm.pending != 0 || r.tm.queueOffset != 2 {
		t.Errorf("%d wait, enqueued up to %d", r.tm.pending, r.tm.queueOffset)
	}
	live.TimerStopEnqueue = false
	r.turn(begin + 2100)
	r.want("a", "b", "c")
	r.halt()
}

// TestWhatCannotBeReadIsSkipped: messages and delete marks whose records cannot be read, slots that point to no unit,
// and
// copies that nobody may store are told by their place, and cost nobody else anything.
func TestWhatCannotBeReadIsSkipped(t *testing.T) {
	var told []int64
	start := func(put ...string) (*rig, *faulty) {
		r := newRig(t, smallConfig(), vfs.NewMem(), begin)
		told = nil
		r.tm.ev.Skipped = func(offset int64, _ error) { told = append(told, offset) }
		for _, p := range put {
			more := ""
			if p[0] == 'D' {
				more = "TIMER_DEL_UNIQKEY\x01" + p[1:] + "\x02"
			}
			r.put(begin+500, p, more)
		}
		r.turn(begin)
		f := &faulty{MessageStore: r.tm.ms}
		r.tm.ms = f
		return r, f
	}
	placeOf := func(r *rig, n int64) int64 {
		phy, _, _, ok := r.s.OffsetInQueue(Topic, 0, n)
		if !ok {
			t.Fatal("no message", n)
		}
		return phy
	}
	r, f := start("a", "b", "c")
	bad := placeOf(r, 1)
	f.record = func(offset int64) error {
		if offset == bad {
			return errDisk
		}
		return nil
	}
	r.turn(begin + 600)
	if r.want("a", "c"); !slices.Equal(told, []int64{bad}) {
		t.Errorf("a message: told %v, want %d", told, bad)
	}
	r.halt()

	r, f = start("a", "b", "Da", "Db")
	bad = placeOf(r, 2)
	f.record = func(offset int64) error {
		if offset == bad {
			return errDisk
		}
		return nil
	}
	r.turn(begin + 600)
	if r.want("a"); !slices.Equal(told, []int64{bad}) {
		t.Errorf("a mark: told %v, want %d", told, bad)
	}
	r.halt()

	r, _ = start("a", "b", "c")
	s, _ := r.tm.wheel.get(begin + 500)
	first := r.tm.log.first()
	file, err := r.fs.OpenFile(fmt.Sprintf("/store/timerlog/%020d", 0))
	if err == nil {
		_, err = file.WriteAt(make([]byte, unitSize), unitSize) // the unit of b
	}
	if err != nil || s.last != first+2*unitSize {
		t.Fatal(err, s)
	}
	r.tm.log.winPos = -1
	r.turn(begin + 600)
	if r.want("c"); !slices.Equal(told, []int64{first + unitSize}) {
		t.Errorf("a unit: told %v, want %d", told, first+unitSize)
	}
	r.halt()

	r, f = start("a", "b")
	f.put = func(rec *store.Record) error {
		if string(rec.Body) == "a" {
			return record.ErrIllegal
		}
		return nil
	}
	r.turn(begin + 600)
	if r.want("b"); !slices.Equal(told, []int64{placeOf(r, 0)}) {
		t.Errorf("a copy: told %v, want %d", told, placeOf(r, 0))
	}
	if r.tm.Figures().Delivered != 1 {
		t.Errorf("%d are counted", r.tm.Figures().Delivered)
	}
	r.halt()
}

// TestQueueThatBeginsLater: where messages of the timer queue are gone enqueuing goes on with the first that is there;
// records that are none are skipped.
func TestQueueThatBeginsLater(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	for i := range 5 {
		r.put(begin+500, fmt.Sprint(i), "")
	}
	f := &faulty{MessageStore: r.tm.ms}
	f.get = func(q *store.GetQuery, res *store.GetResult) bool {
		if q.Offset >= 3 {
			return false
		}
		res.Status, res.NextBeginOffset = store.OffsetTooSmall, 3
		return true
	}
	r.tm.ms = f
	if r.turn(begin); r.tm.queueOffset != 5 || r.tm.pending != 2 || !r.tm.changed {
		t.Errorf("enqueued up to %d, %d wait", r.tm.queueOffset, r.tm.pending)
	}
	f.get = func(q *store.GetQuery, res *store.GetResult) bool {
		res.Status, res.NextBeginOffset = store.OffsetOverflowBadly, 5
		return true
	}
	if r.tm.enqueue() || r.tm.queueOffset != 5 {
		t.Errorf("behind the end: goes on at %d", r.tm.queueOffset)
	}
	f.get = nil
	r.turn(begin + 600)
	r.want("3", "4")
	for i := range 3 {
		r.put(begin+900, fmt.Sprint("x", i), "")
	}
	f.get = func(q *store.GetQuery, res *store.GetResult) bool {
		f.MessageStore.Get(q, res)
		if res.Status == store.Found && q.Offset == 5 {
			res.Slices[1] = []byte("no record")
		}
		return true
	}
	r.bad = nil
	r.turn(begin + 700)
	r.turn(begin + 1000)
	if r.want("3", "4", "x0", "x2"); len(r.bad) != 1 {
		t.Errorf("skipped %v", r.bad)
	}
	r.halt()
}

// TestFailuresAreTold: what the flusher, a change of role, a start and the end of a file cannot do is told, and done
// later.
func TestFailuresAreTold(t *testing.T) {
	mem := vfs.NewMem()
	defer mem.Free()
	r := newRig(t, smallConfig(), mem, begin)
	var told []string
	r.tm.ev.Failed = func(what string, err error) {
		if !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", what, err)
		}
		told = append(told, what)
	}
	is := func(want ...string) {
		t.Helper()
		if !slices.Equal(slices.Compact(told), want) {
			t.Errorf("told %q, want %q", told, want)
		}
		told = nil
	}
	for i := range 100 { // 78 in a file
		r.put(begin+500, fmt.Sprint(i), "")
	}
	r.turn(begin)
	f := &faulty{MessageStore: r.tm.ms}
	r.tm.ms = f
	storetest.Fail(mem, "sync", "/timerlog/", errDisk)
	r.tm.Lead(false)
	r.turn(begin)
	r.tm.Yield()
	is("note what was delivered")
	mem.Inject(nil)
	f.since = errDisk
	r.tm.Lead(true)
	r.turn(begin + 600)
	is("look for timer messages that have been delivered")
	if got, _ := r.got(); len(got) != 100 {
		t.Errorf("%d delivered", len(got))
	}
	f.since = nil
	storetest.Fail(mem, "read", "/timerlog/", errDisk)
	n := 0
	if end := r.tm.scan(0, func(int64, *unit) { n++ }); end != 0 || n != 0 {
		t.Errorf("the log ends at %d, %d units", end, n)
	}
	is("read the timer log")
	mem.Inject(nil)
	if end := r.tm.scan(0, func(int64, *unit) { n++ }); end != r.tm.log.end || n != 100 {
		t.Errorf("the log ends at %d, want %d, %d units", end, r.tm.log.end, n)
	}
	f.min = r.s.MaxPhyOffset()
	storetest.Fail(mem, "remove", "/timerlog/", errDisk)
	r.tm.clean()
	is("delete a timer log file")
	mem.Inject(nil)
	r.halt()
}

// TestFileEndIsWrittenOnce: where the end of a full file cannot be written the log stays as it was, and goes on when it
// can.
func TestFileEndIsWrittenOnce(t *testing.T) {
	l, mem := smallLog(t)
	at := fillLog(t, l, 3)
	end := l.end
	storetest.Fail(mem, "write", "/t/", errDisk)
	for range 3 {
		if _, err := l.next(); !errors.Is(err, errDisk) || l.end != end || len(l.buf) != 0 {
			t.Fatalf("%v, the log ends at %d, want %d, %d bytes wait", err, l.end, end, len(l.buf))
		}
	}
	mem.Inject(nil)
	at = append(at, fillLog(t, l, 2)...)
	if at[3] != l.size || at[4] != l.size+unitSize {
		t.Errorf("units at %v, files of %d", at, l.size)
	}
	for i, pos := range at {
		if u, ok := l.read(pos); !ok || u.offset != int64(10*(i%3)) {
			t.Errorf("unit %d: %+v, %v", i, u, ok)
		}
	}
}

// TestCheckpointThatCannotBeRead: nothing is found, and the reason told.
func TestCheckpointThatCannotBeRead(t *testing.T) {
	for _, op := range []string{"mkdir", "create", "open", "read", "syncdir"} {
		mem := vfs.NewMem()
		there := op == "read" || op == "open"
		if there {
			if cf, _, _, err := openCheckpoint(mem, "/config/timercheck"); err != nil ||
				cf.write(checkpoint{readTime: 7}) != nil {
				t.Fatal(err)
			}
		}
		storetest.Fail(mem, op, "", errDisk)
		if _, c, found, err := openCheckpoint(mem, "/config/timercheck"); !errors.Is(err, errDisk) || found ||
			c != (checkpoint{}) {
			t.Errorf("%s: %+v, found %v, %v", op, c, found, err)
		}
		mem.Inject(nil)
		_, c, found, err := openCheckpoint(mem, "/config/timercheck")
		if err != nil || found != there || there && c.readTime != 7 {
			t.Errorf("behind a failed %s: %+v, found %v, %v", op, c, found, err)
		}
		mem.Free()
	}
}

// TestWindowOutOfRange: a roll window that the wheel cannot have becomes the largest one.
func TestWindowOutOfRange(t *testing.T) {
	const most = slotsTotal - blankSlots
	for slots, want := range map[int]int64{most + 1: most, most: most, 1: most, 2: 2, 100: 100} {
		cfg := smallConfig()
		cfg.TimerRollWindowSlot = slots
		r := newRig(t, cfg, vfs.NewMem(), begin)
		if r.tm.window != want*100 {
			t.Errorf("%d slots: a window of %d ms, want %d", slots, r.tm.window, want*100)
		}
		r.halt()
	}
}

// TestOtherRecords: a record is a unit's message only if topic, size and slot are the unit's; one that rolls on may be due
// at another time.
func TestOtherRecords(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	r.put(begin+550, "a", "")
	r.turn(begin)
	s, _ := r.tm.wheel.get(begin + 500)
	u, ok := r.tm.log.read(s.last)
	if !ok {
		t.Fatal("no unit")
	}
	rec, err := r.s.ReadRecord(u.offset, nil)
	if err != nil {
		t.Fatal(err)
	}
	other := store.Record{Message: record.Message{Topic: "T", Body: []byte("a"),
		Properties: fmt.Appendf(nil, "TIMER_OUT_MS\x01%d\x02", begin+550)}}
	at, err := r.s.Append(&other)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := r.s.ReadRecord(at.Offset, nil)
	if err != nil {
		t.Fatal(err)
	}
	same := u
	same.size = at.Size
	later, rolls, smaller := u, u, u
	later.delay += 100
	rolls.delay, rolls.magic = rolls.delay+100, magicDefault|magicRoll
	smaller.size--
	within := u
	within.delay += 49 // the same slot
	for what, c := range map[string]struct {
		u    unit
		rec  []byte
		want bool
	}{"its own": {u, rec, true}, "the same slot": {within, rec, true}, "a later slot": {later, rec, false}, "one that rolls": {rolls, rec, true},
		"another size": {smaller, rec, false}, "another topic": {same, elsewhere, false}, "half of it": {u, rec[:40], false}} {
		if _, err := r.tm.timerMessage(&c.u, c.rec); (err == nil) != c.want {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestLastEnd: where the last file ends, 0 without one.
func TestLastEnd(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	if got := r.tm.lastEnd(); len(r.tm.log.files) == 0 && got != 0 {
		t.Errorf("without a file: %d", got)
	}
	for i := range 100 { // 78 in a file of 4096
		r.put(begin+500, fmt.Sprint(i), "")
	}
	if r.turn(begin); r.tm.lastEnd() != 8192 {
		t.Errorf("two files end at %d", r.tm.lastEnd())
	}
}
