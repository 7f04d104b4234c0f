package store

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// TestStartOnFullDisk: a full disk is no reason not to start: reads work, sends are refused, and go on by themselves
// when there is room.
func TestStartOnFullDisk(t *testing.T) {
	for _, unclean := range []bool{false, true} {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		t.Cleanup(mem.Free)
		cfg.CleanResourceInterval, cfg.MessageIndexEnable, cfg.CleanFileForciblyEnable = 5, false, false
		s := mustStart(t, cfg, mem)
		want := fill(t, s, "T", 2, 500)
		// to the beginning of a file, which then goes: the next start needs a new one
		for s.MaxPhyOffset()%cfg.MappedFileSizeCommitLog > 1000 {
			mustAppend(t, s, msg("Fill", 0, strings.Repeat("x", 800)))
		}
		disk := mem
		if unclean {
			disk = mem.CrashClone(1, 1)
			t.Cleanup(disk.Free)
		}
		mustStop(t, s)
		at := s.MaxPhyOffset()
		_ = disk.Remove("/s/commitlog/" + datafile.Name(at/cfg.MappedFileSizeCommitLog*cfg.MappedFileSizeCommitLog))
		disk.Limit(1)
		s = mustOpen(t, cfg, disk, EventListener{BackgroundError: func(what, _ string, err error) {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s: %v", what, err)
			}
		}})
		if err := s.Start(); err != nil {
			t.Fatalf("unclean %v: %v", unclean, err)
		}
		if _, err := s.Append(msg("T", 0, "x")); !errors.Is(err, ErrDiskFull) || !errors.Is(err, ErrNotWritable) {
			t.Fatalf("append: %v", err)
		}
		for q, w := range want {
			wantBodies(t, s, "T", q, w)
		}
		disk.Limit(0)
		testutil.WaitFor(t, "sends stay refused", func() bool { _, err := s.Append(msg("T", 0, "again")); return err == nil })
		for range 3 { // and the files after that are made too
			testutil.WaitFor(t, "no next file", func() bool {
				_, err := s.Append(msg("T", 1,
					strings.Repeat("y", 50_000)))
				return err == nil
			})
		}
		mustStop(t, s)
	}
}

// TestMinFreeDiskBytes: below it old files go, below half of it sends are refused, and come back.
func TestMinFreeDiskBytes(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.CleanResourceInterval, cfg.DeleteCommitLogFilesInterval, cfg.DiskSpaceCleanForciblyRatio,
		cfg.DiskMaxUsedSpaceRatio = 5, 1, 100, 100
	cfg.MinFreeDiskBytes, cfg.CleanFileForciblyEnable, cfg.DeleteWhen = 1<<20, false, notNow()
	s := mustStart(t, cfg, mem)
	for s.MaxPhyOffset() < 10*cfg.MappedFileSizeCommitLog {
		mustAppend(t, s, msg("T", 0, strings.Repeat("x", 5000)))
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	u, _ := mem.Usage("/s")
	mem.Limit(u.Total - u.Free + 100_000)
	testutil.WaitFor(t, "sends are not refused", func() bool { return errors.Is(s.Writable(), ErrDiskFull) })
	if s.MinPhyOffset() != 0 {
		t.Error("files were deleted although cleanFileForciblyEnable=false")
	}
	cfg.CleanFileForciblyEnable = true
	if err := s.Reconfigure(cfg); err != nil {
		t.Fatal(err)
	}
	testutil.WaitFor(t, "no room was made", func() bool { return s.Writable() == nil })
	if s.MinPhyOffset() == 0 {
		t.Error("nothing was deleted")
	}
	mustStop(t, s)
}

// TestMaxStoreBytes: the oldest files go before their time, and what nobody had consumed is told.
func TestMaxStoreBytes(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.CleanResourceInterval, cfg.DeleteCommitLogFilesInterval, cfg.MaxStoreBytes = 5, 1, 4*cfg.MappedFileSizeCommitLog
	type lost struct {
		queue    int32
		from, to int64
	}
	var all []lost
	forced := 0
	s := mustOpen(t, cfg, mem, EventListener{
		Consumed: func(yield func(string, int32, int64) bool) {
			_ = yield("T", 0, 5) && yield("T", 1, 1000) && yield("Unknown", 0, 0)
		},
		SegmentDeleted: func(_ string, _ int64, f bool) {
			if f {
				forced++
			}
		},
		UnconsumedDeleted: func(file, topic string, queue int32, from, to int64) {
			if !strings.HasPrefix(file, "/s/commitlog/") || topic != "T" {
				t.Errorf("%s %s", file, topic)
			}
			all = append(all, lost{queue, from, to})
		},
	})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for s.MaxPhyOffset() < 8*cfg.MappedFileSizeCommitLog {
		for q := range int32(2) {
			mustAppend(t, s, msg("T", q, strings.Repeat("x", 5000)))
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	testutil.WaitFor(t, "nothing was deleted", func() bool { return int64(len(s.log.Segments())) <= 4 })
	low := s.MinOffset("T", 0)
	mustStop(t, s)
	next := int64(5)
	for _, l := range all {
		if l.queue != 0 || l.from != next || l.to <= l.from {
			t.Errorf("%+v, want from %d", l, next)
		}
		next = l.to
	}
	if next != low || forced < 4 {
		t.Errorf("reported up to %d, the queue begins at %d; %d files by force", next, low, forced)
	}
}

// notNow is an hour of the day that does not come during a test.
func notNow() string { return strconv.Itoa((time.Now().Hour() + 12) % 24) }
