//go:build !linux || portable

package bench

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// poller waits for sockets or for a moment, whichever comes first, with poll, which looks at all sockets each time and
// counts in milliseconds: during the last one it does not wait but is asked again.
type poller struct {
	mu      sync.Mutex
	watched []unix.PollFd // guarded by mu
	tags    []int32       // of watched, guarded by mu
	fds     []unix.PollFd // watched during a wait; the waiting goroutine only
	events  []event       // the same
}

// event is what a socket is ready for, and the tag that it was added with in Fd.
type event struct {
	Events uint32
	Fd     int32
}

// What a socket may be ready for. Errors are other bits.
const (
	readable = unix.POLLIN
	writable = unix.POLLOUT
)

func newPoller() (*poller, error) { return &poller{}, nil }

func (p *poller) close() {}

// add watches a socket for input; its events carry tag. Any goroutine; a wait that has begun does not see it.
func (p *poller) add(fd int, tag int32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watched, p.tags = append(p.watched, unix.PollFd{Fd: int32(fd), Events: readable}), append(p.tags, tag)
	return nil
}

// drop forgets a socket that will be closed.
func (p *poller) drop(fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, last := p.find(fd), len(p.watched)-1; i >= 0 {
		p.watched[i], p.tags[i] = p.watched[last], p.tags[last]
		p.watched, p.tags = p.watched[:last], p.tags[:last]
	}
}

// find is where a socket stands in watched, -1: nowhere. The caller holds mu.
func (p *poller) find(fd int) int {
	for i := range p.watched {
		if p.watched[i].Fd == int32(fd) {
			return i
		}
	}
	return -1
}

// wantWrite says whether the socket's readiness for output matters too.
func (p *poller) wantWrite(fd int, tag int32, on bool) error {
	events := uint32(readable)
	if on {
		events |= writable
	}
	return p.await(fd, tag, events)
}

// await says what the socket's readiness is waited for.
func (p *poller) await(fd int, _ int32, events uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.find(fd)
	if i < 0 {
		return fmt.Errorf("poll: descriptor %d is not watched", fd)
	}
	p.watched[i].Events = int16(events)
	return nil
}

// wait returns the events of sockets that are ready, none when the moment until has come first, or up to a millisecond
// before it. Both times are ns on one clock. The slice lives until the next wait.
func (p *poller) wait(now, until int64) ([]event, error) {
	p.mu.Lock()
	p.fds = append(p.fds[:0], p.watched...)
	p.mu.Unlock()
	n, err := unix.Poll(p.fds, int(max(0, time.Duration(until-now)/time.Millisecond)))
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("poll: %w", err)
	}
	p.events = p.events[:0]
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.fds {
		if len(p.events) == n {
			break
		}
		if at := p.find(int(p.fds[i].Fd)); at >= 0 && p.fds[i].Revents != 0 {
			p.events = append(p.events, event{uint32(uint16(p.fds[i].Revents)), p.tags[at]})
		}
	}
	return p.events, nil
}
