//go:build !portable

package vfs

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// openUnnamed opens a file that will be called name and vanishes when it is closed before that.
func openUnnamed(name string) (*osFile, error) {
	fd := -1
	err := retryEINTR(func() (err error) {
		fd, err = unix.Open(filepath.Dir(name), unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o644)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &osFile{f: os.NewFile(uintptr(fd), name), fd: fd}, nil
}

// link gives the file its name.
func (f *osFile) link() error {
	from := "/proc/self/fd/" + strconv.Itoa(f.fd)
	return retryEINTR(func() error {
		return unix.Linkat(unix.AT_FDCWD, from, unix.AT_FDCWD, f.Name(),
			unix.AT_SYMLINK_FOLLOW)
	})
}
