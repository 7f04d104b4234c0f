package timer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"gorocket/store/vfs"
)

// The wheel has two rounds of seven days of slots at a precision of one second; with a finer precision the same number
// of slots covers less time.
const (
	slotsTotal   = 7 * 24 * 3600
	wheelSlots   = 2 * slotsTotal
	slotSize     = 32
	wheelSize    = wheelSlots * slotSize
	blankSlots   = 60 // what the roll window leaves free
	wheelPage    = 4096
	slotsPerPage = wheelPage / slotSize
	wheelPages   = wheelSlots / slotsPerPage
)

// slot is one entry of the wheel: int64 time/precision | int64 first | int64 last | int32 num | int32 magic. Java:
// Slot.
type slot struct {
	time  int64 // ms, a multiple of the precision
	first int64 // position of the oldest unit
	last  int64 // position of the newest unit
	num   int32 // messages less delete marks
	magic int32 // unused, kept
}

// wheel is the content of <root>/timerwheel in memory, pages that were never used left out, and the set of pages that
// the file lacks. Its user locks.
type wheel struct {
	precision int64
	pages     [wheelPages][]byte
	dirty     map[int]struct{}
}

func newWheel(precision int64) *wheel { return &wheel{precision: precision, dirty: map[int]struct{}{}} }

// index is the number of the slot of a time.
func (w *wheel) index(ms int64) int { return int(ms / w.precision % wheelSlots) }

func (w *wheel) at(i int) []byte {
	p := w.pages[i/slotsPerPage]
	if p == nil {
		return nil
	}
	return p[i%slotsPerPage*slotSize:][:slotSize]
}

func (w *wheel) decode(b []byte) slot {
	be := binary.BigEndian
	return slot{int64(be.Uint64(b)) * w.precision, int64(be.Uint64(b[8:])), int64(be.Uint64(b[16:])),
		int32(be.Uint32(b[24:])), int32(be.Uint32(b[28:]))}
}

// get returns the slot of a time; ok is false when nothing waits there.
func (w *wheel) get(ms int64) (s slot, ok bool) {
	b := w.at(w.index(ms))
	if b == nil || int64(binary.BigEndian.Uint64(b)) != ms/w.precision {
		return slot{first: -1, last: -1}, false
	}
	s = w.decode(b)
	return s, s.last >= 0
}

// put replaces the slot of s.time.
func (w *wheel) put(s slot) {
	i := w.index(s.time)
	if w.pages[i/slotsPerPage] == nil {
		w.pages[i/slotsPerPage] = make([]byte, wheelPage)
	}
	b, be := w.at(i), binary.BigEndian
	be.PutUint64(b, uint64(s.time/w.precision))
	be.PutUint64(b[8:], uint64(s.first))
	be.PutUint64(b[16:], uint64(s.last))
	be.PutUint32(b[24:], uint32(s.num))
	be.PutUint32(b[28:], uint32(s.magic))
	w.dirty[i/slotsPerPage] = struct{}{}
}

// add hangs the unit at pos into its slot.
func (w *wheel) add(ms, pos int64, weight int32) {
	s, ok := w.get(ms)
	if !ok {
		s = slot{time: ms / w.precision * w.precision, first: pos, magic: s.magic}
	}
	s.last, s.num = pos, s.num+weight
	w.put(s)
}

// clear empties the slot at index i.
func (w *wheel) clear(i int) {
	clear(w.at(i))
	w.dirty[i/slotsPerPage] = struct{}{}
}

// each calls fn with every slot in use whose time is from or later.
func (w *wheel) each(from int64, fn func(i int, s slot)) {
	for p, page := range w.pages {
		for k := 0; page != nil && k < slotsPerPage; k++ {
			s := w.decode(page[k*slotSize:])
			if s.time != 0 && s.time >= from && s.last >= 0 {
				fn(p*slotsPerPage+k, s)
			}
		}
	}
}

// stepLimit is how many slots next looks at one by one before it looks at the whole wheel.
const stepLimit = 4096

// next is the time of the first slot in use in [from, to), or to.
func (w *wheel) next(from, to int64) int64 {
	for steps := 0; from < to; from += w.precision {
		if _, ok := w.get(from); ok {
			return from
		}
		if steps++; steps == stepLimit {
			found := to
			w.each(from, func(_ int, s slot) { found = min(found, s.time) })
			return found
		}
	}
	return to
}

// waiting is the sum of the numbers of all slots from a time on, 0 at least.
func (w *wheel) waiting(from int64) (n int64) {
	w.each(from, func(_ int, s slot) { n += int64(s.num) })
	return max(0, n)
}

// wheelImage is a copy of the dirty pages of a wheel.
type wheelImage struct {
	numbers []int
	bytes   []byte
}

// take copies the dirty pages and marks them clean.
func (w *wheel) take() (img wheelImage) {
	for p := range w.dirty {
		img.numbers = append(img.numbers, p)
	}
	slices.Sort(img.numbers)
	img.bytes = make([]byte, 0, len(img.numbers)*wheelPage)
	for _, p := range img.numbers {
		img.bytes = append(img.bytes, w.pages[p]...)
	}
	clear(w.dirty)
	return img
}

// giveBack marks the pages of img dirty again: they were not written.
func (w *wheel) giveBack(img wheelImage) {
	for _, p := range img.numbers {
		w.dirty[p] = struct{}{}
	}
}

// write puts the image into the file, neighbours in one call, and syncs it.
func (img wheelImage) write(f vfs.File) error {
	for i := 0; i < len(img.numbers); {
		j := i + 1
		for j < len(img.numbers) && img.numbers[j] == img.numbers[j-1]+1 {
			j++
		}
		if _, err := f.WriteAt(img.bytes[i*wheelPage:j*wheelPage], int64(img.numbers[i])*wheelPage); err != nil {
			return err
		}
		i = j
	}
	return f.Sync()
}

// openWheelFile opens or makes <root>/timerwheel, sparse as Java's. Another size is an error: the file belongs to other
// software.
func openWheelFile(fsys vfs.FS, name string) (vfs.File, error) {
	f, err := fsys.OpenFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = fsys.Create(name); err == nil {
			err = fsys.SyncDir(path.Dir(name))
		}
	}
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if err == nil && size == 0 {
		err = f.Truncate(wheelSize)
		size = wheelSize
	}
	if err == nil && size != wheelSize {
		err = fmt.Errorf("timer: %s: Timer wheel length:%d != expected:%d", name, size, wheelSize)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// hasSnapshots tells that a Java broker with timerWheelSnapshotFlush=true worked here: it writes timerwheel.<position>
// files and leaves timerwheel behind, so the wheel has to be made from the timer log.
func hasSnapshots(fsys vfs.FS, root string) (bool, error) {
	names, err := fsys.ReadDir(root)
	for _, f := range names {
		if end, ok := strings.CutPrefix(f.Name, "timerwheel."); ok {
			if _, err := strconv.ParseInt(end, 10, 64); err == nil {
				return true, nil
			}
		}
	}
	return false, err
}

// load reads the file; pages of zeros take no memory.
func (w *wheel) load(f vfs.File) error {
	const run = 64 * wheelPage
	buf, zero := make([]byte, run), make([]byte, wheelPage)
	for off := int64(0); off < wheelSize; off += run {
		n, err := f.ReadAt(buf[:min(run, wheelSize-off)], off)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for k := 0; k+wheelPage <= n; k += wheelPage {
			if page := buf[k:][:wheelPage]; string(page) != string(zero) {
				w.pages[(off+int64(k))/wheelPage] = slices.Clone(page)
			}
		}
	}
	return nil
}
