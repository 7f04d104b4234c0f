package ha

import (
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"gorocket/store/epoch"
)

// SwitchMaster is what the master of a switching group tells its slaves besides the log. Its functions may be called by
// any goroutine.
type SwitchMaster struct {
	Epochs  func() epoch.List // who wrote the log; the last one is this master
	Confirm func() int64      // offset below which nothing can be truncated any more
}

var (
	errAgain   = errors.New("ha: the slave said hello twice")
	errNoHello = errors.New("ha: the slave reported before it said hello: it is none of the controller mode")
	errNewer   = errors.New("ha: another connection of the same broker came")
	errNoID    = errors.New("ha: the slave has no id")
)

// confirmEvery is how soon an idle slave hears that the confirm offset has moved: its readers wait for that.
const confirmEvery = 10 * time.Millisecond

// greeted takes what a slave says first. Of the connections of one broker the one that came last stays, whichever hello
// is read first: the others are of a process, or of a network, that is gone.
func (c *conn) greeted(h *hello) error {
	if h.id <= 0 {
		return errNoID
	}
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.hello.Load() != nil {
		return errAgain
	}
	at := slices.Index(c.m.conns, c)
	if at < 0 { // it had to make room
		return errMadeRoom
	}
	of := func(other *conn) bool { o := other.hello.Load(); return o != nil && o.id == h.id }
	if slices.ContainsFunc(c.m.conns[at+1:], of) {
		return errNewer
	}
	for _, other := range c.m.conns[:at] {
		if of(other) {
			other.end(errNewer)
		}
	}
	c.hello.Store(h)
	c.greet <- struct{}{}
	return nil
}

// answer tells the slave who wrote the log. The sender only.
func (c *conn) answer() error {
	list := c.m.opt.Switch.Epochs()
	return c.out.only(encodeAnswer(list, c.m.log.End()))
}

// headOf is the head of a block that e wrote, or of a heartbeat when n is 0. The sender only.
func (c *conn) headOf(at int64, n int, e epoch.Entry) []byte {
	sw := c.m.opt.Switch
	if sw == nil {
		putHead(c.head[:headSize], at, n)
		return c.head[:headSize]
	}
	c.confirmed = sw.Confirm()
	putSwitchHead(c.head[:], at, n, e, c.confirmed)
	return c.head[:]
}

// writer is who wrote the byte at an offset, and how many from there on; nobody and all of them where masters do not
// change, or nothing is known.
func (c *conn) writer(at int64) (e epoch.Entry, n int64) {
	if sw := c.m.opt.Switch; sw != nil {
		if e, end, ok := sw.Epochs().At(at); ok {
			return e, end - at
		}
	}
	return e, math.MaxInt64
}

// untilBeat is the time until the next heartbeat is due. The sender only.
func (c *conn) untilBeat(set *MasterSettings, last time.Time) time.Duration {
	every := set.HeartbeatInterval
	if sw := c.m.opt.Switch; sw != nil && c.confirmed < c.next.Load() {
		if since := time.Since(last); since < confirmEvery {
			return confirmEvery - since
		}
		if sw.Confirm() > c.confirmed {
			return 0
		}
		return min(every-time.Since(last), confirmEvery)
	}
	return every - time.Since(last)
}

// lastSent is where the log ended when something was sent: a slave that has all of that was caught up then.
type lastSent struct {
	mu  sync.Mutex
	end int64     // guarded by mu; 0: the slave has had it
	at  time.Time // guarded by mu
}

// note tells that something is sent while the log ends at an offset.
func (s *lastSent) note(end int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == 0 {
		s.end, s.at = end, time.Now()
	}
}

// had tells when the slave, which has everything below an offset, had all there was; ok is false when it never did
// since the last call.
func (s *lastSent) had(offset int64) (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == 0 || offset < s.end {
		return at, false
	}
	s.end = 0
	return s.at, true
}

// catchUp notes when the slave had all there was. The reader only.
func (c *conn) catchUp(offset int64) {
	if c.m.opt.Switch == nil {
		return
	}
	at, ok := c.ahead.had(offset)
	if offset >= c.m.log.End() {
		at, ok = time.Now(), true
	}
	if !ok {
		return
	}
	first := c.caught.Swap(max(1, int64(at.Sub(c.came)))) == 0
	if h := c.hello.Load(); first && h != nil && !h.learner && c.m.ev.CaughtUp != nil {
		c.m.ev.CaughtUp(h.id)
	}
}

// caughtUp is when the slave last had all there was, zero: never.
func (c *conn) caughtUp(end int64) time.Time {
	switch ns := c.caught.Load(); {
	case ns == 0:
		return time.Time{}
	case c.acked.Load() >= end:
		return time.Now()
	default:
		return c.came.Add(time.Duration(ns))
	}
}

// ConfirmedAmong is the offset below which so many of these brokers have everything; ok is false when fewer follow this
// log now. For 0 it is the end of the log.
func (m *Master) ConfirmedAmong(ids []int64, slaves int) (offset int64, ok bool) {
	if slaves <= 0 {
		return m.log.End(), true
	}
	var acked []int64
	for _, id := range ids {
		if at, ok := m.ConfirmedBy([]int64{id}); ok {
			acked = append(acked, at)
		}
	}
	if len(acked) < slaves {
		return 0, false
	}
	slices.Sort(acked)
	return acked[len(acked)-slaves], true
}

// ConfirmedBy is the offset below which all of these brokers have everything; ok is false when one of them does not
// follow this log now. Without any it is the end of the log.
func (m *Master) ConfirmedBy(ids []int64) (offset int64, ok bool) {
	offset = m.log.End()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		found := false
		for _, c := range m.conns {
			if h := c.hello.Load(); h != nil && h.id == id && c.asked.Load() >= 0 {
				offset, found = min(offset, c.acked.Load()), true
			}
		}
		if !found {
			return 0, false
		}
	}
	return offset, true
}
