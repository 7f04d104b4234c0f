package broker

import (
	"context"
	"strings"
	"sync"
	"time"

	"gorocket/compat"
	"gorocket/compat/body"
	"gorocket/remoting"
)

// routeCache remembers where topics are in the cluster, for query assignment. Java: TopicRouteInfoManager.
type routeCache struct {
	mu     sync.Mutex
	topics map[string]cachedRoute // guarded by mu
	size   int                    // guarded by mu; queues of all topics
}

type cachedRoute struct {
	queues []body.MessageQueue // readable ones of all brokers; nil when the topic is unknown
	until  time.Time
}

// Limits of the cache.
const (
	routeLife     = 10 * time.Second // Java refreshes every 30 s (loadBalancePollNameServerInterval)
	routeTimeout  = 3 * time.Second
	maxRoutesKept = 10_000    // topics; when there are more, all are asked for anew
	maxQueuesKept = 1_000_000 // queues of all of them
)

func newRouteCache() *routeCache { return &routeCache{topics: map[string]cachedRoute{}} }

func (c *routeCache) get(topic string, now time.Time) ([]body.MessageQueue, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.topics[topic]
	return r.queues, ok && now.Before(r.until)
}

func (c *routeCache) put(topic string, queues []body.MessageQueue, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.topics) >= maxRoutesKept || c.size+len(queues) > maxQueuesKept {
		clear(c.topics)
		c.size = 0
	}
	c.size += len(queues) - len(c.topics[topic].queues)
	c.topics[strings.Clone(topic)] = cachedRoute{queues, now.Add(routeLife)}
}

// readableQueues lists the queues of a topic on all brokers, nil when no NameServer knows it. The caller owns the slice. It asks a NameServer when
// the cache is old: not on an event loop.
func (b *Broker) readableQueues(topic string) []body.MessageQueue {
	now := time.Now()
	queues, ok := b.routes.get(topic, now)
	if !ok {
		queues = b.askRoute(topic)
		b.routes.put(topic, queues, now)
	}
	return append([]body.MessageQueue(nil), queues...)
}

func (b *Broker) askRoute(topic string) []body.MessageQueue {
	if r := b.askRouteData(topic); r != nil {
		return queuesOf(topic, r)
	}
	return nil
}

// askRouteData asks the NameServers for a route, one after the other; nil when none has it. Not on an event loop.
func (b *Broker) askRouteData(topic string) *body.TopicRouteData {
	h := remoting.GetRouteInfoRequestHeader{Topic: topic, AcceptStandardJSONOnly: true}
	for _, l := range b.register.links {
		ctx, cancel := context.WithTimeout(context.Background(), routeTimeout)
		resp, err := remoting.Call(ctx, b.client, l.addr, remoting.ReqGetRouteinfoByTopic, remoting.GetRouteInfoRequest, &h, nil)
		cancel()
		if err != nil {
			continue
		}
		var r body.TopicRouteData
		if compat.Unmarshal(resp.Body, &r) == nil {
			return &r
		}
	}
	return nil
}

// queuesOf lists what may be read, maxStatsQueues at most: whoever registers may say any number. Java: MQClientInstance.topicRouteData2TopicSubscribeInfo.
func queuesOf(topic string, r *body.TopicRouteData) []body.MessageQueue {
	queues := []body.MessageQueue{}
	for _, q := range r.QueueDatas {
		if q.Perm&body.PermRead == 0 {
			continue
		}
		for i := range min(q.ReadQueueNums, maxStatsQueues-len(queues)) {
			queues = append(queues, body.MessageQueue{BrokerName: q.BrokerName, QueueID: i, Topic: topic})
		}
	}
	return queues
}
