package recovery

import (
	"context"
	"errors"

	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// errGap says that a consume queue lacks entries below the one to add: it is rebuilt from the whole log.
var errGap = errors.New("store: consume queue is behind the log")

// recoverFlush is the number of rebuilt entries after which they may be written to files, which bounds the memory of
// recovery.
const recoverFlush = 64 << 10

// maxJumps bounds how many jumps Open tells the listener one by one; RecoveryReport.Jumps counts all.
const maxJumps = 100

// dispatch adds the consume queue entries of a record if they are not there.
func (r *recovery) dispatch(m *record.View) error {
	if !record.HasQueueEntry(m.SysFlag) {
		return nil
	}
	if at := m.PhysicalOffset; !r.report.FullRebuild && (r.Clean && at < r.queued || r.killed &&
		at < r.Queues.KnownTo()) {
		return nil // all queues were complete; what is missing was deleted with its topic
	}
	rules, f := r.Rules, dispatch.FactsOf(m)
	e := dispatch.Entry{Offset: m.PhysicalOffset, Size: m.Size}
	rules.Own(&f, &e)
	q := r.Queues.GetOrCreate(f.Topic, m.QueueID, dispatch.MakesBatchQueue(m.SysFlag))
	if !q.Batch() {
		e.Base, e.Count = f.QueueOffset, 1
	}
	if err := r.enqueue(q, e); err != nil {
		return err
	}
	return rules.Lights(&f, func(name string, offset int64) error {
		e.Base, e.Count = offset, 1
		return r.enqueue(r.Queues.GetOrCreate(name, 0, false), e)
	})
}

// enqueue adds an entry with queue offset e.base to a queue that does not know its record yet.
func (r *recovery) enqueue(q *consumequeue.Queue, e dispatch.Entry) error {
	place := PlaceOf(q, &e, r.Log.LastEnd(), r.report.From == r.Log.Min())
	switch {
	case place == PlaceGap && !r.report.FullRebuild:
		return errGap
	case (place == PlaceGap || place == PlaceBehind) && !r.Clean && e.Time < r.newest:
		return &residueError{e.Offset} // nothing that was appended here goes back in time and leaves its queue's order
	}
	if why := place.Why(); why != "" {
		r.jump(q, e, why)
	}
	switch place {
	case PlaceKnown, PlaceFar, PlaceBehind:
		return nil
	case PlaceStart:
		q.Start(e.Base)
	case PlaceGap:
		r.fillGap(q, e)
	case PlaceAgain:
		if err := r.Queues.Clear(q); err != nil {
			return err
		}
		q.Start(0)
	}
	return r.add(q, e)
}

// add adds an entry at the end of its queue.
func (r *recovery) add(q *consumequeue.Queue, e dispatch.Entry) error {
	r.Queues.Push(q, []dispatch.Entry{e})
	r.report.Rebuilt++
	if r.since++; r.since < recoverFlush || r.Queues.Memory() <= 2*r.MaxMemory {
		return nil // the flusher writes the rest after the start
	}
	r.since = 0
	if err := r.Queues.Write(context.Background(), 1); err != nil {
		return err
	}
	r.Queues.ReleaseIdle(r.MaxMemory)
	return nil
}

// fillGap stands in for what is missing in front of e.
func (r *recovery) fillGap(q *consumequeue.Queue, e dispatch.Entry) {
	for have := q.End(); !q.Batch() && have < e.Base; have = q.End() {
		r.Queues.Push(q, Fillers(&e, have))
	}
}

// jump tells of a queue offset that does not follow.
func (r *recovery) jump(q *consumequeue.Queue, e dispatch.Entry, what string) {
	if r.report.Jumps++; r.report.Jumps <= maxJumps && r.Events.QueueJump != nil {
		r.Events.QueueJump(Jump{Topic: q.Topic, QueueID: q.ID, Want: q.End(), Got: e.Base, LogOffset: e.Offset,
			What: what})
	}
}

// residueError says that a record is no part of the log but was left behind its end by an earlier one.
type residueError struct{ offset int64 }

func (e *residueError) Error() string { return "store: a record behind the end of the log" }
