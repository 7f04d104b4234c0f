package consumequeue

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// noted is a model with queues of each kind in files and a manifest of a clean stop or of a running store.
func noted(t *testing.T, clean bool) *model {
	t.Helper()
	m := newModel(t, 0)
	for _, topic := range []string{"P", "Q", "B"} {
		for id := range int32(2) {
			m.table.Push(m.table.GetOrCreate(topic, id, false), []dispatch.Entry{{Offset: 10, Size: 10, Count: 2},
				{Offset: 30, Size: 10, Base: 2, Count: 1}})
		}
	}
	for _, name := range []string{"/s/lock", "/s/checkpoint"} {
		if _, err := m.mem.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.table.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	boot := m.mem.BootID()
	if clean {
		boot = ""
	}
	if err := m.table.SaveManifest(0, boot); err != nil {
		t.Fatal(err)
	}
	m.table.Close()
	return m
}

// load starts again and tells whether the manifest was believed.
func (m *model) load(fsys vfs.FS, lockTime int64, clean bool) (known bool) {
	m.t.Helper()
	opt := m.table.opt
	opt.FS = fsys
	m.table = New(opt, Settings{}, m.log, Events{})
	known, err := m.table.Load(lockTime, clean)
	if err != nil {
		m.t.Fatal(err)
	}
	defer m.table.Close()
	for _, topic := range []string{"P", "Q"} {
		for id := range int32(2) {
			if q := m.table.Get(topic, id); q == nil || q.Entries() != 2 || q.lastPhy != 40 || q.Batch() || q.First() != 0 {
				m.t.Errorf("known %v: queue %s/%d is %+v", known, topic, id, q)
			}
		}
	}
	if q := m.table.Get("B", 1); q == nil || q.Entries() != 2 || q.End() != 3 || !q.Batch() || q.lastPhy != 40 {
		m.t.Errorf("known %v: the batch queue is %+v", known, q)
	}
	return known
}

// TestManifestIsBelieved: the ends that a stop or a running store noted are taken if nothing was touched since, and
// else the queues are read, which finds the same.
func TestManifestIsBelieved(t *testing.T) {
	for _, clean := range []bool{true, false} {
		for what, c := range map[string]struct {
			touch func(m *model)
			known bool
		}{
			"nothing":           {func(*model) {}, true},
			"another lock":      {nil, false},
			"of the other kind": {nil, false},
			"checkpoint":        {func(m *model) { m.write("/s/checkpoint") }, !clean},
			"a queue's folder":  {func(m *model) { m.write("/s/consumequeue/Q/1/x"); m.remove("/s/consumequeue/Q/1/x") }, !clean},
			"a topic's folder":  {func(m *model) { m.write("/s/consumequeue/P/x"); m.remove("/s/consumequeue/P/x") }, !clean},
			"the batches":       {func(m *model) { m.write("/s/batchconsumequeue/x"); m.remove("/s/batchconsumequeue/x") }, !clean},
			"the plain ones":    {func(m *model) { m.write("/s/consumequeue/x"); m.remove("/s/consumequeue/x") }, !clean},
			"a byte of it":      {func(m *model) { m.write("/s/" + ManifestFile) }, false},
			"it is gone":        {func(m *model) { m.remove("/s/" + ManifestFile) }, false},
		} {
			m := noted(t, clean)
			lock := m.table.mtime("lock")
			time.Sleep(2 * time.Millisecond) // what is touched now is younger
			as := clean
			switch what {
			case "another lock":
				lock++
			case "of the other kind":
				as = !clean
			default:
				c.touch(m)
			}
			if known := m.load(m.mem, lock, as); known != c.known {
				t.Errorf("clean %v, touched: %s: believed %v", clean, what, known)
			}
		}
	}
}

// write changes the first byte of a file, which is made if it is not there.
func (m *model) write(name string) {
	m.t.Helper()
	f, err := m.mem.OpenFile(name)
	if err != nil {
		f, err = m.mem.Create(name)
	}
	if err == nil {
		_, err = f.WriteAt([]byte("!"), 0)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) remove(name string) {
	m.t.Helper()
	if err := m.mem.Remove(name); err != nil {
		m.t.Fatal(err)
	}
}

// TestManifestOfAnotherRun: after a power cut nothing is believed that a running store noted, and neither is a note that
// is ahead of the log.
func TestManifestOfAnotherRun(t *testing.T) {
	m := noted(t, false)
	cut := m.mem.CrashClone(1, 1)
	t.Cleanup(cut.Free)
	if m.load(cut, m.table.mtime("lock"), false) {
		t.Error("a note of another run of the machine is believed")
	}
	m = noted(t, false)
	if err := m.table.SaveManifest(1, m.mem.BootID()); err != nil {
		t.Fatal(err)
	}
	if m.load(m.mem, m.table.mtime("lock"), false) {
		t.Error("a note is believed that is ahead of the log")
	}
}

// TestFirstFileExpiredBehindTheNote: after a kill a queue begins with the first file that is there; without one that
// could be meant nothing is believed.
func TestFirstFileExpiredBehindTheNote(t *testing.T) {
	m := newModel(t, 0)
	m.table.Push(m.table.GetOrCreate("P", 0, false), entriesFrom(0, 120)) // files of 50
	if err := m.table.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.table.SaveManifest(0, m.mem.BootID()); err != nil {
		t.Fatal(err)
	}
	m.table.Close()
	load := func() (bool, *Queue) {
		table := New(m.table.opt, Settings{}, m.log, Events{})
		known, err := table.Load(-1, false)
		if err != nil {
			t.Fatal(err)
		}
		defer table.Close()
		return known, table.Get("P", 0)
	}
	m.write("/s/consumequeue/P/0/00000000000000000007") // no file of a queue
	m.remove("/s/consumequeue/P/0/00000000000000000000")
	known, q := load()
	if !known || q.First() != 50 || q.Entries() != 120 {
		t.Errorf("known %v, from %d to %d", known, q.First(), q.Entries())
	}
	m.remove("/s/consumequeue/P/0/00000000000000000007")
	m.remove("/s/consumequeue/P/0/00000000000000001000")
	m.remove("/s/consumequeue/P/0/00000000000000002000")
	if known, q := load(); known || q != nil {
		t.Errorf("no file is left: known %v, %+v", known, q)
	}
}

// TestManyQueuesExpiredBehindTheNote: each of them is looked at, also for files that were touched since.
func TestManyQueuesExpiredBehindTheNote(t *testing.T) {
	const n = 9
	for touched := int32(-1); touched < n; touched++ { // -1: none
		m := newModel(t, 0)
		for id := range int32(n) {
			m.table.Push(m.table.GetOrCreate("P", id, false), entriesFrom(0, 120)) // files of 50
		}
		for _, name := range []string{"/s/lock", "/s/checkpoint"} {
			m.write(name)
		}
		if err := m.table.FlushAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		boot := ""
		if touched < 0 {
			boot = m.mem.BootID()
		}
		if err := m.table.SaveManifest(0, boot); err != nil {
			t.Fatal(err)
		}
		m.table.Close()
		lock := m.table.mtime("lock")
		time.Sleep(2 * time.Millisecond)
		if touched >= 0 { // after a clean stop nobody may have been there
			name := fmt.Sprintf("/s/consumequeue/P/%d/x", touched)
			m.write(name)
			m.remove(name)
		}
		for id := range n {
			if touched < 0 {
				m.remove(fmt.Sprintf("/s/consumequeue/P/%d/00000000000000000000", id))
			}
		}
		table := New(m.table.opt, Settings{}, m.log, Events{})
		known, err := table.Load(lock, touched >= 0)
		if err != nil || known != (touched < 0) {
			t.Errorf("touched %d: believed %v, %v", touched, known, err)
		}
		for id := range int32(n) {
			q, first := table.Get("P", id), int64(0)
			if touched < 0 {
				first = 50
			}
			if q.First() != first || q.Entries() != 120 {
				t.Errorf("touched %d: queue %d is from %d to %d", touched, id, q.First(), q.Entries())
			}
		}
		table.Close()
	}
}

// TestLoadTellsMisfits: one file of the wrong size ends the start, whatever other queues there are.
func TestLoadTellsMisfits(t *testing.T) {
	m := noted(t, false)
	f, err := m.mem.OpenFile("/s/consumequeue/Q/1/00000000000000000000")
	if err == nil {
		err = f.Truncate(1001)
	}
	if err != nil {
		t.Fatal(err)
	}
	var misfit *datafile.MisfitError
	if _, err := New(m.table.opt, Settings{}, m.log, Events{}).Load(-1, true); !errors.As(err, &misfit) {
		t.Errorf("%v", err)
	}
}

// TestEmptyBatchOffsets: an offset in front of a batch queue is in its first entry, one behind it behind the last.
func TestEmptyBatchOffsets(t *testing.T) {
	m := newModel(t, 0)
	q := m.table.GetOrCreate("B", 0, false)
	if q.Start(100); q.End() != 100 || q.Entries() != 0 {
		t.Errorf("an empty queue ends at %d with %d entries", q.End(), q.Entries())
	}
	m.table.Push(q, []dispatch.Entry{{Offset: 0, Size: 1, Base: 100, Count: 3}, {Offset: 1, Size: 1, Base: 103, Count: 2}})
	for offset, want := range map[int64]int64{0: 0, 99: 0, 100: 0, 102: 0, 103: 1, 104: 1, 105: 2, 1000: 2} {
		if got := m.table.EntryOf(q, offset); got != want {
			t.Errorf("offset %d is in entry %d, want %d", offset, got, want)
		}
	}
	for entry, want := range map[int64]int64{0: 100, 1: 103, 2: 105, 3: 105} {
		if got := m.table.OffsetAt(q, entry); got != want {
			t.Errorf("entry %d begins at %d, want %d", entry, got, want)
		}
	}
	if !m.table.MinIsCheap(q) || !m.table.MinIsCheap(q) || m.table.Min(q) != 100 {
		t.Errorf("the queue begins at %d", m.table.Min(q))
	}
}

// TestSyncedOnce: after a start behind a kill one flush syncs everything, and the next ones only what was written.
func TestSyncedOnce(t *testing.T) {
	m := newModel(t, 0)
	m.table.Resync()
	count := map[string]int{}
	m.mem.Inject(func(op, _ string) error { count[op]++; return nil })
	q := m.table.GetOrCreate("P", 0, false)
	for range 3 {
		m.table.Push(q, entriesFrom(0, 5))
		if err := m.table.FlushAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if count["syncall"] != 1 || count["sync"] != 2 {
		t.Errorf("%d syncs of everything, %d of files", count["syncall"], count["sync"])
	}
	m.table.Push(q, entriesFrom(0, 5))
	if q.Start(0); m.table.Write(t.Context(), 1) != nil || len(m.table.dirty) != 0 || q.dirty {
		t.Errorf("a queue without entries is dirty: %v", q.dirty)
	}
}

// TestExtUnit: a bit map that is longer than what was read, or than its unit, is none.
func TestExtUnit(t *testing.T) {
	unit := appendExtUnit(nil, 5, 6, []byte{7, 8, 9})
	for n := range len(unit) + 1 {
		u, ok := decodeExtUnit(unit[:n])
		if ok != (n >= extUnit) || ok && (u.Tags != 5 || u.Time != 6 || u.Size != 23 || len(u.Bits) != 3*(n/23)) {
			t.Errorf("%d bytes: %+v, %v", n, u, ok)
		}
	}
	unit[1]-- // a unit that is shorter than its bit map
	if u, ok := decodeExtUnit(unit); !ok || u.Bits != nil {
		t.Errorf("%+v, %v", u, ok)
	}
	if IsExtAddr(-1<<31) || !IsExtAddr(-1<<31-1) || IsExtAddr(0) {
		t.Error("a tags code is an address, or none is")
	}
}
