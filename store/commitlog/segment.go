package commitlog

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync/atomic"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// Segment is one commit log file, mapped whole for reading; it is written by system calls. It lives until the log drops
// it and the last lease is returned (Java DefaultMappedFile with ReferenceResource).
type Segment struct {
	Base     int64  // commit log offset of byte 0; immutable
	Size     int64  // bytes; immutable
	Name     string // path; immutable
	ReadOnly bool   // of a directory that gets no new files; immutable
	Data     []byte // the mapping, read-only memory; immutable until the last release

	fs   vfs.FS
	file vfs.File
	m    vfs.Mapping

	refs atomic.Int64 // 1 for the log, 1 for each lease; 0 = gone
	// for each residentChunk when the kernel was asked whether it is in memory, unix ms; negative: it was not
	asked []atomic.Int64
}

// openSegment maps an existing file of exactly size bytes.
func openSegment(fsys vfs.FS, name string, base, size int64, readOnly bool) (*Segment, error) {
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

// createSegment makes a new file whose blocks are all reserved, and makes its size and directory entry durable before
// anybody writes to it: after a power cut only the last file can be incomplete, and then it holds no message. A kill
// leaves the whole file or none: Java 4.9 refuses a store with a shorter one.
func createSegment(fsys vfs.FS, dir string, base, size int64) (*Segment, error) {
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

func mapSegment(fsys vfs.FS, f vfs.File, base, size int64, readOnly bool) (*Segment, error) {
	m, err := f.Map(0, int(size), false)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	s := &Segment{Base: base, Size: size, Name: f.Name(), ReadOnly: readOnly, Data: m.Bytes(), fs: fsys, file: f, m: m}
	s.asked = make([]atomic.Int64, (size+residentChunk-1)/residentChunk)
	s.refs.Store(1)
	return s, nil
}

// Acquire takes a lease; false when the segment is gone.
func (s *Segment) Acquire() bool {
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

// Release returns a lease; the last one closes the file.
func (s *Segment) Release() {
	if s.refs.Add(-1) != 0 {
		return
	}
	_ = s.m.Unmap()
	_ = s.file.Close()
}

// unlink removes the file, durably: the next one may be removed afterwards, and no kill or power cut leaves a gap in
// the log. Who holds the segment goes on reading what has no name any more.
func (s *Segment) unlink() error {
	if err := s.fs.Remove(s.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.fs.SyncDir(path.Dir(s.Name))
}

// End is the commit log offset behind the segment.
func (s *Segment) End() int64 { return s.Base + s.Size }

// File is the open file, for sendfile; nobody may close it.
func (s *Segment) File() vfs.File { return s.file }

// ReadIn brings a range of a leased segment into memory, so that reading it does not fault. It may wait for the disk.
// The error is a *datafile.ReadError.
func (s *Segment) ReadIn(at int64, n int) error {
	if s.Resident(int(at), n) {
		return nil
	}
	if err := s.m.Populate(int(at), n); vfs.Unreadable(err) {
		return &datafile.ReadError{File: s.Name, Offset: at, Err: err}
	}
	return nil // the kernel has other reasons not to; a guard is what is left then
}

// Placed finds a fault in files of the log; nil when it is in none of them.
func Placed(segs []*Segment, fault *vfs.FaultError) *datafile.ReadError {
	for _, seg := range segs {
		if at, ok := vfs.PlaceOf(seg.Data, fault.Addr); ok {
			return &datafile.ReadError{File: seg.Name, Offset: at, Err: fault}
		}
	}
	return nil
}
