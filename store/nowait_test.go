package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// TestAppendNoWait: while the next file is late, an append that may not wait returns at once, one that may waits without the append lock, and both find
// room as soon as the file is there.
func TestAppendNoWait(t *testing.T) {
	mem := vfs.NewMem()
	s := mustOpen(t, smallConfig("/s"), mem, EventListener{})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer mustStop(t, s)
	release := stalling(t, mem, "allocate", datafile.Name(64<<10), nil)
	r := msg("T", 0, strings.Repeat("x", 600))
	r.NoWait = true
	var err error
	for err == nil {
		_, err = s.Append(r)
	}
	if !errors.Is(err, ErrWouldWait) || !errors.Is(err, ErrNotWritable) {
		t.Fatalf("append: %v", err)
	}
	waited := make(chan error, 1)
	go func() {
		patient := *r
		patient.NoWait = false
		_, err := s.Append(&patient)
		waited <- err
	}()
	time.Sleep(20 * time.Millisecond)
	begin := time.Now()
	if _, err := s.Append(msg("T", 0, "short enough")); err != nil || time.Since(begin) > 500*time.Millisecond {
		t.Fatalf("an append with room: %v after %v", err, time.Since(begin))
	}
	release()
	if err := <-waited; err != nil {
		t.Fatalf("the patient append: %v", err)
	}
	if _, err := s.Append(r); err != nil {
		t.Fatalf("after the file came: %v", err)
	}
}

// TestZerosAheadOfAppends: where the allocator writes zeros (SYNC_FLUSH), no append comes, and where appends are, no zeros.
func TestZerosAheadOfAppends(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.FlushDiskType, cfg.TouchAheadBytes = SyncFlush, 0
	s := mustStart(t, cfg, mem)
	mustAppend(t, s, msg("T", 0, "first"))
	tail := s.app.tail
	if s.claimZeros(tail, 10) {
		t.Fatal("claimed what is written already")
	}
	if !s.claimZeros(tail, 4096) {
		t.Fatal("not claimed")
	}
	r := msg("T", 0, strings.Repeat("x", 5000))
	r.NoWait = true
	if _, err := s.Append(r); err != ErrWouldWait {
		t.Fatalf("append into the claim: %v", err)
	}
	mustAppend(t, s, msg("T", 0, "in front of it"))
	done := make(chan error, 1)
	go func() {
		big := *r
		big.NoWait = false
		_, err := s.Append(&big)
		done <- err
	}()
	time.Sleep(5 * time.Millisecond)
	if _, err := tail.file.WriteAt(make([]byte, 8192), 4096); err != nil {
		t.Fatal(err)
	}
	s.freeZeros()
	s.alloc.setErr(nil)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := bodies(t, s, "T", 0); len(got) != 3 || len(got[2]) != 5000 {
		t.Fatalf("%d messages", len(got))
	}
	if other := (&segment{}); s.claimZeros(other, 4096) {
		t.Error("claimed a file that is not the tail")
	}
	mustStop(t, s)
}
