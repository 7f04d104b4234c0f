package remoting

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// crowd sends requests over several connections to a server with one loop, each answered before the next one of its connection, until a connection ends or each has
// had its number of answers. The handler promises the number of the request and answers with it.
func crowd(t *testing.T, each int, keep func(promise int64) error, check func(number int64)) (answered int64) {
	var last int64 // event loop only
	addr := startServer(t, Options{EventLoops: 1, Keep: keep}, Entry{Code: 1, Handle: func(ctx *Context) {
		last++
		ctx.Promise(last)
		ctx.OK(binary.BigEndian.AppendUint64(nil, uint64(last)))
	}})
	var wg sync.WaitGroup
	var n atomic.Int64
	for range 8 {
		cl := startClient(t)
		wg.Go(func() {
			for range each {
				resp, err := Call(context.Background(), cl, addr, 1, wire.TopicRequest, &wire.TopicHeader{}, nil)
				if err != nil {
					return
				}
				n.Add(1)
				check(int64(binary.BigEndian.Uint64(resp.Body)))
			}
		})
	}
	wg.Wait()
	return n.Load()
}

// TestCrowd: many connections are answered, each promise is kept before its answer leaves, and some answers share one.
func TestCrowd(t *testing.T) {
	const each = 2000
	var kept, calls atomic.Int64
	keep := func(promise int64) error {
		kept.Store(promise)
		calls.Add(1)
		return nil
	}
	n := crowd(t, each, keep, func(number int64) {
		if number > kept.Load() {
			t.Errorf("answer %d left before its promise was kept", number)
		}
	})
	if n != 8*each {
		t.Errorf("%d answers of %d", n, 8*each)
	}
	if calls.Load() >= n {
		t.Errorf("%d promises kept for %d answers: none was shared", calls.Load(), n)
	}
}

// TestCrowdBrokenPromise: when a promise cannot be kept, no connection of the crowd gets an answer that depends on it.
func TestCrowdBrokenPromise(t *testing.T) {
	const limit = 3000
	broken := errors.New("broken")
	keep := func(promise int64) error {
		if promise > limit {
			return broken
		}
		return nil
	}
	crowd(t, limit, keep, func(number int64) {
		if number > limit {
			t.Errorf("answer %d left though its promise was not kept", number)
		}
	})
}

// TestTurnCrowd: a crowd is connections that come right after each other; one alone, or pauses, are none.
func TestTurnCrowd(t *testing.T) {
	a, b := &Conn{}, &Conn{}
	at := time.Now()
	var turn turn
	come := func(times int, gap time.Duration, conns ...*Conn) int {
		for i := range times {
			at = at.Add(gap)
			turn.begin(conns[i%len(conns)], at)
			turn.ended = at
		}
		return turn.crowd
	}
	if n := come(100, time.Microsecond, a); n != 0 {
		t.Errorf("one connection: crowd %d", n)
	}
	if n := come(100, time.Millisecond, a, b); n != 0 {
		t.Errorf("pauses: crowd %d", n)
	}
	if n := come(crowdAt+1, time.Microsecond, b, a); n < crowdAt {
		t.Errorf("after %d connections in a row: crowd %d", crowdAt+1, n)
	}
	if n := come(100, time.Microsecond, a, b); n != crowdMax {
		t.Errorf("many: crowd %d", n)
	}
	if n := come(crowdMax-crowdAt+1, time.Millisecond, a, b); n >= crowdAt {
		t.Errorf("pauses after a crowd: crowd %d", n)
	}
}
