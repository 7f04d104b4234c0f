package bench

// stager is a job that can send one request meant for a given moment.
type stager interface {
	// stage puts one request that was meant to leave at begun into the connection's batch. There must be room.
	stage(c *conn, begun int64) error
	// flush sends the batch.
	flush(c *conn) error
}

// pacer hands out the intended times of an open loop and the connections in turns. When no connection has room the
// times wait, and the latency of their requests grows: that is the point. Worker's goroutine only, but for the fields
// set before the start.
type pacer struct {
	start    int64   // ns; intended time of request 0
	interval float64 // ns between two requests of this worker
	stopAt   func() int64
	conns    []*conn
	sent     int64 // requests handed out
	turn     int
}

func (p *pacer) due(k int64) int64 { return p.start + int64(float64(k)*p.interval) }

// next returns the intended time of the next request, false when the schedule has ended.
func (p *pacer) next() (int64, bool) {
	at := p.due(p.sent)
	stop := p.stopAt()
	return at, stop == 0 || at < stop
}

// pending tells whether a request that is due has not been sent.
func (p *pacer) pending(now int64) bool {
	at, ok := p.next()
	return ok && at <= now
}

// maxBurst is how many requests one step stages at most before answers are read.
const maxBurst = 4096

// step sends what is due and returns the next intended time; 0 when there is none or when it has to wait for answers.
func (p *pacer) step(now int64) (next int64, err error) {
	full := false
	for range maxBurst {
		at, ok := p.next()
		if !ok || at > now {
			break
		}
		c := p.pick()
		if full = c == nil; full {
			break
		}
		if err := c.job.(stager).stage(c, at); err != nil {
			return 0, err
		}
		p.sent++
	}
	for _, c := range p.conns {
		if err := c.job.(stager).flush(c); err != nil {
			return 0, err
		}
	}
	if at, ok := p.next(); ok && !full {
		return at, nil
	}
	return 0, nil
}

// pick returns the next connection with room, nil when there is none.
func (p *pacer) pick() *conn {
	for range p.conns {
		c := p.conns[p.turn]
		p.turn = (p.turn + 1) % len(p.conns)
		if c.room() {
			return c
		}
	}
	return nil
}
