package commitlog

import (
	"fmt"
	"syscall"

	"gorocket/store/vfs"
)

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

// checkRoom tells the listener that a new log has little room. Only Start calls it.
func (l *Log) checkRoom(dir string) {
	u, err := l.opt.FS.Usage(dir)
	size := l.opt.SegmentSize
	if err != nil || l.ev.LittleRoom == nil || u.Free >= (littleRoom-1)*size { // one is made already
		return
	}
	l.ev.LittleRoom(&RoomError{dir, size, u.Free, true})
}
