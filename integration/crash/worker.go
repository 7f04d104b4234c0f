package main

import (
	"math/rand/v2"
	"sync"
	"time"

	"gorocket/integration/load/client"
)

const workers = 12

// drive sends on several connections until the broker is gone or until stop is closed.
func (l *ledger) drive(addr string, round int, stop <-chan struct{}) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			c, err := client.Dial(addr, 5*time.Second)
			if err != nil {
				return // killed before the first message
			}
			defer c.Close()
			r := rand.New(rand.NewPCG(l.seed, uint64(round)<<8|uint64(w)))
			for l.step(c, r, round, w) == nil {
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	wg.Wait()
}

// step does one operation. An error means that the connection is of no more use and the outcome is unknown.
func (l *ledger) step(c *client.Client, r *rand.Rand, round, worker int) error {
	if worker < queues && r.IntN(20) == 0 {
		return l.commit(c, worker)
	}
	op, e := l.begin(round)
	s := specOf(l.seed, round, op)
	e.kind, e.count, e.light = s.kind, uint8(len(s.items)), uint8(s.light)
	l.expect(queue{s.topic, s.queue})
	if s.kind == delayed {
		l.expect(queue{schedule, s.level - 1})
	}
	for _, name := range s.lights() {
		l.expect(queue{name, 0})
	}
	sent, err := send(c, &s)
	if err != nil {
		return err
	}
	if sent.Code != 0 {
		l.refuse(sent.Code, sent.Remark)
		return nil
	}
	e.base, e.acked = sent.QueueOffset, true
	return nil
}

func send(c *client.Client, s *spec) (client.Sent, error) {
	first := s.items[0]
	first.AutoMake = true
	switch s.kind {
	case inner:
		return c.SendBatch(&first, s.parts)
	case batch:
		first.Props = ""
		return c.SendBatch(&first, s.items)
	}
	return c.Send(&first)
}

// commit moves the group forward on one queue. Each queue has one worker that does it, so that the last answer is the
// last value.
func (l *ledger) commit(c *client.Client, id int) error {
	q := queue{"crash_0", id}
	offset := l.trying(q)
	err := c.Commit("crash_group", q.topic, q.id, offset)
	if err == nil {
		l.committed(q, offset)
		return nil
	}
	if _, answered := err.(*client.CodeError); answered {
		return nil // the topic or the group is not known yet
	}
	return err
}
