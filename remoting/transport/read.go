package transport

import (
	"errors"
	"io"
	"time"

	"gorocket/remoting/wire"
)

// clockEvery and clockBytes are after how many frames, and after how many bytes of them, the clock is looked at.
const (
	clockEvery = 16
	clockBytes = 32 << 10
)

// serve is traffic of a connection that may be encrypted, or not known yet. Event loop only.
func (c *Conn) serve() (stays bool) {
	err := c.identify()
	if err == nil && c.tls != nil {
		err = c.tls.pump()
		if err == nil && !c.tls.open {
			return true
		}
	}
	if err == nil {
		if !c.traffic() {
			return false
		}
		if c.tls == nil || c.tls.fin == nil || c.flow.more {
			return true
		}
		c.flush(true)
		err = c.tls.fin
	}
	if !errors.Is(err, io.EOF) { // else the peer has said that it ends
		c.recv.BadFrame(err)
	}
	return false
}

// traffic handles what has come in, and what woke the connection. It tells whether the connection stays; when it does
// not, the caller has to close it. Event loop only.
func (c *Conn) traffic() (stays bool) {
	now := time.Now()
	c.loop.coalesce.begin(c, now)
	c.beginTurn()
	err := c.readFrames(now)
	if err == nil && !c.flow.gone {
		c.updateFlow(now)
	}
	c.loop.acks.tell()
	if later := c.loop.coalesce.end(c); later && err == nil {
		return true
	}
	if !c.flush(true) {
		return true // closed already, or being closed
	}
	if err != nil {
		c.recv.BadFrame(err)
		return false
	}
	return true
}

// readFrames handles every whole frame that has come. The frame whose head was left over from an earlier turn comes
// first and alone, because it has to be copied together; what stands behind it lies in the loop's read buffer in one
// piece. Slices from Peek live until Discard.
func (c *Conn) readFrames(now time.Time) error {
	f, unread := &c.flow, c.sock.Unread()
	if unread > f.left {
		c.touch(now)
	}
	f.more, f.timer = false, false
	if unread < wire.LengthSize && f.part == nil {
		f.begin(now)
		return nil
	}
	limit := c.engine.budget.backlog()
	if c.blocked(limit) {
		f.more = true
		return nil
	}
	if whole, err := c.readFirst(unread); !whole || err != nil {
		f.begin(now)
		return err
	}
	if f.since = 0; c.sock.Unread() == 0 {
		f.cut = 0
		return nil
	}
	return c.readRest(now, limit)
}

// readFirst handles the first frame, if it is whole.
func (c *Conn) readFirst(unread int) (whole bool, err error) {
	f := &c.flow
	if f.part != nil {
		if !c.reassemble() {
			return false, nil
		}
		frame := f.part
		f.part = nil
		err = c.recv.Frame(frame)
		c.loop.giveBack(frame)
		return true, err
	}
	head, err := c.sock.Peek(wire.LengthSize)
	if err != nil {
		return false, err
	}
	if f.cut, err = wire.FrameLength(head, c.engine.opts.MaxFrame); err != nil || unread < f.cut {
		return false, err
	}
	frame, err := c.sock.Peek(f.cut)
	if err != nil {
		return false, err
	}
	if err = c.recv.Frame(frame); err != nil {
		return true, err
	}
	_, err = c.sock.Discard(f.cut)
	return true, err
}

// readRest handles the whole frames behind the first one, as far as the turn's budget goes.
func (c *Conn) readRest(now time.Time, limit int64) (err error) {
	all, err := c.sock.Peek(-1)
	if err != nil {
		return err
	}
	f, rest, budget := &c.flow, all, c.loop.turnBudget()
	unseen := len(all) // what was left when the clock was looked at
	for i := 1; ; i++ {
		if f.cut, err = wire.FrameLength(rest, c.engine.opts.MaxFrame); err != nil {
			return err
		}
		if f.cut == 0 || f.cut > len(rest) {
			f.begin(now)
			break
		}
		if i%clockEvery == 0 || unseen-len(rest) > clockBytes {
			if unseen = len(rest); time.Since(now) > budget {
				f.more = true
				break
			}
		}
		if c.unsent.Load() > limit {
			f.more = true
			break
		}
		if err = c.recv.Frame(rest[:f.cut:f.cut]); err != nil {
			return err
		}
		rest = rest[f.cut:]
	}
	if used := len(all) - len(rest); used > 0 {
		_, err = c.sock.Discard(used) // not of 0 bytes: that means all
	}
	return err
}

// reassemble moves what has come of a large frame out of gnet's buffer, which grows in steps and goes to a pool that
// any small frame of another connection is served from: what it takes would be known to nobody. It tells whether the
// frame is whole. Event loop only.
func (c *Conn) reassemble() (whole bool) {
	f := &c.flow
	if f.part == nil {
		f.part = c.loop.buffer(f.cut)
	}
	if n := min(f.cut-len(f.part), c.sock.Unread()); n > 0 {
		b, err := c.sock.Peek(n)
		if err != nil {
			return false // cannot be: so many bytes are there
		}
		f.part = append(f.part, b...)
		_, _ = c.sock.Discard(n)
	}
	f.left = c.sock.Unread()
	return len(f.part) == f.cut
}
