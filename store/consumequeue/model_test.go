package consumequeue

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"gorocket/store/commitlog"
	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// model is what a table has to hold: the entries of each queue, in memory, in files, and after a start.
type model struct {
	t     *testing.T
	rnd   *rand.Rand
	mem   *vfs.Mem
	ext   bool
	log   *commitlog.Log
	table *Table
	end   int64 // of the log that the entries point to
	min   int64 // the same for its beginning
	all   map[queueKey][]dispatch.Entry
}

// newModel has plain queues of the topic P, batch queues of B and light ones, with small files.
func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, rnd: rand.New(rand.NewPCG(seed, 21)), mem: vfs.NewMem(), ext: seed%2 == 1,
		all: map[queueKey][]dispatch.Entry{}}
	t.Cleanup(m.mem.Free)
	if err := vfs.MkdirDurable(m.mem, "/s"); err != nil {
		t.Fatal(err)
	}
	m.open()
	return m
}

// open begins a table as a start does.
func (m *model) open() {
	m.t.Helper()
	m.log = commitlog.New(commitlog.Options{FS: m.mem, SegmentSize: 1 << 20}, commitlog.Settings{}, nil, commitlog.Events{})
	m.log.Readable.Store(m.min)
	m.table = New(Options{FS: m.mem, Root: "/s", FileSize: 50 * Unit, BatchSize: 30 * BatchUnit, ExtSize: 1000,
		MaxOpenFiles: 3, IsBatch: func(topic string) bool { return topic == "B" }},
		Settings{Extend: m.ext, LeastPages: 1}, m.log, Events{Flushed: func(int64) error { return nil },
			Error: func(what, file string, err error) { m.t.Errorf("%s %s: %v", what, file, err) }})
	if known, err := m.table.Load(0, false); known || err != nil {
		m.t.Fatal(known, err)
	}
}

func (m *model) queue() queueKey {
	return queueKey{[]string{"P", "B", "%LMQ%l"}[m.rnd.IntN(3)], int32(m.rnd.IntN(2))}
}

// push adds entries to a queue.
func (m *model) push() {
	k := m.queue()
	q := m.table.GetOrCreate(k.topic, k.id, false)
	var list []dispatch.Entry
	for range 1 + m.rnd.IntN(70) {
		e := dispatch.Entry{Offset: m.end, Size: int32(1 + m.rnd.IntN(100)), Tags: int64(int32(m.rnd.Uint32())),
			Time: m.end + 5, Base: int64(len(m.all[k]) + len(list)), Count: 1}
		if n := len(m.all[k]); k.topic == "B" {
			e.Base, e.Count = 0, int16(1+m.rnd.IntN(4))
			if n > 0 {
				e.Base = m.all[k][n-1].Base + int64(m.all[k][n-1].Count)
			}
			if len(list) > 0 {
				e.Base = list[len(list)-1].Base + int64(list[len(list)-1].Count)
			}
		}
		if m.ext && m.rnd.IntN(3) == 0 {
			bits := make([]byte, 1+m.rnd.IntN(60))
			e.Bits = &bits
		}
		m.end += int64(e.Size) + int64(m.rnd.IntN(50))
		list = append(list, e)
	}
	m.all[k] = append(m.all[k], list...)
	m.log.Exclusive(func() { m.table.Push(q, slices.Clone(list)) })
}

// restart stops cleanly, or after the queues were written, and starts again.
func (m *model) restart() {
	m.t.Helper()
	if err := m.table.FlushAll(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	if m.table.Close(); m.rnd.IntN(2) == 0 { // and a power cut
		cut := m.mem.CrashClone(m.rnd.Uint64(), 0)
		m.t.Cleanup(cut.Free)
		m.mem = cut
	}
	m.open()
}

// truncate cuts everything off whose record lies at or behind a place, as a start does.
func (m *model) truncate() {
	m.t.Helper()
	m.restart()
	at := m.min + m.rnd.Int64N(m.end-m.min+1)
	if m.rnd.IntN(3) > 0 {
		at = max(m.min, m.end-m.rnd.Int64N(5000))
	}
	m.table.Each(func(q *Queue) bool {
		if err := m.table.Truncate(q, at); err != nil {
			m.t.Fatal(err)
		}
		return true
	})
	for k, list := range m.all {
		i := slices.IndexFunc(list, func(e dispatch.Entry) bool { return e.Offset >= at })
		if i >= 0 {
			m.all[k] = list[:i]
		}
	}
	m.end = max(at, m.min)
}

// expire lets the log begin later.
func (m *model) expire() {
	m.min += m.rnd.Int64N(m.end - m.min + 1)
	m.log.Readable.Store(m.min)
	m.table.Expire(context.Background(), 0, true)
}

// keys are the queues in an order that a seed gives again.
func (m *model) keys() []queueKey {
	return slices.SortedFunc(maps.Keys(m.all), func(a, b queueKey) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
	})
}

// check compares every queue with the model, read in pieces of random length.
func (m *model) check(what string) {
	m.t.Helper()
	for _, k := range m.keys() {
		list, q := m.all[k], m.table.Get(k.topic, k.id)
		if len(list) == 0 {
			if q != nil && q.Entries() > 0 {
				m.t.Fatalf("%s: %v has %d entries", what, k, q.Entries())
			}
			continue
		}
		if q == nil {
			m.t.Fatalf("%s: %v is gone", what, k)
		}
		if want := list[len(list)-1].Base + int64(list[len(list)-1].Count); q.End() != want || q.Entries() != int64(len(list)) {
			m.t.Fatalf("%s: %v ends at %d with %d entries, want %d and %d", what, k, q.End(), q.Entries(), want, len(list))
		}
		if end := list[len(list)-1].Offset + int64(list[len(list)-1].Size); q.lastPhy > 0 && q.lastPhy != end &&
			list[len(list)-1].Offset >= m.min {
			m.t.Fatalf("%s: %v knows records up to %d, want %d", what, k, q.lastPhy, end)
		}
		m.checkMin(what, k, q, list)
		from := m.table.FirstAtLeast(q, m.min)
		for at := from; at < int64(len(list)); {
			dst := make([]byte, (1+m.rnd.Int64N(80))*q.Unit()+m.rnd.Int64N(5))
			hotOnly := m.rnd.IntN(2) == 0
			n, hot := m.table.Read(q, dst, at, hotOnly)
			if !hot && hotOnly {
				n, _ = m.table.Read(q, dst, at, false)
			}
			if n == 0 {
				m.t.Fatalf("%s: %v: nothing at %d of %d", what, k, at, len(list))
			}
			for i := range int64(n) {
				m.checkEntry(what, k, q, at+i, q.Decode(dst[i*q.Unit():]), list[at+i])
			}
			at += int64(n)
		}
		var past [BatchUnit]byte
		if n, hot := m.table.Read(q, past[:q.Unit()], int64(len(list)), false); n != 0 || !hot {
			m.t.Fatalf("%s: %v has %d entries behind its end", what, k, n)
		}
	}
}

// checkMin: the queue begins with the first entry whose record the log still has.
func (m *model) checkMin(what string, k queueKey, q *Queue, list []dispatch.Entry) {
	m.t.Helper()
	i := slices.IndexFunc(list, func(e dispatch.Entry) bool { return e.Offset >= m.min })
	want := q.End()
	if i >= 0 {
		want = list[i].Base
	}
	if got := m.table.Min(q); got != want || q.First() > int64(max(i, 0)) && i >= 0 {
		m.t.Fatalf("%s: %v begins at %d, want %d; the first entry is %d", what, k, got, want, q.First())
	}
}

// checkEntry compares one entry, its extension, and what finds it.
func (m *model) checkEntry(what string, k queueKey, q *Queue, at int64, got, want dispatch.Entry) {
	m.t.Helper()
	x, st := m.table.Tags(q, got.Tags, false)
	if got.Offset != want.Offset || got.Size != want.Size || st != ExtFound || x.Tags != want.Tags ||
		q.Batch() && (got.Base != want.Base || got.Count != want.Count || got.Time != want.Time) {
		m.t.Fatalf("%s: %v entry %d is %+v (%v, %v), want %+v", what, k, at, got, x, st, want)
	}
	if x.Size > 0 && (x.Time != want.Time || len(x.Bits) != len(bitsOf(want))) {
		m.t.Fatalf("%s: %v extension of %d is %+v, want %+v", what, k, at, x, want)
	}
	if m.rnd.IntN(10) > 0 {
		return
	}
	for offset := want.Base; offset < want.Base+int64(want.Count); offset++ {
		if e := m.table.EntryOf(q, offset); e != at || m.table.OffsetAt(q, e) != want.Base {
			m.t.Fatalf("%s: %v offset %d is in entry %d, which begins at %d; want %d", what, k, offset, e,
				m.table.OffsetAt(q, e), at)
		}
	}
	for _, c := range []struct {
		offset int64
		size   int32
	}{{want.Offset, want.Size}, {want.Offset + 1, want.Size}, {want.Offset, want.Size + 1}} {
		is := c.offset == want.Offset && c.size == want.Size
		if held, hot := m.table.Holds(q, want.Base, c.offset, c.size, false); held != is || !hot {
			m.t.Fatalf("%s: %v holds %+v at %d: %v, %v", what, k, c, at, held, hot)
		}
	}
}

// TestTableModel compares a table with a model of it, while entries come, are written, synced, forgotten, cut off, expire
// and are found by a start.
func TestTableModel(t *testing.T) {
	for seed := range uint64(20) {
		if seed == 19 {
			seed = 53 // cuts behind an extension that has expired
		}
		m := newModel(t, seed)
		for step := range 60 {
			op := m.rnd.IntN(10)
			switch op {
			case 0, 1, 2, 3:
				m.push()
			case 4:
				_ = m.table.Write(t.Context(), 1+m.rnd.Int64N(60))
			case 5:
				if err := m.table.FlushAll(t.Context()); err != nil {
					t.Fatal(err)
				}
			case 6:
				m.table.ReleaseIdle(0)
			case 7:
				m.restart()
			case 8:
				m.truncate()
			case 9:
				if m.rnd.IntN(3) == 0 {
					m.expire()
				}
			}
			m.check(fmt.Sprintf("seed %d, step %d, op %d", seed, step, op))
			if n := m.table.inUse(); n != 0 {
				t.Fatalf("seed %d, step %d, op %d: %d files are held", seed, step, op, n)
			}
			if used := m.memory(); used != m.table.Memory() {
				t.Fatalf("seed %d, step %d, op %d: %d bytes are counted, %d are in use", seed, step, op, m.table.Memory(), used)
			}
		}
		m.table.Close()
	}
}

// memory is how many bytes the queues keep.
func (m *model) memory() (n int64) {
	m.table.Each(func(q *Queue) bool {
		for ; q != nil; q = q.ext.Load() {
			n += int64(cap(q.mem))
		}
		return true
	})
	return n
}

func bitsOf(e dispatch.Entry) []byte {
	if e.Bits == nil {
		return nil
	}
	return *e.Bits
}
