//go:build !linux || portable

package vfs

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Modes of fallocate, which does not know them here.
const (
	zeroRange = 1 << iota
	punchHole
	keepSize
)

// fallocate leaves it to its callers, who write instead.
func fallocate(int, uint32, int64, int64) error { return unix.ENOSYS }

// syncData is os.File.Sync, which asks a Mac's drive to write out its own cache too.
func (f *osFile) syncData() error { return f.f.Sync() }

// syncAll writes out all file systems: there is no call for one of them.
func syncAll(int) error {
	unix.Sync()
	return nil
}

// lockFile takes the lock of flock, which belongs to the open file as Linux's does.
func lockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// populate leaves it to Mapping.Populate, which touches the pages.
func populate([]byte) error { return unix.EINVAL }

// mincore does not know.
func mincore(_, _ []byte) error { return unix.ENOSYS }

func poisoned(error) bool { return false }

// openUnnamed finds no such files here: CreateWhole gives the file its name at once.
func openUnnamed(string) (*osFile, error) { return nil, errors.ErrUnsupported }

func (f *osFile) link() error { return errors.ErrUnsupported }

// TotalMemory is the RAM of the machine in bytes, 0 when unknown, as here.
func TotalMemory() int64 { return 0 }
