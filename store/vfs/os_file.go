package vfs

import (
	"errors"
	"math"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// osFile keeps the raw descriptor (os.File.Fd would switch it to blocking mode on each call, and costs a lock).
type osFile struct {
	f        *os.File
	fd       int // immutable
	readOnly bool
}

// Modes of files that are created.
const (
	usual   os.FileMode = 0o644
	private os.FileMode = 0o600
)

func openOS(name string, flag int, mode os.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, err
	}
	return &osFile{f: f, fd: int(f.Fd()), readOnly: flag&(os.O_RDWR|os.O_WRONLY) == 0}, nil
}

func (f *osFile) ReadAt(b []byte, off int64) (int, error)  { return f.f.ReadAt(b, off) }
func (f *osFile) WriteAt(b []byte, off int64) (int, error) { return f.f.WriteAt(b, off) }
func (f *osFile) Close() error                             { return f.f.Close() }
func (f *osFile) Name() string                             { return f.f.Name() }
func (f *osFile) Truncate(size int64) error                { return f.f.Truncate(size) }
func (f *osFile) Fd() uintptr                              { return uintptr(f.fd) }

// dataRange implements dataSeeker.
func (f *osFile) dataRange(off int64) Range {
	from, err := unix.Seek(f.fd, off, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		return Range{-1, -1}
	}
	if err != nil {
		return Range{off, math.MaxInt64}
	}
	to, err := unix.Seek(f.fd, from, unix.SEEK_HOLE)
	if err != nil || to <= from {
		return Range{from, math.MaxInt64}
	}
	return Range{from, to}
}

func (f *osFile) Size() (int64, error) {
	st, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (f *osFile) Sync() error {
	return pathErr("fdatasync", f.Name(), retryEINTR(f.syncData))
}

func (f *osFile) Allocate(off, n int64) error {
	err := retryEINTR(func() error { return fallocate(f.fd, 0, off, n) })
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return f.allocateByWriting(off, n)
	}
	return pathErr("fallocate", f.Name(), err)
}

// allocateByWriting reserves blocks on file systems without fallocate: it rewrites one byte of each block with what it
// holds.
func (f *osFile) allocateByWriting(off, n int64) error {
	size, err := f.Size()
	if err == nil && size < off+n {
		err = f.Truncate(off + n)
	}
	var b [1]byte
	for p := off; err == nil && p < off+n; p += 4096 {
		if _, err = f.ReadAt(b[:], p); err == nil {
			_, err = f.WriteAt(b[:], p)
		}
	}
	return err
}

// Zero gives the blocks back and reserves them again where the file system cannot clear them in place (tmpfs).
func (f *osFile) Zero(off, n int64) error {
	err := f.fallocate("zero range", zeroRange|keepSize, off, n)
	if !unsupported(err) {
		return err
	}
	err = f.fallocate("punch hole", punchHole|keepSize, off, n)
	if err == nil {
		err = f.fallocate("fallocate", keepSize, off, n)
	}
	if unsupported(err) {
		return writeZeros(f, off, n)
	}
	return err
}

func (f *osFile) Punch(off, n int64) error {
	err := f.fallocate("punch hole", punchHole|keepSize, off, n)
	if unsupported(err) {
		return writeZeros(f, off, n)
	}
	return err
}

func (f *osFile) fallocate(op string, mode uint32, off, n int64) error {
	if n <= 0 {
		return nil
	}
	return pathErr(op, f.Name(), retryEINTR(func() error { return fallocate(f.fd, mode, off, n) }))
}

func unsupported(err error) bool {
	return errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS)
}

func writeZeros(f File, off, n int64) error {
	buf := make([]byte, min(n, 1<<20))
	for n > 0 {
		k, err := f.WriteAt(buf[:min(n, int64(len(buf)))], off)
		if err != nil {
			return err
		}
		off, n = off+int64(k), n-int64(k)
	}
	return nil
}

func (f *osFile) Map(off int64, n int, writable bool) (Mapping, error) {
	prot := unix.PROT_READ
	if writable && !f.readOnly {
		prot |= unix.PROT_WRITE
	}
	b, err := unix.Mmap(f.fd, off, n, prot, unix.MAP_SHARED)
	if err != nil {
		return nil, pathErr("mmap", f.Name(), err)
	}
	return &osMapping{b: b, name: f.Name()}, nil
}

type osMapping struct {
	b    []byte // immutable until Unmap
	name string
	once sync.Once
	err  error
}

func (m *osMapping) Bytes() []byte { return m.b }

func (m *osMapping) Unmap() error {
	m.once.Do(func() { m.err = pathErr("munmap", m.name, unix.Munmap(m.b)) })
	return m.err
}

// pages widens [off, off+n) to whole pages inside the mapping.
func (m *osMapping) pages(off, n int) []byte {
	page := os.Getpagesize()
	lo := off / page * page
	hi := min((off+n+page-1)/page*page, len(m.b))
	return m.b[lo:hi]
}

func (m *osMapping) Populate(off, n int) error {
	if n <= 0 {
		return nil
	}
	b := m.pages(off, n)
	err := retryEINTR(func() error { return populate(b) })
	if errors.Is(err, unix.EINVAL) { // not Linux, or a kernel before 5.14
		return Guard(func() error { touch(b, os.Getpagesize()); return nil })
	}
	return pathErr("madvise", m.name, err)
}

// touch reads one byte of each page; a write could hit a byte that an appender writes at the same time. Not inlined:
// the compiler drops reads whose sum nobody takes.
//
//go:noinline
func touch(b []byte, page int) (sum byte) {
	for i := 0; i < len(b); i += page {
		sum += b[i]
	}
	return sum
}

func (m *osMapping) Resident(off, n int) bool {
	if n <= 0 {
		return true
	}
	var stack [257]byte // 1 MiB
	b := m.pages(off, n)
	vec := stack[:]
	if need := (len(b) + os.Getpagesize() - 1) / os.Getpagesize(); need > len(vec) {
		vec = make([]byte, need)
	} else {
		vec = vec[:need]
	}
	if mincore(b, vec) != nil {
		return true // unknown: the caller's read is correct either way
	}
	for _, v := range vec {
		if v&1 == 0 {
			return false
		}
	}
	return true
}
