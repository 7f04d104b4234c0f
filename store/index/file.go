package store

import (
	"encoding/binary"
	"fmt"
	"math"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// Layout of an index file (Java IndexFile, IndexHeader): header, hash slots of int32, entries
// int32 keyHash | int64 commit log offset | int32 seconds since beginTime | int32 previous entry of the slot. Entry 0 is never used.
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

// indexFile is one mapped index file. The owner (keyIndex) guards it.
type indexFile struct {
	name    string
	slots   int // immutable
	entries int // immutable
	file    vfs.File
	m       vfs.Mapping
	b       []byte
}

func indexFileSize(slots, entries int) int64 {
	return indexHeader + int64(slots)*indexSlot + int64(entries)*indexEntry
}

// createIndexFile makes a file whose blocks are reserved, so that mapped writes cannot fail. prev, if not nil, hands its end values on.
func createIndexFile(fs vfs.FS, name string, slots, entries int, prev *indexFile) (*indexFile, error) {
	f, err := fs.Create(name)
	if err != nil {
		return nil, err
	}
	if err = f.Allocate(0, indexFileSize(slots, entries)); err != nil {
		_ = f.Close()
		_ = fs.Remove(name)
		return nil, err
	}
	x, err := mapIndexFile(f, slots, entries)
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

// openIndexFile maps an existing file, which must have the configured size.
func openIndexFile(fs vfs.FS, name string, slots, entries int) (*indexFile, error) {
	f, err := fs.OpenFile(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if want := indexFileSize(slots, entries); err == nil && size != want {
		err = &datafile.MisfitError{File: name, Size: size, Key: fmt.Sprintf("maxHashSlotNum=%d with maxIndexNum=%d", slots, entries), Want: want, Rebuildable: true}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return mapIndexFile(f, slots, entries)
}

func mapIndexFile(f vfs.File, slots, entries int) (*indexFile, error) {
	m, err := f.Map(0, int(indexFileSize(slots, entries)), true)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &indexFile{name: f.Name(), slots: slots, entries: entries, file: f, m: m, b: m.Bytes()}, nil
}

func (x *indexFile) get64(p int) int64    { return int64(binary.BigEndian.Uint64(x.b[p:])) }
func (x *indexFile) put64(p int, v int64) { binary.BigEndian.PutUint64(x.b[p:], uint64(v)) }
func (x *indexFile) get32(p int) int32    { return int32(binary.BigEndian.Uint32(x.b[p:])) }
func (x *indexFile) put32(p int, v int32) { binary.BigEndian.PutUint32(x.b[p:], uint32(v)) }

// count is the number of the next entry; a damaged value is brought back into 1..entries.
func (x *indexFile) count() int       { return min(max(1, int(x.get32(hdrCount))), x.entries) }
func (x *indexFile) setCount(n int)   { x.put32(hdrCount, int32(n)) }
func (x *indexFile) full() bool       { return x.count() >= x.entries }
func (x *indexFile) endTime() int64   { return x.get64(hdrEndTime) }
func (x *indexFile) endOffset() int64 { return x.get64(hdrEndOffset) }

func (x *indexFile) slotPos(hash int32) int { return indexHeader + int(hash)%x.slots*indexSlot }
func (x *indexFile) entryPos(n int) int     { return indexHeader + x.slots*indexSlot + n*indexEntry }

// valid returns a slot or previous-entry value, 0 when it points nowhere.
func (x *indexFile) valid(v int32) int {
	if v <= 0 || int(v) > x.count() || int(v) >= x.entries {
		return 0
	}
	return int(v)
}

// put adds an entry; the file must not be full.
func (x *indexFile) put(hash int32, offset, storeTime int64) {
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

func (x *indexFile) seconds(storeTime int64) int32 {
	begin := x.get64(hdrBeginTime)
	if begin <= 0 {
		return 0
	}
	return int32(min(max(0, (storeTime-begin)/1000), math.MaxInt32))
}

// mayHold tells whether the file's time span meets [begin, end].
func (x *indexFile) mayHold(begin, end int64) bool {
	return begin <= x.get64(hdrEndTime) && end >= x.get64(hdrBeginTime)
}

// find appends the offsets of entries with this hash and a store time in [begin, end], newest first, until dst has limit.
// At most as many steps as the file has entries: a damaged chain cannot loop.
func (x *indexFile) find(dst []int64, hash int32, begin, end int64, limit int) []int64 {
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

func (x *indexFile) close() {
	_ = x.m.Unmap()
	_ = x.file.Close()
}
