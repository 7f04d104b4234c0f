package store

import (
	"fmt"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
)

// In a group whose master may change (enableControllerMode) a record that is in the log may be truncated again, until
// every broker of the sync state set has it. Nobody may see it before: it gets its place in its queue, and the listener
// is told, when the confirm offset has passed it (Java: ReputMessageService, which stops there). Until then it is held.

// held are runs that are in the log but not confirmed, in the order of the log. Guarded by the append lock.
type held struct {
	on      bool // immutable
	alone   bool // no other broker has to have anything, see SetAlone
	runs    []run
	entries []dispatch.Entry // of all runs
	// positions in the lists: what is in front of them is gone
	firstRun, firstEntry int
}

// maxHeld is the most entries that are held: some seconds of small messages at full speed, 150 MB. Then a master takes
// no messages until its slaves are nearer, or out of the set, and a slave takes nothing from its master.
const maxHeld = 2 << 20

// ErrHeld refuses messages while too many wait for the brokers of the sync state set.
var ErrHeld error = notWritable("the brokers of the sync state set are too far behind: so many messages are not " +
	"confirmed that no more are taken")

// notWritable is an error of class ErrNotWritable.
type notWritable string

func (e notWritable) Error() string { return "store: " + string(e) }

func (notWritable) Is(target error) bool { return target == commitlog.ErrNotWritable }

// hold takes over what is noted, of records that are in seg. Caller holds the append lock.
func (c *committer) hold(seg *commitlog.Segment) {
	h := &c.held
	for _, r := range c.noted.runs {
		if seg.Acquire() {
			r.seg = seg
		}
		h.runs = append(h.runs, r)
	}
	h.entries = append(h.entries, c.noted.entries...)
	c.s.index.Queue.Add(c.keys) // a query shows only what is confirmed
	c.keys = c.keys[:0]
	c.noted.reset()
	c.s.heldNow.Store(int64(len(h.entries) - h.firstEntry))
}

// release lets go what ends below an offset. Caller holds the append lock.
func (c *committer) release(confirmed int64) {
	h := &c.held
	first := h.firstRun
	var out spans
	for ; h.firstRun < len(h.runs); h.firstRun++ {
		r := h.runs[h.firstRun]
		entries := h.entries[h.firstEntry : h.firstEntry+r.n]
		if last := entries[r.n-1]; last.Offset+int64(last.Size) > confirmed {
			break
		}
		c.place(r, entries)
		h.firstEntry += r.n
	}
	if h.firstRun == first {
		return
	}
	n := 0
	for _, r := range h.runs[first:h.firstRun] {
		n += r.n
	}
	if c.s.ev.MessageStored != nil {
		out.runs, out.entries = h.runs[first:h.firstRun], h.entries[h.firstEntry-n:h.firstEntry]
		c.mu.Lock()
		c.stored.runs = append(c.stored.runs, out.runs...)
		c.stored.entries = append(c.stored.entries, out.entries...)
		c.mu.Unlock()
	} else {
		for _, r := range h.runs[first:h.firstRun] {
			r.give()
		}
	}
	h.compact()
	c.s.heldNow.Store(int64(len(h.entries) - h.firstEntry))
}

// place gives entries that are held their places in their queue. Caller holds the append lock.
func (c *committer) place(r run, entries []dispatch.Entry) {
	before := r.q.End()
	c.s.queues.Push(r.q, entries)
	r.q.Reserved -= r.q.End() - before
}

// placeHeld gives all that is held its places in the queues, for a stop: a start would do so, too, and the confirm
// offset says what may be read then. Nobody is told.
func (s *Store) placeHeld() error {
	s.log.Exclusive(func() {
		h := &s.committer.held
		for _, r := range h.runs[h.firstRun:] {
			s.committer.place(r, h.entries[h.firstEntry:h.firstEntry+r.n])
			h.firstEntry += r.n
			r.give()
		}
		h.runs, h.entries, h.firstRun, h.firstEntry = nil, nil, 0, 0
		s.heldNow.Store(0)
	})
	return nil
}

// give gives the lease of a run back.
func (r *run) give() {
	if r.seg != nil {
		r.seg.Release()
	}
}

// first is the first entry that is held. Caller holds the append lock.
func (h *held) first() (e dispatch.Entry, ok bool) {
	if h.firstEntry >= len(h.entries) {
		return e, false
	}
	return h.entries[h.firstEntry], true
}

// compact gives the memory of what is gone to what comes.
func (h *held) compact() {
	if h.firstEntry < len(h.entries)/2 {
		return
	}
	n := copy(h.runs, h.runs[h.firstRun:])
	clear(h.runs[n:])
	h.runs, h.firstRun = h.runs[:n], 0
	n = copy(h.entries, h.entries[h.firstEntry:])
	clear(h.entries[n:])
	h.entries, h.firstEntry = h.entries[:n], 0
}

// dropNoted takes back what is noted. Caller holds the append lock.
func (c *committer) dropNoted() {
	entries := c.noted.entries
	for _, r := range c.noted.runs {
		first, last := entries[0], entries[r.n-1]
		r.q.Reserved -= last.Base + int64(last.Count) - first.Base
		entries = entries[r.n:]
	}
	c.noted.reset()
	c.keys = c.keys[:0]
}

// SetConfirmed says that nothing below an offset can be truncated any more: what is held below it can be read now. It
// never goes back, and an offset behind the end of the log counts as that end. Only with enableControllerMode. Any
// goroutine.
func (s *Store) SetConfirmed(offset int64) {
	if !s.committer.held.on {
		return
	}
	s.log.Exclusive(func() {
		if offset = min(offset, s.log.End()); offset > s.confirmed.Load() {
			s.confirmed.Store(offset)
			s.committer.release(offset)
		}
	})
	s.committer.Notify()
}

// SetAlone says whether this master is the only one that has to have a message: then the confirm offset is the end of
// the log, always; under SYNC_FLUSH the end of what is on the disk, for what is read may not go with the power. Any
// goroutine.
func (s *Store) SetAlone(alone bool) {
	if !s.committer.held.on {
		return
	}
	s.log.Exclusive(func() {
		s.committer.held.alone = alone && !s.log.IsRaw()
		s.confirmAlone()
		s.committer.release(s.confirmed.Load())
	})
	s.committer.Notify()
}

// confirmAlone moves the confirm offset of a master that is alone. Caller holds the append lock.
func (s *Store) confirmAlone() {
	if !s.committer.held.alone {
		return
	}
	at := s.log.End()
	if s.cfg.Load().FlushDiskType == SyncFlush {
		at = min(at, s.log.Durable.Load())
	}
	s.confirmed.Store(max(at, s.confirmed.Load()))
}

// releaseDurable shows what a master that is alone held until it was on the disk.
func (s *Store) releaseDurable() {
	s.log.Exclusive(func() {
		s.confirmAlone()
		s.committer.release(s.confirmed.Load())
	})
}

// Confirmed is the offset below which nothing can be truncated any more. Without enableControllerMode it is the end of
// the log.
func (s *Store) Confirmed() int64 {
	if !s.committer.held.on {
		return s.log.End()
	}
	return s.confirmed.Load()
}

// Unconfirmed tells that the store found at its start what may be truncated yet, and has given it a place in the
// queues: nobody may read here until that is confirmed.
func (s *Store) Unconfirmed() bool { return s.committer.held.on && s.confirmed.Load() < s.openEnd }

// dropHeld forgets what is held for some queues, which go: it is not shown before it is confirmed, and neither is what
// is held for others.
func (s *Store) dropHeld(goes func(q *consumequeue.Queue) bool) {
	s.log.Exclusive(func() { s.committer.drop(goes) })
}

// drop is dropHeld. Caller holds the append lock.
func (c *committer) drop(goes func(q *consumequeue.Queue) bool) {
	h := &c.held
	entries := h.entries[h.firstEntry:]
	runs, kept := h.runs[:h.firstRun], h.entries[:h.firstEntry]
	for _, r := range h.runs[h.firstRun:] {
		own := entries[:r.n]
		if entries = entries[r.n:]; goes(r.q) {
			r.q.Reserved -= own[r.n-1].Base + int64(own[r.n-1].Count) - own[0].Base
			r.give()
			continue
		}
		runs, kept = append(runs, r), append(kept, own...)
	}
	clear(h.runs[len(runs):])
	clear(h.entries[len(kept):])
	h.runs, h.entries = runs, kept
	c.s.heldNow.Store(int64(len(h.entries) - h.firstEntry))
}

// tooMuchHeld tells that no more can be taken.
func (s *Store) tooMuchHeld() error {
	if n := s.heldNow.Load(); n >= maxHeld {
		return fmt.Errorf("%w (%d)", ErrHeld, n)
	}
	return nil
}

// BecomeSlave makes the store the copy of another one, in a group whose master changes: from now on it takes no
// messages of its own, and who waits for replicas with a Waiter is refused. An error is that of the last write.
func (s *Store) BecomeSlave() error {
	err := s.log.BecomeRaw()
	s.SetAlone(false)
	return err
}

// GiveUp tells who waits for replicas of a master that became a slave that there will be none.
func (s *Store) GiveUp() { s.log.GiveUp() }

// BecomeMaster lets a copy take messages of its own. Nobody calls AppendRaw any more. An error: there is no file to
// write to; it is a copy as before.
func (s *Store) BecomeMaster() error { return s.log.BecomeWritable() }
