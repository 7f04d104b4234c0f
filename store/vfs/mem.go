package vfs

import (
	"io"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Mem is a file system in memory. It remembers what has been made durable (file content by Sync, directory entries by
// SyncDir), so that CrashClone can build what a power cut would leave. Inject makes any call fail or stall; Limit makes
// it fill up.
//
// File content lives in anonymous mappings outside the Go heap: sparse files cost only what is touched, and mapped
// files can be written while they are synced, as with a kernel. Call Free when done.
type Mem struct {
	mu     sync.Mutex
	root   *memDir                     // guarded by mu
	locks  map[string]bool             // guarded by mu
	inject func(op, name string) error // guarded by mu
	limit  int64                       // bytes that may be allocated, 0 = no limit; guarded by mu
	nodes  []*memNode                  // every file made, for Free; guarded by mu
	now    func() time.Time            // guarded by mu
	boots  int                         // power cuts so far; guarded by mu
}

// BootID implements Booter: CrashClone is a new run, Clone is not.
func (m *Mem) BootID() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strconv.Itoa(m.boots)
}

var _ FS = (*Mem)(nil)

// NewMem returns an empty file system.
func NewMem() *Mem {
	return &Mem{root: newMemDir(), locks: map[string]bool{}, now: time.Now}
}

// Inject has fn asked before each operation; an error makes the operation fail with it. fn may block (a stalled disk)
// and is called without locks. Operations: create, open, remove, rename, readdir, stat, mkdir, syncdir, syncall, lock,
// read, write, truncate, allocate, zero, punch, sync, map.
func (m *Mem) Inject(fn func(op, name string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inject = fn
}

// Limit sets the size of the disk in bytes: Allocate and writes beyond it fail with ENOSPC. 0 takes the limit away.
func (m *Mem) Limit(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = n
}

// Mapped counts the mappings that were not given back: there is none when all who use the file system have stopped.
func (m *Mem) Mapped() (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, node := range m.nodes {
		n += node.mapped
	}
	return n
}

// memDir holds the present entries and those that are durable.
type memDir struct {
	now     map[string]any // *memDir or *memNode
	durable map[string]any
	mtime   time.Time // last change of now
}

func newMemDir() *memDir { return &memDir{now: map[string]any{}, durable: map[string]any{}} }

func (m *Mem) fault(op, name string) error {
	m.mu.Lock()
	fn := m.inject
	m.mu.Unlock()
	if fn == nil {
		return nil
	}
	return pathErr(op, name, fn(op, name))
}

func parts(name string) []string {
	return strings.FieldsFunc(path.Clean(name), func(r rune) bool { return r == '/' })
}

// dir walks to a directory. Caller holds mu.
func (m *Mem) dir(names []string) *memDir {
	d := m.root
	for _, n := range names {
		next, ok := d.now[n].(*memDir)
		if !ok {
			return nil
		}
		d = next
	}
	return d
}

// parent finds the directory that holds name. Caller holds mu.
func (m *Mem) parent(op, name string) (d *memDir, last string, err error) {
	p := parts(name)
	if len(p) == 0 {
		return nil, "", pathErr(op, name, fs.ErrInvalid)
	}
	if d = m.dir(p[:len(p)-1]); d == nil {
		return nil, "", pathErr(op, name, fs.ErrNotExist)
	}
	return d, p[len(p)-1], nil
}

// Create implements FS.
func (m *Mem) Create(name string) (File, error) {
	if err := m.fault("create", name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, last, err := m.parent("create", name)
	if err != nil {
		return nil, err
	}
	n, ok := d.now[last].(*memNode)
	if !ok {
		n = &memNode{}
		m.nodes = append(m.nodes, n)
		d.now[last], d.mtime = n, m.now()
	} else if err := n.resize(0); err != nil {
		return nil, pathErr("create", name, err)
	}
	n.mtime = m.now()
	return &memFile{m: m, n: n, name: name}, nil
}

// CreateWhole implements FS.
func (m *Mem) CreateWhole(name string, prepare func(f File) error) (File, error) {
	if err := m.fault("create", name); err != nil {
		return nil, err
	}
	f := &memFile{m: m, n: &memNode{}, name: name}
	m.mu.Lock()
	m.nodes = append(m.nodes, f.n)
	f.n.mtime = m.now()
	m.mu.Unlock()
	if err := prepare(f); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, last, err := m.parent("create", name)
	if err != nil {
		return nil, err
	}
	if d.now[last] != nil {
		return nil, pathErr("create", name, fs.ErrExist)
	}
	d.now[last], d.mtime = f.n, m.now()
	return f, nil
}

// OpenFile implements FS.
func (m *Mem) OpenFile(name string) (File, error) { return m.open(name, false) }

// OpenReadOnly implements FS.
func (m *Mem) OpenReadOnly(name string) (File, error) { return m.open(name, true) }

func (m *Mem) open(name string, readOnly bool) (File, error) {
	if err := m.fault("open", name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, last, err := m.parent("open", name)
	if err != nil {
		return nil, err
	}
	n, ok := d.now[last].(*memNode)
	if !ok {
		return nil, pathErr("open", name, fs.ErrNotExist)
	}
	return &memFile{m: m, n: n, name: name, readOnly: readOnly}, nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	if err := m.fault("remove", name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, last, err := m.parent("remove", name)
	if err != nil {
		return err
	}
	switch e := d.now[last].(type) {
	case nil:
		return pathErr("remove", name, fs.ErrNotExist)
	case *memDir:
		if len(e.now) > 0 {
			return pathErr("remove", name, syscall.ENOTEMPTY)
		}
	}
	delete(d.now, last)
	d.mtime = m.now()
	return nil
}

// Rename implements FS.
func (m *Mem) Rename(oldName, newName string) error {
	if err := m.fault("rename", oldName); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	from, a, err := m.parent("rename", oldName)
	if err != nil {
		return err
	}
	to, b, err := m.parent("rename", newName)
	if err != nil {
		return err
	}
	if from.now[a] == nil {
		return pathErr("rename", oldName, fs.ErrNotExist)
	}
	to.now[b] = from.now[a]
	delete(from.now, a)
	from.mtime = m.now()
	to.mtime = from.mtime
	return nil
}

// ReadDir implements FS.
func (m *Mem) ReadDir(name string) ([]FileInfo, error) {
	if err := m.fault("readdir", name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.dir(parts(name))
	if d == nil {
		return nil, pathErr("readdir", name, fs.ErrNotExist)
	}
	var out []FileInfo
	for n, e := range d.now {
		out = append(out, memInfo(n, e))
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

func memInfo(name string, e any) FileInfo {
	if n, ok := e.(*memNode); ok {
		return FileInfo{Name: name, Size: n.size, ModTime: n.mtime}
	}
	return FileInfo{Name: name, ModTime: e.(*memDir).mtime, IsDir: true}
}

// Stat implements FS.
func (m *Mem) Stat(name string) (FileInfo, error) {
	if err := m.fault("stat", name); err != nil {
		return FileInfo{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, last, err := m.parent("stat", name)
	if err != nil {
		return FileInfo{}, err
	}
	if d.now[last] == nil {
		return FileInfo{}, pathErr("stat", name, fs.ErrNotExist)
	}
	return memInfo(last, d.now[last]), nil
}

// MkdirAll implements FS. A new directory survives a crash only after SyncDir of its parent.
func (m *Mem) MkdirAll(name string) error {
	if err := m.fault("mkdir", name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.root
	for _, n := range parts(name) {
		if d.now[n] == nil {
			made := newMemDir()
			d.mtime = m.now()
			d.now[n], made.mtime = made, d.mtime
		}
		next, ok := d.now[n].(*memDir)
		if !ok {
			return pathErr("mkdir", name, syscall.ENOTDIR)
		}
		d = next
	}
	return nil
}

// SyncDir implements FS.
func (m *Mem) SyncDir(name string) error {
	if err := m.fault("syncdir", name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.dir(parts(name))
	if d == nil {
		return pathErr("syncdir", name, fs.ErrNotExist)
	}
	d.sync()
	return nil
}

func (d *memDir) sync() {
	clear(d.durable)
	for k, v := range d.now {
		d.durable[k] = v
	}
}

// SyncAll implements FS: everything becomes durable.
func (m *Mem) SyncAll(name string) error {
	if err := m.fault("syncall", name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.root.syncTree()
	return nil
}

func (d *memDir) syncTree() {
	d.sync()
	for _, e := range d.now {
		switch e := e.(type) {
		case *memDir:
			e.syncTree()
		case *memNode:
			e.sync()
		}
	}
}

// Lock implements FS. Two locks of one name in one Mem exclude each other.
func (m *Mem) Lock(name string) (io.Closer, error) {
	if err := m.fault("lock", name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	held := m.locks[name]
	m.locks[name] = true
	m.mu.Unlock()
	if held {
		return nil, pathErr("lock", name, ErrLocked)
	}
	if _, err := m.Stat(name); err != nil {
		f, err := m.Create(name)
		if err != nil {
			return nil, err
		}
		_ = f.Close()
	}
	return memLock{m, name}, nil
}

type memLock struct {
	m    *Mem
	name string
}

func (l memLock) Close() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	delete(l.m.locks, l.name)
	return nil
}

// Usage implements FS: the limit, or 1 TiB.
func (m *Mem) Usage(string) (DiskUsage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	total := m.limit
	if total == 0 {
		total = 1 << 40
	}
	return DiskUsage{Total: total, Free: max(0, total-m.used())}, nil
}

// used counts the allocated bytes. Caller holds mu.
func (m *Mem) used() int64 { return m.root.used() }

func (d *memDir) used() (n int64) {
	for _, e := range d.now {
		switch e := e.(type) {
		case *memDir:
			n += e.used()
		case *memNode:
			n += int64(len(e.blocks)) * memPage
		}
	}
	return n
}

// Free gives all memory back. No file or mapping may be used afterwards.
func (m *Mem) Free() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.nodes {
		n.free()
	}
	m.nodes, m.root = nil, newMemDir()
}

// Locked implements LockTester.
func (m *Mem) Locked(name string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.locks[name], nil
}
