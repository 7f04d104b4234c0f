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
	seg := s.log.lease(phyOffset)
	if seg == nil {
		return ErrNoRecord
	}
	defer seg.release()
	head := s.log.slice(seg, phyOffset, endFileReserve)
	if head == nil {
		return ErrNoRecord
	}
	size := int32(binary.BigEndian.Uint32(head))
	rec := s.log.slice(seg, phyOffset, int(max(0, size)))
	var m MessageView
	if rec == nil || decodeRecord(rec, &m) != nil || m.PhysicalOffset != phyOffset {
		return ErrNoRecord
	}
	return fn(rec)
}
