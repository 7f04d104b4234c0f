package clients

import (
	"sync"
	"time"

	"gorocket/broker/signal"
	"gorocket/broker/worker"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// Notices is one goroutine that does what a change of the members of groups costs: it takes closed connections out of
// their groups, and tells the other members, who rebalance then. Many changes of one group become one notice: with
// each told to each, a thousand members that end would cost a million. Java: DefaultConsumerIdsChangeListener,
// ClientHousekeepingService.doChannelCloseEvent.
type Notices struct {
	enabled   func() bool // notifyConsumerIdsChangedEnable
	consumers *Consumers  // immutable after Start
	producers *Producers  // immutable after Start
	poke      chan struct{}
	loop      worker.Group

	mu      sync.Mutex
	closed  []*remoting.Conn     // guarded by mu
	changed map[string]struct{}  // guarded by mu; groups to tell about
	next    map[string]time.Time // notices goroutine only; when a group may be told again
}

// A group is told again after noticeGap for each of its members, within these limits.
const (
	noticeGap     = 250 * time.Microsecond
	minNoticeGap  = 10 * time.Millisecond
	maxNoticeGap  = 5 * time.Second
	noticesAtOnce = 64               // members told at a stretch
	noticePause   = time.Millisecond // between stretches
	// bytes that a member has not read: it is not told, and rebalances by itself every 20 s
	noticeBacklog               = 64 << 10
	forgetNotices               = 1024 // groups in next, before those are dropped whose time has come
	noticeIdle    time.Duration = time.Hour
)

// NewNotices makes what tells members of changes, unless enabled says that nobody is to be told.
func NewNotices(enabled func() bool) *Notices {
	return &Notices{enabled: enabled, poke: make(chan struct{}, 1), changed: map[string]struct{}{},
		next: map[string]time.Time{}}
}

// Left notes that a connection was closed. Any goroutine; it does not block.
func (n *Notices) Left(c *remoting.Conn) {
	n.mu.Lock()
	n.closed = append(n.closed, c)
	n.mu.Unlock()
	signal.Raise(n.poke)
}

// Change notes that the members of a group have to be told. Any goroutine; it does not block.
func (n *Notices) Change(group string) {
	n.mu.Lock()
	n.changed[group] = struct{}{}
	n.mu.Unlock()
	signal.Raise(n.poke)
}

// Start takes closed connections out of both tables and tells members, until Stop.
func (n *Notices) Start(consumers *Consumers, producers *Producers) {
	n.consumers, n.producers = consumers, producers
	n.loop.Start(n.run)
}

// Stop ends the notices; what is noted meanwhile waits for the next Start.
func (n *Notices) Stop() { n.loop.Stop() }

func (n *Notices) run(stop <-chan struct{}) {
	timer := time.NewTimer(noticeIdle)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-n.poke:
		case <-timer.C:
		}
		for _, c := range n.takeClosed() {
			n.consumers.Closed(c)
			n.producers.Closed(c)
		}
		groups, wait := n.due(time.Now())
		for _, g := range groups {
			n.tell(g)
		}
		timer.Reset(wait)
	}
}

func (n *Notices) takeClosed() []*remoting.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	closed := n.closed
	n.closed = nil
	return closed
}

// due takes the groups that may be told now, and says when to look again.
func (n *Notices) due(now time.Time) (groups []string, wait time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	wait = noticeIdle
	for g := range n.changed {
		if left := n.next[g].Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		delete(n.changed, g)
		groups = append(groups, g)
	}
	if len(n.next) > forgetNotices {
		for g, at := range n.next {
			if !at.After(now) {
				delete(n.next, g)
			}
		}
	}
	return groups, wait
}

// tell sends the notice to those who are members now.
func (n *Notices) tell(group string) {
	g := n.consumers.Get(group)
	if g == nil || !n.enabled() {
		return
	}
	members := g.Conns()
	h := wire.ConsumerGroupHeader{ConsumerGroup: group}
	for i, c := range members {
		if i > 0 && i%noticesAtOnce == 0 {
			time.Sleep(noticePause)
		}
		if c.Backlog() <= noticeBacklog {
			_ = remoting.Notify(c, wire.ReqNotifyConsumerIdsChanged, wire.NotifyConsumerIDsChanged, &h, nil)
		}
	}
	n.next[group] = time.Now().Add(min(max(time.Duration(len(members))*noticeGap, minNoticeGap), maxNoticeGap))
}
