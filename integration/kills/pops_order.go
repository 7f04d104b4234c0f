package kills

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"gorocket/integration/load/client"
)

const (
	orderTopic   = "kill_pop_order"
	orderGroup   = "CG_kill_pop_order"
	orderQueues  = 3
	orderPoppers = 4
)

// OrderedPops pops in order: of each queue one consumer has the next messages, and nobody what lies behind them.
type OrderedPops struct {
	mu     sync.Mutex
	next   int // guarded by mu, as all below
	queues [orderQueues]orderedQueue
	pops   int
	again  int
	wrong  int
	first  string // the first thing that was wrong
}

// orderedQueue is what is known of one queue.
type orderedQueue struct {
	answered int64          // offset behind the last message whose send was answered
	acked    map[int64]bool // true: in time, and the broker said so; false: nobody knows
	until    map[int64]int64
	settled  int64 // all below are acknowledged, or may be
}

// Prepare implements Workload.
func (l *OrderedPops) Prepare(c *client.Client) error {
	for q := range l.queues {
		l.queues[q].acked, l.queues[q].until = map[int64]bool{}, map[int64]int64{}
	}
	return errors.Join(c.CreateTopic(orderTopic, orderQueues, 6, ""), c.CreateGroup(orderGroup, 16))
}

// Workers implements Workload.
func (l *OrderedPops) Workers() []func(addr string) {
	list := []func(string){l.produce}
	for range orderPoppers {
		list = append(list, l.consume)
	}
	return list
}

func (l *OrderedPops) produce(addr string) {
	sendEvery(addr, 4*time.Millisecond, func() (*client.Message, func(client.Sent)) {
		l.mu.Lock()
		l.next++
		n := l.next
		l.mu.Unlock()
		return &client.Message{Topic: orderTopic, Queue: n % orderQueues, Body: fmt.Appendf(nil, "ordered %d", n)},
			func(sent client.Sent) {
				l.mu.Lock()
				q := &l.queues[n%orderQueues]
				q.answered = max(q.answered, sent.QueueOffset+1)
				l.mu.Unlock()
			}
	})
}

func (l *OrderedPops) consume(addr string) {
	c, err := client.Dial(addr, wait)
	if err != nil {
		return
	}
	defer c.Close()
	for err == nil {
		_, err = l.popOnce(c, 3000+rand.Int64N(3000), 12)
	}
}

// popOnce pops once and acknowledges; of one in never messages the acknowledgement is left out, with all that follow.
func (l *OrderedPops) popOnce(c *client.Client, invisible int64, never int) (n int, err error) {
	list, _, err := c.Pop(&client.Popping{Group: orderGroup, Topic: orderTopic, Queue: -1, Count: 1 + rand.IntN(16),
		Invisible: invisible, Poll: 300, Born: time.Now().UnixMilli(), Order: true})
	if err != nil {
		return 0, err
	}
	l.note(list)
	for _, m := range list {
		if never > 0 && rand.IntN(never*8) == 0 {
			return len(list), nil
		}
		l.mu.Lock()
		q := &l.queues[m.Queue]
		if !q.acked[m.QueueOffset] {
			q.acked[m.QueueOffset] = false
		}
		l.mu.Unlock()
		if err := c.Ack(orderGroup, m); err != nil {
			return 0, err
		}
		now := time.Now().UnixMilli()
		l.mu.Lock()
		if now < m.Until && q.until[m.QueueOffset] == m.Until {
			q.acked[m.QueueOffset] = true
		}
		l.mu.Unlock()
	}
	return len(list), nil
}

// note looks at what was popped: in front of it nothing is out, and nothing of it is acknowledged.
func (l *OrderedPops) note(list []*client.Popped) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(list) > 0 {
		l.pops++
	}
	last := map[int32]int64{}
	for _, m := range list {
		q, what := &l.queues[m.Queue], ""
		if before, has := last[m.Queue]; !has {
			for at := q.settled; at < m.QueueOffset; at++ {
				if _, maybe := q.acked[at]; !maybe {
					what = fmt.Sprintf("while %d in front of it is not acknowledged", at)
				} else if what == "" && at == q.settled && q.acked[at] {
					q.settled++
				}
			}
		} else if m.QueueOffset != before+1 {
			what = fmt.Sprintf("behind %d", before)
		}
		last[m.Queue] = m.QueueOffset
		switch until := q.until[m.QueueOffset]; {
		case q.acked[m.QueueOffset]:
			what = "although it was acknowledged in time"
		case until > m.Pop:
			what = fmt.Sprintf("%d ms before its time was over", until-m.Pop)
		case until > 0:
			l.again++
		}
		if what != "" {
			l.wrong++
			if l.first == "" {
				l.first = fmt.Sprintf("%d of queue %d came %s: %s", m.QueueOffset, m.Queue, what, m.Handle)
			}
		}
		q.until[m.QueueOffset] = m.Until
	}
}

// Check implements Workload: all that was sent comes, in order.
func (l *OrderedPops) Check(b Brokers) (string, error) {
	for quiet := time.Now(); time.Since(quiet) < 10*time.Second; {
		n, err := l.popOnce(b.Clients[0], 8000, 0)
		if err != nil {
			return "", err
		}
		if n > 0 {
			quiet = time.Now()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sent, lost := int64(0), 0
	for i := range l.queues {
		q := &l.queues[i]
		sent += q.answered
		for at := range q.answered {
			if _, maybe := q.acked[at]; !maybe {
				lost++
			}
		}
	}
	var err error
	if lost > 0 || l.wrong > 0 {
		err = fmt.Errorf("%s: %d messages lost, %d came when they must not: %s", orderTopic, lost, l.wrong, l.first)
	} else if sent < 100 || l.again == 0 {
		err = fmt.Errorf("%s: %d messages, %d that came again: nothing was tested", orderTopic, sent, l.again)
	}
	return fmt.Sprintf("%d messages in order, %d pops, %d lost, %d came again when their time was over, %d out of turn", sent,
		l.pops, lost, l.again, l.wrong), err
}
