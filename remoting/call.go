package remoting

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gorocket/remoting/wire"
)

// Errors of calls to a peer.
var (
	ErrConnClosed = errors.New("remoting: connection closed")
	ErrTimeout    = errors.New("remoting: no answer in time")
)

// ResponseError is an answer whose code is not SUCCESS.
type ResponseError struct {
	Addr   string
	Code   int32 // response code
	Remark string
}

func (e *ResponseError) Error() string {
	return fmt.Sprintf("%s answered code %d: %s", e.Addr, e.Code, e.Remark)
}

// call is a request of ours that waits for its answer.
type call struct {
	once  sync.Once
	timer *time.Timer
	done  func(*wire.Command, error)
}

func (k *call) finish(cmd *wire.Command, err error) {
	k.once.Do(func() {
		if k.timer != nil {
			k.timer.Stop()
		}
		k.done(cmd, err)
	})
}

// callTable numbers our requests on one connection; the peer's numbers are its own. Guarded by the connection's mutex.
type callTable struct {
	last int32
	open map[int32]*call
}

// add numbers a request; k is nil for one-way ones.
func (t *callTable) add(k *call) int32 {
	t.last++
	if k == nil {
		return t.last
	}
	if t.open == nil {
		t.open = map[int32]*call{}
	}
	t.open[t.last] = k
	return t.last
}

func (t *callTable) take(opaque int32) *call {
	k := t.open[opaque]
	delete(t.open, opaque)
	return k
}

func (t *callTable) drain() map[int32]*call {
	open := t.open
	t.open = nil
	return open
}

// Notify sends a one-way request. An error only says that the connection had ended already.
func Notify[T any](c *Conn, code int32, h *wire.HeaderType[T], v *T, body []byte) error {
	_, err := c.request(nil, wire.FlagOneway, code, h.Of(v), body)
	return err
}

// Go sends a request and calls done exactly once: with the answer (owned by the callee), ErrTimeout or ErrConnClosed.
// done runs on an event loop or a timer and must not block.
func Go[T any](c *Conn, timeout time.Duration, code int32, h *wire.HeaderType[T], v *T, body []byte,
	done func(*wire.Command, error)) {
	k := &call{done: done}
	opaque, err := c.request(k, 0, code, h.Of(v), body)
	if err != nil {
		k.finish(nil, err)
		return
	}
	t := time.AfterFunc(timeout, func() {
		c.mu.Lock()
		c.calls.take(opaque)
		c.mu.Unlock()
		k.finish(nil, ErrTimeout)
	})
	c.mu.Lock()
	waiting := c.calls.open[opaque] == k
	if waiting {
		k.timer = t // before anybody can take the call, whose end stops the timer
	}
	c.mu.Unlock()
	if !waiting {
		t.Stop()
	}
}

// Invoke sends a request and waits for the answer or for ctx. It must not be called on an event loop.
func Invoke[T any](ctx context.Context, c *Conn, code int32, h *wire.HeaderType[T], v *T, body []byte) (*wire.Command,
	error) {
	type result struct {
		cmd *wire.Command
		err error
	}
	ch := make(chan result, 1)
	timeout := maxInvoke
	if d, ok := ctx.Deadline(); ok {
		timeout = time.Until(d)
	}
	Go(c, timeout, code, h, v, body, func(cmd *wire.Command, err error) { ch <- result{cmd, err} })
	select {
	case r := <-ch:
		return r.cmd, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrTimeout, ctx.Err())
	}
}

// maxInvoke bounds calls whose context has no deadline.
const maxInvoke = 30 * time.Second

// request encodes a request; k is nil for one-way ones.
func (c *Conn) request(k *call, flag, code int32, h wire.Header, body []byte) (int32, error) {
	var added []wire.StringField
	if sign := c.engine.opts.Sign; sign != nil {
		added = sign.Sign(h.Fields(), body)
	}
	out := c.net.Begin() // before the call is counted: Receiver.Closed, which fails the calls, comes after its end
	if out == nil {
		return 0, ErrConnClosed
	}
	c.mu.Lock()
	opaque := c.calls.add(k)
	c.mu.Unlock()
	w := wire.BeginHeader(out.B, wire.SerializeJSON, wire.Head{Code: code, Opaque: opaque, Flag: flag})
	w.Header(h)
	for _, f := range added {
		w.Field(f.Key, f.Value)
	}
	out.B = append(w.Finish(len(body)), body...)
	c.net.End(false)
	return opaque, nil
}

// complete hands an answer to the call that waits for it; late answers vanish. Event loop only.
func (c *Conn) complete(cmd *wire.Command) {
	c.mu.Lock()
	k := c.calls.take(cmd.Opaque)
	c.mu.Unlock()
	if k != nil {
		k.finish(cmd.Clone(), nil)
	}
}
