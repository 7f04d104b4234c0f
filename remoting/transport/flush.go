package transport

// beginTurn makes other goroutines leave the flushing to the end of this turn. Event loop only.
func (c *Conn) beginTurn() {
	c.mu.Lock()
	c.woken = true
	c.mu.Unlock()
}

// hasOutput tells whether something waits to be written.
func (c *Conn) hasOutput() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out != nil
}

// flush writes everything that waits, in one system call as a rule. It tells whether the connection is still open.
// Event loop only.
func (c *Conn) flush(endOfTurn bool) bool {
	if !c.passBarrier() {
		return false
	}
	c.mu.Lock()
	out, charge := c.takeOut()
	if endOfTurn {
		c.woken = false
	}
	closed := c.closed
	c.mu.Unlock()
	if out == nil {
		if c.tls != nil && !closed { // the library answers by itself, too
			return c.checkUnsent()
		}
		if c.unsent.Load() > 0 && !closed {
			c.updateUnsent()
		}
		return !closed
	}
	if !closed {
		_, err := c.sock.Write(out.B)
		closed = err != nil
	}
	releaseBuffer(out)
	if charge > 0 {
		c.engine.budget.outbound.Add(-int64(charge))
	}
	return !closed && c.checkUnsent()
}

// checkUnsent looks at what the socket could not write, and closes the connection when that is too much; false then.
// Event loop only.
func (c *Conn) checkUnsent() bool {
	before := int(c.unsent.Load())
	n := c.updateUnsent()
	if n <= c.engine.opts.MaxOutbound && (before <= backlogLimit || n < before || !c.engine.budget.over()) {
		return true
	}
	c.overflow(n)
	return false
}

// Barrier says that the answers of this turn are true only once Options.Barrier was called with n, or a higher number,
// and returned nil; they do not leave before. Event loop only.
func (c *Conn) Barrier(n int64) { c.loop.barrier = max(c.loop.barrier, n) }

// passBarrier makes what the answers of this turn say true; false when it cannot, and all connections whose answers
// wait for it are closed without them. Event loop only.
func (c *Conn) passBarrier() bool {
	n := c.loop.barrier
	if n == 0 {
		return true
	}
	c.loop.barrier = 0
	if c.engine.opts.Barrier(n) == nil {
		return true
	}
	c.abort()
	c.loop.coalesce.abort()
	return false
}

// overflow closes a connection whose peer does not read its answers.
func (c *Conn) overflow(bytes int) {
	c.engine.counts.slow.Add(1)
	c.recv.Overflow(bytes)
	c.abort()
}

// abort closes the connection and drops the answers that wait.
func (c *Conn) abort() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.Close()
}

// markClosed ends the connection for all who use it. Event loop only.
func (c *Conn) markClosed() {
	c.mu.Lock()
	c.closed = true
	out, charge := c.takeOut()
	c.acks.leave(c)
	c.mu.Unlock()
	if c.tls != nil {
		c.tls.hold(0)
		c.tls.end()
	}
	c.engine.budget.outbound.Add(-int64(charge))
	if out != nil {
		releaseBuffer(out)
	}
}
