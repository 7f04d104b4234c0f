package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// TestAppendNoWait: while the next file is late, an append that may not wait returns at once, one that may waits
// without the append lock, and both find room as soon as the file is there.
func TestAppendNoWait(t *testing.T) {
	mem := vfs.NewMem()
	s := mustOpen(t, smallConfig("/s"), mem, EventListener{})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer mustStop(t, s)
	release := storetest.Stall(t, mem, "allocate", datafile.Name(64<<10), nil)
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
