package commitlog

// Who keeps answers itself until a position has passed them says how many, so that somebody moves the position, and
// looks at the positions when Events.Settle is called. That costs nothing for each answer.

// Await says that n answers wait for the disk, up to durable, and others for replicas, up to replicated; 0 for none.
// over tells that the positions are there already, or that nobody can wait any more: Events.Settle will not be called
// for them.
func (l *Log) Await(n int, durable, replicated int64) (over bool) {
	if n > 0 {
		passed, enough := l.Durable.await(n, durable)
		if over = passed; enough && !passed {
			l.wakeFlusher()
		}
	}
	return over || replicated > 0 && l.Replicated.Load() >= replicated || l.Ended() != nil
}

// Ended tells why nobody can wait for a position any more, nil when one can.
func (l *Log) Ended() error {
	l.Durable.mu.Lock()
	defer l.Durable.mu.Unlock()
	if l.Durable.closed == nil && l.givenUp.Load() {
		return ErrRaw
	}
	return l.Durable.closed
}

// settle tells who keeps answers.
func (l *Log) settle() {
	if l.ev.Settle != nil {
		l.ev.Settle()
	}
}

// settleIf is settle when others keep n answers that may leave.
func (l *Log) settleIf(n int) {
	if n > 0 {
		l.settle()
	}
}

// awaited is n answers, the last of which waits for offset.
type awaited struct {
	offset int64
	n      int
}

// await counts n answers that others keep until the position has passed offset; passed tells that it has, enough that
// it is worth to move the position now.
func (p *Position) await(n int, offset int64) (passed, enough bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.Load() >= offset {
		return true, false
	}
	if p.closed != nil {
		return false, false
	}
	p.awaits, p.awaited = append(p.awaits, awaited{offset, n}), p.awaited+n
	return false, p.waiting() >= p.want
}

// keptBelow is how many answers that others keep waited for nothing above offset; they count no more.
func (p *Position) keptBelow(offset int64) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := p.awaits[:0]
	for _, a := range p.awaits {
		if a.offset <= offset {
			n += a.n
		} else {
			rest = append(rest, a)
		}
	}
	p.awaits, p.awaited = rest, p.awaited-n
	return n
}

// waiting is how many wait. The caller holds mu.
func (p *Position) waiting() int { return len(p.waiters) + p.awaited }
