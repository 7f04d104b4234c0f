package consumequeue

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"strings"

	"gorocket/store/datafile"
	"gorocket/store/dispatch"
)

// Consume queue extension (Java ConsumeQueueExt): with enableConsumeQueueExt the tags code of an entry is an address in
// the files of consumequeue_ext, where a unit stands: int16 size | int64 tags code | int64 store timestamp | int16
// bitmap bytes | bitmap of the filters that match. We write no bitmap, which tells a reader to look at the message
// itself, unless the broker gives one (Record.FilterBits). A unit does not cross the end of a file: int16 -1 sends the
// reader to the next one.

const (
	extUnit     = 20 // without a bitmap
	extTail     = 4  // bytes that stay free at the end of a file
	extMaxAddr  = math.MinInt32 - 1
	extMaxStart = extMaxAddr - math.MinInt64 // largest offset that has an address
)

// IsExtAddr tells an address from a tags code, which is a sign-extended int32 or a time.
func IsExtAddr(tags int64) bool { return tags <= extMaxAddr }

// Ext is a decoded unit.
type Ext struct {
	Size int16  // bytes of the unit; 0: the entry has none
	Tags int64  // tags code
	Time int64  // store timestamp, ms
	Bits []byte // bit map of the filters that match; nil when there is none, or more than the reader has read
}

// decodeExtUnit decodes the unit at the start of b; ok is false when there is none.
func decodeExtUnit(b []byte) (e Ext, ok bool) {
	if len(b) < extUnit {
		return e, false
	}
	be := binary.BigEndian
	e = Ext{Size: int16(be.Uint16(b)), Tags: int64(be.Uint64(b[2:])), Time: int64(be.Uint64(b[10:]))}
	if n := int(be.Uint16(b[18:])); n > 0 && n <= len(b)-extUnit && n <= int(e.Size)-extUnit {
		e.Bits = b[extUnit : extUnit+n]
	}
	return e, e.Size >= extUnit
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

// extended tells whether the entries of a queue have extensions.
func (t *Table) extended(q *Queue) bool {
	return t.settings.Load().Extend && !q.Batch() && !strings.HasPrefix(q.Topic, dispatch.LightPrefix)
}

// extend gives an entry its extension and returns what goes into the tags column. Caller holds the append lock.
func (t *Table) extend(q *Queue, e dispatch.Entry) int64 {
	x := q.ext.Load()
	if x == nil {
		x = t.newExt(q)
		q.ext.Store(x)
	}
	var bits []byte
	if e.Bits != nil && len(*e.Bits) <= maxExtBits && int64(extUnit+len(*e.Bits)) <= x.files.Size-extTail {
		bits = *e.Bits
	}
	size := int64(extUnit + len(bits))
	var buf [128]byte
	b := buf[:0]
	at := x.max.Load()
	if left := x.files.Size - at%x.files.Size; size > left-extTail {
		b = append(b, 0xFF, 0xFF)
		for int64(len(b)) < left {
			b = append(b, 0)
		}
		at += left
	}
	if at+size > extMaxStart {
		return e.Tags
	}
	x.pushBytes(appendExtUnit(b, e.Tags, e.Time, bits), t) // written with q, which gets an entry now: see writeQueue
	return at + math.MinInt64
}

func (t *Table) newExt(q *Queue) *Queue {
	return &Queue{Topic: q.Topic, ID: q.ID, first: -1, files: t.exts}
}

// pushBytes adds bytes to an extension. Caller holds the append lock.
func (x *Queue) pushBytes(b []byte, t *Table) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.mem)+len(b) > cap(x.mem) {
		x.makeRoom(&t.memory)
	}
	x.mem = append(x.mem, b...)
	x.grew(int64(len(b)))
}

// openExts finds the ends of all extensions, in Load, when there are any or they are to be written.
func (t *Table) openExts() (err error) {
	if _, err := t.opt.FS.Stat(t.exts.Root); err != nil && !t.settings.Load().Extend {
		return nil
	}
	t.Each(func(q *Queue) bool {
		if !q.Batch() {
			err = t.openExt(q)
		}
		return err == nil
	})
	return err
}

func (t *Table) openExt(q *Queue) error {
	x := t.newExt(q)
	found, err := datafile.List(t.opt.FS, x.files.dir(x), x.files.kind())
	if err != nil || len(found) == 0 && !t.settings.Load().Extend {
		return err
	}
	end := int64(0)
	if n := len(found); n > 0 {
		x.first = found[0].Base
		if end, err = t.extEnd(q, x, found[n-1].Base); err != nil {
			return err
		}
	}
	x.memStart, x.flushed, x.synced = end, end, end
	x.max.Store(end)
	q.ext.Store(x)
	return nil
}

// extEnd is the end of an extension: behind the unit of the last entry, or what the last file says when that entry has
// none.
func (t *Table) extEnd(q, x *Queue, last int64) (int64, error) {
	x.memStart, x.flushed = math.MaxInt64, math.MaxInt64 // everything is in files
	if e, ok := t.Entry(q, q.max.Load()-1); ok && IsExtAddr(e.Tags) {
		at := e.Tags - math.MinInt64
		// a power cut may have taken the file and left the entry
		_, err := t.opt.FS.Stat(x.files.path(fileKey{x, at / x.files.Size * x.files.Size}))
		if err == nil {
			if u, st := t.readExt(x, at, false); st == ExtFound {
				return at + int64(u.Size), nil
			}
		}
	}
	buf, pos := make([]byte, 1<<16), last
	for got := 0; pos < last+x.files.Size; {
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
			got += int(u.Size)
		}
		if got == 0 {
			return pos, nil
		}
		pos += int64(got) // more than n when the last unit goes on behind what was read
	}
	return last + x.files.Size, nil
}

// ExtState says what is known of a unit.
type ExtState int

const (
	ExtFound ExtState = iota
	ExtMissing
	ExtCold // it is in a file, and the caller does not wait
)

// extRead is how much of a unit is read: bit maps for the default configuration have 14 bytes.
const extRead = 256

// readExt reads a unit.
func (t *Table) readExt(x *Queue, at int64, hotOnly bool) (Ext, ExtState) {
	b := make([]byte, extRead)
	n, hot := t.Read(x, b, at, hotOnly)
	if !hot {
		return Ext{}, ExtCold
	}
	if u, ok := decodeExtUnit(b[:n]); ok {
		return u, ExtFound
	}
	return Ext{}, ExtMissing
}

// Tags turns the tags column of an entry into a tags code and what else its unit says; size is 0 when it has none.
func (t *Table) Tags(q *Queue, tags int64, hotOnly bool) (Ext, ExtState) {
	if !IsExtAddr(tags) || q.Batch() {
		return Ext{Tags: tags}, ExtFound
	}
	x := q.ext.Load()
	if x == nil || tags-math.MinInt64 >= x.max.Load() {
		return Ext{}, ExtMissing
	}
	return t.readExt(x, tags-math.MinInt64, hotOnly)
}

// cutExt drops the extensions of entries that were cut off q. Before Run only.
func (t *Table) cutExt(q *Queue) {
	x := q.ext.Load()
	if x == nil {
		return
	}
	end := int64(0)
	for at := q.max.Load() - 1; at >= q.First(); at-- {
		e, ok := t.Entry(q, at)
		if !ok {
			break
		}
		if IsExtAddr(e.Tags) {
			at := e.Tags - math.MinInt64
			end = max(at+extUnit, x.first) // its file may have expired
			if at < x.first {
				break
			}
			if u, st := t.Tags(q, e.Tags, false); st == ExtFound {
				end = at + int64(u.Size)
			}
			break
		}
	}
	if end < x.max.Load() {
		x.cut(end)
	}
}

// expireExt deletes the extension files below the first entry that is kept.
func (t *Table) expireExt(q *Queue) {
	x := q.ext.Load()
	t.Min(q)
	e, ok := t.Entry(q, q.min.entry)
	if x == nil || !ok || !IsExtAddr(e.Tags) {
		return
	}
	t.writeMu.Lock()
	defer t.writeMu.Unlock()
	for x.first >= 0 && x.first+x.files.Size <= e.Tags-math.MinInt64 {
		x.mu.Lock()
		gone := x.first
		x.first += x.files.Size
		x.mu.Unlock()
		t.report("delete consume queue extension", x.files.dir(x), x.files.remove(x, gone))
	}
}
