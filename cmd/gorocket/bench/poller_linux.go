//go:build !portable

package bench

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// poller waits for sockets or for a moment, whichever comes first. The moment is a timerfd: the timers of Go's runtime
// and epoll's own time limit count in milliseconds when nothing else runs, an open loop needs microseconds. One
// goroutine at a time.
type poller struct {
	epoll, timer int
	armed        int64 // ns; the moment the timer is set to, 0: none
	events       []event
}

// event is what a socket is ready for, and the tag that it was added with in Fd.
type event = unix.EpollEvent

// What a socket may be ready for. Errors are other bits.
const (
	readable = unix.EPOLLIN
	writable = unix.EPOLLOUT
)

// timerTag marks the timer's event; connections have their index.
const timerTag = -1

// pollEvents is how many events one wait returns at most.
const pollEvents = 256

func newPoller() (*poller, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	tfd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(ep)
		return nil, fmt.Errorf("timerfd_create: %w", err)
	}
	p := &poller{epoll: ep, timer: tfd, events: make([]event, pollEvents)}
	if err := p.control(unix.EPOLL_CTL_ADD, tfd, timerTag, unix.EPOLLIN|unix.EPOLLET); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *poller) close() {
	_ = unix.Close(p.epoll)
	_ = unix.Close(p.timer)
}

func (p *poller) control(op, fd int, tag int32, events uint32) error {
	if err := unix.EpollCtl(p.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: tag}); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// add watches a socket for input; its events carry tag.
func (p *poller) add(fd int, tag int32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, tag, readable)
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
func (p *poller) await(fd int, tag int32, events uint32) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, tag, events)
}

// drop forgets a socket that will be closed: closing it is enough here.
func (p *poller) drop(int) {}

// coarse is the wait from which on epoll's own time limit is precise enough.
const coarse = 20 * time.Millisecond

// wait returns the events of sockets that are ready, none when the moment until has come first. Both times are ns on
// one clock. The slice lives until the next wait. A timer that is set to the moment already is left alone: an open loop
// wakes several times before its next request is due.
func (p *poller) wait(now, until int64) ([]event, error) {
	limit := 0
	switch d := time.Duration(until - now); {
	case d >= coarse:
		limit = int(d / time.Millisecond)
	case d > 0:
		limit = -1
		if err := p.arm(d, until); err != nil {
			return nil, err
		}
	}
	n, err := unix.EpollWait(p.epoll, p.events, limit)
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("epoll_wait: %w", err)
	}
	return p.sockets(n), nil
}

func (p *poller) arm(d time.Duration, until int64) error {
	if p.armed == until {
		return nil
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if err := unix.TimerfdSettime(p.timer, 0, &spec, nil); err != nil {
		return fmt.Errorf("timerfd_settime: %w", err)
	}
	p.armed = until
	return nil
}

// sockets drops the timer's event. It is edge-triggered, so nobody has to read the timer.
func (p *poller) sockets(n int) []event {
	ready := p.events[:n]
	for i := range ready {
		if ready[i].Fd == timerTag {
			p.armed = 0
			ready[i] = ready[n-1]
			return ready[:n-1]
		}
	}
	return ready
}
