package store

import "encoding/binary"

// ReadRecord appends a copy of the record at a commit log offset to buf. The offset comes from outside (message ids), so the record is checked:
// ErrNoRecord when there is none. It may read the disk.
func (s *Store) ReadRecord(phyOffset int64, buf []byte) ([]byte, error) {
	err := s.WithRecord(phyOffset, func(rec []byte) error {
		buf = append(buf, rec...)
		return nil
	})
	return buf, err
}

// WithRecord calls fn with the record at a commit log offset in place; rec is valid during the call and may not be changed.
// It returns ErrNoRecord or fn's error. It may read the disk.
func (s *Store) WithRecord(phyOffset int64, fn func(rec []byte) error) error {
	return s.withRecord(phyOffset, false, fn)
}

// WithHotRecord is WithRecord for callers that must not block: ErrWouldWait when the record is probably not in the page cache.
func (s *Store) WithHotRecord(phyOffset int64, fn func(rec []byte) error) error {
	return s.withRecord(phyOffset, true, fn)
}

func (s *Store) withRecord(phyOffset int64, hotOnly bool, fn func(rec []byte) error) error {
	seg := s.log.lease(phyOffset)
	if seg == nil {
		return ErrNoRecord
	}
	defer seg.release()
	head := s.log.slice(seg, phyOffset, endFileReserve)
	if head == nil {
		return ErrNoRecord
	}
	if hotOnly && !s.hot(seg, phyOffset, endFileReserve) {
		return ErrWouldWait
	}
	size := int32(binary.BigEndian.Uint32(head))
	rec := s.log.slice(seg, phyOffset, int(max(0, size)))
	if hotOnly && rec != nil && !s.hot(seg, phyOffset, len(rec)) {
		return ErrWouldWait
	}
	var m MessageView
	if rec == nil || decodeRecord(rec, &m) != nil || m.PhysicalOffset != phyOffset {
		return ErrNoRecord
	}
	return fn(rec)
}
