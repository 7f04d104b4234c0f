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
	have, empty := q.End(), q.Entries() == q.First()
	switch {
	case q.Knows(&e, have):
		return nil
	case e.Base == have:
	case e.Base > have && r.tooFar(e.Base-have) && !(empty && r.report.From == r.Log.Min() && !r.light(q)):
		r.jump(q, e, "its offset cannot be: it has no entry")
		return nil
	case e.Base > have && empty && r.report.From == r.Log.Min():
		q.Start(e.Base) // an empty queue may begin anywhere: older messages were cleaned away
	case e.Base > have && !r.report.FullRebuild:
		return errGap
	case e.Base != 0 && !r.Clean && e.Time < r.newest:
		return &residueError{e.Offset} // nothing that was appended here goes back in time and leaves its queue's order
	case e.Base > have:
		r.fillGap(q, e, have)
	case e.Base == 0: // the topic was deleted and made again
		if err := r.Queues.Clear(q); err != nil {
			return err
		}
		q.Start(0)
	default:
		r.jump(q, e, "its queue has that offset already: it has no entry")
		return nil
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

// light tells a queue whose offsets stand in properties.
func (r *recovery) light(q *consumequeue.Queue) bool { return dispatch.IsLight(q.Topic) }

// tooFar tells a jump that no log of this length can explain: each queue offset belongs to a record.
func (r *recovery) tooFar(jump int64) bool { return jump > r.Log.LastEnd()/record.MinSize }

// fillGap stands in for entries that no record has any more, so that what follows keeps its offsets: a pull steps over
// the fillers. Batch queues need none. Records of other programs, and of earlier versions, may leave a gap: a batch
// that says it is a prepared message was in its queue, and cannot be told from prepared messages, which are not.
func (r *recovery) fillGap(q *consumequeue.Queue, e dispatch.Entry, have int64) {
	r.jump(q, e, "messages in front of it are missing: pulls step over their offsets")
	if q.Batch() {
		return
	}
	list := make([]dispatch.Entry, min(e.Base-have, 4096))
	for have < e.Base {
		n := min(e.Base-have, int64(len(list)))
		for i := range list[:n] {
			list[i] = dispatch.Entry{Offset: e.Offset, Size: e.Size, Tags: consumequeue.FillerTags, Base: have + int64(i),
				Count: 1}
		}
		r.Queues.Push(q, list[:n])
		have += n
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
