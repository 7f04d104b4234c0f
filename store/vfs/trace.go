package vfs

import (
	"fmt"
	"io"
	"sync"
)

// Trace is an FS that writes down every call that changes something or makes it durable, for tests that fix the order
// of file operations. Reads are not written down, nor are stores into mappings, which no file system sees. All methods
// may be called by several goroutines at once.
type Trace struct {
	FS
	mu    sync.Mutex
	lines []string // guarded by mu
}

// NewTrace wraps a file system.
func NewTrace(fsys FS) *Trace { return &Trace{FS: fsys} }

// Take returns the lines since the last call, one operation each: "operation path arguments", with " = error" when it
// failed.
func (t *Trace) Take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.lines
	t.lines = nil
	return out
}

func (t *Trace) note(err error, format string, args ...any) error {
	line := fmt.Sprintf(format, args...)
	if err != nil {
		line += " = error"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	return err
}

func (t *Trace) wrap(f File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return &traceFile{File: f, t: t}, nil
}

// Create implements FS.
func (t *Trace) Create(name string) (File, error) {
	f, err := t.FS.Create(name)
	_ = t.note(err, "create %s", name)
	return t.wrap(f, err)
}

// CreateWhole implements FS; it is written down as the operations that it consists of.
func (t *Trace) CreateWhole(name string, prepare func(f File) error) (File, error) {
	begun := false
	f, err := t.FS.CreateWhole(name, func(f File) error {
		begun = true
		_ = t.note(nil, "create %s", name)
		return prepare(&traceFile{File: f, t: t})
	})
	if err != nil && !begun {
		_ = t.note(err, "create %s", name)
	}
	return t.wrap(f, err)
}

// OpenFile implements FS. Opening changes nothing and is not written down.
func (t *Trace) OpenFile(name string) (File, error) { return t.wrap(t.FS.OpenFile(name)) }

// Remove implements FS.
func (t *Trace) Remove(name string) error { return t.note(t.FS.Remove(name), "remove %s", name) }

// Rename implements FS.
func (t *Trace) Rename(oldName, newName string) error {
	return t.note(t.FS.Rename(oldName, newName), "rename %s %s", oldName, newName)
}

// MkdirAll implements FS.
func (t *Trace) MkdirAll(name string) error { return t.note(t.FS.MkdirAll(name), "mkdir %s", name) }

// SyncDir implements FS.
func (t *Trace) SyncDir(name string) error { return t.note(t.FS.SyncDir(name), "syncdir %s", name) }

// SyncAll implements FS.
func (t *Trace) SyncAll(name string) error { return t.note(t.FS.SyncAll(name), "syncall %s", name) }

// Lock implements FS.
func (t *Trace) Lock(name string) (io.Closer, error) {
	c, err := t.FS.Lock(name)
	return c, t.note(err, "lock %s", name)
}

// traceFile writes down what is done to one file.
type traceFile struct {
	File
	t *Trace
}

func (f *traceFile) WriteAt(b []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(b, off)
	return n, f.t.note(err, "write %s %d+%d", f.Name(), off, len(b))
}

func (f *traceFile) Truncate(size int64) error {
	return f.t.note(f.File.Truncate(size), "truncate %s %d", f.Name(), size)
}

func (f *traceFile) Allocate(off, n int64) error {
	return f.t.note(f.File.Allocate(off, n), "allocate %s %d+%d", f.Name(), off, n)
}

func (f *traceFile) Punch(off, n int64) error {
	return f.t.note(f.File.Punch(off, n), "punch %s %d+%d", f.Name(), off, n)
}

func (f *traceFile) Zero(off, n int64) error {
	return f.t.note(f.File.Zero(off, n), "zero %s %d+%d", f.Name(), off, n)
}

func (f *traceFile) Sync() error { return f.t.note(f.File.Sync(), "sync %s", f.Name()) }
