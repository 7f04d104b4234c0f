package store

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// TestAnyFailedWriteClosesTheStore makes each write of the log fail in turn, those of single records, batches, groups,
// fillers at the end of a file and zeros ahead of the log: the store takes no more writes, says so, stops uncleanly,
// and nothing acknowledged is missing after the next start.
func TestAnyFailedWriteClosesTheStore(t *testing.T) {
	for _, mode := range []string{AsyncFlush, SyncFlush} {
		for at := int64(1); ; at += 1 + at/4 {
			if !failNthWrite(t, mode, at) {
				if at < 40 {
					t.Fatalf("%s: only %d writes", mode, at)
				}
				break
			}
			if t.Failed() {
				t.Fatalf("%s: write %d failed", mode, at)
			}
		}
	}
}

// failNthWrite is one round; false when there were fewer writes.
func failNthWrite(t *testing.T, mode string, at int64) bool {
	t.Helper()
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.FlushDiskType, cfg.MappedFileSizeCommitLog = mode, 16<<10
	told := make(chan string, 10)
	s := mustOpen(t, cfg, mem, EventListener{FlushFailed: func(file string, err error) {
		told <- fmt.Sprint(file,
			err)
	},
		BackgroundError: func(string, string, error) {}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	mem.Inject(func(op, name string) error {
		if op == "write" && strings.Contains(name, "/commitlog/") && n.Add(1) == at {
			return syscall.EIO
		}
		return nil
	})
	var acked []string
	var failed error
	for i := 0; i < 120; i++ {
		body := fmt.Sprintf("%d-%s", i, strings.Repeat("x", 900))
		r := msg("T", 0, body)
		r.Group = mode == SyncFlush && i%3 == 0
		var a Appended
		var err error
		if i%4 == 1 {
			batch := record.AppendBatchItem(nil, record.BatchItem{Body: []byte(body)})
			a, _, err = s.AppendBatch(r, record.AppendBatchItem(batch, record.BatchItem{Body: []byte(body)}), nil)
		} else {
			a, err = s.Append(r)
		}
		if err == nil && r.Group {
			err = <-durable(s, a)
		}
		switch {
		case err != nil && !errors.Is(err, ErrSyncFailed):
			t.Fatalf("write %d: append %d: %v", at, i, err)
		case err == nil && failed != nil:
			t.Fatalf("write %d: append %d was acknowledged behind %v", at, i, failed)
		case err == nil:
			acked = append(acked, strings.Repeat(body+"|", 1+map[bool]int{true: 1}[i%4 == 1]))
		case failed == nil:
			failed = err
		}
	}
	mem.Inject(nil)
	if n.Load() < at {
		mustStop(t, s)
		return false
	}
	testutil.WaitFor(t, "the store is not closed", func() bool { return errors.Is(s.Health(), ErrSyncFailed) })
	if err := s.Flush(); !errors.Is(err, ErrSyncFailed) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("flush: %v", err)
	}
	testutil.WaitFor(t, "nobody was told", func() bool { return len(told) == 1 })
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	if err := s.Stop(t.Context()); !errors.Is(err, ErrSyncFailed) {
		t.Fatalf("stop: %v", err)
	}
	for _, fsys := range []*vfs.Mem{killed, mem} {
		again := mustStart(t, cfg, fsys)
		if again.Report().Clean {
			t.Fatal("taken for a clean stop")
		}
		got := strings.Join(append(bodies(t, again, "T", 0), ""), "|")
		if !strings.HasPrefix(got, strings.Join(acked, "")) {
			t.Fatalf("write %d: acknowledged messages are missing: %d of %d bytes", at, len(got),
				len(strings.Join(acked, "")))
		}
		mustAppend(t, again, msg("T", 0, "goes on"))
		mustStop(t, again)
		if r := mustVerify(t, cfg, fsys); len(r.Findings) != 0 {
			t.Fatalf("write %d: %+v", at, r.Findings)
		}
	}
	return true
}

// TestWriteFailsWhileStopping: a stop whose last write fails is not a clean one, also when the failed write was an
// append's that came before the stop's own.
func TestWriteFailsWhileStopping(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.FlushDiskType = SyncFlush
	s := mustStart(t, cfg, mem)
	mustAppend(t, s, msg("T", 0, "there"))
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	release := storetest.Stall(t, mem, "write", "/commitlog/", syscall.EIO)
	batch := record.AppendBatchItem(record.AppendBatchItem(nil, record.BatchItem{Body: []byte("a")}),
		record.BatchItem{Body: []byte("b")})
	appended, stopped := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := s.AppendBatch(msg("T", 0, ""), batch, nil)
		appended <- err
	}()
	testutil.WaitFor(t, "the append does not write", func() bool { return s.PageCacheLockTime() > 0 })
	go func() { stopped <- s.Stop(t.Context()) }()
	testutil.WaitFor(t, "the store does not stop", func() bool { return errors.Is(s.Health(), ErrClosed) })
	release()
	if err := <-appended; !errors.Is(err, ErrNotWritable) {
		t.Errorf("append: %v", err)
	}
	mem.Inject(nil)
	if err := <-stopped; !errors.Is(err, ErrSyncFailed) {
		t.Errorf("stop: %v", err)
	}
	again := mustStart(t, cfg, mem)
	if again.Report().Clean {
		t.Error("taken for a clean stop")
	}
	wantBodies(t, again, "T", 0, []string{"there"})
}
