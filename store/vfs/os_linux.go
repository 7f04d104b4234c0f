//go:build !portable

package vfs

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Modes of fallocate.
const (
	zeroRange = unix.FALLOC_FL_ZERO_RANGE
	punchHole = unix.FALLOC_FL_PUNCH_HOLE
	keepSize  = unix.FALLOC_FL_KEEP_SIZE
)

func fallocate(fd int, mode uint32, off, n int64) error { return unix.Fallocate(fd, mode, off, n) }

func (f *osFile) syncData() error { return unix.Fdatasync(f.fd) }

func syncAll(fd int) error { return unix.Syncfs(fd) }

// TryReadAt implements TryReader with preadv2(RWF_NOWAIT).
func (f *osFile) TryReadAt(b []byte, off int64) bool {
	n, err := unix.Preadv2(f.fd, [][]byte{b}, off, unix.RWF_NOWAIT)
	return err == nil && n == len(b)
}

// lockFile takes an open file description's lock on byte 0.
func lockFile(f *os.File) error {
	lk := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: 0, Len: 1}
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lk)
}

func populate(b []byte) error { return unix.Madvise(b, unix.MADV_POPULATE_READ) }

// poisoned tells that a page cannot be read because the memory below it is broken.
func poisoned(err error) bool { return errors.Is(err, unix.EHWPOISON) }
