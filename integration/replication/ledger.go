package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/integration/load/client"
)

const (
	topic     = "T"
	queues    = 4
	producers = 8
)

// ledger is what producers were told: the number of the message at each offset of each queue.
type ledger struct {
	mu      sync.Mutex
	acked   [queues]map[int64]uint64 // guarded by mu
	n       int                      // guarded by mu
	next    atomic.Uint64            // number of the next message
	refused atomic.Int64
}

func newLedger() *ledger {
	l := &ledger{}
	for q := range l.acked {
		l.acked[q] = map[int64]uint64{}
	}
	return l
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// body is that of message i: 9 to 4000 bytes, always the same.
func body(i uint64) []byte {
	head := fmt.Appendf(nil, "%012d|", i)
	return append(head, bytes.Repeat([]byte{byte(i)}, rand.New(rand.NewPCG(i, 3)).IntN(4000))...)
}

// produce sends until stop is closed, whatever happens to the broker.
func (l *ledger) produce(addr string, stop <-chan struct{}) {
	var c *client.Client
	for {
		select {
		case <-stop:
			if c != nil {
				c.Close()
			}
			return
		default:
		}
		var err error
		if c == nil {
			if c, err = client.Dial(addr, 10*time.Second); err != nil {
				c = nil
				time.Sleep(5 * time.Millisecond)
				continue
			}
		}
		if err = l.send(c); err != nil {
			c.Close()
			c = nil
		}
	}
}

// send sends one message; an error means that nobody knows what became of it.
func (l *ledger) send(c *client.Client) error {
	i := l.next.Add(1)
	q := int(i % queues)
	r, err := c.Send(&client.Message{Topic: topic, Queue: q, Born: 1, Body: body(i), Props: client.Props("TAGS", "a")})
	if err != nil || r.Code != 0 {
		l.refused.Add(1)
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[q][r.QueueOffset] = i
	l.n++
	return nil
}

// check reads all queues of a broker and compares them with what was acknowledged. It returns what they hold. Nobody
// sends meanwhile.
func (l *ledger) check(addr string) (held [queues][]uint64, err error) {
	c, err := client.Dial(addr, 20*time.Second)
	if err != nil {
		return held, err
	}
	defer c.Close()
	for q := range queues {
		_, err := c.ReadQueue(topic, q, 0, func(r *client.Record) error {
			var i uint64
			if n, _ := fmt.Sscanf(string(r.Body[:min(12, len(r.Body))]), "%d", &i); n != 1 || !bytes.Equal(r.Body, body(i)) {
				return fmt.Errorf("what nobody sent: %.40q", r.Body)
			}
			if r.QueueOffset != int64(len(held[q])) {
				return fmt.Errorf("a gap: %d where %d is next", r.QueueOffset, len(held[q]))
			}
			held[q] = append(held[q], i)
			return nil
		})
		if err == nil {
			err = l.compare(q, held[q])
		}
		if err != nil {
			return held, fmt.Errorf("queue %d: %w", q, err)
		}
	}
	return held, nil
}

// compare wants every acknowledged message where it was acknowledged, and none twice.
func (l *ledger) compare(q int, held []uint64) error {
	seen := map[uint64]bool{}
	for at, i := range held {
		if want, acked := l.acked[q][int64(at)]; acked && want != i {
			return fmt.Errorf("message %d at offset %d, which was acknowledged for %d", i, at, want)
		}
		if seen[i] {
			return fmt.Errorf("message %d is there twice", i)
		}
		seen[i] = true
	}
	for offset, i := range l.acked[q] {
		if offset >= int64(len(held)) {
			return fmt.Errorf("message %d, acknowledged at %d, is lost: the queue ends at %d", i, offset, len(held))
		}
	}
	return nil
}
