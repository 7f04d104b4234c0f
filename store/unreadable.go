package store

import (
	"errors"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// guard runs fn, which reads mapped files, and makes a *ReadError of a page that cannot be read. See vfs.Guard for what
// fn may not do.
func (s *Store) guard(fn func() error) error {
	err := vfs.Guard(fn)
	var fault *vfs.FaultError
	if !errors.As(err, &fault) {
		return err
	}
	return s.noteUnreadable(s.placed(fault))
}

// placed finds the file and the position of a fault.
func (s *Store) placed(fault *vfs.FaultError) *datafile.ReadError {
	if e := commitlog.Placed(s.log.Segments(), fault); e != nil {
		return e
	}
	if name, at, ok := s.index.Holds(fault.Addr); ok {
		return &datafile.ReadError{File: name, Offset: at, Err: fault}
	}
	return &datafile.ReadError{File: s.cfg.Load().StorePathRootDir, Offset: -1, Err: fault}
}

// readIn brings a range of a leased segment into memory, so that reading it does not fault. It may wait for the disk.
func (s *Store) readIn(seg *commitlog.Segment, at int64, n int) error {
	err := seg.ReadIn(at, n)
	var bad *datafile.ReadError
	if errors.As(err, &bad) {
		s.noteUnreadable(bad)
	}
	return err
}

// noteUnreadable makes health red and tells the listener.
func (s *Store) noteUnreadable(e *datafile.ReadError) *datafile.ReadError {
	s.unreadable.CompareAndSwap(nil, e)
	s.reportErr("read", e.File, e)
	return e
}
