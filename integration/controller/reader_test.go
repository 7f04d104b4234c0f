package controller

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"gorocket/integration/load/client"
)

// reader reads all queues of one broker, whether it is master or not: what it saw has to be there at the end.
type reader struct {
	addr string

	mu   sync.Mutex
	seen map[place]int64 // the number of the message that was there; guarded by mu
	odd  []string        // what may not be; guarded by mu
}

// read goes on until stop is closed.
func (r *reader) read(queues int, stop <-chan struct{}) {
	next := make([]int64, queues)
	for {
		c, err := client.Dial(r.addr, 4*time.Second)
		for err == nil {
			moved := false
			for q := 0; q < queues && err == nil; q++ {
				from := next[q]
				next[q], err = r.pull(c, q, from)
				moved = moved || next[q] > from
			}
			if stopped(stop) {
				break
			}
			if !moved {
				time.Sleep(5 * time.Millisecond)
			}
		}
		if c != nil {
			c.Close()
		}
		if stopped(stop) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// pull takes what there is of a queue at next, and says where to go on.
func (r *reader) pull(c *client.Client, queue int, next int64) (int64, error) {
	p, err := c.Pull("T", queue, next, 32)
	if err != nil || p.Code != client.PullFound {
		return next, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err = client.EachRecord(p.Body, func(rec *client.Record) error {
		n, err := strconv.ParseInt(string(rec.Body), 10, 64)
		if err != nil {
			return err
		}
		if rec.QueueOffset != next {
			r.odd = append(r.odd, "behind "+strconv.FormatInt(next-1, 10)+" came "+strconv.FormatInt(rec.QueueOffset, 10))
		}
		r.seen[place{int32(queue), rec.QueueOffset}], next = n, rec.QueueOffset+1
		return nil
	})
	return next, err
}

// check compares what was seen with what is there at the end.
func (r *reader) check(t *testing.T, found map[int64]place) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := 0
	for at, n := range r.seen {
		if found[n] != at {
			if gone++; gone <= 5 {
				t.Logf("message %d was seen at %v of %s, and is at %v", n, at, r.addr, found[n])
			}
		}
	}
	if gone > 0 || len(r.odd) > 0 {
		t.Errorf("%d of %d messages that were seen at %s are gone; %v", gone, len(r.seen), r.addr, r.odd)
	}
	t.Logf("%d messages were read from %s", len(r.seen), r.addr)
}

// committer commits the offsets of queue 0 to whoever is master, and finds out how far they go back with a new one.
type committer struct {
	back, most int64 // offsets that were committed and acknowledged, and are behind at another master: in all, at once
	changes    int
}

func (k *committer) run(g *group, stop <-chan struct{}) {
	var c *client.Client
	var last int64
	at := ""
	for ; !stopped(stop); time.Sleep(20 * time.Millisecond) {
		if c == nil {
			master, _ := g.set(name)
			var err error
			if c, err = client.Dial(master, time.Second); err != nil {
				c = nil
				continue
			}
			if now, err := c.Committed("consumer", "T", 0); err == nil && at != "" && at != master {
				k.changes++
				k.back, k.most = k.back+max(0, last-now), max(k.most, last-now)
			}
			at = master
		}
		end, err := c.MaxOffset("T", 0)
		if err == nil {
			err = c.Commit("consumer", "T", 0, end)
		}
		if err != nil {
			c.Close()
			c = nil
			continue
		}
		last = max(last, end)
	}
	if c != nil {
		c.Close()
	}
}
