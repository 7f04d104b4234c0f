package store

import (
	"encoding/binary"
	"errors"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// ReadRecord appends a copy of the record at a commit log offset to buf. The offset may come from anybody, see
// WithRecord.
func (s *Store) ReadRecord(phyOffset int64, buf []byte) ([]byte, error) {
	err := s.WithRecord(phyOffset, func(rec []byte) error {
		buf = append(buf, rec...)
		return nil
	})
	return buf, err
}

// WithRecord calls fn with the record at a commit log offset in place; rec is valid during the call and may not be
// changed. The offset may come from anybody: bytes in the log are a record only if the consume queue that they name
// has, at the queue offset that they name, an entry of this offset and size. Else a record inside a message's body
// would be as good as one that the store wrote. It returns ErrNoRecord or fn's error. It may read the disk.
func (s *Store) WithRecord(phyOffset int64, fn func(rec []byte) error) error {
	return s.withRecord(phyOffset, readAnywhere, fn)
}

// WithHotRecord is WithRecord for callers that must not block: ErrWouldWait when the record or its entry is probably
// not in memory.
func (s *Store) WithHotRecord(phyOffset int64, fn func(rec []byte) error) error {
	return s.withRecord(phyOffset, readMemory, fn)
}

// WithOwnRecord is WithRecord for an offset that the store gave out itself and that no peer can change: one from the
// timer log or the index. Its queue is not asked.
func (s *Store) WithOwnRecord(phyOffset int64, fn func(rec []byte) error) error {
	return s.withRecord(phyOffset, readTrusted, fn)
}

// readMode says how far withRecord goes.
type readMode int

const (
	readAnywhere readMode = iota // the disk too
	readMemory                   // only what is in memory
	readTrusted                  // the disk too, without asking the queue
)

// isQueued returns nil when the queue of m has an entry that points to m, else ErrNoRecord; ErrWouldWait when hotOnly
// is set and the entry is not in memory.
func (s *Store) isQueued(m *record.View, hotOnly bool) error {
	q := s.queues.Get(string(m.Topic), m.QueueID)
	if q == nil || m.QueueOffset < 0 || m.QueueOffset >= q.End() {
		return ErrNoRecord
	}
	held, hot := s.queues.Holds(q, m.QueueOffset, m.PhysicalOffset, m.Size, hotOnly)
	switch {
	case !hot:
		return ErrWouldWait
	case !held:
		return ErrNoRecord
	}
	return nil
}

func (s *Store) withRecord(phyOffset int64, mode readMode, fn func(rec []byte) error) error {
	seg := s.log.Lease(phyOffset)
	if seg == nil {
		return ErrNoRecord
	}
	defer seg.Release()
	head := s.log.Slice(seg, phyOffset, record.BlankSize)
	if head == nil {
		return ErrNoRecord
	}
	if mode == readMemory && !s.hot(seg, phyOffset, record.BlankSize) {
		return ErrWouldWait
	}
	if mode != readMemory {
		if err := s.readIn(seg, phyOffset-seg.Base, record.BlankSize); err != nil {
			return err
		}
	}
	size := int32(binary.BigEndian.Uint32(head))
	rec := s.log.Slice(seg, phyOffset, int(max(0, size)))
	if mode != readMemory && rec != nil {
		if err := s.readIn(seg, phyOffset-seg.Base, len(rec)); err != nil {
			return err
		}
	}
	if mode == readMemory && rec != nil && !s.hot(seg, phyOffset, len(rec)) {
		return ErrWouldWait
	}
	var m record.View
	if rec == nil || record.DecodeInto(rec, &m) != nil || m.PhysicalOffset != phyOffset {
		return ErrNoRecord
	}
	if mode != readTrusted {
		if err := s.isQueued(&m, mode == readMemory); err != nil {
			return err
		}
	}
	return fn(rec)
}

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
