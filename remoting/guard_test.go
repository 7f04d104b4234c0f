package remoting

import (
	"sync/atomic"
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// TestGuard: a request that the guard refuses is answered NO_PERMISSION with its words and no handler sees it, whatever
// the handler's mode, known or not; a one-way one gets no answer.
func TestGuard(t *testing.T) {
	var handled atomic.Int64
	handle := func(ctx *Context) { handled.Add(1); ctx.OK(nil) }
	var conns [2]atomic.Uint64
	refuse := Options{Guard: func(c *Conn, req *wire.Command) Refusal {
		conns[0].Store(conns[1].Swap(c.ID()))
		if string(req.Body) == "let me in" {
			return Refusal{}
		}
		return Refusal{wire.NoPermission, "not you"}
	}}
	addr := startServer(t, refuse, Entry{Code: 1, Handle: handle}, Entry{Code: 2, Mode: Pooled, Handle: handle},
		Entry{Code: 3, Mode: Blocking, Handle: handle})
	c := dialRaw(t, addr)
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	ask := func(code int32, body string, flag int32) {
		w := wire.BeginHeader(nil, wire.SerializeJSON, wire.Head{Code: code, Opaque: code, Flag: flag})
		if _, err := c.Write(append(w.Finish(len(body)), body...)); err != nil {
			t.Fatal(err)
		}
	}
	answer := func(opaque, code int32, remark string) {
		t.Helper()
		var cmd wire.Command
		if err := wire.Decode(readFrame(t, c), &cmd); err != nil || cmd.Opaque != opaque || cmd.Code != code ||
			cmd.Remark != remark {
			t.Errorf("answer to %d: code %d, %q, %v", cmd.Opaque, cmd.Code, cmd.Remark, err)
		}
	}
	for _, code := range []int32{1, 2, 3, 4} {
		ask(code, "x", 0)
		answer(code, wire.NoPermission, "not you")
	}
	big := string(make([]byte, maxInlineGuarded+1))
	ask(1, big, 0)
	answer(1, wire.NoPermission, "not you")
	ask(1, "x", wire.FlagOneway) // no answer: the next one is to what follows
	if handled.Load() != 0 {
		t.Errorf("%d requests reached a handler", handled.Load())
	}
	for _, code := range []int32{1, 2, 3} {
		ask(code, "let me in", 0)
		answer(code, wire.Success, "")
	}
	if handled.Load() != 3 {
		t.Errorf("%d requests reached a handler", handled.Load())
	}
	d := dialRaw(t, addr)
	answered(t, d, 1)
	if a, b := conns[0].Load(), conns[1].Load(); a == 0 || b == 0 || a == b {
		t.Errorf("connections have the numbers %d and %d", a, b)
	}
}

// TestGuardAsksOnce: a request that is handled more than once, on a worker or after it waited, is let in once.
func TestGuardAsksOnce(t *testing.T) {
	var asked, again atomic.Int64
	o := Options{Guard: func(*Conn, *wire.Command) (r Refusal) { asked.Add(1); return r }}
	handle := func(ctx *Context) {
		switch {
		case ctx.OnLoop():
			ctx.Offload()
		case again.Add(1) == 1:
			ctx.Detach().Resume()
		default:
			ctx.OK(nil)
		}
	}
	c := dialRaw(t, startServer(t, o, Entry{Code: 1, Handle: handle}))
	answered(t, c, 1)
	if asked.Load() != 1 || again.Load() != 2 {
		t.Errorf("asked %d times, handled %d times", asked.Load(), again.Load())
	}
	answered(t, c, 1)
	if asked.Load() != 2 {
		t.Errorf("the next request was asked about %d times", asked.Load()-1)
	}
}

// TestGuardOnLoop: a large frame is looked at on a worker, others on the event loop.
func TestGuardOnLoop(t *testing.T) {
	var onLoop atomic.Bool
	o := Options{Guard: func(*Conn, *wire.Command) (r Refusal) { return r }}
	c := dialRaw(t, startServer(t, o, Entry{Code: 1, Handle: func(ctx *Context) {
		onLoop.Store(ctx.OnLoop())
		ctx.OK(nil)
	}}))
	for n, want := range map[int]bool{10: true, maxInlineGuarded + 1: false} {
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Write(requestFrame(1, n)); err != nil {
			t.Fatal(err)
		}
		readFrame(t, c)
		if onLoop.Load() != want {
			t.Errorf("%d bytes: on the loop %v", n, onLoop.Load())
		}
	}
}
