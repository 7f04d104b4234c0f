package store

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/datafile"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// TestStopInTime: whatever call the disk hangs in, Stop returns with its deadline, says why, and leaves the abort file;
// nothing is lost.
func TestStopInTime(t *testing.T) {
	for _, c := range []struct{ op, file string }{
		{"sync", "commitlog"}, {"write", "consumequeue"}, {"create", "consumequeue"}, {"sync", "consumequeue"},
		{"sync", "index"}, {"sync", "checkpoint"}, {"remove", "abort"}, {"allocate", datafile.Name(64 << 10)},
	} {
		t.Run(c.op+" "+c.file, func(t *testing.T) {
			mem := vfs.NewMem()
			cfg := smallConfig("/s")
			cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue = 3_600_000, 3_600_000
			var why []error
			s := mustOpen(t, cfg, mem, EventListener{StoppedUnclean: func(err error) { why = append(why, err) }})
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			free := storetest.Stall(t, mem, c.op, c.file, nil)
			r := msg("T", 0, strings.Repeat("x", 600))
			r.Properties = []byte("KEYS\x01k\x02")
			for range 80 { // more than half a file: the next one is being allocated
				mustAppend(t, s, r)
			}
			if c.op == "allocate" {
				time.Sleep(20 * time.Millisecond)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			begin := time.Now()
			if err := s.Stop(ctx); err != nil {
				t.Errorf("stop: %v", err)
			}
			if took := time.Since(begin); took > 2*time.Second || took < 90*time.Millisecond {
				t.Errorf("took %v", took)
			}
			if len(why) != 1 || !errors.Is(why[0], context.DeadlineExceeded) {
				t.Errorf("told %v", why)
			}
			if err := s.Stop(context.Background()); err != nil || len(why) != 1 {
				t.Errorf("again: %v, told %v", err, why)
			}
			killed := mem.Clone()
			defer killed.Free()
			if _, err := killed.Stat("/s/abort"); err != nil {
				t.Errorf("abort file: %v", err)
			}
			again := mustStart(t, cfg, killed)
			if again.Report().Clean {
				t.Error("looks clean")
			}
			if got := bodies(t, again, "T", 0); len(got) != 80 {
				t.Errorf("%d messages left", len(got))
			}
			mustStop(t, again)
			free() // the goroutine that hung gives the lock back
			mem.Inject(nil)
			for end := time.Now().Add(3 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				l, err := mem.Lock("/s/lock")
				if err == nil {
					_ = l.Close()
					break
				}
				if time.Now().After(end) {
					t.Fatal("the lock was not given back")
				}
			}
		})
	}
}

// TestStopFailure: an error of the disk is returned, and told.
func TestStopFailure(t *testing.T) {
	mem := vfs.NewMem()
	var why error
	s := mustOpen(t, smallConfig("/s"), mem, EventListener{StoppedUnclean: func(err error) { why = err }})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, msg("T", 0, "x"))
	storetest.Fail(mem, "sync", "checkpoint", syscall.EIO)
	if err := s.Stop(context.Background()); !errors.Is(err, syscall.EIO) || why != err {
		t.Fatalf("stop %v, told %v", err, why)
	}
	if _, err := mem.Stat("/s/abort"); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("no abort file after a failed stop")
	}
}

// TestStopWhileAppendWaits: an append that waits for a file that cannot be made ends at once.
func TestStopWhileAppendWaits(t *testing.T) {
	mem := vfs.NewMem()
	s := mustOpen(t, smallConfig("/s"), mem, EventListener{BackgroundError: func(string, string, error) {}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	release := storetest.Stall(t, mem, "allocate", datafile.Name(64<<10), syscall.ENOSPC)
	got := make(chan error, 1)
	go func() {
		for {
			if _, err := s.Append(msg("T", 0, strings.Repeat("x", 600))); err != nil {
				got <- err
				return
			}
		}
	}()
	testutil.WaitFor(t, "no append waits for the next file", func() bool {
		_, wanted := s.log.Ahead()
		return wanted
	})
	time.AfterFunc(50*time.Millisecond, release)
	begin := time.Now()
	mustStop(t, s)
	if err := <-got; !errors.Is(err, ErrNotWritable) {
		t.Errorf("append: %v", err)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestPowerCutWhileStopping cuts the power before each file operation of a stop, twice over: the store that stops was
// itself started from the manifest of a clean stop. Every clone must start, as a clean or an unclean one, and hold
// every message that was durable.
func TestPowerCutWhileStopping(t *testing.T) {
	for seed := range uint64(6) {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		defer mem.Free()
		cfg.MappedFileSizeCommitLog = 16 << 10
		s := mustStart(t, cfg, mem)
		want := fill(t, s, "T", 3, 150)
		mustStop(t, s)
		s = mustStart(t, cfg, mem)
		if !s.Report().QueuesKnown {
			t.Fatal("the manifest was not used")
		}
		for q, more := range fill(t, s, "T", 3, 120) {
			want[q] = append(want[q], more...)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var clones []*vfs.Mem
		mem.Inject(func(op, name string) error {
			mu.Lock()
			defer mu.Unlock()
			clones = append(clones, mem.CrashClone(seed*1000+uint64(len(clones)), float64(seed)/5))
			return nil
		})
		mustStop(t, s)
		mem.Inject(nil)
		clones = append(clones, mem.CrashClone(seed, float64(seed)/5))
		for i, c := range clones {
			again := mustStart(t, cfg, c)
			for q, w := range want {
				if got := bodies(t, again, "T", q); len(got) != len(w) {
					t.Fatalf("seed %d, before operation %d of %d: queue %d has %d messages, want %d; %+v", seed, i, len(clones), q,
						len(got), len(w), again.Report())
				}
			}
			if i == len(clones)-1 && !again.Report().Clean {
				t.Fatal("the stop was not clean")
			}
			mustStop(t, again)
			c.Free()
		}
		if len(clones) < 10 {
			t.Fatalf("only %d operations were seen", len(clones))
		}
	}
}
