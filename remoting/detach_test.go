package remoting

import (
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// TestDetach: requests that wait for something keep no worker, stay in the budget, and are handled once more when
// they may go on.
func TestDetach(t *testing.T) {
	const waiting = 50
	resume := make(chan struct{})
	handle := func(ctx *Context) {
		if ctx.OnLoop() {
			if ctx.Detach() != nil {
				t.Error("detached on an event loop")
			}
			ctx.Offload()
			return
		}
		select {
		case <-resume:
			ctx.OK(nil)
		default:
			d := ctx.Detach()
			if d == nil {
				t.Error("no room")
				return
			}
			go func() { <-resume; d.Resume() }()
		}
	}
	s, addr := serving(t, Options{Workers: 1}, Entry{Code: 1, Handle: handle}, Entry{Code: 2, Mode: Pooled,
		Handle: echo})
	c, other := dialRaw(t, addr), dialRaw(t, addr)
	for range waiting {
		if _, err := c.Write(requestFrame(1, 100)); err != nil {
			t.Fatal(err)
		}
	}
	size := int64(len(requestFrame(1, 100)))
	testutil.WaitFor(t, "all wait", func() bool { return s.Figures().Queued == waiting*size })
	answered(t, other, 2)
	close(resume)
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	for range waiting {
		readFrame(t, c)
	}
	testutil.WaitFor(t, "nothing is counted", func() bool { return s.Figures().Queued == 0 })
}

// TestDetachWithoutRoom: a request for which there is no room goes on at once.
func TestDetachWithoutRoom(t *testing.T) {
	_, addr := serving(t, Options{MaxWaiting: 1500}, Entry{Code: 1, Mode: Pooled, Handle: func(ctx *Context) {
		if d := ctx.Detach(); d != nil {
			d.Drop()
			d.Drop() // does nothing
			ctx.Status(wire.SystemError, "there is room")
			return
		}
		ctx.OK(nil)
	}})
	c := dialRaw(t, addr)
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	for n, want := range map[int]int32{100: wire.SystemError, 1000: wire.Success} {
		if _, err := c.Write(requestFrame(1, n)); err != nil {
			t.Fatal(err)
		}
		var cmd wire.Command
		if err := wire.Decode(readFrame(t, c), &cmd); err != nil || cmd.Code != want {
			t.Errorf("%d bytes: code %d, %v", n, cmd.Code, err)
		}
	}
}
