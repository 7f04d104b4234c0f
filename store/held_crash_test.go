package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestHeldOverCrashes: a master of a switching group is killed, or loses its power, while it holds records: what the
// next start finds can be read only as far as it was confirmed, until somebody confirms the rest; then all of it is
// there, in its order.
func TestHeldOverCrashes(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		var told []string
		mem := vfs.NewMem()
		s := heldStore(t, mem, &told)
		var confirmed int64
		shown := map[string]bool{}
		n := 5 + rnd.IntN(60)
		var ends []Appended
		for i := range n {
			m := msg("T", int32(i%2), fmt.Sprint(i))
			m.Properties = []byte("KEYS\x01k\x02")
			ends = append(ends, mustAppend(t, s, m))
			if rnd.IntN(4) == 0 {
				at := rnd.IntN(len(ends))
				s.SetConfirmed(ends[at].End())
				for j := range at + 1 {
					shown[fmt.Sprint(j)] = true
				}
				confirmed = max(confirmed, ends[at].End())
			}
			if rnd.IntN(10) == 0 {
				if err := s.log.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if rnd.IntN(2) == 0 { // the check point knows of it
			if err := errors.Join(s.log.Flush(), s.check.Save()); err != nil {
				t.Fatal(err)
			}
		}
		var left *vfs.Mem
		if seed%2 == 0 {
			left = mem.Clone()
		} else {
			left = mem.CrashClone(seed, rnd.Float64())
		}
		again := heldStore(t, left, &told)
		if at := again.Confirmed(); at > confirmed || at > again.MaxPhyOffset() {
			t.Fatalf("seed %d: confirmed up to %d, it had been %d, and the log ends at %d", seed, at, confirmed,
				again.MaxPhyOffset())
		}
		if end := again.MaxPhyOffset(); again.Unconfirmed() != (again.Confirmed() < end) {
			t.Fatalf("seed %d: the log ends at %d, confirmed up to %d, and reading is refused: %v", seed, end,
				again.Confirmed(), again.Unconfirmed())
		}
		found, err := again.QueryByKey("T", "k", 64, 0, 1<<62)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range found.Records {
			if body := bodyOf(t, rec); !shown[body] {
				t.Fatalf("seed %d: %q is found, and was not confirmed", seed, body)
			}
		}
		more := mustAppend(t, again, msg("T", 0, "more"))
		again.SetConfirmed(more.Offset)
		if again.Unconfirmed() {
			t.Fatalf("seed %d: all that was found is confirmed", seed)
		}
		var have []string
		for q := range int32(2) {
			have = append(have, bodies(t, again, "T", q)...)
		}
		if len(have) > n || seed%2 == 0 && len(have) != n {
			t.Fatalf("seed %d: %d messages of %d: %q", seed, len(have), n, have)
		}
		again.SetAlone(true)
		if got := bodies(t, again, "T", 0); got[len(got)-1] != "more" || len(got)-1+len(bodies(t, again, "T", 1)) != len(have) {
			t.Fatalf("seed %d: %q", seed, got)
		}
		mustStop(t, again)
		mustStop(t, s)
		left.Free()
		mem.Free()
	}
}

func bodyOf(t *testing.T, rec []byte) string {
	t.Helper()
	m, err := record.Decode(rec)
	if err != nil {
		t.Fatal(err)
	}
	return string(m.Body)
}

// TestHeldAfterFailedWrite: what was not written takes no place in its queue, and what is held in front of it keeps its
// own.
func TestHeldAfterFailedWrite(t *testing.T) {
	var told []string
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := heldStore(t, mem, &told)
	mustAppend(t, s, msg("T", 0, "one"))
	mustAppend(t, s, msg("T", 0, "two"))
	mem.Inject(func(op, name string) error {
		if op == "write" && strings.Contains(name, "commitlog") {
			return syscall.EIO
		}
		return nil
	})
	if _, err := s.Append(msg("T", 0, "lost")); !errors.Is(err, ErrNotWritable) {
		t.Fatal(err)
	}
	mem.Inject(nil)
	q := s.queues.Get("T", 0)
	if q.Reserved != 2 || s.heldNow.Load() != 2 || len(s.committer.noted.runs) != 0 || len(s.committer.keys) != 0 {
		t.Errorf("reserved %d, %d held, %d noted, %d keys", q.Reserved, s.heldNow.Load(), len(s.committer.noted.runs),
			len(s.committer.keys))
	}
	s.SetConfirmed(1 << 40)
	wantBodies(t, s, "T", 0, []string{"one", "two"})
	if q.Reserved != 0 || s.heldNow.Load() != 0 {
		t.Errorf("left: reserved %d, %d held", q.Reserved, s.heldNow.Load())
	}
	_ = s.Stop(t.Context())
}

// TestHeldOfSlave: a slave holds what its master's log says until that is confirmed, each queue for itself; a topic that
// was deleted and made again at the master loses what is held of it before, and no other does.
func TestHeldOfSlave(t *testing.T) {
	mem, other := vfs.NewMem(), vfs.NewMem()
	t.Cleanup(mem.Free)
	t.Cleanup(other.Free)
	var told, heard []string
	m, s := heldStore(t, mem, &told), heldStore(t, other, &heard)
	if err := s.BecomeSlave(); err != nil {
		t.Fatal(err)
	}
	whole := func() int { return 1 << 20 }
	for _, topic := range []string{"again", "stays", "again"} {
		mustAppend(t, m, msg(topic, 0, "old"))
	}
	follow(t, m, s, 0, whole)
	if len(heard) > 0 || s.heldNow.Load() != 3 || s.MaxOffset("stays", 0) != 0 {
		t.Fatalf("told of %q, %d held", heard, s.heldNow.Load())
	}
	m.SetConfirmed(m.MaxPhyOffset())
	if err := m.DeleteTopic("again"); err != nil {
		t.Fatal(err)
	}
	first := mustAppend(t, m, msg("again", 0, "new"))
	if first.QueueOffset != 0 {
		t.Fatalf("at %d", first.QueueOffset)
	}
	mustAppend(t, m, msg("again", 0, "newer"))
	follow(t, m, s, 0, whole)
	if s.heldNow.Load() != 3 || len(heard) > 0 {
		t.Errorf("%d held, told of %q; want one of the other topic and two new ones", s.heldNow.Load(), heard)
	}
	s.SetConfirmed(first.Offset)
	wantBodies(t, s, "stays", 0, []string{"old"})
	wantBodies(t, s, "again", 0, nil)
	s.SetConfirmed(s.MaxPhyOffset())
	wantBodies(t, s, "again", 0, []string{"new", "newer"})
	for _, name := range []string{"stays", "again"} {
		if q := s.queues.Get(name, 0); q.Reserved != 0 {
			t.Errorf("%s: reserved %d", name, q.Reserved)
		}
	}
	if s.heldNow.Load() != 0 {
		t.Errorf("%d held", s.heldNow.Load())
	}
	mustStop(t, s)
	mustStop(t, m)
}

// TestHeldOfTopicDeletedDuringAppends: a topic that is deleted while messages come in: nothing of before is shown, what
// comes later is, from offset 0 or on, and the figures come out even.
func TestHeldOfTopicDeletedDuringAppends(t *testing.T) {
	var mu sync.Mutex
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := smallConfig("/s")
	cfg.EnableControllerMode = true
	s := mustOpen(t, cfg, mem, EventListener{MessageStored: func(string, int32, int64, int64, int64, []byte) {
		mu.Lock()
		defer mu.Unlock()
	}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Append(msg([]string{"gone", "stays"}[i%2], int32(w), fmt.Sprint(i))); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := range 30 {
		if err := s.DeleteTopic("gone"); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			s.SetConfirmed(s.MaxPhyOffset())
		}
	}
	close(stop)
	wg.Wait()
	if err := s.DeleteTopic("gone"); err != nil {
		t.Fatal(err)
	}
	var last Appended
	for i := range 3 {
		last = mustAppend(t, s, msg("gone", 0, fmt.Sprint("last ", i)))
	}
	if last.QueueOffset != 2 {
		t.Errorf("the third message of a new topic is at %d", last.QueueOffset)
	}
	s.SetConfirmed(s.MaxPhyOffset())
	wantBodies(t, s, "gone", 0, []string{"last 0", "last 1", "last 2"})
	for w := range int32(3) {
		for i, body := range bodies(t, s, "stays", w) {
			if body != fmt.Sprint(2*i+1) {
				t.Fatalf("queue %d at %d: %q", w, i, body)
			}
		}
		for _, name := range []string{"gone", "stays"} {
			if q := s.queues.Get(name, w); q != nil && q.Reserved != 0 {
				t.Errorf("%s/%d: reserved %d", name, w, q.Reserved)
			}
		}
	}
	if s.heldNow.Load() != 0 {
		t.Errorf("%d held", s.heldNow.Load())
	}
	mustStop(t, s)
}

// TestStoppedWhileHeld: what a running store notes of its queues, for the start after a kill and for the one after a
// power cut, does not count what is held: that has no place in its queue yet, and gets it in the next start.
func TestStoppedWhileHeld(t *testing.T) {
	var told []string
	for name, crash := range map[string]func(mem *vfs.Mem) *vfs.Mem{
		"kill":      func(mem *vfs.Mem) *vfs.Mem { return mem.Clone() },
		"power cut": func(mem *vfs.Mem) *vfs.Mem { return mem.CrashClone(1, 0) },
	} {
		mem := vfs.NewMem()
		s := heldStore(t, mem, &told)
		mustAppend(t, s, msg("early", 0, "e"))
		shown := mustAppend(t, s, msg("T", 0, "0"))
		n := 1
		for s.MaxPhyOffset() < 3*s.SegmentSize() { // in other files
			mustAppend(t, s, msg("T", 0, strings.Repeat("x", 1000)))
			if n++; n%50 == 0 {
				time.Sleep(2 * time.Millisecond) // the check point is a time
			}
		}
		late := mustAppend(t, s, msg("late", 0, "l"))
		s.SetConfirmed(shown.Offset) // "early"
		if err := errors.Join(s.Flush(), s.queues.FlushAll(t.Context()), s.check.Save(),
			s.queues.NoteEnds(t.Context())); err != nil {
			t.Fatal(err)
		}
		left := crash(mem)
		again := heldStore(t, left, &told)
		if at := again.Confirmed(); at != shown.Offset || !again.Unconfirmed() {
			t.Errorf("%s: confirmed up to %d, want %d", name, at, shown.Offset)
		}
		again.SetConfirmed(again.MaxPhyOffset())
		wantBodies(t, again, "early", 0, []string{"e"})
		wantBodies(t, again, "late", 0, []string{"l"})
		if got := bodies(t, again, "T", 0); len(got) != n || got[0] != "0" {
			t.Errorf("%s: %d messages, want %d", name, len(got), n)
		}
		if a := mustAppend(t, again, msg("late", 0, "more")); a.QueueOffset != late.QueueOffset+1 {
			t.Errorf("%s: the next message is at %d, want %d", name, a.QueueOffset, late.QueueOffset+1)
		}
		mustStop(t, again)
		mustStop(t, s)
		left.Free()
		mem.Free()
	}
}
