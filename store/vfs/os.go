package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// OS is the operating system's file system. The zero value is ready for use. What only Linux has is in files
// *_linux.go; with the plain twins of os_portable.go a broker runs elsewhere, for trying. Linux tests them with
// `go test -tags portable`.
type OS struct{}

var _ FS = OS{}

// Create implements FS.
func (OS) Create(name string) (File, error) {
	return openOS(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, usual)
}

// CreatePrivate is Create of a file of mode 0600; see WriteFilePrivate.
func (OS) CreatePrivate(name string) (File, error) {
	return openOS(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, private)
}

// CreateLike is Create of a file with the mode of another one, the usual mode when that is not there.
func (o OS) CreateLike(name, like string) (File, error) {
	info, err := os.Stat(like)
	if err != nil {
		return o.Create(name)
	}
	f, err := openOS(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, private)
	if err == nil && info.Mode().Perm() != private {
		err = os.Chmod(name, info.Mode().Perm())
	}
	if err != nil && f != nil {
		f.Close()
		f = nil
	}
	return f, err
}

// OpenFile implements FS.
func (OS) OpenFile(name string) (File, error) { return openOS(name, os.O_RDWR, usual) }

// OpenReadOnly implements FS.
func (OS) OpenReadOnly(name string) (File, error) { return openOS(name, os.O_RDONLY, usual) }

// Remove implements FS.
func (OS) Remove(name string) error { return os.Remove(name) }

// Rename implements FS.
func (OS) Rename(oldName, newName string) error { return os.Rename(oldName, newName) }

// MkdirAll implements FS.
func (OS) MkdirAll(name string) error { return os.MkdirAll(name, 0o755) }

// Stat implements FS.
func (OS) Stat(name string) (FileInfo, error) {
	st, err := os.Stat(name)
	if err != nil {
		return FileInfo{}, err
	}
	return fileInfo(st), nil
}

func fileInfo(st fs.FileInfo) FileInfo {
	return FileInfo{Name: st.Name(), Size: st.Size(), ModTime: st.ModTime(), IsDir: st.IsDir()}
}

// ReadDir implements FS. Entries that vanish while listing are left out.
func (OS) ReadDir(name string) ([]FileInfo, error) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	out := make([]FileInfo, 0, len(entries))
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, FileInfo{Name: e.Name(), IsDir: true})
			continue
		}
		st, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, fileInfo(st))
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// SyncDir implements FS.
func (OS) SyncDir(name string) error { return withFd(name, "fsync", unix.Fsync) }

// SyncAll implements FS.
func (OS) SyncAll(name string) error { return withFd(name, "syncfs", syncAll) }

func withFd(name, op string, fn func(fd int) error) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return pathErr(op, name, retryEINTR(func() error { return fn(int(d.Fd())) }))
}

// Usage implements FS.
func (OS) Usage(name string) (DiskUsage, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(name, &st); err != nil {
		return DiskUsage{}, pathErr("statfs", name, err)
	}
	used := (st.Blocks - st.Bfree) * uint64(st.Bsize)
	free := st.Bavail * uint64(st.Bsize)
	return DiskUsage{Total: int64(used + free), Free: int64(free)}, nil
}

// Lock implements FS. The lock conflicts with the POSIX lock that Java takes, but closing another descriptor of the
// file does not drop it, and a second Lock in this process is refused too.
func (OS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err = lockFile(f); err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		err = ErrLocked
	}
	return nil, pathErr("lock", name, err)
}

func pathErr(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func retryEINTR(fn func() error) error {
	for {
		err := fn()
		if err != unix.EINTR {
			return err
		}
	}
}

// BootID implements Booter.
func (o OS) BootID() string {
	f, err := o.OpenReadOnly("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	defer f.Close()
	var b [64]byte // a file of /proc says its size is 0
	n, _ := f.ReadAt(b[:], 0)
	return strings.TrimSpace(string(b[:n]))
}

// Locked implements LockTester. Locks of this process are not seen, and are lost by the call: see POSIX.
func (OS) Locked(name string) (bool, error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	lk := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: 0, Len: 1}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lk); err != nil {
		return false, pathErr("lock test", name, err)
	}
	return lk.Type != unix.F_UNLCK, nil
}
