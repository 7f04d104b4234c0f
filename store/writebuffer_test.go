package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// buffering is a store whose flusher only runs when it is asked.
func buffering(t *testing.T, mem *vfs.Mem, ev EventListener) (*Store, Config) {
	t.Helper()
	cfg := smallConfig("/s")
	cfg.FlushDiskType, cfg.FlushIntervalCommitLog, cfg.TouchAheadBytes = SyncFlush, 3_600_000, 0
	s := mustOpen(t, cfg, mem, ev)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s, cfg
}

func grouped(topic string, queue int32, body string) *Record {
	r := msg(topic, queue, body)
	r.Group = true
	return r
}

// TestWriteBuffer: what waits for its group has its place and offset at once, can be read after the flush or the next
// append that does not wait, and is told once.
func TestWriteBuffer(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, s *Store){
		"flush":   func(t *testing.T, s *Store) { _ = s.Flush() },
		"one-way": func(t *testing.T, s *Store) { mustAppend(t, s, msg("Other", 0, "x")) },
		"batch": func(t *testing.T, s *Store) {
			_, _, _ = s.AppendBatch(msg("Other", 0, ""), record.AppendBatchItem(nil, record.BatchItem{Body: []byte("x")}), nil)
		},
		// the next file begins
		"large":       func(t *testing.T, s *Store) { mustAppend(t, s, grouped("Other", 0, strings.Repeat("x", 40<<10))) },
		"other topic": func(t *testing.T, s *Store) { _ = s.DeleteTopic("Nobody") },
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewMem()
			t.Cleanup(mem.Free)
			var mu sync.Mutex
			var told []string
			s, _ := buffering(t, mem, EventListener{MessageStored: func(topic string, _ int32, at, _, _ int64, rec []byte) {
				if m, err := record.Decode(rec); topic == "T" && err == nil {
					mu.Lock()
					told = append(told, fmt.Sprint(at, string(m.Body)))
					mu.Unlock()
				}
			}})
			want := fill(t, s, "T", 1, 2)[0]
			for i := range 100 {
				want = append(want, fmt.Sprint(i, strings.Repeat("y", 200)))
				if a := mustAppend(t, s, grouped("T", 0, want[i+2])); a.QueueOffset != int64(i+2) {
					t.Fatalf("offset %d", a.QueueOffset)
				}
			}
			wantBodies(t, s, "T", 0, want[:2])
			write(t, s)
			wantBodies(t, s, "T", 0, want)
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
			testutil.WaitFor(t, "not all were told", func() bool { // by the flusher's own goroutine where a file was rolled
				mu.Lock()
				defer mu.Unlock()
				return len(told) == len(want)
			})
			for i, w := range want {
				if !slices.Contains(told, fmt.Sprint(i, w)) {
					t.Fatalf("%d %s is not among %d told", i, w, len(told))
				}
			}
		})
	}
}

// TestWriteBufferKilled: a kill takes what is in the write buffer, and leaves no trace of it.
func TestWriteBufferKilled(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s, cfg := buffering(t, mem, EventListener{})
	want := fill(t, s, "T", 1, 10)[0]
	for range 10 {
		mustAppend(t, s, grouped("T", 0, "gone"))
	}
	if err := s.queues.Write(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	k := mustStart(t, cfg, killed)
	wantBodies(t, k, "T", 0, want)
	if a := mustAppend(t, k, msg("T", 0, "next")); a.QueueOffset != 10 {
		t.Errorf("offset %d", a.QueueOffset)
	}
	mustStop(t, k)
	if r := mustVerify(t, cfg, killed); len(r.Findings) != 0 {
		t.Errorf("%+v", r.Findings)
	}
}

// TestWriteBufferFails: who waits is told, and the store takes no more writes.
func TestWriteBufferFails(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s, _ := buffering(t, mem, EventListener{})
	want := fill(t, s, "T", 1, 3)[0]
	storetest.Fail(mem, "write", "commitlog", syscall.EIO)
	a := mustAppend(t, s, grouped("T", 0, "lost"))
	if err := <-durable(s, a); !errors.Is(err, ErrNotWritable) || !errors.Is(err, syscall.EIO) {
		t.Errorf("told %v", err)
	}
	mem.Inject(nil)
	if _, err := s.Append(msg("T", 0, "more")); !errors.Is(err, ErrNotWritable) {
		t.Errorf("append: %v", err)
	}
	wantBodies(t, s, "T", 0, want)
}

// TestPublish: what is appended for later has its place, cannot be read before Publish, is told once, and stays in
// order with what is not.
func TestPublish(t *testing.T) {
	for _, mode := range []string{AsyncFlush, SyncFlush} {
		t.Run(mode, func(t *testing.T) {
			mem, cfg := vfs.NewMem(), smallConfig("/s")
			t.Cleanup(mem.Free)
			cfg.FlushDiskType = mode
			cfg.FlushIntervalCommitLog, cfg.FlushCommitLogThoroughInterval = 3_600_000, 3_600_000
			var told []string // one goroutine
			s := mustOpen(t, cfg, mem, EventListener{MessageStored: func(_ string, _ int32, at, _, _ int64, rec []byte) {
				m, _ := record.Decode(rec)
				told = append(told, fmt.Sprint(at, string(m.Body)))
			}})
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			defer mustStop(t, s)
			later := func(body string) Appended {
				r := msg("T", 0, body)
				r.Later = true
				return mustAppend(t, s, r)
			}
			a, b := later("a"), later("b")
			if a.QueueOffset != 0 || b.QueueOffset != 1 || b.Offset != a.End() || s.MaxOffset("T", 0) != 0 || len(told) != 0 {
				t.Fatalf("%+v %+v, %d can be read, told %v", a, b, s.MaxOffset("T", 0), told)
			}
			killed := mem.Clone()
			t.Cleanup(killed.Free)
			if err := s.Publish(a.End()); err != nil {
				t.Fatal(err)
			}
			wantBodies(t, s, "T", 0, []string{"a", "b"})
			c := later("c")
			mustAppend(t, s, msg("T", 0, "d")) // writes c as well
			if err := s.Publish(c.End()); err != nil {
				t.Fatal(err)
			}
			want := []string{"a", "b", "c", "d"}
			wantBodies(t, s, "T", 0, want)
			slices.Sort(told)
			if got := strings.Join(told, " "); got != "0a 1b 2c 3d" {
				t.Errorf("told %s", got)
			}
			k := mustStart(t, cfg, killed)
			defer mustStop(t, k)
			if n := k.MaxOffset("T", 0); n != 0 {
				t.Errorf("%d messages after a kill before Publish", n)
			}
		})
	}
}

// TestPublishFails: whoever must not acknowledge is told, others are not, and the store takes no more writes.
func TestPublishFails(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := mustStart(t, smallConfig("/s"), mem)
	want := fill(t, s, "T", 1, 3)[0]
	before := s.MaxPhyOffset()
	storetest.Fail(mem, "write", "commitlog", syscall.EIO)
	r := msg("T", 0, "lost")
	r.Later = true
	a := mustAppend(t, s, r)
	for range 2 { // each loop that has to answer for it asks
		if err := s.Publish(a.End()); !errors.Is(err, ErrNotWritable) || !errors.Is(err, syscall.EIO) {
			t.Errorf("published: %v", err)
		}
	}
	if err := s.Publish(before); err != nil {
		t.Errorf("an older message: %v", err)
	}
	mem.Inject(nil)
	if _, err := s.Append(msg("T", 0, "more")); !errors.Is(err, ErrNotWritable) {
		t.Errorf("append: %v", err)
	}
	wantBodies(t, s, "T", 0, want)
}

// TestPublishHangs: a write that hangs at the end of a turn shows as a busy page cache, as one inside of an append
// does: sends are refused meanwhile.
func TestPublishHangs(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.OsPageCacheBusyTimeOutMills = 20
	s := mustStart(t, cfg, mem)
	release := storetest.Stall(t, mem, "write", "commitlog", nil)
	r := msg("T", 0, "late")
	r.Later = true
	a := mustAppend(t, s, r)
	published := make(chan error, 1)
	go func() { published <- s.Publish(a.End()) }()
	testutil.WaitFor(t, "not busy", s.OSPageCacheBusy)
	release()
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	if s.OSPageCacheBusy() {
		t.Error("still busy")
	}
}

// tornStates returns states between two of a file system, in which one file was written: as a kill leaves them that
// ends the write early.
func tornStates(t *testing.T, before, after *vfs.Mem, name string, cuts int) (list []*vfs.Mem) {
	t.Helper()
	old, err := vfs.ReadFile(before, name)
	if err != nil {
		t.Fatal(err)
	}
	written, err := vfs.ReadFile(after, name)
	if err != nil {
		t.Fatal(err)
	}
	lo, hi := 0, len(old)
	for lo < hi && old[lo] == written[lo] {
		lo++
	}
	for hi > lo && old[hi-1] == written[hi-1] {
		hi--
	}
	for i := range cuts {
		m := before.Clone()
		t.Cleanup(m.Free)
		f, err := m.OpenFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(written[lo:lo+(hi-lo)*i/cuts], int64(lo)); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		list = append(list, m)
	}
	return list
}

// TestBatchWhole: a kill at any place of any write leaves batches whole, or not there.
func TestBatchWhole(t *testing.T) {
	for _, later := range []bool{false, true} {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		t.Cleanup(mem.Free)
		s := mustStart(t, cfg, mem)
		states := []*vfs.Mem{mem.Clone()}
		mem.Inject(func(op, name string) error {
			if op == "write" && strings.Contains(name, "commitlog") {
				states = append(states, mem.Clone())
			}
			return nil
		})
		var end int64
		for _, n := range []int{3, 1, 12} {
			var items []byte
			for range n {
				items = record.AppendBatchItem(items, record.BatchItem{Body: []byte("item")})
			}
			r := msg("T", 0, "")
			r.Later = later
			a, _, err := s.AppendBatch(r, items, nil)
			if err != nil || a.Count != n {
				t.Fatal(a, err)
			}
			end = a.End()
		}
		if err := s.Publish(end); err != nil {
			t.Fatal(err)
		}
		mem.Inject(nil)
		states = append(states, mem.Clone())
		whole, seen := map[int64]bool{0: true, 3: true, 4: true, 16: true}, map[int64]bool{}
		for i, last := range states {
			t.Cleanup(last.Free)
			killed := []*vfs.Mem{last.Clone()}
			t.Cleanup(killed[0].Free)
			if i > 0 {
				killed = append(killed, tornStates(t, states[i-1], last, "/s/commitlog/"+datafile.Name(0), 40)...)
			}
			for _, at := range killed {
				again := mustStart(t, cfg, at)
				n := again.MaxOffset("T", 0)
				if seen[n] = true; !whole[n] {
					t.Errorf("later %v: %d messages after a kill", later, n)
				}
				mustStop(t, again)
			}
		}
		writes := 3 + 2 // each append is written, those of several messages without the first size, which follows
		if later {
			writes = 2 // all of them together
		}
		if !seen[0] || !seen[16] || len(states) != 1+writes+1 {
			t.Errorf("later %v: %d states, seen %v", later, len(states), seen)
		}
	}
}
