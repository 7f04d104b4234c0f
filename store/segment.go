package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync/atomic"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// segment is one commit log file, mapped whole for reading; it is written by system calls. It lives until the log drops it and the last lease is returned
// (Java DefaultMappedFile with ReferenceResource).
type segment struct {
	base     int64 // commit log offset of byte 0; immutable
	size     int64 // immutable
	name     string
	fs       vfs.FS
	file     vfs.File
	m        vfs.Mapping
	data     []byte // the mapping, read-only memory; immutable until the last release
	readOnly bool

	refs  atomic.Int64   // 1 for the log, 1 for each lease; 0 = gone
	asked []atomic.Int64 // for each residentChunk when the kernel was asked whether it is in memory, unix ms; negative: it was not
}

// openSegment maps an existing file of exactly size bytes.
func openSegment(fsys vfs.FS, name string, base, size int64, readOnly bool) (*segment, error) {
	open := fsys.OpenFile
	if readOnly {
		open = fsys.OpenReadOnly
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	return mapSegment(fsys, f, base, size, readOnly)
}

// createSegment makes a new file whose blocks are all reserved, and makes its size and directory entry durable before anybody writes to it: after a power cut
// only the last file can be incomplete, and then it holds no message. A kill leaves the whole file or none: Java 4.9 refuses a store with a shorter one.
func createSegment(fsys vfs.FS, dir string, base, size int64) (*segment, error) {
	name := dir + "/" + datafile.Name(base)
	if err := roomFor(fsys, dir, size); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f, err := vfs.CreateDurable(fsys, name, func(f vfs.File) error { return f.Allocate(0, size) })
	if err != nil {
		return nil, err
	}
	s, err := mapSegment(fsys, f, base, size, false)
	if err != nil {
		_ = fsys.Remove(name)
	}
	return s, err
}

func mapSegment(fsys vfs.FS, f vfs.File, base, size int64, readOnly bool) (*segment, error) {
	m, err := f.Map(0, int(size), false)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	s := &segment{base: base, size: size, name: f.Name(), fs: fsys, file: f, m: m, data: m.Bytes(), readOnly: readOnly}
	s.asked = make([]atomic.Int64, (size+residentChunk-1)/residentChunk)
	s.refs.Store(1)
	return s, nil
}

// acquire takes a lease; false when the segment is gone.
func (s *segment) acquire() bool {
	for {
		n := s.refs.Load()
		if n <= 0 {
			return false
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release returns a lease; the last one closes the file.
func (s *segment) release() {
	if s.refs.Add(-1) != 0 {
		return
	}
	_ = s.m.Unmap()
	_ = s.file.Close()
}

// unlink removes the file, durably: the next one may be removed afterwards, and no kill or power cut leaves a gap in the log. Who holds the segment goes
// on reading what has no name any more.
func (s *segment) unlink() error {
	if err := s.fs.Remove(s.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.fs.SyncDir(path.Dir(s.name))
}

// end is the commit log offset behind the segment.
func (s *segment) end() int64 { return s.base + s.size }
