package store

import (
	"errors"
	"strings"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store/commitlog"
	"gorocket/store/vfs"
)

// heldStore is a master of a group whose master changes, and what its listener was told.
func heldStore(t *testing.T, fsys vfs.FS, told *[]string) *Store {
	t.Helper()
	cfg := smallConfig("/s")
	cfg.EnableControllerMode = true
	s := mustOpen(t, cfg, fsys, EventListener{MessageStored: func(topic string, _ int32, _, _, _ int64, _ []byte) {
		*told = append(*told, topic)
	}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Nothing is shown before it is confirmed, not even by a byte, and everything is then, once.
func TestHeldUntilConfirmed(t *testing.T) {
	var told []string
	s := heldStore(t, vfs.NewMem(), &told)
	first := mustAppend(t, s, msg("T", 0, "one"))
	second := mustAppend(t, s, msg("T", 0, "two"))
	if second.QueueOffset != 1 {
		t.Errorf("a held message takes no queue offset: %d", second.QueueOffset)
	}
	s.SetConfirmed(first.Offset + int64(first.Size) - 1)
	wantBodies(t, s, "T", 0, nil)
	for _, at := range []int64{first.Offset, second.Offset} { // by id
		if _, err := s.ReadRecord(at, nil); !errors.Is(err, ErrNoRecord) {
			t.Errorf("the record at %d, before it is confirmed: %v", at, err)
		}
	}
	if n := s.MaxOffset("T", 0); n != 0 || len(told) > 0 {
		t.Fatalf("before it is confirmed: max offset %d, told %q", n, told)
	}
	s.SetConfirmed(second.Offset)
	wantBodies(t, s, "T", 0, []string{"one"})
	if _, err := s.ReadRecord(first.Offset, nil); err != nil {
		t.Error(err)
	}
	if _, err := s.ReadRecord(second.Offset, nil); !errors.Is(err, ErrNoRecord) {
		t.Errorf("the second one, before it is confirmed: %v", err)
	}
	s.SetConfirmed(1 << 40)
	wantBodies(t, s, "T", 0, []string{"one", "two"})
	if got, end := s.Confirmed(), s.MaxPhyOffset(); got != end {
		t.Errorf("confirmed %d, the log ends at %d", got, end)
	}
	s.SetConfirmed(0)
	if s.Confirmed() == 0 {
		t.Error("the confirm offset went back")
	}
	if len(told) != 2 {
		t.Errorf("told of %q", told)
	}
	if q := s.queues.Get("T", 0); q.Reserved != 0 || s.heldNow.Load() != 0 {
		t.Errorf("left: reserved %d, held %d", q.Reserved, s.heldNow.Load())
	}
	mustStop(t, s)
}

// Alone, everything is confirmed; as a slave nothing is.
func TestHeldAlone(t *testing.T) {
	var told []string
	s := heldStore(t, vfs.NewMem(), &told)
	mustAppend(t, s, msg("T", 0, "held"))
	s.SetAlone(true)
	mustAppend(t, s, msg("T", 0, "seen"))
	wantBodies(t, s, "T", 0, []string{"held", "seen"})
	if err := s.BecomeSlave(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(msg("T", 0, "no")); !errors.Is(err, commitlog.ErrRaw) {
		t.Errorf("a slave takes a message: %v", err)
	}
	s.SetAlone(true) // of a slave: it is not heard
	if err := s.BecomeMaster(); err != nil {
		t.Fatal(err)
	}
	if a := mustAppend(t, s, msg("T", 0, "again")); a.QueueOffset != 2 {
		t.Errorf("queue offset %d behind a change of role, want 2", a.QueueOffset)
	}
	wantBodies(t, s, "T", 0, []string{"held", "seen"})
	s.SetConfirmed(s.MaxPhyOffset())
	wantBodies(t, s, "T", 0, []string{"held", "seen", "again"})
	mustStop(t, s)
}

// A master that is alone tells those who wait for replicas when what stayed in the write buffer is written.
func TestAloneTellsWhoWaits(t *testing.T) {
	cfg := smallConfig("/s")
	cfg.EnableControllerMode = true
	settled := 0
	s := mustOpen(t, cfg, vfs.NewMem(), EventListener{Settle: func() { settled++ }})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	s.SetAlone(true)
	later := func() (end int64, w chanWaiter) {
		r := msg("T", 0, "x")
		r.Later = true
		end, w = mustAppend(t, s, r).End(), make(chanWaiter, 1)
		s.WaitReplicated(end, w)
		if s.ReplicatedOffset() >= end || s.MaxPhyOffset() >= end {
			t.Fatal("it is not written, and counts as replicated")
		}
		return end, w
	}
	end, w := later()
	settled = 0
	if err := s.Publish(end); err != nil {
		t.Fatal(err)
	}
	if len(w) != 1 || <-w != nil || settled != 1 || s.ReplicatedOffset() != end || s.Confirmed() != end {
		t.Errorf("told %d, settled %d times, replicated up to %d, want %d", len(w), settled, s.ReplicatedOffset(), end)
	}
	end, w = later()
	s.SetAlone(false)
	if err := s.Publish(end); err != nil {
		t.Fatal(err)
	}
	if len(w) != 0 || s.ReplicatedOffset() >= end || s.Confirmed() >= end {
		t.Error("another broker has to have what is written now, and it counts as replicated")
	}
	mustStop(t, s)
}

// Alone under SYNC_FLUSH, nothing is shown before it is on the disk, whether somebody waits for that or not.
func TestAloneShowsWhatIsOnDisk(t *testing.T) {
	var told []string
	cfg := smallConfig("/s")
	cfg.EnableControllerMode, cfg.FlushDiskType, cfg.FlushCommitLogThoroughInterval = true, SyncFlush, 1<<30
	mem := vfs.NewMem()
	s := mustOpen(t, cfg, mem, EventListener{MessageStored: func(topic string, _ int32, _, _, _ int64, _ []byte) {
		told = append(told, topic)
	}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	s.SetAlone(true)
	hold, held := make(chan struct{}), make(chan struct{}, 100)
	mem.Inject(func(op, name string) error {
		if op == "sync" && strings.Contains(name, "commitlog") {
			held <- struct{}{}
			<-hold
		}
		return nil
	})
	a := mustAppend(t, s, msg("T", 0, "x"))
	<-held // nobody waits for it, and it is flushed all the same
	wantBodies(t, s, "T", 0, nil)
	if s.Confirmed() >= a.End() || s.ReplicatedOffset() != a.End() {
		t.Errorf("confirmed up to %d, replicated up to %d, the log ends at %d", s.Confirmed(), s.ReplicatedOffset(), a.End())
	}
	s.SetAlone(true)
	if s.Confirmed() >= a.End() {
		t.Error("what is not on the disk is confirmed")
	}
	close(hold)
	testutil.WaitFor(t, "it is shown", func() bool { return s.Confirmed() == a.End() && s.MaxOffset("T", 0) == 1 })
	wantBodies(t, s, "T", 0, []string{"x"})
	mustStop(t, s)
	if len(told) != 1 {
		t.Errorf("told of %v", told)
	}
}

// A topic that is deleted shows nothing of another one that is not confirmed.
func TestHeldOfDeletedTopic(t *testing.T) {
	var told []string
	s := heldStore(t, vfs.NewMem(), &told)
	mustAppend(t, s, msg("gone", 0, "a"))
	mustAppend(t, s, msg("stays", 0, "b"))
	if err := s.DeleteTopic("gone"); err != nil {
		t.Fatal(err)
	}
	wantBodies(t, s, "stays", 0, nil)
	if len(told) > 0 || s.heldNow.Load() != 1 {
		t.Errorf("told of %q, %d held", told, s.heldNow.Load())
	}
	mustAppend(t, s, msg("gone", 0, "c"))
	s.SetConfirmed(s.MaxPhyOffset())
	wantBodies(t, s, "stays", 0, []string{"b"})
	wantBodies(t, s, "gone", 0, []string{"c"})
	mustStop(t, s)
}

// A store that stops gives its files back, whatever it holds; the next start finds what is not confirmed.
func TestHeldAtStop(t *testing.T) {
	var told []string
	mem := vfs.NewMem()
	s := heldStore(t, mem, &told)
	first := mustAppend(t, s, msg("T", 0, "one"))
	end := first.Offset + int64(first.Size)
	s.SetConfirmed(end)
	mustAppend(t, s, msg("T", 0, "two"))
	mustAppend(t, s, msg("U", 0, "new"))
	mustStop(t, s)
	if len(told) != 1 {
		t.Errorf("told of %q", told)
	}
	cfg := smallConfig("/s")
	cfg.EnableControllerMode = true
	if r := mustVerify(t, cfg, mem); len(r.Findings) > 0 {
		t.Errorf("verify: %+v", r.Findings)
	}
	s = heldStore(t, mem, &told)
	if !s.Unconfirmed() || s.Confirmed() != end {
		t.Errorf("after a start: unconfirmed %v, confirmed %d, want true and %d", s.Unconfirmed(), s.Confirmed(), end)
	}
	s.SetConfirmed(s.MaxPhyOffset())
	if s.Unconfirmed() {
		t.Error("everything is confirmed, and it is unconfirmed")
	}
	wantBodies(t, s, "T", 0, []string{"one", "two"})
	mustStop(t, s)
}

// While too many are held no more are taken.
func TestHeldTooMuch(t *testing.T) {
	var told []string
	s := heldStore(t, vfs.NewMem(), &told)
	s.heldNow.Store(maxHeld)
	if _, err := s.Append(msg("T", 0, "x")); !errors.Is(err, ErrHeld) || !errors.Is(err, ErrNotWritable) {
		t.Errorf("an append: %v", err)
	}
	if err := s.AppendRaw(0, []byte{1}); !errors.Is(err, ErrHeld) {
		t.Errorf("bytes of a master: %v", err)
	}
	s.heldNow.Store(maxHeld - 1)
	mustAppend(t, s, msg("T", 0, "y"))
	mustStop(t, s)
}

// Who begins to wait for replicas when the log has just become a copy is told at once.
func TestWaitReplicatedOfSlave(t *testing.T) {
	var told []string
	s := heldStore(t, vfs.NewMem(), &told)
	a := mustAppend(t, s, msg("T", 0, "x"))
	if err := s.BecomeSlave(); err != nil {
		t.Fatal(err)
	}
	w := make(chanWaiter, 1)
	s.log.WaitReplicated(a.Offset+int64(a.Size), w)
	select {
	case err := <-w:
		if !errors.Is(err, commitlog.ErrRaw) {
			t.Errorf("got %v", err)
		}
	default:
		t.Error("it waits, though no replica of this log is waited for any more")
	}
	mustStop(t, s)
}

type chanWaiter chan error

func (c chanWaiter) Durable(err error) { c <- err }
