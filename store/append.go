package store

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// appender is the write end of the log. Its lock is the append lock: the order of the log, of store times and of the offsets of every
// queue is the order in which it is taken (Java CommitLog.asyncPutMessage).
type appender struct {
	mu       sync.Mutex
	tail     *segment // guarded by mu; nil until Start
	pos      int64    // write position inside tail; guarded by mu
	pokeAt   int64    // pos at which the allocator is woken again; guarded by mu
	lastTime int64    // newest store timestamp, ms; guarded by mu
	claimed  int64    // log offset from which on the allocator is writing zeros, 0: nowhere; guarded by mu
	stage    stage    // guarded by mu
	hints    hints    // guarded by mu
	dirty    []*queue // queues with entries not yet in their files; guarded by mu

	busySince atomic.Int64 // unix ms at which the lock was taken, 0 when free
}

// lock takes the append lock; now is the present time in ms.
func (a *appender) lock(now int64) {
	a.mu.Lock()
	a.busySince.Store(now)
}

func (a *appender) unlock() {
	a.busySince.Store(0)
	a.mu.Unlock()
}

// storeTime returns now, but never less than an earlier result: store times do not go back when the clock does.
func (a *appender) storeTime(now int64) int64 {
	if now > a.lastTime {
		a.lastTime = now
	}
	return a.lastTime
}

// Append stores one message, readable at once unless r.Group or r.Later is set. It may be called by many goroutines, writes to the page cache and allocates nothing; only when the next
// commit log file is late it waits for that, at most putMessageTimeout and without the append lock, or returns ErrWouldWait when r.NoWait is set.
// Errors are of class ErrMessageIllegal or ErrNotWritable.
func (s *Store) Append(r *Record) (Appended, error) {
	if err := s.Writable(); err != nil {
		return Appended{}, err
	}
	cfg := s.cfg.Load()
	if light, ok := cfg.late(r); ok {
		return s.appendLate(cfg, *r, light)
	}
	e, err := cfg.RecordLimits().Plan(&r.Message)
	if err != nil {
		return Appended{}, err
	}
	stay := cfg.stays(r)
	seg, q, now, err := s.reserve(r, e.Size, stay)
	if err != nil {
		return Appended{}, err
	}
	return s.settleOne(r, s.stageOne(seg, q, r, &e, s.app.storeTime(now)), stay)
}

// rules are those of the present configuration.
func (s *Store) rules() dispatch.Rules { return s.cfg.Load().dispatchRules(s.delays) }

// stays tells whether the records of r stay staged.
func (c *Config) stays(r *Record) bool { return r.Later || r.Group && c.FlushDiskType == SyncFlush }

// stageOne puts a record at the tail. Caller holds the append lock and has reserved the room.
func (s *Store) stageOne(seg *segment, q *queue, r *Record, e *record.Layout, storeTime int64) Appended {
	g := &s.app.stage
	st := record.Stamp{Offset: seg.base + s.app.pos, StoreTime: storeTime, QueueOffset: q.end() + q.ahead}
	f := dispatch.Facts{Topic: r.Topic, SysFlag: r.SysFlag, QueueOffset: st.QueueOffset, StoreTime: storeTime,
		Properties: r.Properties, Tags: r.TagsCode}
	entry := dispatch.Entry{Offset: st.Offset, Size: int32(e.Size)}
	if s.rules().Own(&f, &entry) {
		entry.Bits = slices.Clone(r.FilterBits)
		g.list.add(q, seg, entry)
	} else {
		st.QueueOffset = 0
	}
	e.Put(g.room(e.Size), &r.Message, st)
	s.app.pos += int64(e.Size)
	return Appended{Offset: st.Offset, Size: int32(e.Size), QueueOffset: st.QueueOffset, StoreTimestamp: storeTime,
		Count: int(entry.Count)}
}

// settleOne is settle for one record, whose keys go to the index. It gives the append lock back.
func (s *Store) settleOne(r *Record, a Appended, stay bool) (Appended, error) {
	s.hint(r, a)
	if err := s.settle(r, stay); err != nil {
		return Appended{}, err
	}
	return a, nil
}

// writeLog puts bytes at a position of a log file by a system call, and is the only one that does. Through a mapping
// each new page would be filled with zeros first, which costs more than the message itself, and after each flush it
// would cost a fault, and its fdatasync some 600 us instead of 150. Readers see no difference, the page cache is the
// same. A failure closes the store for writes: what is in the file then is not known, and whatever followed would be
// cut off by the next start. The flusher tells. Caller holds the append lock, or has claimed the place.
func (s *Store) writeLog(seg *segment, b []byte, at int64) error {
	if err := s.failed(); err != nil {
		return err
	}
	if _, err := seg.file.WriteAt(b, at); err != nil {
		defer s.flushKick.poke()
		return s.logFailed(writeFailed, seg.name, err)
	}
	return nil
}

// reserve takes the append lock with the queue and n bytes of room at the tail; now is the time at which it came to that, ms. The caller unlocks, but not after an
// error. stage leaves staged what is staged, if n bytes still fit.
func (s *Store) reserve(r *Record, n int, stage bool) (seg *segment, q *queue, now int64, err error) {
	var giveUp time.Time
	for now = r.Now; ; now = 0 {
		if now == 0 {
			now = time.Now().UnixMilli()
		}
		s.app.lock(now)
		if seg, q, err = s.place(r, n, stage); err == nil {
			return seg, q, now, nil
		}
		changed := s.alloc.changes() // before others can roll: what they do is seen
		s.app.unlock()
		if err != ErrWouldWait || r.NoWait {
			return nil, nil, now, err
		}
		if giveUp.IsZero() {
			giveUp = time.Now().Add(time.Duration(s.cfg.Load().PutMessageTimeout) * time.Millisecond)
		}
		if err = s.alloc.await(changed, time.Until(giveUp)); err != nil {
			return nil, nil, now, s.allocationError(err)
		}
	}
}

// place finds the queue and makes room for n bytes at the tail. Caller holds the append lock.
func (s *Store) place(r *Record, n int, stage bool) (*segment, *queue, error) {
	if s.app.tail == nil {
		return nil, nil, ErrNotStarted
	}
	if err := s.Writable(); err != nil {
		return nil, nil, err
	}
	if int64(n)+record.BlankSize > s.log.segSize {
		return nil, nil, ErrMessageExceedsFile
	}
	if s.app.claimed > 0 && s.app.tail.base+s.app.pos+max(int64(n), record.BlankSize) > s.app.claimed {
		return nil, nil, ErrWouldWait
	}
	if s.app.pos+int64(n)+record.BlankSize > s.log.segSize {
		if err := s.roll(); err != nil {
			return nil, nil, err
		}
	}
	q := s.queues.get(r.Topic, r.QueueID)
	if q == nil && !hasFolder(r.Topic, r.QueueID) {
		return nil, nil, ErrTopicName
	}
	if q == nil || !q.used() {
		q = s.queues.getOrCreate(r.Topic, r.QueueID, dispatch.MakesBatchQueue(r.SysFlag))
	}
	if !stage || len(s.app.stage.buf)+n > stageMax {
		if err := s.spill(); err != nil {
			return nil, nil, err
		}
	}
	return s.app.tail, q, nil
}

// roll fills the rest of the tail with a blank record and goes on to the next file. Caller holds the append lock.
func (s *Store) roll() error {
	if err := s.spill(); err != nil {
		return err
	}
	next := s.alloc.take()
	if next == nil {
		return ErrWouldWait
	}
	var head [record.BlankSize]byte
	record.PutBlank(head[:], s.log.segSize-s.app.pos)
	if err := s.writeLog(s.app.tail, head[:], s.app.pos); err != nil {
		next.release()
		return err
	}
	s.log.push(next)
	s.log.end.Store(next.base)
	s.app.tail, s.app.pos, s.app.pokeAt = next, 0, 0
	s.flushKick.poke()
	return nil
}

// commit makes what is below the write position readable. Caller holds the append lock.
func (s *Store) commit(seg *segment) {
	s.log.end.Store(seg.base + s.app.pos)
	if s.app.pos >= s.app.pokeAt {
		s.app.pokeAt = s.alloc.nextPoke(s.app.pos)
		s.alloc.poke()
	}
}

// firstEntry notes the minimum of a queue that begins: an event loop then need not ask a pool for it.
func (s *Store) firstEntry(q *queue, base int64) {
	q.min.mu.Lock()
	defer q.min.mu.Unlock()
	q.min.known, q.min.logMin, q.min.entry, q.min.value = true, s.log.min(), 0, 0
	if q.batch() {
		q.min.value = base
	}
}

// enqueue adds consume queue entries that follow each other. Caller holds the append lock.
func (s *Store) enqueue(q *queue, list []dispatch.Entry) {
	if q.max.Load() == 0 {
		s.firstEntry(q, list[0].Base)
	}
	if s.extended(q) {
		for i := range list {
			list[i].Tags = s.extend(q, list[i])
		}
	}
	became, backlog := q.push(list, &s.queues.memory)
	if became {
		s.app.dirty = append(s.app.dirty, q)
	}
	if backlog/flushBacklog > (backlog-int64(len(list)))/flushBacklog {
		s.cqKick.poke()
	}
}

// poker is a goroutine's doorbell: poke never blocks.
type poker chan struct{}

func newPoker() poker { return make(poker, 1) }

func (p poker) poke() {
	select {
	case p <- struct{}{}:
	default:
	}
}
