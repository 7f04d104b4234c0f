package cluster

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/protocol"
)

// TestRoutesAreBounded: whatever a NameServer says about queue numbers, the list and the cache of lists stay small.
func TestRoutesAreBounded(t *testing.T) {
	route := &protocol.TopicRouteData{}
	for i := range 50 {
		route.QueueDatas = append(route.QueueDatas, protocol.QueueData{BrokerName: fmt.Sprint(i), Perm: 4,
			ReadQueueNums: math.MaxInt32})
	}
	queues := queuesOf("T", route)
	if len(queues) != maxQueuesListed {
		t.Errorf("%d queues", len(queues))
	}
	var wg sync.WaitGroup
	c := NewRoutes(func(context.Context, string) []protocol.MessageQueue { return queues }, wg.Go, nil)
	for i := range 30 {
		if got := c.get(fmt.Sprint("T", i%20), time.Minute); len(got) != len(queues) {
			t.Fatalf("%d queues", len(got))
		}
		wg.Wait()
		n := 0
		for _, r := range c.topics {
			n += len(r.queues)
		}
		if n != c.size || n > maxQueuesKept {
			t.Fatalf("%d queues kept, %d counted", n, c.size)
		}
	}
}

// TestRouteCacheDoesNotWait: what is known is answered at once, however long the NameServer takes; who asks first
// waits, not for ever.
func TestRouteCacheDoesNotWait(t *testing.T) {
	stop, hang := make(chan struct{}), make(chan struct{})
	var asked atomic.Int32
	var wg sync.WaitGroup
	c := NewRoutes(func(ctx context.Context, topic string) []protocol.MessageQueue {
		n := asked.Add(1)
		if n > 1 {
			select {
			case <-hang:
			case <-ctx.Done():
			}
		}
		return []protocol.MessageQueue{{BrokerName: "b", QueueID: int(n), Topic: topic}}
	}, wg.Go, stop)
	if q := c.get("T", 10*time.Second); len(q) != 1 || q[0].QueueID != 1 {
		t.Fatalf("first: %v", q)
	}
	c.mu.Lock()
	c.topics["T"].until = time.Now().Add(-time.Second)
	c.mu.Unlock()
	for range 3 {
		start := time.Now()
		if q := c.get("T", time.Minute); len(q) != 1 || q[0].QueueID != 1 || time.Since(start) > 5*time.Second {
			t.Errorf("old: %v after %v", q, time.Since(start))
		}
	}
	if q := c.get("U", 20*time.Millisecond); q != nil {
		t.Errorf("unknown: %v", q)
	}
	close(hang)
	testutil.WaitFor(t, "the new answer", func() bool { q := c.get("T", time.Minute); return len(q) == 1 && q[0].QueueID > 1 })
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
	close(stop)
	wg.Wait()
}

// TestRouteCacheEnds: questions on their way end with the broker.
func TestRouteCacheEnds(t *testing.T) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	c := NewRoutes(func(ctx context.Context, _ string) []protocol.MessageQueue { <-ctx.Done(); return nil }, wg.Go,
		stop)
	for i := range 2 * maxRouteAsks {
		c.get(string(rune('A'+i)), time.Microsecond)
	}
	if c.asks != maxRouteAsks {
		t.Errorf("%d questions at a time", c.asks)
	}
	close(stop)
	wg.Wait()
}
