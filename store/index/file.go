package index

import (
	"encoding/binary"
	"fmt"
	"math"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// Layout of an index file (Java IndexFile, IndexHeader): header, hash slots of int32, entries int32 keyHash | int64
// commit log offset | int32 seconds since beginTime | int32 previous entry of the slot. Entry 0 is never used.
const (
	indexHeader = 40
	indexSlot   = 4
	indexEntry  = 20

	hdrBeginTime   = 0
	hdrEndTime     = 8
	hdrBeginOffset = 16
	hdrEndOffset   = 24
	hdrSlotsUsed   = 32
	hdrCount       = 36
)

// File is one mapped index file. Its owner guards it.
type File struct {
	name    string
	slots   int // immutable
	entries int // immutable
	file    vfs.File
	m       vfs.Mapping
	b       []byte
}

// FileSize is the size of a file with so many slots and entries, in bytes.
func FileSize(slots, entries int) int64 {
	return indexHeader + int64(slots)*indexSlot + int64(entries)*indexEntry
}

// createFile makes a file whose blocks are reserved, so that mapped writes cannot fail. prev, if not nil, hands its end
// values on.
func createFile(fs vfs.FS, name string, slots, entries int, prev *File) (*File, error) {
	f, err := fs.Create(name)
	if err != nil {
		return nil, err
	}
	if err = f.Allocate(0, FileSize(slots, entries)); err != nil {
		_ = f.Close()
		_ = fs.Remove(name)
		return nil, err
	}
	x, err := mapFile(f, slots, entries)
	if err != nil {
		_ = fs.Remove(name)
		return nil, err
	}
	x.setCount(1)
	if prev != nil {
		x.put64(hdrBeginTime, prev.get64(hdrEndTime))
		x.put64(hdrEndTime, prev.get64(hdrEndTime))
		x.put64(hdrBeginOffset, prev.get64(hdrEndOffset))
		x.put64(hdrEndOffset, prev.get64(hdrEndOffset))
	}
	return x, nil
}

// openFile maps an existing file, which must have the configured size.
func openFile(fs vfs.FS, name string, slots, entries int) (*File, error) {
	f, err := fs.OpenFile(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if want := FileSize(slots, entries); err == nil && size != want {
		key := fmt.Sprintf("maxHashSlotNum=%d with maxIndexNum=%d", slots, entries)
		err = &datafile.MisfitError{File: name, Size: size, Key: key, Want: want, Rebuildable: true}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return mapFile(f, slots, entries)
}

func mapFile(f vfs.File, slots, entries int) (*File, error) {
	m, err := f.Map(0, int(FileSize(slots, entries)), true)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &File{name: f.Name(), slots: slots, entries: entries, file: f, m: m, b: m.Bytes()}, nil
}

func (x *File) get64(p int) int64    { return int64(binary.BigEndian.Uint64(x.b[p:])) }
func (x *File) put64(p int, v int64) { binary.BigEndian.PutUint64(x.b[p:], uint64(v)) }
func (x *File) get32(p int) int32    { return int32(binary.BigEndian.Uint32(x.b[p:])) }
func (x *File) put32(p int, v int32) { binary.BigEndian.PutUint32(x.b[p:], uint32(v)) }

// count is the number of the next entry; a damaged value is brought back into 1..entries.
func (x *File) count() int       { return min(max(1, int(x.get32(hdrCount))), x.entries) }
func (x *File) setCount(n int)   { x.put32(hdrCount, int32(n)) }
func (x *File) full() bool       { return x.count() >= x.entries }
func (x *File) endTime() int64   { return x.get64(hdrEndTime) }
func (x *File) endOffset() int64 { return x.get64(hdrEndOffset) }

func (x *File) slotPos(hash int32) int { return indexHeader + int(hash)%x.slots*indexSlot }
func (x *File) entryPos(n int) int     { return indexHeader + x.slots*indexSlot + n*indexEntry }

// valid returns a slot or previous-entry value, 0 when it points nowhere.
func (x *File) valid(v int32) int {
	if v <= 0 || int(v) > x.count() || int(v) >= x.entries {
		return 0
	}
	return int(v)
}

// put adds an entry; the file must not be full.
func (x *File) put(hash int32, offset, storeTime int64) {
	n, slot := x.count(), x.slotPos(hash)
	prev := x.valid(x.get32(slot))
	p := x.entryPos(n)
	x.put32(p, hash)
	x.put64(p+4, offset)
	x.put32(p+12, x.seconds(storeTime))
	x.put32(p+16, int32(prev))
	x.put32(slot, int32(n))
	if n <= 1 {
		x.put64(hdrBeginOffset, offset)
		x.put64(hdrBeginTime, storeTime)
	}
	if prev == 0 {
		x.put32(hdrSlotsUsed, x.get32(hdrSlotsUsed)+1)
	}
	x.setCount(n + 1)
	x.put64(hdrEndOffset, offset)
	x.put64(hdrEndTime, storeTime)
}

func (x *File) seconds(storeTime int64) int32 {
	begin := x.get64(hdrBeginTime)
	if begin <= 0 {
		return 0
	}
	return int32(min(max(0, (storeTime-begin)/1000), math.MaxInt32))
}

// mayHold tells whether the file's time span meets [begin, end].
func (x *File) mayHold(begin, end int64) bool {
	return begin <= x.get64(hdrEndTime) && end >= x.get64(hdrBeginTime)
}

// find appends the offsets of entries with this hash and a store time in [begin, end], newest first, until dst has
// limit. At most as many steps as the file has entries: a damaged chain cannot loop.
func (x *File) find(dst []int64, hash int32, begin, end int64, limit int) []int64 {
	n := x.valid(x.get32(x.slotPos(hash)))
	for steps := x.count(); n > 0 && steps > 0 && len(dst) < limit; steps-- {
		p := x.entryPos(n)
		diff := x.get32(p + 12)
		if diff < 0 {
			break
		}
		t := x.get64(hdrBeginTime) + int64(diff)*1000
		if x.get32(p) == hash && t >= begin && t <= end {
			dst = append(dst, x.get64(p+4))
		}
		prev := x.valid(x.get32(p + 16))
		if prev == n || t < begin {
			break
		}
		n = prev
	}
	return dst
}

// Close gives the file back.
func (x *File) Close() {
	_ = x.m.Unmap()
	_ = x.file.Close()
}

// OpenReadOnly maps a file for Check.
func OpenReadOnly(fsys vfs.FS, name string, slots, entries int) (*File, error) {
	f, err := fsys.OpenReadOnly(name)
	if err != nil {
		return nil, err
	}
	m, err := f.Map(0, int(FileSize(slots, entries)), false)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &File{name: name, slots: slots, entries: entries, file: f, m: m, b: m.Bytes()}, nil
}

// Check looks at header, slots and entries. bad is told what cannot be, with its place in the file; entry is called for
// each entry whose chain is right, with its place, its number, its hash and the log offset that it points to.
func (x *File) Check(bad func(pos int64, format string, args ...any), entry func(pos int64, n int, hash int32,
	offset int64)) (entries int64) {
	raw := int(x.get32(hdrCount))
	if raw < 0 || raw > x.entries {
		bad(hdrCount, "indexCount=%d, possible are 1..%d", raw, x.entries)
		return 0
	}
	if x.get64(hdrEndTime) < x.get64(hdrBeginTime) {
		bad(hdrEndTime, "endTimestamp=%d is before beginTimestamp=%d", x.get64(hdrEndTime), x.get64(hdrBeginTime))
	}
	for i := range x.slots {
		n := int(x.get32(indexHeader + i*indexSlot))
		if n < 0 || n >= max(1, raw) {
			bad(int64(indexHeader+i*indexSlot), "slot %d points at entry %d of %d", i, n, raw)
		}
	}
	for n := 1; n < raw; n++ {
		entries++
		p := x.entryPos(n)
		hash, at, prev := x.get32(p), x.get64(p+4), x.get32(p+16)
		if prev < 0 || int(prev) >= n {
			bad(int64(p), "entry %d names entry %d as the one before it", n, prev)
			continue
		}
		entry(int64(p), n, hash, at)
	}
	return entries
}
