// Package index finds messages by key (Java IndexService, IndexFile).
//
// Locks: Index.mu guards the files; whoever holds it may read the log, but takes no lock of the log or of a queue. The
// queue of keys has a lock of its own, which an append takes for as long as a copy.
package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/pause"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// Options are fixed while an index is open.
type Options struct {
	FS      vfs.FS
	Dir     string
	Slots   int  // hash slots of a file (maxHashSlotNum)
	Entries int  // entries of a file (maxIndexNum)
	Enabled bool // records are indexed (messageIndexEnable); what there is can be queried in any case
}

// Events are told what happens, without a lock that the caller can see. Every field but Guard may be nil.
type Events struct {
	// Guard runs a function that reads mapped files, and makes a *datafile.ReadError of a page that cannot be read.
	Guard func(func() error) error
	// Synced runs when a file is durable: all records up to endTime (ms) are indexed in durable files.
	Synced func(endTime int64)
	// Error runs on errors of background work that is tried again.
	Error func(what, file string, err error)
	// Corruption runs when the log holds something that is no record.
	Corruption func(e *datafile.CorruptionError)
}

// Index finds messages by key. One goroutine, Run, follows the log behind the appenders and fills index files. What an
// appender knows of a record's keys (Queue) saves it to read the record; the log is the only input that it needs, so
// there is nothing to lose (Java IndexService, CommitLogDispatcherBuildIndex).
type Index struct {
	opt Options
	log *commitlog.Log
	ev  Events

	Queue Queue // keys of records that were committed
	keys  []Key // not used yet, the rest of taken; guarded by mu
	taken []Key // guarded by mu

	pos atomic.Int64 // commit log offset up to which records are indexed
	// keys of the record at pos that are in the files already; set by Resume, guarded by mu after it
	indexed int
	idle    atomic.Bool   // the goroutine sleeps until kick
	kick    chan struct{} // capacity 1

	mu    sync.RWMutex // taken after the append lock, never before it
	files []*File      // ascending by name; guarded by mu, their content too
	ended bool         // closed; guarded by mu
}

// New makes an index of a log. Load comes next.
func New(opt Options, log *commitlog.Log, ev Events) *Index {
	x := &Index{opt: opt, log: log, ev: ev, kick: make(chan struct{}, 1)}
	x.Queue.on = opt.Enabled
	return x
}

// Load maps the files. After an unclean stop those whose records are not all older than safe, the index time of the
// checkpoint (ms), are deleted, to be built again; after a clean one a file of another size is a *datafile.MisfitError.
func (x *Index) Load(clean bool, safe int64) (dropped int, err error) {
	list, err := x.opt.FS.ReadDir(x.opt.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, fi := range list {
		if fi.IsDir {
			continue
		}
		name := x.opt.Dir + "/" + fi.Name
		f, err := openFile(x.opt.FS, name, x.opt.Slots, x.opt.Entries)
		if err != nil && clean {
			return dropped, err
		}
		if err == nil && (clean || f.endTime() <= safe) {
			x.files = append(x.files, f)
			continue
		}
		if err == nil {
			f.Close()
		}
		if err := x.opt.FS.Remove(name); err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}

// Position is the offset up to which the index is built; the log end when there is no index.
func (x *Index) Position() int64 {
	if !x.opt.Enabled {
		return x.log.End()
	}
	return x.pos.Load()
}

// Wake rings the goroutine if it sleeps.
func (x *Index) Wake() {
	if x.idle.Load() && x.idle.CompareAndSwap(true, false) {
		select {
		case x.kick <- struct{}{}:
		default:
		}
	}
}

const (
	indexBatch = 512 // records indexed under one lock
	// pause after catching up, before sleeping: each wake-up costs a sender's core more than a hundred entries
	indexLinger = 10 * time.Millisecond
	indexEager  = 64 << 10               // records that a query indexes itself rather than not to find them
	indexRetry  = 500 * time.Millisecond // pause after an error
)

// Run builds until ctx ends.
func (x *Index) Run(ctx context.Context) {
	if !x.opt.Enabled {
		return
	}
	for ctx.Err() == nil {
		more, err := x.build(indexBatch)
		switch {
		case err != nil:
			if x.ev.Error != nil {
				x.ev.Error("build index", x.opt.Dir, err)
			}
			pause.For(ctx, indexRetry)
		case !more:
			x.rest(ctx)
		}
	}
}

// rest waits for new records.
func (x *Index) rest(ctx context.Context) {
	pause.For(ctx, indexLinger)
	if x.pos.Load() < x.log.End() {
		return
	}
	x.idle.Store(true)
	if x.pos.Load() < x.log.End() { // appended between the look and the store
		x.idle.Store(false)
		return
	}
	select {
	case <-ctx.Done():
	case <-x.kick:
	}
}

// build indexes up to limit records; more tells that there may be further ones.
func (x *Index) build(limit int) (more bool, err error) {
	err = x.ev.Guard(func() (err error) { more, err = x.buildSome(limit); return err })
	var bad *datafile.ReadError
	if errors.As(err, &bad) {
		x.skipUnreadable(bad)
	}
	return more, err
}

func (x *Index) buildSome(limit int) (more bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := 0; i < limit && !x.ended; i++ {
		at := max(x.pos.Load(), x.log.Min())
		if at >= x.log.End() {
			return false, nil
		}
		next, ok, err := x.known(at)
		if err == nil && !ok {
			next, err = x.one(at)
		}
		if err != nil {
			return false, err
		}
		x.pos.Store(next)
	}
	return !x.ended, nil
}

// one indexes the record at an offset and returns where the next one is. Caller holds mu.
func (x *Index) one(at int64) (next int64, err error) {
	seg := x.log.Lease(at)
	if seg == nil {
		return x.log.NextFile(at), nil
	}
	defer seg.Release()
	var m record.View
	b := seg.Data[at-seg.Base : min(seg.Size, x.log.End()-seg.Base)]
	if len(b) >= 8 && binary.BigEndian.Uint32(b[4:]) == record.MagicBlank {
		return seg.End(), nil
	}
	if err := record.DecodeInto(b, &m); err != nil {
		if x.ev.Corruption != nil {
			x.ev.Corruption(&datafile.CorruptionError{File: seg.Name, Offset: at - seg.Base, Reason: err.Error()})
		}
		return seg.End(), nil
	}
	return at + int64(m.Size), x.addRecord(&m)
}

// addRecord adds an entry for each key. Caller holds mu.
func (x *Index) addRecord(m *record.View) error {
	skip := x.indexed
	x.indexed = 0
	for hash := range dispatch.HashesOf(m) {
		if skip > 0 {
			skip--
			continue
		}
		if err := x.put(hash, m.PhysicalOffset, m.StoreTimestamp); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) put(hash int32, offset, storeTime int64) error {
	n := len(x.files)
	if n == 0 || x.files[n-1].full() {
		if err := x.nextFile(); err != nil {
			return err
		}
		n++
	}
	x.files[n-1].put(hash, offset, storeTime)
	return nil
}

// nextFile syncs the full file and starts a new one, named by the local time. Caller holds mu.
func (x *Index) nextFile() error {
	var prev *File
	if n := len(x.files); n > 0 {
		prev = x.files[n-1]
		if err := x.syncFile(prev); err != nil {
			return err
		}
	}
	if err := vfs.MkdirDurable(x.opt.FS, x.opt.Dir); err != nil {
		return err
	}
	f, err := createFile(x.opt.FS, x.freshName(prev), x.opt.Slots, x.opt.Entries, prev)
	if err != nil {
		return err
	}
	x.files = append(x.files, f)
	return x.opt.FS.SyncDir(x.opt.Dir)
}

// freshName is yyyyMMddHHmmssSSS; when the clock is behind the name of prev, that number plus one.
func (x *Index) freshName(prev *File) string {
	t := time.Now()
	name := fmt.Sprintf("%s%03d", t.Format("20060102150405"), t.Nanosecond()/1e6)
	if prev == nil {
		return x.opt.Dir + "/" + name
	}
	if old := path.Base(prev.name); name <= old {
		n, _ := strconv.ParseInt(old, 10, 64)
		name = strconv.FormatInt(n+1, 10)
	}
	return x.opt.Dir + "/" + name
}

func (x *Index) syncFile(f *File) error {
	if err := f.file.Sync(); err != nil {
		return err
	}
	if x.ev.Synced != nil {
		x.ev.Synced(f.endTime())
	}
	return nil
}

// Finish builds what is left and syncs; the goroutine has ended.
func (x *Index) Finish(ctx context.Context) (err error) {
	for more := x.opt.Enabled; more && err == nil; {
		if more, err = x.build(indexBatch); err == nil {
			err = ctx.Err()
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range x.files {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = x.syncFile(f)
		}
	}
	return err
}

// CatchUp indexes what the goroutine has not come to yet, so that a query finds what was stored before it. An error
// there is the goroutine's to tell.
func (x *Index) CatchUp() {
	for n := 0; x.opt.Enabled && n < indexEager; n += indexBatch {
		if more, err := x.build(indexBatch); !more || err != nil {
			return
		}
	}
}

// Query returns up to limit commit log offsets, newest file first, and the end values of the newest file.
func (x *Index) Query(hash int32, begin, end int64, limit int) (offsets []int64, lastTime, lastOffset int64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for i := len(x.files) - 1; i >= 0 && len(offsets) < limit; i-- {
		f := x.files[i]
		if i == len(x.files)-1 {
			lastTime, lastOffset = f.endTime(), f.endOffset()
		}
		if f.mayHold(begin, end) {
			offsets = f.find(offsets, hash, begin, end, limit)
		}
		if f.get64(hdrBeginTime) < begin {
			break
		}
	}
	return offsets, lastTime, lastOffset
}

// Expire deletes the files whose newest record lies below minOffset; never the last file.
func (x *Index) Expire(minOffset int64) (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.files) > 1 && x.files[0].endOffset() < minOffset && err == nil {
		x.files[0].Close()
		err = x.opt.FS.Remove(x.files[0].name)
		x.files = x.files[1:]
	}
	return err
}

// Close closes the files.
func (x *Index) Close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range x.files {
		f.Close()
	}
	x.files, x.ended = nil, true
}

// known indexes the record at an offset whose keys are known, and returns where the next one is. Caller holds mu.
func (x *Index) known(at int64) (next int64, ok bool, err error) {
	if x.forget(at); len(x.keys) == 0 {
		x.taken = x.Queue.take(x.taken)
		x.keys = x.taken
		x.forget(at)
	}
	if len(x.keys) == 0 || x.keys[0].offset != at {
		return 0, false, nil
	}
	for i, k := range x.keys {
		if k.hash != noHash {
			if err := x.put(k.hash, k.offset, k.storeTime); err != nil {
				return 0, false, err
			}
		}
		if k.size > 0 {
			x.keys = x.keys[i+1:]
			return at + int64(k.size), true, nil
		}
	}
	return 0, false, nil
}

// forget drops the keys of records below an offset. Caller holds mu.
func (x *Index) forget(at int64) {
	for len(x.keys) > 0 && x.keys[0].offset < at {
		x.keys = x.keys[1:]
	}
}

// skipUnreadable goes on behind a log file that cannot be read, since what follows a record is known from the record.
func (x *Index) skipUnreadable(bad *datafile.ReadError) {
	at := max(x.pos.Load(), x.log.Min())
	if seg := x.log.Find(at); seg != nil && seg.Name == bad.File {
		x.pos.CompareAndSwap(at, min(seg.End(), x.log.End()))
	}
}

// Holds finds the index file that an address is in.
func (x *Index) Holds(addr uintptr) (file string, at int64, ok bool) {
	if x == nil || !x.mu.TryRLock() { // who holds it is who met the fault, or will soon end
		return "", 0, false
	}
	defer x.mu.RUnlock()
	for _, f := range x.files {
		if at, ok = vfs.PlaceOf(f.b, addr); ok {
			return f.name, at, true
		}
	}
	return "", 0, false
}
