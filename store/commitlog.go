package store

import (
	"sync/atomic"

	"gorocket/store/vfs"
)

// commitLog is the list of mapped segments and the marks in it. Writing is in append.go, allocation in allocator.go
// (Java CommitLog, MappedFileQueue).
type commitLog struct {
	fs      vfs.FS
	segSize int64
	paths   []string // writable directories; immutable

	segs    atomic.Pointer[[]*segment] // ascending and contiguous; replaced as a whole, by Open, roll (append lock) and cleaning (append lock)
	end     atomic.Int64               // everything below is written and may be read
	flushed atomic.Int64               // everything below is durable
}

func newCommitLog(fs vfs.FS, cfg *Config) *commitLog {
	l := &commitLog{fs: fs, segSize: cfg.MappedFileSizeCommitLog, paths: cfg.commitLogPaths()}
	l.segs.Store(new([]*segment))
	return l
}

// dirFor spreads files over several directories by number (Java MultiPathMappedFileQueue).
func (l *commitLog) dirFor(base int64) string {
	return l.paths[(base/l.segSize)%int64(len(l.paths))]
}

// segments is the present list, not to be changed.
func (l *commitLog) segments() []*segment { return *l.segs.Load() }

// min is the offset of the oldest byte kept.
func (l *commitLog) min() int64 {
	if s := l.segments(); len(s) > 0 {
		return s[0].base
	}
	return l.end.Load()
}

// find returns the segment that holds offset, or nil.
func (l *commitLog) find(offset int64) *segment {
	segs := l.segments()
	if len(segs) == 0 || offset < segs[0].base {
		return nil
	}
	i := (offset - segs[0].base) / l.segSize
	if i >= int64(len(segs)) {
		return nil
	}
	return segs[i]
}

// lease returns the segment that holds offset with a lease taken, or nil when there is none any more.
func (l *commitLog) lease(offset int64) *segment {
	if s := l.find(offset); s != nil && s.acquire() {
		return s
	}
	return nil
}

// slice returns [offset, offset+size) of a leased segment, nil when that range is not written or crosses the file end.
func (l *commitLog) slice(s *segment, offset int64, size int) []byte {
	p := offset - s.base
	if size <= 0 || p+int64(size) > s.size || offset+int64(size) > l.end.Load() {
		return nil
	}
	return s.data[p : p+int64(size) : p+int64(size)]
}

// nextFile is the start of the file behind the one that holds offset.
func (l *commitLog) nextFile(offset int64) int64 { return offset - offset%l.segSize + l.segSize }

// lastEnd is the offset behind the last file.
func (l *commitLog) lastEnd() int64 {
	if segs := l.segments(); len(segs) > 0 {
		return segs[len(segs)-1].end()
	}
	return 0
}

// tailName is the name of the last file, "" when there is none.
func (l *commitLog) tailName() string {
	if segs := l.segments(); len(segs) > 0 {
		return segs[len(segs)-1].name
	}
	return ""
}

// push adds a segment at the end of the list. Caller holds the append lock or is Open.
func (l *commitLog) push(s *segment) {
	old := l.segments()
	list := make([]*segment, len(old)+1)
	copy(list, old)
	list[len(old)] = s
	l.segs.Store(&list)
}

// cut keeps list[from:to] and returns the others. Caller holds the append lock or is Open.
func (l *commitLog) cut(from, to int) (dropped []*segment) {
	old := l.segments()
	list := append([]*segment(nil), old[from:to]...)
	l.segs.Store(&list)
	return append(append(dropped, old[:from]...), old[to:]...)
}

// syncRange makes [from, to) durable, file by file in order.
func (l *commitLog) syncRange(from, to int64) (file string, err error) {
	for from < to {
		s := l.lease(from)
		if s == nil { // deleted meanwhile
			from = l.nextFile(from)
			continue
		}
		err, file = s.file.Sync(), s.name
		from = s.end()
		s.release()
		if err != nil {
			return file, err
		}
	}
	return file, nil
}

// close returns the log's references; the files stay.
func (l *commitLog) close() {
	for _, s := range l.cut(0, 0) {
		s.release()
	}
}
