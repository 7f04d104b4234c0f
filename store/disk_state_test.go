package store

import (
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// toldStates gathers what the listener is told about the store's state.
type toldStates struct {
	mu   sync.Mutex
	list []error // guarded by mu
}

func (s *toldStates) add(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, err)
}

func (s *toldStates) all() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.list...)
}

// smallVolume starts a store that may keep its first file and has no room for the next, under 90 % used.
func smallVolume(t *testing.T, cfg Config) (*Store, *vfs.Mem, *toldStates) {
	t.Helper()
	mem, told := vfs.NewMem(), &toldStates{}
	t.Cleanup(mem.Free)
	s := mustOpen(t, cfg, mem, EventListener{Writable: told.add, BackgroundError: func(what, _ string, err error) {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", what, err)
		}
	}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustStop(t, s) })
	u, _ := mem.Usage("/s")
	mem.Limit(u.Total - u.Free + cfg.MappedFileSizeCommitLog*3/4)
	return s, mem, told
}

// untilRefused appends until that fails.
func untilRefused(t *testing.T, s *Store) error {
	t.Helper()
	for range 10000 {
		if _, err := s.Append(msg("T", 0, strings.Repeat("x", 500))); err != nil {
			return err
		}
	}
	t.Fatal("the small volume never filled up")
	return nil
}

// TestNextFileStateIsOne: while no next file can be made, Append, Writable, Health and the listener say the same, over
// many looks at the disk, with cause and way out; and all of them change back at once.
func TestNextFileStateIsOne(t *testing.T) {
	cfg := smallConfig("/s")
	cfg.CleanResourceInterval, cfg.MessageIndexEnable, cfg.DiskSpaceWarningLevelRatio = 1, false, 90
	cfg.CleanFileForciblyEnable = false
	s, mem, told := smallVolume(t, cfg)
	if r := s.DiskRatios(); r.CommitLog > 0.9 {
		t.Fatalf("%v used: the disk level would refuse too", r.CommitLog)
	}
	refused := untilRefused(t, s)
	for _, part := range []string{datafile.Name(cfg.MappedFileSizeCommitLog), "mappedFileSizeCommitLog", "bytes free",
		"by themselves"} {
		if !strings.Contains(refused.Error(), part) {
			t.Errorf("%q does not say %q", refused, part)
		}
	}
	looks := 0
	testutil.WaitFor(t, "the disk is not looked at", func() bool {
		looks++
		for _, err := range []error{s.Writable(), s.Health()} {
			if !errors.Is(err, ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("look %d: state %v, but sends are refused with %v", looks, err, refused)
			}
		}
		if _, err := s.Append(&Record{Message: record.Message{Topic: "T", Body: []byte("x")}, NoWait: true}); !errors.Is(err,
			ErrDiskFull) {
			t.Fatalf("look %d: append: %v", looks, err)
		}
		return looks > 50
	})
	if list := told.all(); len(list) != 1 || !errors.Is(list[0], ErrDiskFull) {
		t.Fatalf("told %v, want the refusal once", list)
	}
	mem.Limit(0)
	testutil.WaitFor(t, "sends stay refused", func() bool { return s.Writable() == nil })
	mustAppend(t, s, msg("T", 0, "again"))
	testutil.WaitFor(t, "nobody was told", func() bool { return len(told.all()) == 2 })
	if list := told.all(); list[1] != nil || s.Health() != nil {
		t.Fatalf("told %v, health %v", list, s.Health())
	}
}

// TestNoRoomTouchesNothing: where a file has no room the disk is not filled with part of it: others live there too.
func TestNoRoomTouchesNothing(t *testing.T) {
	cfg := smallConfig("/s")
	cfg.MessageIndexEnable, cfg.CleanFileForciblyEnable = false, false
	s, mem, _ := smallVolume(t, cfg)
	made := 0
	mem.Inject(func(op, name string) error {
		if op == "create" && strings.Contains(name, "commitlog") {
			made++
		}
		return nil
	})
	_ = untilRefused(t, s)
	if mem.Inject(nil); made != 0 {
		t.Errorf("%d files were begun for want of room", made)
	}
}

// TestNoRoomForcesCleaning: on a volume of a few files the ratios are never reached; old files go when the next one has
// no room, as they do on a large volume.
func TestNoRoomForcesCleaning(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.CleanResourceInterval, cfg.DeleteCommitLogFilesInterval, cfg.MessageIndexEnable = 5, 1, false
	cfg.DiskSpaceCleanForciblyRatio, cfg.DiskMaxUsedSpaceRatio, cfg.DeleteWhen = 95, 95, notNow()
	s := mustOpen(t, cfg, mem, EventListener{BackgroundError: func(string, string, error) {}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustStop(t, s) })
	mem.Limit(4*cfg.MappedFileSizeCommitLog + cfg.MappedFileSizeCommitLog*3/4)
	testutil.WaitFor(t, "no room was made", func() bool {
		_, _ = s.Append(msg("T", 0, strings.Repeat("x", 5000)))
		_ = s.Flush()
		return s.MinPhyOffset() > 0 && s.Writable() == nil
	})
}

// TestNewStoreNeedsRoom: a new store that cannot take a message does not start, and says what it needs; one with room
// for a few files starts and says so too.
func TestNewStoreNeedsRoom(t *testing.T) {
	for _, c := range []struct {
		files  float64
		starts bool
		tells  bool
	}{{0.5, false, false}, {1.5, true, true}, {3.5, true, true}, {6, true, false}} {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		t.Cleanup(mem.Free)
		mem.Limit(int64(c.files * float64(cfg.MappedFileSizeCommitLog)))
		var told *commitlog.RoomError
		s := mustOpen(t, cfg, mem, EventListener{LittleRoom: func(e *commitlog.RoomError) { told = e }})
		err := s.Start()
		if (err == nil) != c.starts || (told != nil) != c.tells {
			t.Errorf("%v files: %v, told %v", c.files, err, told)
		}
		if err == nil && told != nil {
			err = told
		}
		for _, part := range []string{"mappedFileSizeCommitLog", "bytes free", "only a new store"} {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
		_ = s.Stop(t.Context())
	}
}
