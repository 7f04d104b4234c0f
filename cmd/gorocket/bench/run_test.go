package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func TestClosedLoopCountsAnswersAndCodes(t *testing.T) {
	var n, inFlight, most atomic.Int64
	addr := serve(t, func(ctx *remoting.Context) {
		most.Store(max(most.Load(), inFlight.Add(1)))
		if n.Add(1)%10 == 0 {
			ctx.Status(wire.SystemBusy, "[OVERLOAD]system busy")
		} else {
			ctx.OK(nil)
		}
		inFlight.Add(-1)
	})
	l := sendLoad(t, addr, loopFlags{connections: 2, inFlight: 16}, messageFlags{size: 64, batch: 4}, -1)
	var lines strings.Builder
	l.progress = &lines
	o, err := l.run(context.Background(), 50*time.Millisecond, 1100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	busy := o.tally.codes[wire.SystemBusy]
	if o.inWindow < 1000 || o.inWindow != 4*o.tally.answers || o.bytes != 64*o.inWindow {
		t.Errorf("%d messages in %d answers, %d bytes", o.inWindow, o.tally.answers, o.bytes)
	}
	if busy == nil || busy.Remark != "[OVERLOAD]system busy" || busy.Name != "SYSTEM_BUSY" ||
		busy.Count < o.tally.answers/11 || busy.Count > o.tally.answers/8 {
		t.Errorf("busy: %+v of %d", busy, o.tally.answers)
	}
	// sent before the window began
	if total, late := o.tally.answers+busy.Count, o.tally.answers-o.tally.hist.TotalCount(); total > n.Load() ||
		late < 0 || late > 2*16 {
		t.Errorf("%d answers counted, %d latencies, %d requests handled", total, o.tally.hist.TotalCount(), n.Load())
	}
	if !strings.Contains(lines.String(), "msg/s") || strings.Contains(lines.String(), "errors 0") {
		t.Errorf("progress: %q", lines.String())
	}
	if o.client.total() <= 0 {
		t.Error("no CPU time of our own")
	}
}

// stalled is a server that stops for pause, once, from the after-th request on.
func stalled(t *testing.T, after int64, pause time.Duration) string {
	var n atomic.Int64
	return serve(t, func(ctx *remoting.Context) {
		if n.Add(1) == after {
			time.Sleep(pause)
		}
		ctx.OK(nil)
	})
}

// TestOpenLoopSeesAStall: at 1000/s a stall of 400 ms delays 400 messages, the first by 400 ms, the last by next to
// nothing. All of them count.
func TestOpenLoopSeesAStall(t *testing.T) {
	addr := stalled(t, 300, 400*time.Millisecond)
	// less room than the stall needs
	l := sendLoad(t, addr, loopFlags{connections: 2, inFlight: 8, rate: 1000}, messageFlags{size: 64}, -1)
	o, err := l.run(context.Background(), 0, 1200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	h := o.tally.hist
	if n, want := float64(h.TotalCount()), 1000*o.took.Seconds(); n < 0.95*want || n > 1.05*want ||
		o.missing+o.unsent != 0 {
		t.Errorf("%v latencies for %v at 1000/s, %d missing, %d unsent", n, o.took, o.missing, o.unsent)
	}
	if p80, p99, top := time.Duration(h.ValueAtQuantile(80)), time.Duration(h.ValueAtQuantile(99)),
		time.Duration(h.Max()); p80 < 100*time.Millisecond || p99 < 300*time.Millisecond || top < 380*time.Millisecond {
		t.Errorf("p80 %v p99 %v max %v do not show the stall", p80, p99, top)
	}
}

// TestOpenLoopKeepsItsRate: the schedule does not depend on the answers, and latencies on a server that is idle are
// small.
func TestOpenLoopKeepsItsRate(t *testing.T) {
	addr := serve(t, ok)
	l := sendLoad(t, addr, loopFlags{connections: 3, inFlight: 64, rate: 2000}, messageFlags{size: 64}, -1)
	o, err := l.run(context.Background(), 100*time.Millisecond, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if n, want := float64(o.tally.hist.TotalCount()), 2000*o.took.Seconds(); n < 0.95*want || n > 1.05*want {
		t.Errorf("%v requests in %v, want 2000 a second", n, o.took)
	}
	if p50 := time.Duration(o.tally.hist.ValueAtQuantile(50)); p50 > 50*time.Millisecond { // the machine may be busy
		t.Errorf("p50 %v", p50)
	}
}

// TestUnansweredRequestsCount: a server that falls silent must not look fast.
func TestUnansweredRequestsCount(t *testing.T) {
	var n atomic.Int64
	addr := serve(t, func(ctx *remoting.Context) {
		if n.Add(1) <= 100 {
			ctx.OK(nil)
		}
	})
	l := sendLoad(t, addr, loopFlags{connections: 1, inFlight: 50, rate: 1000}, messageFlags{size: 64}, -1)
	l.drain = 100 * time.Millisecond
	o, err := l.run(context.Background(), 0, 500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if o.missing != 50 || o.unsent < 300 || o.tally.hist.TotalCount() < 450 {
		t.Errorf("%d missing, %d unsent, %d latencies", o.missing, o.unsent, o.tally.hist.TotalCount())
	}
	if p50 := time.Duration(o.tally.hist.ValueAtQuantile(50)); p50 < 200*time.Millisecond {
		t.Errorf("p50 %v of a server that answered the first 100 of 500", p50)
	}
}

func TestFillSendsExactlySoMany(t *testing.T) {
	var got, once atomic.Int64
	l := sendLoad(t, serve(t, func(ctx *remoting.Context) {
		if once.Add(1)%5 == 0 {
			ctx.Status(wire.SystemBusy, "busy")
			return
		}
		got.Add(1)
		ctx.OK(nil)
	}), loopFlags{connections: 3, inFlight: 4}, messageFlags{size: 10}, 1000)
	tally, err := l.fill(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if tally.messages != 1000 || got.Load() != 1000 || tally.errors() == 0 {
		t.Errorf("%d messages counted, %d stored, %d busy", tally.messages, got.Load(), tally.errors())
	}
	l = sendLoad(t, serve(t, func(ctx *remoting.Context) { ctx.Status(wire.NoPermission, "read only") }),
		loopFlags{connections: 1, inFlight: 4}, messageFlags{size: 10}, 10)
	if _, err := l.fill(context.Background()); err == nil || !strings.Contains(err.Error(),
		"code 16 NO_PERMISSION: read only") {
		t.Errorf("a server that refuses: %v", err)
	}
}

// closing is a server that reads a little and closes.
func closing(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 100))
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestLostConnections(t *testing.T) {
	addr := closing(t)
	l := sendLoad(t, addr, loopFlags{connections: 2, inFlight: 4}, messageFlags{size: 1000}, -1)
	_, err := l.run(context.Background(), 0, 5*time.Second)
	var lost *lostError
	if !errors.As(err, &lost) || !strings.Contains(err.Error(), addr) {
		t.Errorf("want a lost connection to %s, got %v", addr, err)
	}
	l = sendLoad(t, addr, loopFlags{connections: 2, inFlight: 4}, messageFlags{size: 1000}, -1)
	l.workers[0].tolerant = true
	if _, err = l.run(context.Background(), 0, 5*time.Second); err == nil ||
		!strings.Contains(err.Error(), "all connections were lost") {
		t.Errorf("tolerant: %v", err)
	}
}

func TestSilentServer(t *testing.T) {
	addr := serve(t, func(*remoting.Context) {})
	l := sendLoad(t, addr, loopFlags{connections: 1, inFlight: 3}, messageFlags{size: 10}, -1)
	l.workers[0].patience = 200 * time.Millisecond
	if _, err := l.run(context.Background(), 0, 10*time.Second); err == nil ||
		!strings.Contains(err.Error(), "no answer for 200ms, 3 requests wait") {
		t.Errorf("got %v", err)
	}
}

func TestStrangeAnswerIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Write(jsonFrame(javaOK, ""))
		_, _ = io.Copy(io.Discard, c)
	}()
	load := sendLoad(t, l.Addr().String(), loopFlags{connections: 1, inFlight: 3}, messageFlags{size: 10}, -1)
	if _, err := load.run(context.Background(), 0, 5*time.Second); err == nil ||
		!strings.Contains(err.Error(), "not sent: opaque 1000000012") {
		t.Errorf("got %v", err)
	}
}

func TestInterruptedRunReportsWhatItHas(t *testing.T) {
	addr := serve(t, ok)
	l := sendLoad(t, addr, loopFlags{connections: 1, inFlight: 3}, messageFlags{size: 10}, -1)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	o, err := l.run(ctx, 0, time.Hour)
	if err != nil || o.inWindow == 0 || o.took > 5*time.Second {
		t.Errorf("%v %+v", err, o)
	}
	l = sendLoad(t, addr, loopFlags{connections: 1, inFlight: 3}, messageFlags{size: 10}, -1)
	if _, err := l.run(ctx, time.Hour, time.Hour); !errors.Is(err, errInterrupted) {
		t.Errorf("during the warm-up: %v", err)
	}
}
