package transport

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// acceptor takes connections from one listener and hands them to gnet's loops. gnet's own listeners end the whole
// engine at the first error of accept, such as EMFILE; this one goes on after a pause. It never holds more than the
// engine's limit of connections.
type acceptor struct {
	engine *Engine
	l      net.Listener
	stop   chan struct{}
	wg     sync.WaitGroup
}

// Pauses after an error of accept: twice as long each time, up to the limit.
const (
	acceptPause    = 5 * time.Millisecond
	maxAcceptPause = 500 * time.Millisecond
	acceptAtOnce   = 4 // connections of one listener that are handed over at a time
)

// listen binds addr (host:port). Dead peers are found by the idle scan, so no keep-alive.
func (e *Engine) listen(addr string) (net.Listener, error) {
	if e.opts.Network != nil {
		return e.opts.Network.Listen(addr)
	}
	lc := net.ListenConfig{KeepAlive: -1}
	return lc.Listen(context.Background(), "tcp", addr)
}

func (a *acceptor) start() {
	a.stop = make(chan struct{})
	for range acceptAtOnce {
		a.wg.Go(a.run)
	}
}

// close ends accepting and waits for connections that are being handed over. gnet's loops must run still.
func (a *acceptor) close() {
	close(a.stop)
	_ = a.l.Close()
	a.wg.Wait()
}

func (a *acceptor) run() {
	pause := acceptPause
	for {
		nc, err := a.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			err = a.engine.admit(nc)
		}
		if err == nil {
			pause = acceptPause
			continue
		}
		a.engine.acceptFailed(err)
		select {
		case <-a.stop:
			return
		case <-time.After(pause):
			pause = min(2*pause, maxAcceptPause)
		}
	}
}

// admit hands a connection to a loop, or closes it when there are too many. It owns nc.
func (e *Engine) admit(nc net.Conn) error {
	if n := e.open.Load(); n >= int64(e.opts.MaxConnections) {
		e.counts.refused.Add(1)
		if e.opts.Events.TooMany != nil {
			e.opts.Events.TooMany(nc.RemoteAddr().String(), int(n))
		}
		return quietly(nc.Close())
	}
	e.handing.CompareAndSwap(0, time.Now().UnixMilli())
	err := e.run.enroll(nc, nil)
	e.handing.Store(0)
	return err
}

// quietly drops the error of closing a connection that nobody uses.
func quietly(error) error { return nil }

func (e *Engine) acceptFailed(err error) {
	e.counts.acceptErrors.Add(1)
	if e.opts.Events.AcceptFailed != nil {
		e.opts.Events.AcceptFailed(err)
	}
}
