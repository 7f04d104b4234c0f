package remoting

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"gorocket/remoting/wire"
)

// manyConnections sends requests over several connections to a server with one loop, each answered before the next
// one of its connection, until a connection ends or each has had its number of answers. The handler sets the barrier
// to the number of the request and answers with it.
func manyConnections(t *testing.T, each int, barrier func(n int64) error, check func(number int64)) (answered int64) {
	var last int64 // event loop only
	addr := startServer(t, Options{EventLoops: 1, Barrier: barrier}, Entry{Code: 1, Handle: func(ctx *Context) {
		last++
		ctx.Barrier(last)
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

// TestCoalescedAnswers: many connections are answered, no answer leaves before its barrier, and some answers share one.
func TestCoalescedAnswers(t *testing.T) {
	const each = 2000
	var passed, calls atomic.Int64
	barrier := func(n int64) error {
		passed.Store(n)
		calls.Add(1)
		return nil
	}
	n := manyConnections(t, each, barrier, func(number int64) {
		if number > passed.Load() {
			t.Errorf("answer %d left before its barrier", number)
		}
	})
	if n != 8*each {
		t.Errorf("%d answers of %d", n, 8*each)
	}
	if calls.Load() >= n {
		t.Errorf("%d barriers for %d answers: none was shared", calls.Load(), n)
	}
}

// TestCoalescedFailure: when a barrier fails, no connection whose answers wait for it gets one that depends on it.
func TestCoalescedFailure(t *testing.T) {
	const limit = 3000
	broken := errors.New("broken")
	barrier := func(n int64) error {
		if n > limit {
			return broken
		}
		return nil
	}
	manyConnections(t, limit, barrier, func(number int64) {
		if number > limit {
			t.Errorf("answer %d left though its barrier failed", number)
		}
	})
}
