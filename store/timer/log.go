package timer

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"sync"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// timerLog is <root>/timerlog: files of one size named after the position of their first byte. Only the loop appends
// and reads; the flusher syncs and deletes whole files. Java: TimerLog on a MappedFileQueue.
type timerLog struct {
	fs   vfs.FS
	dir  string
	size int64 // bytes of a file; immutable

	mu    sync.Mutex
	files []*logFile // ascending, without gaps; guarded by mu

	end    int64  // position of the next unit; the loop's, under Timers.mu
	buf    []byte // encoded and not written yet, ends at end; the loop's
	window [4096]byte
	winPos int64 // position of window[0], -1: nothing read; the loop's
	winLen int
}

type logFile struct {
	base  int64
	f     vfs.File
	dirty bool // guarded by timerLog.mu
}

// minLogFile is the smallest file size: one unit and the filler.
const minLogFile = unitSize + blankSize

func openLog(fsys vfs.FS, dir string, size int64) (*timerLog, error) {
	l := &timerLog{fs: fsys, dir: dir, size: size, winPos: -1}
	if size < minLogFile || size > 1<<31-1 {
		return nil, fmt.Errorf("timer: mappedFileSizeTimerLog=%d: must be %d..2147483647", size, minLogFile)
	}
	if err := vfs.MkdirDurable(fsys, dir); err != nil {
		return nil, err
	}
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for i, info := range names {
		if err := l.adopt(info, i == len(names)-1); err != nil {
			l.close()
			return nil, err
		}
	}
	if n := len(l.files); n > 0 {
		l.end = l.files[n-1].base
	}
	return l, nil
}

// adopt opens an existing file. The last one may be short: a power cut took its size before anything was in it.
func (l *timerLog) adopt(info vfs.FileInfo, last bool) error {
	name := path.Join(l.dir, info.Name)
	base, err := strconv.ParseInt(info.Name, 10, 64)
	if err != nil || len(info.Name) != 20 || info.IsDir {
		return nil // not ours, as Java ignores it
	}
	if base%l.size != 0 || info.Size != l.size && !last {
		return fmt.Errorf("timer: %s: %d bytes at position %d do not fit mappedFileSizeTimerLog=%d", name, info.Size, base,
			l.size)
	}
	if n := len(l.files); n > 0 && l.files[n-1].base+l.size != base {
		return fmt.Errorf("timer: %s: the file before it is missing", name)
	}
	if info.Size > l.size {
		return fmt.Errorf("timer: %s: %d bytes, more than mappedFileSizeTimerLog=%d", name, info.Size, l.size)
	}
	f, err := l.fs.OpenFile(name)
	if err == nil && info.Size < l.size {
		err = f.Truncate(l.size)
	}
	if err != nil {
		return err
	}
	l.files = append(l.files, &logFile{base: base, f: f})
	return nil
}

func (l *timerLog) close() {
	for _, f := range l.files {
		_ = f.f.Close()
	}
}

// fileAt finds the file that holds a position, nil when there is none.
func (l *timerLog) fileAt(pos int64) *logFile {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.files) == 0 || pos < l.files[0].base {
		return nil
	}
	if i := (pos - l.files[0].base) / l.size; i < int64(len(l.files)) {
		return l.files[i]
	}
	return nil
}

// first is the position of the oldest byte kept.
func (l *timerLog) first() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.files) == 0 {
		return 0
	}
	return l.files[0].base
}

// lastUnitAt is where the last unit of a full file stands in it. Java: TimerLog.getOffsetForLastUnit.
func (l *timerLog) lastUnitAt() int64 {
	return l.size - (l.size-blankSize)%unitSize - blankSize - unitSize
}

// next gives the position of the unit that add would write, making a new file where the present one is full.
func (l *timerLog) next() (int64, error) {
	if l.fileAt(l.end) == nil {
		return l.end, l.grow()
	}
	if rest := l.size - l.end%l.size; rest < unitSize+blankSize {
		l.buf = appendBlank(l.buf, rest)
		if err := l.writeOut(l.end + blankSize); err != nil {
			l.buf = l.buf[:len(l.buf)-blankSize]
			return 0, err
		}
		l.end += rest
		return l.end, l.grow()
	}
	return l.end, nil
}

// add encodes a unit at the position that next gave.
func (l *timerLog) add(u *unit) {
	l.buf = u.appendTo(l.buf)
	l.end += unitSize
}

// write puts what was added into the file.
func (l *timerLog) write() error { return l.writeOut(l.end) }

// writeOut writes buf, which ends at position to.
func (l *timerLog) writeOut(to int64) error {
	if len(l.buf) == 0 {
		return nil
	}
	from := to - int64(len(l.buf))
	f := l.fileAt(from)
	if _, err := f.f.WriteAt(l.buf, from-f.base); err != nil {
		return err
	}
	l.mu.Lock()
	f.dirty = true
	l.mu.Unlock()
	l.buf, l.winPos = l.buf[:0], -1
	return nil
}

// grow makes the file that begins at end: of full size, sparse as Java's, and durable before anything points into it.
func (l *timerLog) grow() error {
	name := path.Join(l.dir, datafile.Name(l.end))
	f, err := vfs.CreateDurable(l.fs, name, func(f vfs.File) error { return f.Truncate(l.size) })
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.files = append(l.files, &logFile{base: l.end, f: f})
	l.mu.Unlock()
	return nil
}

// read returns the unit at a position; ok is false when there is none any more.
func (l *timerLog) read(pos int64) (u unit, ok bool) {
	if pos < 0 || pos+unitSize > l.end {
		return u, false
	}
	if l.winPos < 0 || pos < l.winPos || pos+unitSize > l.winPos+int64(l.winLen) {
		if !l.look(pos) {
			return u, false
		}
	}
	return decodeUnit(l.window[pos-l.winPos : pos-l.winPos+unitSize])
}

// look reads the window that ends behind the unit at pos: chains run backwards.
func (l *timerLog) look(pos int64) bool {
	f := l.fileAt(pos)
	if f == nil {
		return false
	}
	from := max(f.base, pos+unitSize-int64(len(l.window)))
	n := int(pos + unitSize - from)
	if _, err := f.f.ReadAt(l.window[:n], from-f.base); err != nil {
		l.winPos = -1
		return false
	}
	l.winPos, l.winLen = from, n
	return true
}

// sync makes everything written so far durable.
func (l *timerLog) sync() error {
	l.mu.Lock()
	var todo []*logFile
	for _, f := range l.files {
		if f.dirty {
			f.dirty = false
			todo = append(todo, f)
		}
	}
	l.mu.Unlock()
	for i, f := range todo {
		if err := f.f.Sync(); err != nil {
			l.mu.Lock()
			for _, f := range todo[i:] {
				f.dirty = true
			}
			l.mu.Unlock()
			return err
		}
	}
	return nil
}

// cutAt forgets everything from end on, durably: zeros follow, so that no later scan takes old units for new ones.
func (l *timerLog) cutAt(end int64) error {
	l.end, l.winPos, l.buf = end, -1, l.buf[:0]
	for len(l.files) > 0 {
		f := l.files[len(l.files)-1]
		if f.base < end || f.base == 0 {
			break
		}
		_ = f.f.Close()
		if err := l.fs.Remove(f.f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		l.files = l.files[:len(l.files)-1]
	}
	if err := l.fs.SyncDir(l.dir); err != nil {
		return err
	}
	f := l.fileAt(end)
	if f == nil {
		return nil
	}
	if err := f.f.Punch(end-f.base, l.size-(end-f.base)); err != nil {
		return err
	}
	return f.f.Sync()
}

// dropBelow deletes the files, but the last, whose newest unit points below the commit log. Java:
// deleteExpiredFileByOffsetForTimerLog.
func (l *timerLog) dropBelow(minPhy int64) (dropped int, err error) {
	for {
		l.mu.Lock()
		if len(l.files) < 2 {
			l.mu.Unlock()
			return dropped, nil
		}
		f := l.files[0]
		l.mu.Unlock()
		var b [unitSize]byte
		if _, err := f.f.ReadAt(b[:], l.lastUnitAt()); err != nil {
			return dropped, err
		}
		if u, ok := decodeUnit(b[:]); !ok || u.offset >= minPhy {
			return dropped, nil
		}
		l.mu.Lock()
		l.files = l.files[1:]
		l.mu.Unlock()
		_ = f.f.Close()
		if err := l.fs.Remove(f.f.Name()); err != nil {
			return dropped, err
		}
		dropped++
	}
}
