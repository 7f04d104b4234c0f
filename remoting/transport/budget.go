package transport

import "sync/atomic"

// Budget is what all connections of an engine may keep waiting together, in bytes: unfinished frames, answers that
// peers have not read, requests that wait for a worker. Reading stops before it is exceeded; who makes others wait is
// closed first. Safe for concurrent use.
type Budget struct {
	limit                     int64 // immutable
	inbound, outbound, queued atomic.Int64
	starved                   atomic.Int64 // connections that wait for room for a frame
}

// Limits of one connection.
const (
	smallFrame   = 64 << 10 // bytes: a frame of less never waits for room
	backlogLimit = 1 << 20  // bytes unread by the peer from which on none of its requests is served
	tightBacklog = 64 << 10 // the same when more than half of the budget is used
)

func (b *Budget) used() int64 { return b.inbound.Load() + b.outbound.Load() + b.queued.Load() }

// over tells that more waits than may.
func (b *Budget) over() bool { return b.used() > b.limit }

// pressed tells that who is slow has to go: the budget is exceeded, or somebody waits for room.
func (b *Budget) pressed() bool {
	return b.over() || b.starved.Load() > 0 && b.used() > b.limit/2
}

// reserve takes n bytes for a frame that comes in, if there is room.
func (b *Budget) reserve(n int64) bool {
	if b.used()+n > b.limit {
		return false
	}
	b.inbound.Add(n)
	return true
}

// Queue takes n bytes for a request that waits for a worker, if there is room; Unqueue gives them back.
func (b *Budget) Queue(n int64) bool {
	if b.used()+n > b.limit {
		return false
	}
	b.queued.Add(n)
	return true
}

// Unqueue gives back n bytes that Queue took.
func (b *Budget) Unqueue(n int64) { b.queued.Add(-n) }

// backlog is how many bytes a peer may leave unread and still be served.
func (b *Budget) backlog() int64 {
	if b.used() > b.limit/2 {
		return tightBacklog
	}
	return backlogLimit
}

// counts are figures for metrics. Safe for concurrent use.
type counts struct {
	refused, acceptErrors, slow, unfinished, paused atomic.Int64
}

// Figures are what an engine counts, for metrics.
type Figures struct {
	Connections, MaxConnections int
	// Bytes that wait, and the limit of their sum.
	Inbound, Outbound, Queued, MaxWaiting int64
	// Since the start: connections refused beyond the limit, errors of accept, connections closed because others
	// needed the memory, because their frame was not finished in time, and how often reading from one was stopped for
	// a while.
	Refused, AcceptErrors, ClosedSlow, ClosedUnfinished, Paused int64
}

// Figures returns the figures of this moment.
func (e *Engine) Figures() Figures {
	b, c := &e.budget, &e.counts
	return Figures{Connections: e.Connections(), MaxConnections: e.opts.MaxConnections, Inbound: b.inbound.Load(),
		Outbound: b.outbound.Load(), Queued: b.queued.Load(), MaxWaiting: b.limit, Refused: c.refused.Load(),
		AcceptErrors: c.acceptErrors.Load(), ClosedSlow: c.slow.Load(), ClosedUnfinished: c.unfinished.Load(),
		Paused: c.paused.Load()}
}
