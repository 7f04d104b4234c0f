package commitlog

import (
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/vfs"
)

// Options are fixed while a log is open.
type Options struct {
	FS          vfs.FS
	Paths       []string // directories that files are made in, at least one
	ReadOnly    []string // directories that get no new files
	SegmentSize int64    // bytes of a file
	// bytes of zeros that are written ahead of the tail, 0: none (touchAheadBytes under SYNC_FLUSH)
	TouchAhead int64
	Raw        bool   // the log begins as a copy: it gets the bytes of another one, see AppendRaw
	Checks     Checks // of the records of a raw log
}

// Settings may change while a log is open.
type Settings struct {
	FlushInterval    time.Duration // between looks of the flusher
	ThoroughInterval time.Duration // after which all is flushed in any case
	LeastPages       int           // 4 KiB pages that must be dirty before a flush
	AppendTimeout    time.Duration // of an append that waits for the next file
	SyncTimeout      time.Duration // of who waits for the disk
	ReplicaTimeout   time.Duration // of who waits for replicas
}

// Events are told what happens, never under a lock but flushMu. Every field may be nil.
type Events struct {
	// Flushed runs after each flush, before who waits is told: everything below upTo is durable, records up to
	// storeTime (ms) among it.
	Flushed func(upTo, storeTime int64, took time.Duration)
	// Failing runs once when a write or flush has failed, before anybody is told.
	Failing func()
	// Failed runs once when a write or flush has failed, after all who waited were told.
	Failed func(file string, err error)
	// Settle runs when a position on which answers wait has moved, when nobody can wait any more, and now and then: who
	// keeps answers looks for those that are late. Any goroutine; it must not block.
	Settle func()
	// Rolled runs when the log goes on to a new file.
	Rolled func(file string, base int64)
	// Writable runs when the log stops (why != nil) or starts again (nil) taking records for want of room.
	Writable func(why error)
	// LittleRoom runs in Start of a new log that has room for a few files only.
	LittleRoom func(e *RoomError)
	// Error runs on errors of background work that is tried again.
	Error func(what, file string, err error)
}

// Committer takes over what appends wrote: the one way from the log to queues and index. Its owner notes in it what
// each record means, between Begin and Finish.
type Committer interface {
	// Commit says that the records noted so far are written: they get their places in the queues, and may be read then.
	// It runs under the append lock and may not wait; seg holds the records.
	Commit(seg *Segment)
	// Abort says that the records noted since the last Commit were not written. It runs under the append lock.
	Abort()
	// Notify tells whoever listens about the records committed since the last call. No lock is held.
	Notify()
}

// Log is the list of mapped files and the positions in them. All methods may be called by any goroutine unless they say
// otherwise.
type Log struct {
	opt       Options
	ev        Events
	committer Committer
	settings  atomic.Pointer[Settings]
	state     state
	raw       atomic.Bool // a copy of another log; changed by BecomeRaw and BecomeWritable, under the append lock
	givenUp   atomic.Bool // see GiveUp

	// segs is ascending and contiguous; replaced as a whole, under the append lock or before Start.
	segs       atomic.Pointer[[]*Segment]
	Readable   Position // everything below is written and may be read; moved under the append lock
	Durable    Position // everything below is durable; moved by the flusher
	Replicated Position // everything below is on enough replicas; moved by Confirm
	followed   follow   // who waits for Readable to move

	app       appender
	busySince atomic.Int64 // unix ms at which the append lock was taken, 0 when free

	// a record may be in the write buffer, or written and not notified, and its sender calls Publish
	buffered atomic.Bool

	flushMu  sync.Mutex // one flush at a time
	kick     chan struct{}
	rolledTo int64 // end of the last file that the listener knows; Start, then the flusher only

	alloc *allocator
}

// New makes a log without files; Load finds those that there are. It takes no records before Start.
func New(opt Options, settings Settings, committer Committer, ev Events) *Log {
	l := &Log{opt: opt, ev: ev, committer: committer, kick: make(chan struct{}, 1)}
	l.segs.Store(new([]*Segment))
	l.raw.Store(opt.Raw)
	l.settings.Store(&settings)
	l.alloc = newAllocator(l)
	l.Fail(ErrNotStarted)
	return l
}

// Configure replaces the settings.
func (l *Log) Configure(s Settings) { l.settings.Store(&s) }

// SegmentSize is the size of a file, in bytes.
func (l *Log) SegmentSize() int64 { return l.opt.SegmentSize }

// Paths are the directories that files are made in; not to be changed.
func (l *Log) Paths() []string { return l.opt.Paths }

// dirFor spreads files over several directories by number (Java MultiPathMappedFileQueue).
func (l *Log) dirFor(base int64) string {
	return l.opt.Paths[(base/l.opt.SegmentSize)%int64(len(l.opt.Paths))]
}

// Segments is the present list, not to be changed.
func (l *Log) Segments() []*Segment { return *l.segs.Load() }

// Min is the offset of the oldest byte kept.
func (l *Log) Min() int64 {
	if s := l.Segments(); len(s) > 0 {
		return s[0].Base
	}
	return l.End()
}

// End is the offset behind the last record that may be read.
func (l *Log) End() int64 { return l.Readable.Load() }

// Find returns the file that holds offset, or nil.
func (l *Log) Find(offset int64) *Segment {
	segs := l.Segments()
	if len(segs) == 0 || offset < segs[0].Base {
		return nil
	}
	i := (offset - segs[0].Base) / l.opt.SegmentSize
	if i >= int64(len(segs)) {
		return nil
	}
	return segs[i]
}

// Lease returns the file that holds offset with a lease taken, or nil when there is none any more.
func (l *Log) Lease(offset int64) *Segment {
	if s := l.Find(offset); s != nil && s.Acquire() {
		return s
	}
	return nil
}

// Slice returns [offset, offset+size) of a leased file, nil when that range is not written or crosses the file's end.
func (l *Log) Slice(s *Segment, offset int64, size int) []byte {
	p := offset - s.Base
	if size <= 0 || p+int64(size) > s.Size || offset+int64(size) > l.End() {
		return nil
	}
	return s.Data[p : p+int64(size) : p+int64(size)]
}

// NextFile is the start of the file behind the one that holds offset.
func (l *Log) NextFile(offset int64) int64 {
	return offset - offset%l.opt.SegmentSize + l.opt.SegmentSize
}

// LastEnd is the offset behind the last file.
func (l *Log) LastEnd() int64 {
	if segs := l.Segments(); len(segs) > 0 {
		return segs[len(segs)-1].End()
	}
	return 0
}

// push adds a file at the end of the list. Caller holds the append lock, or nobody else uses the log yet.
func (l *Log) push(s *Segment) {
	old := l.Segments()
	list := make([]*Segment, len(old)+1)
	copy(list, old)
	list[len(old)] = s
	l.segs.Store(&list)
}

// cut keeps list[from:to] and returns the others. Caller holds the append lock, or nobody else uses the log.
func (l *Log) cut(from, to int) (dropped []*Segment) {
	old := l.Segments()
	list := append([]*Segment(nil), old[from:to]...)
	l.segs.Store(&list)
	return append(append(dropped, old[:from]...), old[to:]...)
}

// Oldest is the first file if it may be deleted: never the last two, the appender's and the one it may just have left,
// and none that is not durable.
func (l *Log) Oldest() *Segment {
	segs := l.Segments()
	if len(segs) < 3 || segs[0].End() > l.Durable.Load() {
		return nil
	}
	return segs[0]
}

// DropOldest removes the first file. When that fails it stays part of the log: without it the next one would be behind
// a gap. One goroutine at a time.
func (l *Log) DropOldest(seg *Segment) error {
	if err := seg.unlink(); err != nil {
		return err
	}
	l.app.mu.Lock()
	l.cut(1, len(l.Segments()))
	l.app.mu.Unlock()
	seg.Release()
	return nil
}

// Close returns the log's references; the files stay.
func (l *Log) Close() {
	for _, s := range l.cut(0, 0) {
		s.Release()
	}
}

func (l *Log) reportErr(what, file string, err error) {
	if err != nil && l.ev.Error != nil {
		l.ev.Error(what, file, err)
	}
}

// wakeFlusher wakes the flusher; it never blocks.
func (l *Log) wakeFlusher() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}
