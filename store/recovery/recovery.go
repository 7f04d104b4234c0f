// Package recovery brings commit log and consume queues to agree when a store is opened, and knows what a kill and a
// power cut can leave (Java DefaultMessageStore.recover, CommitLog.recoverNormally and recoverAbnormally). It uses what
// it is given before anybody else does, and takes no locks.
package recovery

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Input is what Run goes by: log, queues and how the store was left.
type Input struct {
	Crash
	Log         *commitlog.Log
	Queues      *consumequeue.Table
	Checks      commitlog.Checks
	Rules       dispatch.Rules
	QueuesKnown bool   // the ends of the queues came from their manifest
	MaxMemory   int64  // bytes of queue entries above which they are written meanwhile
	Root        string // of the store, for advice
	Events      Events
}

// Events are told what happens. Both fields may be nil.
type Events struct {
	Progress  func(p Progress)
	QueueJump func(j Jump)
}

// recovery is one Run: it streams, starts where the checkpoint allows, and changes nothing before it has decided what
// the end of the log is.
type recovery struct {
	Input
	report  Report
	queued  int64 // end of the newest record a consume queue on disk knew, before anything was changed
	phase   string
	looked  int // records since the start
	shown   time.Time
	shownAt int64 // log offset of the last report
	newest  int64 // newest store time seen in this walk, ms
	killed  bool  // the queues are known from a running store that was killed
	since   int   // records dispatched since the queues were written
}

// Run brings commit log and consume queues to agree, before anything else uses them. newest is the newest store time in
// the log (ms). Errors: *datafile.CorruptionError (nothing was changed), or what the file system says.
func Run(in Input) (report Report, newest int64, err error) {
	r := recovery{Input: in, report: Report{Clean: in.Clean, QueuesKnown: in.QueuesKnown}}
	err = r.run()
	return r.report, r.newest, err
}

func (r *recovery) run() error {
	begin := time.Now()
	r.queued = r.Queues.Newest()
	segs := r.Log.Segments()
	r.killed = !r.Clean && r.QueuesKnown
	if len(segs) == 0 {
		r.report.Trimmed = 0
		return r.dropAllQueues()
	}
	end, err := r.agree(segs)
	if err != nil {
		return err
	}
	if end < r.report.From {
		return fmt.Errorf("store: recovery from offset %d ended at %d: nothing is cut off", r.report.From, end)
	}
	err = r.trim(end)
	r.report.To, r.report.Took = end, time.Since(begin)
	return err
}

// agree rebuilds what the queues lack and returns the end of the log.
func (r *recovery) agree(segs []*commitlog.Segment) (end int64, err error) {
	if err = errGap; !r.Queues.HasGap() {
		end, err = r.rebuild(r.startSegment(segs))
	}
	if errors.Is(err, errGap) {
		r.report.FullRebuild = true
		end, err = r.rebuild(0)
	}
	var residue *residueError
	if errors.As(err, &residue) {
		return residue.offset, r.judgeResidue(segs, residue.offset)
	}
	return end, err
}

// judgeResidue makes sure that nothing behind a left-over record is newer than the log in front of it: it may be cut
// off then.
func (r *recovery) judgeResidue(segs []*commitlog.Segment, at int64) error {
	first, before := r.Log.Find(at), r.newest
	_, err := r.walk(segs, slices.Index(segs, first), r.Checks, segs[len(segs)-1].End(), func(m *record.View) error {
		if m.PhysicalOffset >= at && m.StoreTimestamp >= before {
			return &datafile.CorruptionError{File: first.Name, Offset: at - first.Base,
				Reason: "a record that belongs to an earlier end of the log, but a newer one follows at " +
					strconv.FormatInt(m.PhysicalOffset, 10)}
		}
		return nil
	})
	r.newest = before
	return err
}

// dropAllQueues: without a log the queues describe nothing (Java deletes them too).
func (r *recovery) dropAllQueues() (err error) {
	r.Queues.Each(func(q *consumequeue.Queue) bool {
		err = r.Queues.Clear(q)
		q.Start(0)
		return err == nil
	})
	return err
}

// startSegment decides where verification begins (index into segs).
func (r *recovery) startSegment(segs []*commitlog.Segment) int {
	if r.killed {
		known := r.Queues.KnownTo()
		return max(0, slices.IndexFunc(segs, func(seg *commitlog.Segment) bool { return seg.End() > known }))
	}
	if r.Clean {
		for i := len(segs) - 1; i > 0; i-- {
			if segs[i].Base <= r.queued {
				return i
			}
		}
		return 0
	}
	return r.StartSegment(segs)
}

// StartSegment is where verification begins after a kill of which no manifest tells (index into segs).
func (c *Crash) StartSegment(segs []*commitlog.Segment) int {
	before := c.Checkpoint.RecoverBefore(c.IndexSafe)
	for i := len(segs) - 1; i > 0; i-- {
		var m record.View
		if record.DecodeInto(segs[i].Data, &m) == nil && m.PhysicalOffset == segs[i].Base && m.StoreTimestamp > 0 &&
			m.StoreTimestamp <= before {
			return i
		}
	}
	return 0
}

// rebuild verifies the log from a segment on and adds what the queues lack; it returns the end of the log. After an
// unclean stop the queues are cut back to the start first, so that entries of records that are gone cannot stay.
func (r *recovery) rebuild(from int) (end int64, err error) {
	segs := r.Log.Segments()
	r.report.From = segs[from].Base
	if end, err = r.verifyTail(segs, from); err != nil {
		return 0, err
	}
	if !r.Clean && !r.killed || r.report.FullRebuild {
		if err := r.resetQueues(segs[from].Base); err != nil {
			return 0, err
		}
	}
	checks := r.Checks
	checks.BodyCRC = false // once is enough
	r.phase, r.shownAt, r.newest = "queues", segs[from].Base, 0
	return r.walk(segs, from, checks, end, r.dispatch)
}

// verifyTail walks the log without changing anything and decides whether what follows its end is a torn tail.
func (r *recovery) verifyTail(segs []*commitlog.Segment, from int) (end int64, err error) {
	r.report.Records, r.phase, r.shown, r.shownAt = 0, "verify", time.Now(), segs[from].Base
	count := func(*record.View) error { r.report.Records++; return nil }
	end, err = r.walk(segs, from, r.Checks, segs[len(segs)-1].End(), count)
	if err != nil {
		return 0, err
	}
	return end, r.judge(segs, end)
}

// walk calls fn for the records from segment from on, up to limit at most, and returns the end of the log.
func (r *recovery) walk(segs []*commitlog.Segment, from int, checks commitlog.Checks, limit int64,
	fn func(m *record.View) error) (end int64, err error) {
	var m record.View
	end = segs[from].Base // also when nothing follows there: an end of 0 would be an empty log
	for i := from; i < len(segs) && segs[i].Base < limit; i++ {
		seg := segs[i]
		end = seg.Base
		for p := int64(0); seg.Base+p < limit; {
			st, _ := seg.Examine(p, checks, &m)
			if st == commitlog.StepBlank {
				end = seg.End()
				break
			}
			if st != commitlog.StepRecord || r.Torn(seg, p, &m) {
				return seg.Base + p, nil
			}
			if err := fn(&m); err != nil {
				return 0, err
			}
			r.newest = max(r.newest, m.StoreTimestamp)
			p += int64(m.Size)
			end = seg.Base + p
			r.progress(seg, end, segs[len(segs)-1].End())
		}
	}
	return end, nil
}

// progress tells the listener about every second, and every progressBytes.
func (r *recovery) progress(seg *commitlog.Segment, at, end int64) {
	if r.looked++; r.looked&0xFFF != 0 || r.Events.Progress == nil {
		return
	}
	if time.Since(r.shown) < time.Second && at-r.shownAt < progressBytes {
		return
	}
	r.shown, r.shownAt = time.Now(), at
	r.Events.Progress(Progress{r.phase, seg.Name, at, end})
}

const progressBytes = 1 << 30

// judge tells a torn tail from damage. The tail of the log may be torn where it was not synced yet; a valid record
// behind the end that is older than the checkpoint's time (or any, after a clean stop) proves that the end had been
// synced: that is damage, and nothing may be touched.
func (r *recovery) judge(segs []*commitlog.Segment, end int64) error {
	bad := r.Log.Find(end)
	if bad == nil {
		return nil
	}
	proves := r.Proof(bad, end-bad.Base)
	for _, seg := range segs {
		if seg.End() <= end {
			continue
		}
		at, err := seg.Search(max(0, end-seg.Base+1), r.Checks.Lenient(), proves)
		if err != nil {
			return err
		}
		if at >= 0 {
			_, why := bad.Examine(end-bad.Base, r.Checks, new(record.View))
			return &datafile.CorruptionError{File: bad.Name, Offset: end - bad.Base, Dir: r.Root,
				Reason: OrZeros(why) + ", but " + seg.Name + " holds a synced record at byte " +
					strconv.FormatInt(at, 10)}
		}
	}
	return nil
}

// openBatch tells that b begins with a record whose size is still to be written.
func openBatch(b []byte) bool {
	if len(b) < record.BlankSize {
		return false
	}
	size, magic := record.Head(b)
	return size == 0 && magic != 0
}

// OrZeros is why, or that there are zeros.
func OrZeros(why string) string {
	if why == "" {
		return "zeros instead of a record"
	}
	return why
}

// resetQueues leaves only what the queues surely hold: nothing before a full rebuild, else what lies below a commit log
// offset.
func (r *recovery) resetQueues(phy int64) error {
	err := r.cutQueues(phy, r.report.FullRebuild)
	r.Queues.Each(func(q *consumequeue.Queue) bool {
		if err == nil && q.HasFile() {
			err = r.Queues.ClearBehind(q)
		}
		return err == nil
	})
	return err
}

// cutQueues removes the entries at or behind a commit log offset; all removes all.
func (r *recovery) cutQueues(phy int64, all bool) (err error) {
	r.Queues.Each(func(q *consumequeue.Queue) bool {
		if all {
			err = r.Queues.Clear(q)
			q.Start(0)
		} else {
			err = r.Queues.Truncate(q, phy)
		}
		return err == nil
	})
	return err
}

// trim makes end the end of the log: later files go, the rest of the last file becomes zero, later queue entries go.
func (r *recovery) trim(end int64) (err error) {
	if r.report.Trimmed, err = r.Log.Truncate(end, r.Clean); err != nil {
		return err
	}
	if err := r.cutQueues(end, false); err != nil {
		return err
	}
	return r.Log.SyncAll()
}
