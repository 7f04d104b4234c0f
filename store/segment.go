package store

import (
	"fmt"
	"sync/atomic"

	"gorocket/store/vfs"
)

// segment is one commit log file, mapped whole. It lives until the log drops it and the last lease is returned
// (Java DefaultMappedFile with ReferenceResource).
type segment struct {
	base     int64 // commit log offset of byte 0; immutable
	size     int64 // immutable
	name     string
	fs       vfs.FS
	file     vfs.File
	m        vfs.Mapping
	data     []byte // the mapping; immutable until the last release
	readOnly bool

	refs   atomic.Int64 // 1 for the log, 1 for each lease; 0 = gone
	doomed atomic.Bool  // remove the file when refs gets to 0
}

// segmentName is Java's 20-digit file name.
func segmentName(base int64) string { return fmt.Sprintf("%020d", base) }

// openSegment maps an existing file of exactly size bytes.
func openSegment(fs vfs.FS, name string, base, size int64, readOnly bool) (*segment, error) {
	open := fs.OpenFile
	if readOnly {
		open = fs.OpenReadOnly
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	return mapSegment(fs, f, base, size, readOnly)
}

// createSegment makes a new file whose blocks are all reserved, and makes its size and directory entry durable before anybody writes to it:
// after a power cut only the last file can be incomplete, and then it holds no message.
func createSegment(fs vfs.FS, dir string, base, size int64) (*segment, error) {
	name := dir + "/" + segmentName(base)
	f, err := fs.Create(name)
	if err != nil {
		return nil, err
	}
	if err = f.Allocate(0, size); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = fs.SyncDir(dir)
	}
	if err != nil {
		_ = f.Close()
		_ = fs.Remove(name)
		return nil, err
	}
	s, err := mapSegment(fs, f, base, size, false)
	if err != nil {
		_ = fs.Remove(name)
	}
	return s, err
}

func mapSegment(fs vfs.FS, f vfs.File, base, size int64, readOnly bool) (*segment, error) {
	m, err := f.Map(0, int(size), !readOnly)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	s := &segment{base: base, size: size, name: f.Name(), fs: fs, file: f, m: m, data: m.Bytes(), readOnly: readOnly}
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

// release returns a lease; the last one closes the file and removes it if it is doomed.
func (s *segment) release() {
	if s.refs.Add(-1) != 0 {
		return
	}
	_ = s.m.Unmap()
	_ = s.file.Close()
	if s.doomed.Load() {
		_ = s.fs.Remove(s.name)
	}
}

// doom drops the log's own reference and has the file removed when the last lease ends. Call it once.
func (s *segment) doom() {
	s.doomed.Store(true)
	s.release()
}

// end is the commit log offset behind the segment.
func (s *segment) end() int64 { return s.base + s.size }
