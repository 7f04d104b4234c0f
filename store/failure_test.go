package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/datafile"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

func durable(s *Store, a Appended) chan error {
	ch := make(chan error, 1)
	s.NotifyDurable(a.End(), func(err error) { ch <- err })
	return ch
}

func TestFailedSyncClosesForWrites(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	cfg.FlushDiskType = SyncFlush
	failed := make(chan string, 1)
	s := mustOpen(t, cfg, mem, EventListener{FlushFailed: func(file string, err error) { failed <- file }})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if err := <-durable(s, mustAppend(t, s, msg("T", 0, "safe"))); err != nil {
		t.Fatal(err)
	}
	storetest.Fail(mem, "sync", "commitlog", syscall.EIO)
	err := <-durable(s, mustAppend(t, s, msg("T", 0, "lost?")))
	if !errors.Is(err, ErrSyncFailed) || !errors.Is(err, ErrNotWritable) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("waiter got %v", err)
	}
	if file := <-failed; !strings.HasSuffix(file, "/commitlog/"+datafile.Name(0)) {
		t.Fatalf("event names %s", file)
	}
	mem.Inject(nil) // the disk works again; the store must not trust it
	if _, err := s.Append(msg("T", 0, "x")); !errors.Is(err, ErrSyncFailed) {
		t.Fatalf("append after a failed sync: %v", err)
	}
	if err := s.Health(); !errors.Is(err, ErrSyncFailed) {
		t.Fatalf("health %v", err)
	}
	if got := bodies(t, s, "T", 0); len(got) != 2 {
		t.Fatalf("reads stopped: %q", got)
	}
	if err := s.Stop(context.Background()); !errors.Is(err, ErrSyncFailed) {
		t.Fatalf("stop: %v", err)
	}
	again := mustStart(t, cfg, mem)
	if again.Report().Clean {
		t.Fatal("a failed flush ended as a clean stop")
	}
	wantBodies(t, again, "T", 0, []string{"safe", "lost?"})
}

func TestSyncTimeoutWhileDiskStalls(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	cfg.FlushDiskType, cfg.SyncFlushTimeout = SyncFlush, 150
	s := mustStart(t, cfg, mem)
	release := storetest.Stall(t, mem, "sync", "commitlog", nil)
	begin := time.Now()
	if err := <-durable(s, mustAppend(t, s, msg("T", 0, "x"))); err != ErrFlushTimeout {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(begin); took < 100*time.Millisecond || took > 2*time.Second {
		t.Fatalf("timed out after %v", took)
	}
	release()
	mem.Inject(nil)
	if err := <-durable(s, mustAppend(t, s, msg("T", 0, "y"))); err != nil {
		t.Fatalf("after the stall: %v", err)
	}
}

// TestGroupCommit: many waiters share few syncs.
func TestGroupCommit(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	cfg.FlushDiskType = SyncFlush
	cfg.MappedFileSizeCommitLog = 8 << 20
	s := mustStart(t, cfg, mem)
	var syncs atomic.Int64
	mem.Inject(func(op, name string) error {
		if op == "sync" && strings.Contains(name, "commitlog") {
			syncs.Add(1)
			time.Sleep(2 * time.Millisecond)
		}
		return nil
	})
	const senders, each = 64, 20
	var wg sync.WaitGroup
	for g := range senders {
		wg.Go(func() {
			for range each {
				a, err := s.Append(msg("T", int32(g%8), "x"))
				if err != nil {
					t.Error(err)
					return
				}
				if err := <-durable(s, a); err != nil {
					t.Error(err)
				}
				if s.FlushedOffset() < a.End() {
					t.Error("told durable before it was")
				}
			}
		})
	}
	wg.Wait()
	if n := syncs.Load(); n > senders*each/8 {
		t.Fatalf("%d syncs for %d messages", n, senders*each)
	}
}

func TestFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	cfg.DiskSpaceWarningLevelRatio, cfg.CleanFileForciblyEnable = 100, false
	cfg.MessageIndexEnable = false
	var events atomic.Int64
	s := mustOpen(t, cfg, mem, EventListener{BackgroundError: func(what, _ string, err error) {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", what, err)
		}
		events.Add(1)
	}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	mem.Limit(256 << 10)
	var err error
	n := 0
	for ; n < 10000 && err == nil; n++ {
		_, err = s.Append(msg("T", 0, strings.Repeat("x", 500)))
	}
	if !errors.Is(err, ErrDiskFull) || !errors.Is(err, ErrNotWritable) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("after %d messages: %v", n, err)
	}
	if events.Load() == 0 {
		t.Error("no event")
	}
	mem.Limit(0)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err = s.Append(msg("T", 0, "again")); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("does not recover: %v", err)
		}
	}
	if got := bodies(t, s, "T", 0); len(got) != n || got[n-1] != "again" {
		t.Fatalf("%d messages, want %d", len(got), n)
	}
	mustStop(t, s)
}

func TestWarningLevelPauses(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	cfg.DiskSpaceWarningLevelRatio, cfg.CleanResourceInterval = 90, 5
	cfg.CleanFileForciblyEnable = false
	states := make(chan error, 10)
	s := mustOpen(t, cfg, mem, EventListener{Writable: func(err error) { states <- err }})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer mustStop(t, s)
	u, _ := mem.Usage("/s")
	mem.Limit((u.Total - u.Free) * 100 / 95)
	if err := <-states; !errors.Is(err, ErrDiskFull) {
		t.Fatalf("event %v", err)
	}
	if _, err := s.Append(msg("T", 0, "x")); !errors.Is(err, ErrDiskFull) {
		t.Fatalf("append: %v", err)
	}
	mem.Limit(0)
	if err := <-states; err != nil {
		t.Fatalf("event %v", err)
	}
	mustAppend(t, s, msg("T", 0, "x"))
}

// TestCorruption: damage where data had been synced is an error that names the place, and nothing on the disk changes.
func TestCorruption(t *testing.T) {
	for _, kill := range []bool{false, true} {
		mem := vfs.NewMem()
		cfg := smallConfig("/s")
		cfg.MappedFileSizeCommitLog = 16 << 10
		s := mustStart(t, cfg, mem)
		var at []Appended
		for i := 0; i < 500; i++ {
			at = append(at, mustAppend(t, s, msg("T", 0, strings.Repeat("x", 100))))
			if i == 395 {
				time.Sleep(2 * time.Millisecond) // what is older than the checkpoint's millisecond is known to be synced
			}
			if i == 400 {
				if err := s.Flush(); err != nil {
					t.Fatal(err)
				}
				if err := s.queues.FlushAll(context.Background()); err != nil { // the checkpoint says so
					t.Fatal(err)
				}
				time.Sleep(2 * time.Millisecond)
			}
		}
		dir := mem
		if kill {
			dir = mem.Clone()
		}
		mustStop(t, s)
		for _, i := range []int{390, 3} {
			if !kill && i == 3 {
				continue // a clean start does not look at old files
			}
			bad := at[i].Offset + 95
			name := "/s/commitlog/" + datafile.Name(bad/(16<<10)*(16<<10))
			f, err := dir.OpenFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var b [1]byte
			_, _ = f.ReadAt(b[:], bad%(16<<10))
			_, _ = f.WriteAt([]byte{b[0] ^ 1}, bad%(16<<10))
			before, _ := vfs.ReadFile(dir, name)
			_, err = Open(cfg, dir, EventListener{})
			var c *datafile.CorruptionError
			last := at[i].Offset >= at[len(at)-1].Offset/(16<<10)*(16<<10)
			if kill || last {
				if !errors.As(err, &c) || c.File != name || c.Offset != at[i].Offset%(16<<10) {
					t.Fatalf("kill %v message %d: %v", kill, i, err)
				}
			}
			after, _ := vfs.ReadFile(dir, name)
			if string(before) != string(after) {
				t.Fatal("the damaged file was changed")
			}
		}
	}
}

func TestBadDirectory(t *testing.T) {
	cases := []struct {
		name, file string
		size       int64
		want       string
	}{
		{"size", "/s/commitlog/" + datafile.Name(0), 1000, "mappedFileSizeCommitLog=65536"},
		{"name", "/s/commitlog/notes.txt", 10, "unexpected file name"},
		{"unaligned", "/s/commitlog/" + datafile.Name(17), 64 << 10, "unexpected file name"},
		{"queue size", "/s/consumequeue/T/0/" + datafile.Name(0), 999, "mappedFileSizeConsumeQueue=2000"},
		{"rocksdb", "/s/consumequeue/CURRENT", 10, "RocksDB"},
		{"index", "/s/index/20260101000000000", 10, "maxIndexNum=400"},
	}
	for _, c := range cases {
		mem := vfs.NewMem()
		_ = mem.MkdirAll(c.file[:strings.LastIndex(c.file, "/")])
		f, _ := mem.Create(c.file)
		_, _ = f.WriteAt([]byte("x"), 0)
		_ = f.Truncate(c.size)
		_, err := Open(smallConfig("/s"), mem, EventListener{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file[:8]) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	mem := vfs.NewMem()
	_ = mem.MkdirAll("/s/commitlog")
	for _, base := range []int64{0, 128 << 10} {
		f, _ := mem.Create("/s/commitlog/" + datafile.Name(base))
		_ = f.Truncate(64 << 10)
	}
	var c *datafile.CorruptionError
	if _, err := Open(smallConfig("/s"), mem, EventListener{}); !errors.As(err, &c) {
		t.Errorf("missing file in the middle: %v", err)
	}
}

func TestConfigValidate(t *testing.T) {
	good := smallConfig("/s")
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for key, change := range map[string]func(c *Config){
		"storePathRootDir":        func(c *Config) { c.StorePathRootDir = "" },
		"storeType":               func(c *Config) { c.StoreType = "defaultRocksDB" },
		"flushDiskType":           func(c *Config) { c.FlushDiskType = "SYNC" },
		"brokerRole":              func(c *Config) { c.BrokerRole = "BOSS" },
		"mappedFileSizeCommitLog": func(c *Config) { c.MappedFileSizeCommitLog = 100 },
		"messageDelayLevel":       func(c *Config) { c.MessageDelayLevel = "1y" },
		"enableDLegerCommitLog":   func(c *Config) { c.EnableDLegerCommitLog = true },
		"maxIndexNum":             func(c *Config) { c.MaxIndexNum = 0 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "config key "+key+":") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestLifecycle(t *testing.T) {
	s := mustOpen(t, smallConfig("/s"), vfs.NewMem(), EventListener{})
	if _, err := s.Append(msg("T", 0, "x")); !errors.Is(err, ErrNotStarted) {
		t.Errorf("append before start: %v", err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err == nil {
		t.Error("second start worked")
	}
	a := mustAppend(t, s, msg("T", 0, "x"))
	mustStop(t, s)
	mustStop(t, s)
	if _, err := s.Append(msg("T", 0, "x")); !errors.Is(err, ErrClosed) || !errors.Is(err, ErrNotWritable) {
		t.Errorf("append after stop: %v", err)
	}
	if err := <-durable(s, Appended{Offset: a.End(), Size: 1}); !errors.Is(err, ErrClosed) {
		t.Errorf("waiting after stop: %v", err)
	}
	var res GetResult
	s.Get(&GetQuery{Topic: "T", MaxCount: 1}, &res) // must not touch unmapped memory
	res.Release()
}

// TestSegmentRolled: each new file is told once.
func TestSegmentRolled(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	var rolled atomic.Int64
	s := mustOpen(t, smallConfig("/s"), mem, EventListener{SegmentRolled: func(file string, base int64) {
		if rolled.Add(64<<10) != base || !strings.HasSuffix(file, datafile.Name(base)) {
			t.Errorf("%s %d", file, base)
		}
	}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for s.MaxPhyOffset() < 300<<10 {
		mustAppend(t, s, msg("T", 0, strings.Repeat("x", 5000)))
	}
	testutil.WaitFor(t, "not all files were told", func() bool { return rolled.Load() == 256<<10 })
	mustStop(t, s)
}
