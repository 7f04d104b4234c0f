package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// keyIndex finds messages by key. One goroutine follows the log behind the appenders and fills index files. What an appender knows of a record's keys saves it to
// read the record; the log is the only input that it needs, so there is nothing to lose (Java IndexService, CommitLogDispatcherBuildIndex).
type keyIndex struct {
	fs      vfs.FS
	dir     string
	slots   int
	entries int
	enabled bool
	log     *commitlog.Log
	check   *checkpointFile
	ev      *EventListener

	guard  func(func() error) error      // makes an error of a page that cannot be read; immutable after Open
	source func(spare []keyRef) []keyRef // takes the newest hints; nil: there are none; immutable after Open
	hints  []keyRef                      // not used yet, the rest of taken; guarded by mu
	taken  []keyRef                      // guarded by mu

	pos  atomic.Int64 // commit log offset up to which records are indexed
	idle atomic.Bool  // the goroutine sleeps until kick
	kick notifier

	mu    sync.RWMutex
	files []*indexFile // ascending by name; guarded by mu, their content too
	ended bool         // unmapped; guarded by mu
}

func newKeyIndex(fsys vfs.FS, cfg *Config, log *commitlog.Log, check *checkpointFile, ev *EventListener) *keyIndex {
	return &keyIndex{fs: fsys, dir: cfg.sub("index"), slots: cfg.MaxHashSlotNum, entries: cfg.MaxIndexNum, enabled: cfg.MessageIndexEnable,
		log: log, check: check, ev: ev, kick: newNotifier()}
}

// load maps the files. After an unclean stop those newer than the checkpoint are deleted, to be built again.
func (x *keyIndex) load(clean bool) (dropped int, err error) {
	list, err := x.fs.ReadDir(x.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	safe := x.check.get().indexTime
	for _, fi := range list {
		if fi.IsDir {
			continue
		}
		name := x.dir + "/" + fi.Name
		f, err := openIndexFile(x.fs, name, x.slots, x.entries)
		if err != nil && clean {
			return dropped, err
		}
		if err == nil && (clean || f.endTime() <= safe) {
			x.files = append(x.files, f)
			continue
		}
		if err == nil {
			f.close()
		}
		if err := x.fs.Remove(name); err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}

// resume sets the position behind the newest indexed record, or to the oldest record of the log.
func (x *keyIndex) resume() {
	at := x.log.Min()
	if n := len(x.files); n > 0 {
		if end := x.files[n-1].endOffset(); end >= at && end < x.log.End() {
			at = end
			if m, ok := x.log.RecordAt(at); ok {
				at += int64(m.Size)
			}
		}
	}
	x.pos.Store(at)
}

// dropBehind deletes the files that point behind the end of the log: they were full and synced, but the records that
// they point to were not, and a power cut took them. What is newer than such a file goes too, the empty one behind it
// that was just begun as a rule. Only for Open.
func (x *keyIndex) dropBehind(end int64) (dropped int, err error) {
	first := slices.IndexFunc(x.files, func(f *indexFile) bool { return f.endOffset() >= end && f.count() > 1 })
	for n := len(x.files); first >= 0 && n > first; n-- {
		x.files[n-1].close()
		if err := x.fs.Remove(x.files[n-1].name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return dropped, err
		}
		x.files = x.files[:n-1]
		dropped++
	}
	return dropped, nil
}

// position is the offset up to which the index is built; the log end when there is no index.
func (x *keyIndex) position() int64 {
	if !x.enabled {
		return x.log.End()
	}
	return x.pos.Load()
}

// wake rings the goroutine if it sleeps.
func (x *keyIndex) wake() {
	if x.idle.Load() && x.idle.CompareAndSwap(true, false) {
		x.kick.notify()
	}
}

const (
	indexBatch  = 512                    // records indexed under one lock
	indexLinger = 10 * time.Millisecond  // pause after catching up, before sleeping: each wake-up costs a sender's core more than a hundred entries
	indexEager  = 64 << 10               // records that a query indexes itself rather than not to find them
	indexRetry  = 500 * time.Millisecond // pause after an error
)

// run builds until ctx ends.
func (x *keyIndex) run(ctx context.Context) {
	if !x.enabled {
		return
	}
	for ctx.Err() == nil {
		more, err := x.build(indexBatch)
		switch {
		case err != nil:
			if x.ev.BackgroundError != nil {
				x.ev.BackgroundError("build index", x.dir, err)
			}
			sleep(ctx, indexRetry)
		case !more:
			x.rest(ctx)
		}
	}
}

// rest waits for new records.
func (x *keyIndex) rest(ctx context.Context) {
	sleep(ctx, indexLinger)
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

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// build indexes up to limit records; more tells that there may be further ones.
func (x *keyIndex) build(limit int) (more bool, err error) {
	err = x.guard(func() (err error) { more, err = x.buildSome(limit); return err })
	var bad *datafile.ReadError
	if errors.As(err, &bad) {
		x.skipUnreadable(bad)
	}
	return more, err
}

func (x *keyIndex) buildSome(limit int) (more bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := 0; i < limit && !x.ended; i++ {
		at := max(x.pos.Load(), x.log.Min())
		if at >= x.log.End() {
			return false, nil
		}
		next, ok, err := x.hinted(at)
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
func (x *keyIndex) one(at int64) (next int64, err error) {
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
func (x *keyIndex) addRecord(m *record.View) error {
	for hash := range dispatch.HashesOf(m) {
		if err := x.put(hash, m.PhysicalOffset, m.StoreTimestamp); err != nil {
			return err
		}
	}
	return nil
}

func (x *keyIndex) put(hash int32, offset, storeTime int64) error {
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
func (x *keyIndex) nextFile() error {
	var prev *indexFile
	if n := len(x.files); n > 0 {
		prev = x.files[n-1]
		if err := x.syncFile(prev); err != nil {
			return err
		}
	}
	if err := x.fs.MkdirAll(x.dir); err != nil {
		return err
	}
	f, err := createIndexFile(x.fs, x.freshName(prev), x.slots, x.entries, prev)
	if err != nil {
		return err
	}
	x.files = append(x.files, f)
	return x.fs.SyncDir(x.dir)
}

// freshName is yyyyMMddHHmmssSSS; when the clock is behind the name of prev, that number plus one.
func (x *keyIndex) freshName(prev *indexFile) string {
	t := time.Now()
	name := fmt.Sprintf("%s%03d", t.Format("20060102150405"), t.Nanosecond()/1e6)
	if prev == nil {
		return x.dir + "/" + name
	}
	if old := path.Base(prev.name); name <= old {
		n, _ := strconv.ParseInt(old, 10, 64)
		name = strconv.FormatInt(n+1, 10)
	}
	return x.dir + "/" + name
}

func (x *keyIndex) syncFile(f *indexFile) error {
	if err := f.file.Sync(); err != nil {
		return err
	}
	x.check.update(func(c *checkpoint) { c.indexTime = max(c.indexTime, f.endTime()) })
	return nil
}

// finish builds what is left and syncs; the goroutine has ended.
func (x *keyIndex) finish(ctx context.Context) (err error) {
	for more := x.enabled; more && err == nil; {
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

// catchUp indexes what the goroutine has not come to yet, so that a query finds what was stored before it. An error there is the goroutine's to tell.
func (x *keyIndex) catchUp() {
	for n := 0; x.enabled && n < indexEager; n += indexBatch {
		if more, err := x.build(indexBatch); !more || err != nil {
			return
		}
	}
}

// query returns up to limit commit log offsets, newest file first, and the end values of the newest file.
func (x *keyIndex) query(hash int32, begin, end int64, limit int) (offsets []int64, lastTime, lastOffset int64) {
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

// expire deletes the files whose newest record lies below minOffset; never the last file.
func (x *keyIndex) expire(minOffset int64) (err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for len(x.files) > 1 && x.files[0].endOffset() < minOffset && err == nil {
		x.files[0].close()
		err = x.fs.Remove(x.files[0].name)
		x.files = x.files[1:]
	}
	return err
}

// QueryByKey finds messages of a topic by UNIQ_KEY or a word of KEYS, stored in [begin, end] (ms). Only hashes are compared, as in Java: the
// client filters collisions. At most min(maxNum, maxMsgsNumBatch) records, copies, ascending by offset; up to three rounds back in time when
// records of a round are gone (Java DefaultMessageStore.queryMessage). It may read the disk.
func (s *Store) QueryByKey(topic, key string, maxNum int, begin, end int64) (KeyQueryResult, error) {
	var res KeyQueryResult
	limit := min(maxNum, s.cfg.Load().MaxMsgsNumBatch)
	hash := record.KeyHash(record.TopicHash(topic), []byte(key))
	s.index.catchUp()
	for round := 0; round < 3 && limit > 0; round++ {
		var offsets []int64
		var t, off int64
		err := s.guard(func() error { offsets, t, off = s.index.query(hash, begin, end, limit); return nil })
		if err != nil {
			return res, err
		}
		if len(offsets) == 0 {
			break
		}
		res.IndexLastUpdateTime, res.IndexLastUpdateOffset = t, off
		sort.Slice(offsets, func(i, j int) bool { return offsets[i] < offsets[j] })
		for i, at := range slices.Compact(offsets) {
			var rec []byte
			err := s.WithOwnRecord(at, func(b []byte) error {
				rec = slices.Clone(b)
				return nil
			})
			if err != nil {
				continue
			}
			if m, err := record.Decode(rec); err == nil && i == 0 {
				end = m.StoreTimestamp
			}
			res.Records = append(res.Records, rec)
		}
		if len(res.Records) > 0 || end < begin {
			break
		}
	}
	return res, nil
}

// unmap closes the files.
func (x *keyIndex) unmap() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range x.files {
		f.close()
	}
	x.files, x.ended = nil, true
}
