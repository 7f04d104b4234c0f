package goclient

import (
	"sync"
	"testing"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

func groupCases() []Case {
	return []Case{{"broadcasting", broadcasting}, {"twoGroups", twoGroups}, {"rebalance3", rebalance},
		{"offsetClientRestart", clientRestart}}
}

func broadcasting(t testing.TB, e *Env) {
	topic, want := e.Create(t, "broadcast", 4), numbered("all", 40)
	var boxes [2]Box
	for i := range boxes {
		e.Consume(t, e.Group("broadcast"), topic, "*", boxes[i].add, consumer.WithConsumerModel(consumer.BroadCasting))
	}
	e.Send(t, topic, "t", want...)
	for i := range boxes {
		exactly(t, &boxes[i], want)
	}
}

func twoGroups(t testing.TB, e *Env) {
	topic, want := e.Create(t, "groups", 4), numbered("both", 40)
	e.Send(t, topic, "t", want...)
	var boxes [2]Box
	e.Consume(t, e.Group("A"), topic, "*", boxes[0].add)
	e.Consume(t, e.Group("B"), topic, "*", boxes[1].add)
	exactly(t, &boxes[0], want)
	exactly(t, &boxes[1], want)
}

// rebalance: members join and leave; the broker's notice, not the client's 20 s timer, must move the queues.
func rebalance(t testing.TB, e *Env) {
	topic, group := e.Create(t, "rebalance", 6), e.Group("rebalance")
	owners := ownerTable{queues: map[int]map[int]bool{}}
	var stop func() error
	for i := range 3 {
		c := e.Consume(t, group, topic, "*", owners.member(i))
		if i == 1 {
			stop = c.Shutdown
		}
		time.Sleep(300 * time.Millisecond)
	}
	owners.settle(t, e, topic, map[int]int{0: 2, 1: 2, 2: 2})
	must(t, stop())
	owners.settle(t, e, topic, map[int]int{0: 3, 2: 3})
}

// ownerTable notes which member got messages of which queue. Safe for concurrent use.
type ownerTable struct {
	mu     sync.Mutex
	queues map[int]map[int]bool // member, queue id
}

func (o *ownerTable) member(i int) handler {
	return func(m *primitive.MessageExt) consumer.ConsumeResult {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.queues[i] == nil {
			o.queues[i] = map[int]bool{}
		}
		o.queues[i][m.Queue.QueueId] = true
		return consumer.ConsumeSuccess
	}
}

// settle sends rounds of messages until one round arrives divided as wanted.
func (o *ownerTable) settle(t testing.TB, e *Env, topic string, want map[int]int) {
	t.Helper()
	await(t, 15*time.Second, "queues divided among the members", func() bool {
		o.mu.Lock()
		clear(o.queues)
		o.mu.Unlock()
		e.Send(t, topic, "t", numbered("r", 12)...)
		time.Sleep(300 * time.Millisecond)
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.queues) != len(want) {
			return false
		}
		for member, n := range want {
			if len(o.queues[member]) != n {
				return false
			}
		}
		return true
	})
}

func clientRestart(t testing.TB, e *Env) {
	topic, group := e.Create(t, "again", 4), e.Group("again")
	old, fresh := numbered("old", 20), numbered("new", 10)
	e.Send(t, topic, "t", old...)
	var first, second Box
	c := e.Consume(t, group, topic, "*", first.add)
	exactly(t, &first, old)
	must(t, c.Shutdown())
	e.Send(t, topic, "t", fresh...)
	e.Consume(t, group, topic, "*", second.add)
	exactly(t, &second, fresh)
}

// BeforeRestart reads 20 messages and leaves 10; the caller then restarts the broker.
func BeforeRestart(t testing.TB, e *Env) {
	topic, old := e.Create(t, "restart", 4), numbered("old", 20)
	e.Send(t, topic, "t", old...)
	var box Box
	c := e.Consume(t, e.Group("restart"), topic, "*", box.add)
	exactly(t, &box, old)
	must(t, c.Shutdown())
	e.Send(t, topic, "t", numbered("new", 10)...)
}

// AfterRestart must find exactly the 10 that were left, and be able to send and receive more.
func AfterRestart(t testing.TB, e *Env) {
	topic, want := e.Topic("restart"), numbered("new", 10)
	var box Box
	e.Consume(t, e.Group("restart"), topic, "*", box.add)
	exactly(t, &box, want)
	e.Send(t, topic, "t", "later")
	exactly(t, &box, append(want, "later"))
}
