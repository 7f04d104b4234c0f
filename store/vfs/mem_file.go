package vfs

import (
	"bytes"
	"io"
	"io/fs"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// memPage is the unit in which unsynced content survives a crash or not.
const memPage = 4096

// memNode is the content of a file. All fields are guarded by Mem.mu; the bytes of mem may be written through mappings
// at any time.
type memNode struct {
	mem     []byte // anonymous mapping, len >= size
	size    int64
	mtime   time.Time
	blocks  map[int64]bool   // pages that own disk space
	pages   map[int64][]byte // durable content of pages, absent = zeros
	durable int64            // durable size
	mapped  int              // live mappings
}

// resize grows or shrinks; the kept part stays, what is cut reads as zero when it grows again.
func (n *memNode) resize(size int64) error {
	if size > int64(len(n.mem)) {
		if n.mapped > 0 {
			return ErrMapped
		}
		want := max(size, 2*int64(len(n.mem)), memPage)
		mem, err := unix.Mmap(-1, 0, int(want), unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
		if err != nil {
			return err
		}
		copy(mem, n.mem[:n.size])
		n.free()
		n.mem = mem
	}
	if size < n.size {
		clear(n.mem[size:n.size])
		for p := range n.blocks {
			if p*memPage >= size {
				delete(n.blocks, p)
			}
		}
	}
	n.size = size
	return nil
}

func (n *memNode) free() {
	if n.mem != nil {
		_ = unix.Munmap(n.mem)
		n.mem = nil
	}
}

// reserve owns the pages of [off, off+k).
func (n *memNode) reserve(m *Mem, off, k int64) error {
	if n.blocks == nil {
		n.blocks = map[int64]bool{}
	}
	var need []int64
	for p := off / memPage; p*memPage < off+k; p++ {
		if !n.blocks[p] {
			need = append(need, p)
		}
	}
	if m.limit > 0 && len(need) > 0 && m.used()+int64(len(need))*memPage > m.limit {
		return syscall.ENOSPC
	}
	for _, p := range need {
		n.blocks[p] = true
	}
	return nil
}

var zeroPage = make([]byte, memPage)

// page is the present content of a page.
func (n *memNode) page(p int64) []byte {
	if p*memPage >= n.size {
		return nil
	}
	return n.mem[p*memPage : min((p+1)*memPage, n.size)]
}

// sync makes the present content durable.
func (n *memNode) sync() {
	if n.pages == nil {
		n.pages = map[int64][]byte{}
	}
	for p := range n.blocks {
		b := n.page(p)
		if !bytes.Equal(b, n.synced(p)[:len(b)]) {
			n.pages[p] = append(make([]byte, 0, memPage), b...)[:memPage]
		}
	}
	for p := range n.pages {
		if p*memPage >= n.size {
			delete(n.pages, p)
		}
	}
	n.durable = n.size
}

// synced is the durable content of a page.
func (n *memNode) synced(p int64) []byte {
	if b := n.pages[p]; b != nil {
		return b
	}
	return zeroPage
}

// memFile is an open file.
type memFile struct {
	m        *Mem
	n        *memNode
	name     string
	readOnly bool
}

func (f *memFile) Name() string { return f.name }
func (f *memFile) Close() error { return nil }
func (f *memFile) Fd() uintptr  { return ^uintptr(0) }

func (f *memFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.n.size, nil
}

// begin asks the fault injector and then takes the lock.
func (f *memFile) begin(op string, writes bool) error {
	if writes && f.readOnly {
		return pathErr(op, f.name, fs.ErrPermission)
	}
	if err := f.m.fault(op, f.name); err != nil {
		return err
	}
	f.m.mu.Lock()
	return nil
}

func (f *memFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.begin("read", false); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	if off >= f.n.size {
		return 0, io.EOF
	}
	k := copy(b, f.n.mem[off:f.n.size])
	if k < len(b) {
		return k, io.EOF
	}
	return k, nil
}

func (f *memFile) WriteAt(b []byte, off int64) (int, error) {
	if err := f.begin("write", true); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	if err := f.grow(off + int64(len(b))); err != nil {
		return 0, pathErr("write", f.name, err)
	}
	if err := f.n.reserve(f.m, off, int64(len(b))); err != nil {
		return 0, pathErr("write", f.name, err)
	}
	f.n.mtime = f.m.now()
	return copy(f.n.mem[off:], b), nil
}

func (f *memFile) grow(size int64) error {
	if size <= f.n.size {
		return nil
	}
	return f.n.resize(size)
}

func (f *memFile) Truncate(size int64) error {
	if err := f.begin("truncate", true); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	return pathErr("truncate", f.name, f.n.resize(size))
}

func (f *memFile) Allocate(off, n int64) error {
	if err := f.begin("allocate", true); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	if err := f.n.reserve(f.m, off, n); err != nil {
		return pathErr("allocate", f.name, err)
	}
	return pathErr("allocate", f.name, f.grow(off+n))
}

func (f *memFile) Punch(off, n int64) error {
	if err := f.begin("punch", true); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	if off < f.n.size {
		clear(f.n.mem[off:min(off+n, f.n.size)])
	}
	return nil
}

func (f *memFile) Zero(off, n int64) error {
	if err := f.begin("zero", true); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	if err := f.n.reserve(f.m, off, n); err != nil {
		return pathErr("zero", f.name, err)
	}
	if off < f.n.size {
		clear(f.n.mem[off:min(off+n, f.n.size)])
	}
	return nil
}

// TryReadAt implements TryReader: everything is in memory but what Inject refuses as "tryread".
func (f *memFile) TryReadAt(b []byte, off int64) bool {
	if f.m.fault("tryread", f.name) != nil {
		return false
	}
	n, err := f.ReadAt(b, off)
	return err == nil && n == len(b)
}

func (f *memFile) Sync() error {
	if err := f.begin("sync", false); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	f.n.sync()
	return nil
}

func (f *memFile) Map(off int64, n int, writable bool) (Mapping, error) {
	if err := f.begin("map", false); err != nil {
		return nil, err
	}
	defer f.m.mu.Unlock()
	if off%memPage != 0 || off+int64(n) > f.n.size {
		return nil, pathErr("map", f.name, fs.ErrInvalid)
	}
	if writable && !f.readOnly { // the pages may change without a write: they take part in Sync and CrashClone
		if err := f.n.reserve(f.m, off, int64(n)); err != nil {
			return nil, pathErr("map", f.name, err)
		}
	}
	f.n.mapped++
	return &memMapping{f: f, b: f.n.mem[off : off+int64(n) : off+int64(n)]}, nil
}

// memMapping shares the file's memory. Unlike a kernel mapping it reserves its pages: a hole cannot raise SIGBUS.
type memMapping struct {
	f    *memFile
	b    []byte
	done bool // guarded by Mem.mu
}

func (m *memMapping) Bytes() []byte           { return m.b }
func (m *memMapping) Populate(int, int) error { return m.f.m.fault("populate", m.f.name) }
func (m *memMapping) Resident(int, int) bool  { return m.f.m.fault("resident", m.f.name) == nil }

func (m *memMapping) Unmap() error {
	m.f.m.mu.Lock()
	defer m.f.m.mu.Unlock()
	if !m.done {
		m.done = true
		m.f.n.mapped--
	}
	return nil
}
