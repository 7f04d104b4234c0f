package store

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"gorocket/store/vfs"
)

// pauseKind is a reason for which the store takes no messages until there is room. They come and go apart from each
// other; the state that Writable, Health, the metric and the listener tell is made of all of them.
type pauseKind int

const (
	pauseLevel pauseKind = iota // the disk is above diskSpaceWarningLevelRatio
	pauseFirst                  // a store without a file to write to cannot make it
	pauseNext                   // an append needs the next file, and it cannot be made
	pauseKinds
)

// pauses holds the reasons that there are now.
type pauses struct {
	mu     sync.Mutex
	why    [pauseKinds]error // guarded by mu
	tellMu sync.Mutex        // orders the calls of the listener; taken before mu
	told   bool              // the listener believes that sends are refused; guarded by tellMu
}

// pause notes (err != nil) or ends (nil) a reason to take no messages, and tells the listener when that changes the
// state. No lock is held.
func (s *Store) pause(kind pauseKind, err error) {
	s.setPause(kind, err)
	s.tellState()
}

// setPause is pause without telling: under any lock.
func (s *Store) setPause(kind pauseKind, err error) {
	p := &s.pauses
	p.mu.Lock()
	defer p.mu.Unlock()
	p.why[kind] = err
	for _, why := range p.why {
		if why != nil {
			s.paused.Store(&why)
			return
		}
	}
	s.paused.Store(nil)
}

// tellState tells the listener the state if it believes something else. A store that is closed for another reason does
// not accept sends again because there is room.
func (s *Store) tellState() {
	p := &s.pauses
	p.tellMu.Lock()
	defer p.tellMu.Unlock()
	why := s.paused.Load()
	if p.told == (why != nil) || why == nil && s.broken.Load() != nil {
		return
	}
	p.told = why != nil
	if s.ev.Writable == nil {
		return
	}
	if why == nil {
		s.ev.Writable(nil)
	} else {
		s.ev.Writable(*why)
	}
}

// wantsRoom tells that a commit log file has no room, whatever share of the disk is in use.
func (s *Store) wantsRoom() bool {
	p := s.paused.Load()
	return p != nil && errors.Is(*p, syscall.ENOSPC)
}

// littleRoom is how many commit log files must have room where a new store is made, so that it is not mentioned: one is
// written, one made ahead, and old ones go one at a time.
const littleRoom = 4

// RoomError says that commit log files have no, or little, room on their disk.
type RoomError struct {
	Dir  string
	Need int64 // bytes of one file
	Free int64 // bytes
	New  bool  // there is no file yet: their size may still be chosen
}

func (e *RoomError) Error() string {
	text := fmt.Sprintf("%s has %d bytes free, and one commit log file takes %d (mappedFileSizeCommitLog)",
		e.Dir, e.Free, e.Need)
	if !e.New {
		return text + ": make room there, sends go on by themselves then"
	}
	return text + fmt.Sprintf(": make room for %d of them, or set a smaller mappedFileSizeCommitLog, for example %d; "+
		"only a new store can have another size", littleRoom, smallerFile(e.Free))
}

// Unwrap makes the error one of syscall.ENOSPC.
func (e *RoomError) Unwrap() error { return syscall.ENOSPC }

// smallerFile is a file size of which many fit into free bytes.
func smallerFile(free int64) int64 {
	size := int64(1 << 30)
	for size > free/16 && size > minSegmentSize {
		size /= 2
	}
	return size
}

// minSegmentSize is the least that mappedFileSizeCommitLog may be, in bytes.
const minSegmentSize = 4096

// roomFor returns a *RoomError when dir has no room for a file of size bytes. Trying would fill the disk before it
// fails, and with it the disk level and what others write there.
func roomFor(fsys vfs.FS, dir string, size int64) error {
	if u, err := fsys.Usage(dir); err == nil && u.Free < size {
		return &RoomError{Dir: dir, Need: size, Free: u.Free}
	}
	return nil
}

// checkRoom tells the listener that a new store has little room. Only Start calls it.
func (s *Store) checkRoom(dir string) {
	u, err := s.fs.Usage(dir)
	if err != nil || s.ev.LittleRoom == nil || u.Free >= (littleRoom-1)*s.log.segSize { // one is made already
		return
	}
	s.ev.LittleRoom(&RoomError{dir, s.log.segSize, u.Free, true})
}

// levelError is ErrDiskFull of the disk level, with figures.
type levelError struct {
	root  string
	ratio DiskRatios
	cfg   *Config
}

func (e *levelError) Error() string {
	used := max(e.ratio.CommitLog, e.ratio.ConsumeQueue)
	if used > float64(e.cfg.DiskSpaceWarningLevelRatio)/100 {
		return fmt.Sprintf("store: not writable: the disk is above diskSpaceWarningLevelRatio=%d: %.1f %% of that of %s "+
			"are in use; make room, sends go on by themselves then", e.cfg.DiskSpaceWarningLevelRatio, 100*used, e.root)
	}
	return fmt.Sprintf("store: not writable: the disk of %s has %d bytes free, less than half of minFreeDiskBytes=%d; "+
		"make room, sends go on by themselves then", e.root, e.ratio.Free, e.cfg.MinFreeDiskBytes)
}
func (e *levelError) Is(target error) bool { return target == ErrDiskFull || target == ErrNotWritable }

// allocationError turns a failed file allocation into an error of class ErrNotWritable that keeps its cause.
func (s *Store) allocationError(err error) error {
	if err == nil || err == ErrNoNextFile || err == ErrClosed {
		return err
	}
	return &allocError{err}
}

type allocError struct{ err error }

func (e *allocError) Error() string {
	return "store: not writable: cannot make the next commit log file: " + e.err.Error()
}
func (e *allocError) Unwrap() error        { return e.err }
func (e *allocError) Is(target error) bool { return target == ErrDiskFull || target == ErrNotWritable }
