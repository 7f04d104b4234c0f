package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// crowd lets members come and go. Each place has its own random sequence from the seed, so that a run can be repeated.
type crowd struct {
	namesrv string
	seed    uint64
	places  int
	ledger  *ledger

	stop chan struct{} // closed by settle
	wg   sync.WaitGroup

	mu     sync.Mutex
	here   map[int]*member // by place; guarded by mu
	events []change        // guarded by mu
	nextID int             // guarded by mu
	failed error           // guarded by mu
}

// change is a member that came or left.
type change struct {
	at       int64 // ms since 1970
	member   int32
	joined   bool
	politely bool // of a leave
}

func newCrowd(namesrv string, seed uint64, places int, l *ledger) *crowd {
	return &crowd{namesrv: namesrv, seed: seed, places: places, ledger: l, stop: make(chan struct{}),
		here: map[int]*member{}}
}

func (c *crowd) start() {
	for place := range c.places {
		c.wg.Go(func() { c.comeAndGo(place) })
	}
}

// comeAndGo is the life of one place: here for 3 to 30 s, away for up to 8 s. Three of four leave politely.
func (c *crowd) comeAndGo(place int) {
	r := rand.New(rand.NewPCG(c.seed, uint64(place)))
	for {
		stays, away, politely := 3*time.Second+time.Duration(r.Int64N(int64(27*time.Second))),
			time.Duration(r.Int64N(int64(8*time.Second))), r.IntN(4) > 0
		m := c.join(place)
		if m == nil || !c.sleep(stays) {
			return
		}
		c.leave(place, m, politely)
		if !c.sleep(away) {
			c.join(place)
			return
		}
	}
}

// sleep returns false when the crowd shall settle.
func (c *crowd) sleep(d time.Duration) bool {
	select {
	case <-c.stop:
		return false
	case <-time.After(d):
		return true
	}
}

func (c *crowd) join(place int) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextID++
	m, err := startMember(c.nextID, c.namesrv, c.ledger)
	if err != nil {
		c.failed = fmt.Errorf("start of member %d: %w", c.nextID, err)
		return nil
	}
	c.here[place] = m
	c.events = append(c.events, change{time.Now().UnixMilli(), int32(m.id), true, false})
	return m
}

func (c *crowd) leave(place int, m *member, politely bool) {
	c.mu.Lock()
	delete(c.here, place)
	c.events = append(c.events, change{time.Now().UnixMilli(), int32(m.id), false, politely})
	c.mu.Unlock()
	m.leave(politely)
}

// settle ends the comings and goings; all places are taken afterwards.
func (c *crowd) settle() error {
	close(c.stop)
	c.wg.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// killAll ends every member. Idempotent.
func (c *crowd) killAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for place, m := range c.here {
		m.leave(false)
		delete(c.here, place)
	}
}

func (c *crowd) changes() []change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]change(nil), c.events...)
}
