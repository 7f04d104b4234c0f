package cluster

import (
	"context"
	"strings"
	"sync"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// Routes remembers where topics are in the cluster, for query assignment. What is old is answered and asked for
// anew in the background, so that only who asks first waits for a NameServer, routeWait at most. Java:
// TopicRouteInfoManager.
type Routes struct {
	mu     sync.Mutex
	topics map[string]*cachedRoute // guarded by mu
	size   int                     // guarded by mu; queues of all topics
	asks   int                     // guarded by mu; topics that are asked for now
	ask    func(ctx context.Context, topic string) []protocol.MessageQueue
	run    func(func()) // starts a goroutine that its owner waits for
	stop   <-chan struct{}
}

// cachedRoute is guarded by the cache's mu.
type cachedRoute struct {
	queues []protocol.MessageQueue // readable ones of all brokers; nil when the topic is unknown. Immutable
	until  time.Time               // zero before the first answer
	asking chan struct{}           // closed when the answer is there; nil when nobody asks
}

// Limits of the cache.
const (
	routeLife     = 10 * time.Second // Java refreshes every 30 s (loadBalancePollNameServerInterval)
	routeTimeout  = 3 * time.Second  // for one NameServer
	routeWait     = time.Second
	maxRoutesKept = 10_000    // topics
	maxQueuesKept = 1_000_000 // queues of all of them
	// queues of one answer; more do not fit into a frame
	maxQueuesListed = 100_000
	maxRouteAsks    = 64 // topics that are asked for at a time; others keep what is known of them
)

// NewRoutes makes an empty cache that asks ask, usually Registrar.Queues; run starts a goroutine that its owner waits
// for, and stop ends all waiting.
func NewRoutes(ask func(ctx context.Context, topic string) []protocol.MessageQueue, run func(func()),
	stop <-chan struct{}) *Routes {
	return &Routes{topics: map[string]*cachedRoute{}, ask: ask, run: run, stop: stop}
}

// get returns what is known of a topic, asking when that is old or nothing; at most wait long. It may block.
func (c *Routes) get(topic string, wait time.Duration) []protocol.MessageQueue {
	c.mu.Lock()
	r := c.topics[topic]
	if r == nil {
		if len(c.topics) >= maxRoutesKept {
			clear(c.topics)
			c.size = 0
		}
		r = &cachedRoute{}
		c.topics[strings.Clone(topic)] = r
	}
	if r.asking == nil && time.Now().After(r.until) && c.asks < maxRouteAsks {
		c.asks++
		r.asking = make(chan struct{})
		name := strings.Clone(topic)
		c.run(func() { c.refresh(name, r) })
	}
	asking, fresh := r.asking, r.until.IsZero()
	c.mu.Unlock()
	if fresh && asking != nil {
		select {
		case <-asking:
		case <-time.After(wait):
		case <-c.stop:
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return r.queues
}

// refresh asks for a topic. It ends with the broker.
func (c *Routes) refresh(topic string, r *cachedRoute) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-c.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	queues := c.ask(ctx, topic)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(topic, r, queues)
	r.until = time.Now().Add(routeLife)
	close(r.asking)
	r.asking = nil
	c.asks--
}

// keep makes queues what is known of a topic; when that is too much all else is forgotten. The caller holds mu.
func (c *Routes) keep(topic string, r *cachedRoute, queues []protocol.MessageQueue) {
	if old := c.topics[topic]; old != nil { // r, but for one that was forgotten meanwhile
		c.size -= len(old.queues)
	}
	if c.size+len(queues) > maxQueuesKept {
		clear(c.topics)
		c.size = 0
	}
	c.topics[topic] = r
	r.queues = queues
	c.size += len(queues)
}

// Readable lists the queues of a topic on all brokers, nil when no NameServer knows it or none has answered yet. The
// caller owns the slice. Blocking workers only.
func (c *Routes) Readable(topic string) []protocol.MessageQueue {
	return append([]protocol.MessageQueue(nil), c.get(topic, routeWait)...)
}

// AskRoute asks the NameServers for a route, one after the other; nil when none has it. Not on an event loop.
func (r *Registrar) AskRoute(ctx context.Context, topic string) *protocol.TopicRouteData {
	h := wire.GetRouteInfoRequestHeader{Topic: topic, AcceptStandardJSONOnly: true}
	for _, l := range r.links() {
		one, cancel := context.WithTimeout(ctx, routeTimeout)
		resp, err := remoting.Call(one, r.d.Client, l.addr, wire.ReqGetRouteinfoByTopic,
			wire.GetRouteInfoRequest, &h, nil)
		cancel()
		if err != nil {
			continue
		}
		var r protocol.TopicRouteData
		if compat.Unmarshal(resp.Body, &r) == nil {
			return &r
		}
	}
	return nil
}

// queuesOf lists what may be read, maxQueuesListed at most: whoever registers may say any number. Java:
// MQClientInstance.topicRouteData2TopicSubscribeInfo.
func queuesOf(topic string, r *protocol.TopicRouteData) []protocol.MessageQueue {
	queues := []protocol.MessageQueue{}
	for _, q := range r.QueueDatas {
		if q.Perm&protocol.PermRead == 0 {
			continue
		}
		for i := range min(q.ReadQueueNums, maxQueuesListed-len(queues)) {
			queues = append(queues, protocol.MessageQueue{BrokerName: q.BrokerName, QueueID: i, Topic: topic})
		}
	}
	return queues
}

// Queues asks the NameServers for the readable queues of a topic; nil when none has it. Not on an event loop.
func (r *Registrar) Queues(ctx context.Context, topic string) []protocol.MessageQueue {
	if route := r.AskRoute(ctx, topic); route != nil {
		return queuesOf(topic, route)
	}
	return nil
}
