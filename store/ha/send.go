package ha

import (
	"context"
	"fmt"
	"time"
)

// send sends what the slave does not have, and heartbeats, until the connection ends.
func (c *conn) send(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ErrStopped
	case <-c.greet:
		if err := c.answer(); err != nil {
			return err
		}
		return c.send(ctx)
	case <-c.start:
	}
	var flow flow
	wake := time.NewTimer(0)
	defer wake.Stop()
	for last := (time.Time{}); ; { // the first heartbeat, or block, tells the slave at once that it is served
		set := c.m.settings.Load()
		allowed, again := flow.allow(set, time.Now())
		if c.m.log.End() > c.next.Load() && allowed > 0 {
			if rest := c.rest(set, last); rest > 0 {
				wake.Reset(rest)
				select {
				case <-ctx.Done():
					return ErrStopped
				case <-wake.C:
				}
				continue
			}
			if set.Pace == 0 {
				c.gather(ctx)
			}
			n, err := c.sendBlock(min(allowed, c.largest(set)))
			if err != nil {
				return err
			}
			flow.add(n)
			last = time.Now()
			continue
		}
		beat := c.untilBeat(set, last)
		if beat <= 0 {
			next := c.next.Load()
			e, _ := c.writer(next)
			if err := c.out.only(c.headOf(next, 0, e)); err != nil {
				return err
			}
			last = time.Now()
			continue
		}
		if allowed > 0 || beat < again {
			again = beat
		}
		moved := c.m.log.Moved() // only now: who has it makes an append close it
		switch {
		case allowed <= 0: // there may be more, but not now
			moved = nil
		case c.m.log.End() > c.next.Load():
			continue
		}
		wake.Reset(again)
		select {
		case <-ctx.Done():
			return ErrStopped
		case <-moved:
		case <-wake.C:
		}
	}
}

const (
	farBehind  = 4 << 20 // bytes; a slave that lacks so many gets larger blocks
	largeBlock = 1 << 20 // bytes of one at most; Java's slaves take less than 4 MiB
	largeTimes = 32      // and so many times BatchSize at most
)

// largest is how many bytes a block has at most: BatchSize, as a Java slave acknowledges whole blocks only; more for a
// slave for which nobody waits, or that is far behind. A block costs two system calls, whatever its size.
func (c *conn) largest(set *MasterSettings) int64 {
	most := int64(set.BatchSize)
	if set.Pace > 0 || c.m.log.End()-c.next.Load() >= farBehind {
		most = max(most, min(largeTimes*most, largeBlock))
	}
	return most
}

// rest is how long what there is waits for more, when nobody waits for the slave: until Pace after what was sent last,
// unless it makes a whole block.
func (c *conn) rest(set *MasterSettings, last time.Time) time.Duration {
	if set.Pace == 0 || c.m.log.End()-c.next.Load() >= c.largest(set) {
		return 0
	}
	return set.Pace - time.Since(last)
}

// gatherFor is how long a small block waits for more at most, while the slave has not acknowledged what was sent
// before: each block costs both ends system calls, whatever its size.
const gatherFor = 100 * time.Microsecond

// gather waits until there is a large block to send, the slave has acknowledged everything, or gatherFor has passed.
// Who sends one message at a time never waits: the slave has acknowledged the one before.
func (c *conn) gather(ctx context.Context) {
	if c.enough() {
		return
	}
	c.gathering.Store(true)
	defer c.gathering.Store(false)
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	for !c.enough() {
		select {
		case <-c.idle:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// enough tells that nothing is gained by waiting for more.
func (c *conn) enough() bool {
	next := c.next.Load()
	return c.acked.Load() >= next || c.m.log.End()-next >= sendfileLeast
}

// sendBlock sends the next block, of at most limit bytes and one file.
func (c *conn) sendBlock(limit int64) (n int64, err error) {
	at := c.next.Load()
	seg := c.m.log.Lease(at)
	if seg == nil {
		return 0, fmt.Errorf("ha: the slave wants the log from %d on, but it begins at %d here now: its files were "+
			"deleted before the slave had them", at, c.m.log.Min())
	}
	defer seg.Release()
	end := c.m.log.End()
	e, same := c.writer(at)
	n = min(limit, seg.End()-at, end-at, same)
	c.next.Store(at + n) // before the slave can acknowledge it
	c.ahead.note(end)
	if err = c.out.block(c.headOf(at, int(n), e), seg, at, int(n)); err == nil {
		c.sent.add(n)
	}
	return n, err
}

// flow is the flow control of one connection (Java FlowMonitor).
type flow struct {
	second int64 // unix
	sent   int64 // bytes in it
}

// allow is how many bytes may be sent now; when there are none, again tells when to ask again.
func (f *flow) allow(set *MasterSettings, now time.Time) (n int64, again time.Duration) {
	if !set.FlowControl {
		return 1 << 62, 0
	}
	if s := now.Unix(); s != f.second {
		f.second, f.sent = s, 0
	}
	return set.MaxBytesPerSecond - f.sent, time.Second - time.Duration(now.Nanosecond())
}

func (f *flow) add(n int64) { f.sent += n }
