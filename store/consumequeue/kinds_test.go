package consumequeue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// inUse is how many open files somebody holds: none, between two calls.
func (t *Table) inUse() (n int) {
	for _, c := range []*Files{t.simple, t.batches, t.exts} {
		c.mu.Lock()
		for _, e := range c.open {
			n += e.Value.(*queueFile).refs
		}
		c.mu.Unlock()
	}
	return n
}

// fill pushes entries of 10 bytes each to queue 0 of a topic and writes them.
func (m *model) fill(topic string, n int) *Queue {
	m.t.Helper()
	q := m.table.GetOrCreate(topic, 0, false)
	list := entriesFrom(10*q.Entries(), n)
	for i := range list {
		list[i].Base, list[i].Count = q.End()+int64(i), 1
	}
	m.log.Exclusive(func() { m.table.Push(q, list) })
	if err := m.table.FlushAll(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	return q
}

// TestForgetMeansItsFiles: only the files of that queue that match are closed.
func TestForgetMeansItsFiles(t *testing.T) {
	files := Options{FS: vfs.OS{}, Root: t.TempDir(), FileSize: 1000, MaxOpenFiles: 9}.Plain()
	defer files.close()
	a, b := &Queue{Topic: "A"}, &Queue{Topic: "B"}
	for _, q := range []*Queue{a, b} {
		for _, base := range []int64{0, 1000} {
			f, _, err := files.get(q, base, true)
			if err != nil {
				t.Fatal(err)
			}
			files.put(f)
		}
	}
	files.forget(a, func(base int64) bool { return base == 0 })
	var left []string
	for k := range files.open {
		left = append(left, fmt.Sprint(k.q.Topic, k.base))
	}
	if slices.Sort(left); !slices.Equal(left, []string{"A1000", "B0", "B1000"}) || files.lru.Len() != 3 {
		t.Errorf("open are %v, %d by use", left, files.lru.Len())
	}
}

// TestExpireToTheEntry: a file goes when its last record is below the log, to the byte, and there is a file behind it;
// without a change of the log nothing is looked at, unless somebody wants it.
func TestExpireToTheEntry(t *testing.T) {
	for _, c := range []struct {
		entries, logMin, first int64 // of 50 in a file
	}{{51, 490, 0}, {51, 491, 50}, {50, 500, 0}, {100, 999, 50}, {101, 1000, 100}, {100, 1000, 50}, {120, 990, 50}, {120,
		991, 100}} {
		m := newModel(t, 0)
		q := m.fill("P", int(c.entries))
		m.log.Readable.Store(c.logMin)
		m.table.Expire(t.Context(), 0, false)
		if q.First() != c.first {
			t.Errorf("%+v: begins at %d", c, q.First())
		}
		if files, err := m.mem.ReadDir("/s/consumequeue/P/0"); err != nil ||
			int64(len(files)) != (c.entries+49)/50-c.first/50 {
			t.Errorf("%+v: %d files, %v", c, len(files), err)
		}
		if m.table.inUse() != 0 {
			t.Errorf("%+v: %d files are held", c, m.table.inUse())
		}
	}
	m := newModel(t, 0)
	q := m.fill("P", 120)
	m.log.Readable.Store(600)
	m.mem.Inject(func(op, _ string) error {
		if op == "remove" {
			return errDisk
		}
		return nil
	})
	m.table.ev.Error = nil
	m.table.Expire(t.Context(), 0, false)
	m.mem.Inject(nil)
	m.fill("P", 50)
	q.mu.Lock()
	q.first = 0 // as if the file were there still
	q.mu.Unlock()
	if m.table.Expire(t.Context(), 0, false); q.First() != 0 {
		t.Error("looked at without a change")
	}
	if m.table.Expire(t.Context(), 0, true); q.First() != 50 {
		t.Errorf("asked to look, it begins at %d", q.First())
	}
}

// TestMinimumOfAQueueThatBeginsLater: also before the log has lost anything in this run; who pushes the first entry
// knows
// it already.
func TestMinimumOfAQueueThatBeginsLater(t *testing.T) {
	m := newModel(t, 0)
	m.fill("P", 120)
	m.table.Close()
	m.remove("/s/consumequeue/P/0/00000000000000000000")
	m.open()
	q := m.table.Get("P", 0)
	if got := m.table.Min(q); got != 50 {
		t.Errorf("it begins at %d", got)
	}
	fresh := m.table.GetOrCreate("P", 7, false)
	fresh.Start(30)
	m.log.Exclusive(func() { m.table.Push(fresh, []dispatch.Entry{{Offset: 5, Size: 10}}) })
	if !m.table.MinIsCheap(fresh) {
		t.Error("of a queue that has just begun files are read")
	}
}

// TestHolds: of which record a queue has an entry at an offset, from memory and from files; below its beginning
// nothing,
// and who may not wait hears so where it would have to be searched or read.
func TestHolds(t *testing.T) {
	m := newModel(t, 0)
	q, b := m.fill("P", 120), m.fill("B", 20)
	check := func(q *Queue, offset, log int64, size int32, hotOnly, held, hot bool) {
		t.Helper()
		if gotHeld, gotHot := m.table.Holds(q, offset, log, size, hotOnly); gotHeld != held || gotHot != hot {
			t.Errorf("%s at %d, a record at %d, hot only %v: %v, known %v", q.Topic, offset, log, hotOnly, gotHeld, gotHot)
		}
	}
	for _, offset := range []int64{0, 49, 50, 119} {
		for _, hotOnly := range []bool{false, true} {
			check(q, offset, 10*offset, 10, hotOnly, true, true)
			check(q, offset, 10*offset+1, 10, hotOnly, false, true)
			check(q, offset, 10*offset, 11, hotOnly, false, true)
		}
	}
	check(b, 7, 70, 10, false, true, true)
	check(b, 7, 80, 10, false, false, true)
	check(b, 7, 70, 10, true, false, false)
	q.mu.Lock()
	q.first = 50
	q.mu.Unlock()
	check(q, 49, 490, 10, true, false, true)
	check(q, 50, 500, 10, true, true, true)
	m.table.ReleaseIdle(0)
	q.mu.Lock()
	q.mem, q.memStart = nil, 120
	q.mu.Unlock()
	check(q, 60, 600, 10, false, true, true)
	check(q, 60, 601, 10, false, false, true)
	m.mem.Inject(func(op, _ string) error {
		if op == "tryread" {
			return errDisk
		}
		return nil
	})
	check(q, 61, 610, 10, true, false, false)
	m.mem.Inject(nil)
}

// TestFillers: both forms, and no other entry; a queue is used as soon as something of it is there, or on its way.
func TestFillers(t *testing.T) {
	for _, c := range []struct {
		e    dispatch.Entry
		want bool
	}{{dispatch.Entry{Size: BlankSize}, true}, {dispatch.Entry{Tags: FillerTags, Size: 10}, true},
		{dispatch.Entry{Size: 10}, false}, {dispatch.Entry{Size: BlankSize - 1, Tags: FillerTags - 1}, false}} {
		if Filler(&c.e) != c.want {
			t.Errorf("%+v: %v", c.e, !c.want)
		}
	}
	m := newModel(t, 0)
	for what, use := range map[string]func(q *Queue){"nothing": func(*Queue) {},
		"reserved": func(q *Queue) { q.Reserved = 1 },
		"an entry": func(q *Queue) { m.table.Push(q, entriesFrom(0, 1)) }, "a later start": func(q *Queue) { q.Start(3) }} {
		q := m.table.GetOrCreate("P", int32(len(what)), false)
		if use(q); q.Used() != (what != "nothing") {
			t.Errorf("%s: used %v", what, q.Used())
		}
	}
}

// TestManifestHoldsWhatIsInFiles: queues without a file, or that are deleted, are not in it; without a queue it is
// whole.
func TestManifestHoldsWhatIsInFiles(t *testing.T) {
	m := newModel(t, 0)
	read := func() (v manifest) {
		t.Helper()
		if err := m.table.SaveManifest(77, strings.Repeat("b", BootLen)); err != nil {
			t.Fatal(err)
		}
		b, err := vfs.ReadFile(m.mem, "/s/"+ManifestFile)
		if err == nil {
			v, err = decodeManifest(b)
		}
		if err != nil || v.logTo != 77 || v.boot != strings.Repeat("b", BootLen) {
			t.Fatalf("%+v, %v", v, err)
		}
		return v
	}
	if v := read(); len(v.queues) != 0 {
		t.Errorf("%+v", v.queues)
	}
	m.fill("P", 5)
	m.fill("D", 5).deleted = true
	m.table.GetOrCreate("Empty", 0, false)
	if v := read(); len(v.queues) != 1 || v.queues[0].topic != "P" {
		t.Errorf("%+v", v.queues)
	}
	for n, noted := range map[int]bool{0: false, 1: true, BootLen: true, BootLen + 1: false} {
		_ = m.mem.Remove("/s/" + ManifestFile)
		m.table.opt.FS = booted{m.mem, strings.Repeat("x", n)}
		if err := m.table.NoteEnds(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := m.mem.Stat("/s/" + ManifestFile); (err == nil) != noted {
			t.Errorf("a boot id of %d bytes: noted %v", n, err == nil)
		}
	}
}

// booted is a file system of a machine with another boot id.
type booted struct {
	vfs.FS
	id string
}

func (b booted) BootID() string { return b.id }

// TestFileThatIsBackAgain: a file below the first that was noted, which a start finds again, is not read.
func TestFileThatIsBackAgain(t *testing.T) {
	m := newModel(t, 0)
	q := m.fill("P", 120)
	old, err := vfs.ReadFile(m.mem, "/s/consumequeue/P/0/00000000000000000000")
	if err != nil {
		t.Fatal(err)
	}
	m.log.Readable.Store(600)
	if m.table.Expire(t.Context(), 0, true); q.First() != 50 {
		t.Fatal(q.First())
	}
	m.log.Readable.Store(0)
	if err := m.table.SaveManifest(0, m.mem.BootID()); err != nil {
		t.Fatal(err)
	}
	m.table.Close()
	f, err := m.mem.Create("/s/consumequeue/P/0/00000000000000000000")
	if err == nil {
		_, err = f.WriteAt(old, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	table := New(m.table.opt, Settings{}, m.log, Events{})
	known, err := table.Load(-1, false)
	if err != nil || !known || table.Get("P", 0).First() != 50 {
		t.Errorf("known %v, %v, begins at %d", known, err, table.Get("P", 0).First())
	}
	table.Close()
}

// TestClosedTable: readers and writers of all kinds of queues get ErrClosed.
func TestClosedTable(t *testing.T) {
	m := newModel(t, 1)
	p, b := m.fill("P", 3), m.fill("B", 3)
	x := p.ext.Load()
	m.table.Close()
	for what, c := range map[string]struct {
		files *Files
		q     *Queue
	}{"plain": {m.table.simple, p}, "batch": {m.table.batches, b}, "extension": {m.table.exts, x}} {
		if f, _, err := c.files.get(c.q, 0, true); !errors.Is(err, ErrClosed) || f != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestTopicsLeaveNoLock: topics are listed in order while others come.
func TestTopicsLeaveNoLock(t *testing.T) {
	m := newModel(t, 0)
	var want []string
	for i := range 3 * queueShards {
		name := fmt.Sprintf("T%03d", i)
		want = append(want, name)
		m.table.GetOrCreate(name, 0, false)
		if got := m.table.Topics(); !slices.Equal(got, want) {
			t.Fatalf("%d topics, want %d", len(got), len(want))
		}
	}
}

// TestReplacedQueue: another queue stands in its place, without entries or files, and the ends are noted again; one
// that
// is not in the table any more replaces nothing.
func TestReplacedQueue(t *testing.T) {
	m := newModel(t, 0)
	old := m.fill("P", 60)
	m.table.renote.Store(false)
	if err := m.table.Replace(old); err != nil {
		t.Fatal(err)
	}
	q := m.table.Get("P", 0)
	if q == old || q.Entries() != 0 || q.HasFile() || !m.table.renote.Load() || !old.deleted ||
		m.table.Memory() != m.memory() {
		t.Errorf("%+v, noted again %v, the old one deleted %v", q, m.table.renote.Load(), old.deleted)
	}
	if list, _ := m.mem.ReadDir("/s/consumequeue/P/0"); len(list) != 0 {
		t.Errorf("%d files are left", len(list))
	}
	if err := m.table.Replace(old); err != nil || m.table.Get("P", 0) != q {
		t.Errorf("replaced by what is gone: %v", err)
	}
}

// TestManySyncsAreOne: up to syncOneByOne queues each file is synced, beyond that the file system is, and after a
// failure
// it is once more.
func TestManySyncsAreOne(t *testing.T) {
	for _, c := range []struct {
		queues int
		all    int
	}{{1, 0}, {syncOneByOne, 0}, {syncOneByOne + 1, 1}} {
		m := newModel(t, 0)
		for id := range int32(c.queues) {
			m.table.Push(m.table.GetOrCreate("P", id, false), entriesFrom(0, 1))
		}
		ops := map[string]int{}
		m.mem.Inject(func(op, _ string) error { ops[op]++; return nil })
		if err := m.table.FlushAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.mem.Inject(nil)
		if ops["syncall"] != c.all || (ops["sync"] >= c.queues) != (c.all == 0) {
			t.Errorf("%d queues: %v", c.queues, ops)
		}
	}
}

// TestIdleBufferIsCutAgain: what is kept of a large buffer stays at its place, the second time too.
func TestIdleBufferIsCutAgain(t *testing.T) {
	m := newModel(t, 0)
	q := m.table.GetOrCreate("P", 0, false)
	const n = 4*keepIdle/Unit + 1
	for round := range int64(3) {
		m.table.Push(q, entriesFrom(round*n*10, n))
		if err := m.table.Write(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if got := q.memStart + int64(len(q.mem))/Unit; got != (round+1)*n || m.table.Memory() != m.memory() {
			t.Fatalf("round %d: what is in memory ends at %d, want %d", round, got, (round+1)*n)
		}
		for _, at := range []int64{0, q.memStart - 1, q.memStart, (round+1)*n - 1} {
			if e, ok := m.table.Entry(q, at); at >= 0 && (!ok || e.Offset != at*10) {
				t.Errorf("round %d: entry %d is %+v", round, at, e)
			}
		}
	}
}
