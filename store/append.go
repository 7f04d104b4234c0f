package store

import (
	"slices"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Append stores one message, readable at once unless r.Group or r.Later is set. It may be called by many goroutines,
// writes to the page cache and allocates nothing; only when the next commit log file is late it waits for that, at most
// putMessageTimeout and without the append lock, or returns ErrWouldWait when r.NoWait is set. Errors are of class
// record.ErrIllegal or ErrNotWritable.
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
	offset, storeTime, q, err := s.begin(r, e.Size, stay)
	if err != nil {
		return Appended{}, err
	}
	a := s.put(q, r, &e, offset, storeTime)
	s.committer.noteKeys(r, a)
	if err := s.log.Finish(stay, r.Later); err != nil {
		return Appended{}, err
	}
	return a, nil
}

// rules are those of the present configuration.
func (s *Store) rules() dispatch.Rules { return s.cfg.Load().dispatchRules(s.delays) }

// stays tells whether the records of r stay in the write buffer.
func (c *Config) stays(r *Record) bool { return r.Later || r.Group && c.FlushDiskType == SyncFlush }

// begin takes the append lock with n bytes of room at the tail and finds the queue of r. stay leaves in the write
// buffer what is there, if n bytes still fit. Then come put, and Log.Finish.
func (s *Store) begin(r *Record, n int, stay bool) (offset, storeTime int64, q *consumequeue.Queue, err error) {
	offset, storeTime, err = s.log.Begin(commitlog.Want{Size: n, Now: r.Now, NoWait: r.NoWait, Buffer: stay})
	if err != nil {
		return 0, 0, nil, err
	}
	q = s.queues.Get(r.Topic, r.QueueID)
	if q == nil && !consumequeue.HasFolder(r.Topic, r.QueueID) {
		s.log.Cancel()
		return 0, 0, nil, ErrTopicName
	}
	if q == nil || !q.Used() {
		q = s.queues.GetOrCreate(r.Topic, r.QueueID, dispatch.MakesBatchQueue(r.SysFlag))
	}
	return offset, storeTime, q, nil
}

// put writes a record to the tail and notes its entry. Caller holds the append lock, see begin.
func (s *Store) put(q *consumequeue.Queue, r *Record, e *record.Layout, offset, storeTime int64) Appended {
	st := record.Stamp{Offset: offset, StoreTime: storeTime, QueueOffset: q.End() + q.Reserved}
	f := dispatch.Facts{Topic: r.Topic, SysFlag: r.SysFlag, QueueOffset: st.QueueOffset, StoreTime: storeTime,
		Properties: r.Properties, Tags: r.TagsCode}
	entry := dispatch.Entry{Offset: st.Offset, Size: int32(e.Size)}
	if s.rules().Own(&f, &entry) {
		if len(r.FilterBits) > 0 {
			bits := slices.Clone(r.FilterBits)
			entry.Bits = &bits
		}
		s.committer.note(q, entry)
	} else {
		st.QueueOffset = 0
	}
	e.Put(s.log.Put(e.Size, false), &r.Message, st)
	return Appended{Offset: st.Offset, Size: int32(e.Size), QueueOffset: st.QueueOffset, StoreTimestamp: storeTime,
		Count: int(entry.Count)}
}

// Publish makes readable what was appended with Later, up to a record's end, and tells the listener. Who appended a
// record with Later set calls it with the record's end before it tells anybody that the message is stored; many appends
// share one call, which gets the highest end. Any goroutine; it may be an event loop. After an error, of class
// ErrNotWritable, none of them may be acknowledged, and the store takes no writes until it is opened again.
func (s *Store) Publish(end int64) error { return s.log.Publish(end) }

// Flush makes everything appended so far durable and answers the waiters. After a failure the store takes no writes
// until it is opened again.
func (s *Store) Flush() error { return s.log.Flush() }

// WaitDurable calls w.Durable once, when everything in the log below offset is durable (inline if it is already), or
// with ErrFlushTimeout after syncFlushTimeout, or with an error of class ErrNotWritable when the flush failed or the
// store stops.
func (s *Store) WaitDurable(offset int64, w Waiter) { s.log.WaitDurable(offset, w) }

// WaitReplicated calls w.Durable once, when enough replicas have everything in the log below offset (inline if they do
// already), see Confirm, or with ErrReplicaTimeout after slaveTimeout, or with an error of class ErrNotWritable when
// the store stops or a write failed.
func (s *Store) WaitReplicated(offset int64, w Waiter) { s.log.WaitReplicated(offset, w) }

// Await says that n answers, which the caller keeps, wait for the disk up to durable, and others for replicas up to
// replicated; 0 for none. EventListener.Settle follows; over: it need not, some wait no
// longer. FlushedOffset, ReplicatedOffset and AwaitEnded have the outcome. Any goroutine; it does not block.
func (s *Store) Await(n int, durable, replicated int64) (over bool) {
	return s.log.Await(n, durable, replicated)
}

// AwaitEnded tells why nobody can wait any more, nil when one can.
func (s *Store) AwaitEnded() error { return s.log.Ended() }

// Confirm says that enough replicas have everything below offset, and answers who waits for that. What was confirmed
// once stays so. Any goroutine; it answers those who wait.
func (s *Store) Confirm(offset int64) { s.log.Confirm(offset) }

// NotifyReplicated is WaitReplicated with a function.
func (s *Store) NotifyReplicated(offset int64, done func(error)) {
	s.log.WaitReplicated(offset, funcWaiter(done))
}

// NotifyDurable is WaitDurable with a function.
func (s *Store) NotifyDurable(offset int64, done func(error)) {
	s.log.WaitDurable(offset, funcWaiter(done))
}

// funcWaiter makes a Waiter of a function.
type funcWaiter func(error)

func (f funcWaiter) Durable(err error) { f(err) }

// Writable returns nil when Append works, else an error of class ErrNotWritable.
func (s *Store) Writable() error {
	if err := s.log.Writable(); err != nil {
		return err
	}
	return s.tooMuchHeld()
}

// Health returns nil when the store works, else why it does not (a failed flush, a full disk, a page that cannot be
// read, stopped).
func (s *Store) Health() error {
	if err := s.Writable(); err != nil {
		return err
	}
	if e := s.unreadable.Load(); e != nil {
		return e
	}
	return nil
}

// PageCacheLockTime is for how many ms the present holder has had the append lock; 0 when it is free.
func (s *Store) PageCacheLockTime() int64 { return s.log.LockTime() }

// OSPageCacheBusy tells that one append has held the lock longer than osPageCacheBusyTimeOutMills.
func (s *Store) OSPageCacheBusy() bool {
	return s.PageCacheLockTime() > s.cfg.Load().OsPageCacheBusyTimeOutMills
}
