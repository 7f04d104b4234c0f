package store

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"strings"

	"gorocket/store/datafile"
	"gorocket/store/dispatch"
)

// Consume queue extension (Java ConsumeQueueExt): with enableConsumeQueueExt the tags code of an entry is an address in the files of consumequeue_ext, where a
// unit stands: int16 size | int64 tags code | int64 store timestamp | int16 bitmap bytes | bitmap of the filters that match. We write no bitmap, which tells
// a reader to look at the message itself, unless the broker gives one (Record.FilterBits). A unit does not cross the end of a file: int16 -1 sends the reader to the next one.

const (
	extUnit     = 20 // without a bitmap
	extTail     = 4  // bytes that stay free at the end of a file
	extMaxAddr  = math.MinInt32 - 1
	extMaxStart = extMaxAddr - math.MinInt64 // largest offset that has an address
)

// isExtAddr tells an address from a tags code, which is a sign-extended int32 or a time.
func isExtAddr(tags int64) bool { return tags <= extMaxAddr }

// extEntry is a decoded unit.
type extEntry struct {
	size int16
	tags int64
	time int64  // store timestamp, ms
	bits []byte // nil when there are none, or more than the reader has read
}

// decodeExtUnit decodes the unit at the start of b; ok is false when there is none.
func decodeExtUnit(b []byte) (e extEntry, ok bool) {
	if len(b) < extUnit {
		return e, false
	}
	be := binary.BigEndian
	e = extEntry{size: int16(be.Uint16(b)), tags: int64(be.Uint64(b[2:])), time: int64(be.Uint64(b[10:]))}
	if n := int(be.Uint16(b[18:])); n > 0 && n <= len(b)-extUnit && n <= int(e.size)-extUnit {
		e.bits = b[extUnit : extUnit+n]
	}
	return e, e.size >= extUnit
}

func appendExtUnit(dst []byte, tags, storeTime int64, bits []byte) []byte {
	be := binary.BigEndian
	dst = be.AppendUint16(dst, uint16(extUnit+len(bits)))
	dst = be.AppendUint64(dst, uint64(tags))
	dst = be.AppendUint64(dst, uint64(storeTime))
	return append(be.AppendUint16(dst, uint16(len(bits))), bits...)
}

// maxExtBits keeps the size of a unit a positive int16.
const maxExtBits = math.MaxInt16 - extUnit

// queueFiles lists the three kinds of queue files; none before Open made them.
func (s *Store) queueFiles() []*cqFiles {
	if s.files == nil {
		return nil
	}
	return []*cqFiles{s.files, s.queues.batches, s.extFiles}
}

// extended tells whether the entries of a queue have extensions.
func (s *Store) extended(q *queue) bool {
	return s.cfg.Load().EnableConsumeQueueExt && !q.batch() && !strings.HasPrefix(q.topic, dispatch.LightPrefix)
}

// extend gives an entry its extension and returns what goes into the tags column. Caller holds the append lock.
func (s *Store) extend(q *queue, e dispatch.Entry) int64 {
	x := q.ext.Load()
	if x == nil {
		x = s.newExt(q)
		q.ext.Store(x)
	}
	if len(e.Bits) > maxExtBits || int64(extUnit+len(e.Bits)) > x.files.size-extTail {
		e.Bits = nil
	}
	size := int64(extUnit + len(e.Bits))
	var buf [128]byte
	b := buf[:0]
	at := x.max.Load()
	if left := x.files.size - at%x.files.size; size > left-extTail {
		b = append(b, 0xFF, 0xFF)
		for int64(len(b)) < left {
			b = append(b, 0)
		}
		at += left
	}
	if at+size > extMaxStart {
		return e.Tags
	}
	x.pushBytes(appendExtUnit(b, e.Tags, e.Time, e.Bits), s) // written with q, which gets an entry now: see writeQueue
	return at + math.MinInt64
}

func (s *Store) newExt(q *queue) *queue {
	return &queue{topic: q.topic, id: q.id, first: -1, files: s.extFiles}
}

// pushBytes adds bytes to an extension. Caller holds the append lock.
func (x *queue) pushBytes(b []byte, s *Store) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.mem)+len(b) > cap(x.mem) {
		x.makeRoom(&s.queues.memory)
	}
	x.mem = append(x.mem, b...)
	x.grew(int64(len(b)))
}

// openExts finds the ends of all extensions, in Open, when there are any or they are to be written.
func (s *Store) openExts() (err error) {
	if _, err := s.fs.Stat(s.extFiles.root); err != nil && !s.cfg.Load().EnableConsumeQueueExt {
		return nil
	}
	s.queues.each(func(q *queue) bool {
		if !q.batch() {
			err = s.openExt(q)
		}
		return err == nil
	})
	return err
}

func (s *Store) openExt(q *queue) error {
	x := s.newExt(q)
	found, err := datafile.List(s.fs, x.files.dir(x), datafile.Kind{Size: x.files.size, Key: x.files.key, Rebuildable: true})
	if err != nil || len(found) == 0 && !s.cfg.Load().EnableConsumeQueueExt {
		return err
	}
	end := int64(0)
	if n := len(found); n > 0 {
		x.first = found[0].Base
		if end, err = s.extEnd(q, x, found[n-1].Base); err != nil {
			return err
		}
	}
	x.memStart, x.flushed, x.synced = end, end, end
	x.max.Store(end)
	q.ext.Store(x)
	return nil
}

// extEnd is the end of an extension: behind the unit of the last entry, or what the last file says when that entry has none.
func (s *Store) extEnd(q, x *queue, last int64) (int64, error) {
	x.memStart, x.flushed = math.MaxInt64, math.MaxInt64 // everything is in files
	if e, ok := s.entry(q, q.max.Load()-1); ok && isExtAddr(e.Tags) {
		at := e.Tags - math.MinInt64
		_, err := s.fs.Stat(x.files.path(cqFileKey{x, at / x.files.size * x.files.size})) // a power cut may have taken the file and left the entry
		if err == nil {
			if u, st := s.readExt(x, at, false); st == extFound {
				return at + int64(u.size), nil
			}
		}
	}
	buf, pos := make([]byte, 1<<16), last
	for got := 0; pos < last+x.files.size; {
		n, err := x.files.read(x, buf, pos)
		if errors.Is(err, fs.ErrNotExist) {
			return last, nil
		}
		if err != nil {
			return 0, err
		}
		for got = 0; got+extUnit <= n; {
			u, ok := decodeExtUnit(buf[got:n])
			if !ok {
				return pos + int64(got), nil
			}
			got += int(u.size)
		}
		if got == 0 {
			return pos, nil
		}
		pos += int64(got) // more than n when the last unit goes on behind what was read
	}
	return last + x.files.size, nil
}

type extState int

const (
	extFound extState = iota
	extMissing
	extCold // it is in a file, and the caller does not wait
)

// extRead is how much of a unit is read: bit maps for the default configuration have 14 bytes.
const extRead = 256

// readExt reads a unit.
func (s *Store) readExt(x *queue, at int64, hotOnly bool) (extEntry, extState) {
	b := make([]byte, extRead)
	n, hot := s.entries(x, b, at, hotOnly)
	if !hot {
		return extEntry{}, extCold
	}
	if u, ok := decodeExtUnit(b[:n]); ok {
		return u, extFound
	}
	return extEntry{}, extMissing
}

// ExtUnit is what the extended consume queue holds of a message (Java ConsumeQueueExt.CqExtUnit).
type ExtUnit struct {
	Size           int16 // bytes of the unit
	TagsCode       int64
	StoreTimestamp int64  // ms
	BitMap         []byte // nil when there is none
}

// ExtInQueue returns the unit of the entry at a queue offset; ok is false when it has none, and addr is then the place where it should be, 0 if it needs none.
// It may read the disk.
func (s *Store) ExtInQueue(topic string, queueID int32, queueOffset int64) (u ExtUnit, addr int64, ok bool) {
	q := s.queues.get(topic, queueID)
	if q == nil || q.batch() {
		return u, 0, false
	}
	e, found := s.entry(q, queueOffset)
	if !found || !isExtAddr(e.Tags) {
		return u, 0, false
	}
	x, st := s.resolveTags(q, e.Tags, false)
	if st != extFound {
		return u, e.Tags, false
	}
	return ExtUnit{x.size, x.tags, x.time, x.bits}, e.Tags, true
}

// resolveTags turns the tags column of an entry into a tags code and what else its unit says; size is 0 when it has none.
func (s *Store) resolveTags(q *queue, tags int64, hotOnly bool) (extEntry, extState) {
	if !isExtAddr(tags) || q.batch() {
		return extEntry{tags: tags}, extFound
	}
	x := q.ext.Load()
	if x == nil || tags-math.MinInt64 >= x.max.Load() {
		return extEntry{}, extMissing
	}
	return s.readExt(x, tags-math.MinInt64, hotOnly)
}

// matchTags asks the filter about an entry; what is not known matches, as in Java. hot is false when the answer is on the disk only.
func (g *getter) matchTags(e dispatch.Entry) (match, hot bool) {
	if g.q.Filter == nil {
		return true, true
	}
	u, st := g.s.resolveTags(g.cq, e.Tags, g.q.HotOnly)
	switch st {
	case extCold:
		return false, false
	case extMissing:
		return true, true
	}
	if !g.q.Filter.MatchTagsCode(u.tags) {
		return false, true
	}
	if f, ok := g.q.Filter.(BitMapFilter); ok && u.size > 0 {
		return f.MatchBitMap(u.time, u.bits), true
	}
	return true, true
}

// cutExt drops the extensions of entries that were cut off q. Only for Open.
func (s *Store) cutExt(q *queue) {
	x := q.ext.Load()
	if x == nil {
		return
	}
	end := int64(0)
	for at := q.max.Load() - 1; at >= q.firstOffset(); at-- {
		e, ok := s.entry(q, at)
		if !ok {
			break
		}
		if isExtAddr(e.Tags) {
			end = e.Tags - math.MinInt64 + extUnit
			if u, st := s.resolveTags(q, e.Tags, false); st == extFound {
				end = e.Tags - math.MinInt64 + int64(u.size)
			}
			break
		}
	}
	if end < x.max.Load() {
		x.cut(end)
	}
}

// expireExt deletes the extension files below the first entry that is kept.
func (s *Store) expireExt(q *queue) {
	x := q.ext.Load()
	s.minOf(q)
	e, ok := s.entry(q, q.min.entry)
	if x == nil || !ok || !isExtAddr(e.Tags) {
		return
	}
	s.cqMu.Lock()
	defer s.cqMu.Unlock()
	for x.first >= 0 && x.first+x.files.size <= e.Tags-math.MinInt64 {
		x.mu.Lock()
		gone := x.first
		x.first += x.files.size
		x.mu.Unlock()
		s.reportErr("delete consume queue extension", x.files.dir(x), x.files.remove(x, gone))
	}
}
