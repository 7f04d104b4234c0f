package store

import (
	"gorocket/store/commitlog"
	"gorocket/store/record"
)

// lookChunk is how much of the log RecordsSince has brought into memory at once.
const lookChunk = 1 << 20

// RecordsSince calls fn with the records that were stored at ts (ms since 1970) or later, in the order of the log, up
// to where it ends now. from is the offset of any record that was stored before, or 0: the files of the log say where
// to begin, and such a record says it better. m is valid during the call. The error is that the disk cannot be read.
func (s *Store) RecordsSince(ts, from int64, fn func(m *record.View)) error {
	end := s.log.End()
	for at := s.firstSince(ts, from); at < end; {
		seg := s.log.Lease(at)
		if seg == nil { // deleted meanwhile
			if next := s.log.NextFile(at); next > at {
				at = next
				continue
			}
			return nil
		}
		err := s.recordsOf(seg, at, end, ts, fn)
		at = seg.End()
		seg.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// LastStoreTime is the store time of the newest record, ms; of one that is gone if the log has lost its end.
func (s *Store) LastStoreTime() int64 { return s.log.LastStoreTime() }

// firstSince is the offset of a record in front of which there is none that was stored at ts or later.
func (s *Store) firstSince(ts, from int64) int64 {
	at := s.log.Min()
	for _, seg := range s.log.Segments() {
		if first := s.storeTime(seg.Base, record.MinSize); first < 0 || first >= ts {
			break
		}
		at = seg.Base
	}
	return max(at, from)
}

// recordsOf is RecordsSince in one file. It ends at the filler, or where there is no record.
func (s *Store) recordsOf(seg *commitlog.Segment, at, end, ts int64, fn func(m *record.View)) error {
	var m record.View
	read := at
	readTo := func(to int64) error {
		if to = min(to, seg.End()); to <= read {
			return nil
		}
		from := read
		read = min(max(to, read+lookChunk), seg.End())
		return s.readIn(seg, from-seg.Base, int(read-from))
	}
	for end = min(end, seg.End()); at+record.BlankSize <= end; at += int64(m.Size) {
		if err := readTo(at + record.BlankSize); err != nil {
			return err
		}
		size, _ := record.Head(seg.Data[at-seg.Base:])
		if err := readTo(at + int64(max(0, size))); err != nil {
			return err
		}
		if st, _ := seg.Examine(at-seg.Base, commitlog.Checks{}, &m); st != commitlog.StepRecord {
			return nil
		}
		if m.StoreTimestamp >= ts {
			fn(&m)
		}
	}
	return nil
}
