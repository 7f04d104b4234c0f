package commitlog

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/datafile"
)

// allocator makes the next file before it is needed, and under SYNC_FLUSH writes zeros ahead of the tail, so that a
// group commit finds blocks that the journal need not note (Java AllocateMappedFileService).
type allocator struct {
	log   *Log
	kick  chan struct{} // capacity 1: the tail moved on
	ready chan *Segment // capacity 1: the next file
	zeros []byte        // zeroStep zeros; immutable

	next atomic.Int64 // base of the next file to make; set by Start and rebase, moved on by run
	need atomic.Bool  // an append waits for the next file

	mu      sync.Mutex
	err     error         // last failure, nil after a success; guarded by mu
	changed chan struct{} // closed and replaced after each try and each take; guarded by mu
}

// allocRetry is how long a failed allocation waits before the next try.
const allocRetry = 500 * time.Millisecond

func newAllocator(l *Log) *allocator {
	a := &allocator{log: l, kick: make(chan struct{}, 1), ready: make(chan *Segment, 1), changed: make(chan struct{})}
	if l.opt.TouchAhead > 0 {
		a.zeros = make([]byte, zeroStep)
	}
	return a
}

// look makes the goroutine look whether there is something to do; it never blocks.
func (a *allocator) look() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

// run serves until ctx ends.
func (a *allocator) run(ctx context.Context) {
	var z zeroed
	for {
		a.zeroAhead(&z)
		wait := (<-chan time.Time)(nil)
		if next := a.next.Load(); a.wanted(next) && len(a.ready) == 0 {
			if s, err := createSegment(a.log.opt.FS, a.log.dirFor(next), next, a.log.opt.SegmentSize); err != nil {
				a.fail(next, err)
				wait = time.After(allocRetry)
			} else {
				a.next.CompareAndSwap(next, s.End())
				a.ready <- s // capacity 1 and empty: does not block
				a.setErr(nil)
			}
		}
		select {
		case <-ctx.Done():
			a.drop()
			a.end() // an append that waits for a file must not hold Stop up
			return
		case <-a.kick:
		case <-wait:
		}
	}
}

// rebase says where the next file begins, in a log that got its first one while it was running. No file was made before
// that.
func (a *allocator) rebase(next int64) {
	a.next.Store(next)
	a.look()
}

// wanted says that the last file is at least half full, or that somebody waits for the next one.
func (a *allocator) wanted(next int64) bool {
	if a.need.Load() {
		return true
	}
	if a.log.raw.Load() && a.log.LastEnd() != next {
		return false // it has no file yet, and may begin anywhere
	}
	return a.log.End() >= next-a.log.opt.SegmentSize+a.wantFrom()
}

// wantFrom is the position in the last file from which on the next one is wanted.
func (a *allocator) wantFrom() int64 { return (a.log.opt.SegmentSize + 1) / 2 }

// nextLook is the position in the last file, behind pos, at which there is something to do next: zeros to write ahead,
// or the next file to make.
func (a *allocator) nextLook(pos int64) int64 {
	switch {
	case a.log.opt.TouchAhead > 0:
		return pos + min(zeroStep, a.log.opt.SegmentSize/8)
	case pos < a.wantFrom():
		return a.wantFrom()
	}
	return math.MaxInt64
}

// drop removes a file nobody took, so that a stopped store owns no empty file.
func (a *allocator) drop() {
	select {
	case s := <-a.ready:
		s.Release()
		_ = s.unlink()
	default:
	}
}

func (a *allocator) fail(base int64, err error) {
	a.setErr(err)
	a.log.reportErr("allocate", a.log.dirFor(base)+"/"+datafile.Name(base), err)
}

// setErr notes the result of a try. An append that needs the file makes a failure the state of the store; before that
// there is still room in the last file.
func (a *allocator) setErr(err error) {
	a.mu.Lock()
	a.err = err
	if err == nil || a.need.Load() {
		a.log.notePause(pauseNext, allocationError(err))
	}
	a.signal()
	a.mu.Unlock()
	a.log.tellState()
}

// end wakes who waits for a file of a store that stops.
func (a *allocator) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = ErrClosed
	a.signal()
}

// signal wakes who waits. Caller holds mu.
func (a *allocator) signal() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// wake lets who waits look again.
func (a *allocator) wake() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.signal()
}

// refused makes the last failure the state of the store, since an append needs the file, and returns it; nil when it is
// there now.
func (a *allocator) refused() error {
	a.mu.Lock()
	err := a.err
	if err != nil && err != ErrClosed {
		a.log.notePause(pauseNext, allocationError(err))
	}
	a.mu.Unlock()
	if err != nil {
		a.log.tellState()
	}
	return err
}

// changes is closed at the end of the next try and when the next file is taken; it is nil when the next file is there
// already.
func (a *allocator) changes() <-chan struct{} {
	a.mu.Lock()
	changed := a.changed
	a.mu.Unlock()
	if len(a.ready) > 0 { // asked after changed was read: no change is missed
		return nil
	}
	return changed
}

// take returns the next file, nil when it is not there yet; then await tells when to come again. Caller holds the
// append lock.
func (a *allocator) take() *Segment {
	select {
	case s := <-a.ready:
		a.need.Store(false)
		a.wake() // who waits finds room now
		a.look()
		return s
	default:
		a.need.Store(true)
		a.look()
		return nil
	}
}

// await returns nil when it is worth to look again, ErrNoNextFile after timeout, and the reason when the last
// allocation failed.
func (a *allocator) await(changed <-chan struct{}, timeout time.Duration) error {
	if err := a.refused(); err != nil || changed == nil {
		return err
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-changed:
		return nil
	case <-timer.C:
		return ErrNoNextFile
	}
}

// zeroed remembers what holds zeros already.
type zeroed struct {
	seg  *Segment
	upTo int64 // inside seg
}

// zeroStep is one write of zeros: small enough to keep up with a fast appender.
const zeroStep = 1 << 20

// zeroAhead writes zeros in the window ahead of the write position of the last file.
func (a *allocator) zeroAhead(z *zeroed) {
	segs := a.log.Segments()
	if a.log.opt.TouchAhead == 0 || len(segs) == 0 || a.log.raw.Load() {
		return
	}
	if s := segs[len(segs)-1]; z.seg != s {
		*z = zeroed{seg: s}
	}
	for {
		pos := alignUp(a.log.End() - z.seg.Base + a.log.opt.TouchAhead/4)
		z.upTo = max(z.upTo, pos)
		n := min(zeroStep, min(pos+a.log.opt.TouchAhead, z.seg.Size)-z.upTo)
		if n <= 0 || z.seg.ReadOnly || !z.seg.Acquire() {
			return
		}
		a.zero(z.seg, z.upTo, n)
		z.seg.Release()
		z.upTo += n
	}
}

// zero writes zeros ahead of the appends. Blocks that were only reserved cost a commit of the journal when they are
// synced for the first time; this way one fdatasync in a MiB pays for that, and a group commit is two to three times as
// fast. A failure closes the store, and the flusher tells.
func (a *allocator) zero(seg *Segment, from, n int64) {
	if !a.log.claim(seg, from) {
		return
	}
	_ = a.log.write(seg, a.zeros[:n], from)
	a.log.unclaim()
	a.wake()
}

func alignUp(n int64) int64 { return (n + 4095) &^ 4095 }

// claim reserves the tail from a position of its file on for the allocator; false when appends are there already or
// went on to another file.
func (l *Log) claim(seg *Segment, from int64) bool {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	if l.app.tail != seg || l.app.pos >= from || l.raw.Load() {
		return false
	}
	l.app.claimed = seg.Base + from
	return true
}

// unclaim ends a claim.
func (l *Log) unclaim() {
	l.app.mu.Lock()
	defer l.app.mu.Unlock()
	l.app.claimed = 0
}

// Ahead tells of the file behind the tail's: whether it is there already, and whether an append waits for it. For
// tests.
func (l *Log) Ahead() (ready, wanted bool) { return len(l.alloc.ready) > 0, l.alloc.need.Load() }
