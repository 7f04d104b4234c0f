package pop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gorocket/broker/config"
)

// Many pop, acknowledge at once, late, in batches, or never, and change times, while time passes, things are stored and
// come again, and messages come in: none is lost, and none is shown to two at once before its time is over.
func TestManyPop(t *testing.T) {
	for seed := range uint64(3) {
		for _, merge := range []bool{true, false} {
			t.Run(fmt.Sprintf("seed=%d,merge=%v", seed, merge), func(t *testing.T) { manyPop(t, seed, merge, false) })
		}
	}
}

// The same across kills, which find the tables as they were long ago, or never written.
func TestManyPopAndKills(t *testing.T) {
	for seed := range uint64(4) {
		for _, merge := range []bool{true, false} {
			t.Run(fmt.Sprintf("seed=%d,merge=%v", seed, merge), func(t *testing.T) { manyPop(t, seed, merge, true) })
		}
	}
}

// seen is what is known of one message.
type seen struct {
	until int64 // it is invisible until then, ms; 0: it was not popped
	acked bool  // acknowledged in time
	pops  int
}

func manyPop(t *testing.T, seed uint64, merge, kills bool) {
	r := newRig(t, func(c *config.Config) {
		c.EnablePopBufferMerge, c.PopCkMaxBufferSize = merge, 50
	})
	r.topic("T", 3)
	r.group("g")
	const messages, clients = 600, 4
	var mu sync.Mutex
	var pace sync.RWMutex // held while time passes; shared by who has popped and has not noted it
	all := map[string]*seen{}
	for i := range messages {
		all[fmt.Sprint(i)] = new(seen)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for i := range messages {
			pace.RLock()
			r.send("T", int32(i%3), "", fmt.Sprint(i))
			pace.RUnlock()
		}
	})
	for n := range clients {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		wg.Go(func() { r.client(rnd, stop, &pace, &mu, all) })
	}
	left := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range all {
			if !m.acked {
				n++
			}
		}
		return n
	}
	var killed int
	rnd := rand.New(rand.NewPCG(seed, 99))
	for range 1500 { // time passes
		if left() == 0 {
			break
		}
		pace.Lock()
		r.clock.Add(250)
		if kills && rnd.IntN(20) == 0 {
			r.kill()
			r.journal.size = 16384 << rnd.IntN(3)
			killed++
		}
		pace.Unlock()
		r.work()
		if kills {
			r.tend(rnd)
		}
		time.Sleep(time.Millisecond)
	}
	if kills && killed < 5 {
		t.Fatalf("only %d kills", killed)
	}
	close(stop)
	wg.Wait()
	if n := left(); n > 0 {
		t.Fatalf("%d of %d messages were never seen again", n, messages)
	}
	r.pass(3 * time.Minute)
	for range 10 {
		if list := r.pop("T", "g"); len(list) > 0 {
			t.Fatalf("%d messages come again that were acknowledged in time, as %+v", len(list), list[0])
		}
	}
	if points, waiting, _ := r.Sizes(); points != 0 || waiting != 0 {
		t.Errorf("%d check points, %d waiting", points, waiting)
	}
}

// tend does now and then what runJournal does.
func (r *rig) tend(rnd *rand.Rand) {
	seq, err := r.journal.prepare()
	if seq == 0 {
		r.t.Error("the journal had no room: choose larger files")
	}
	if err == nil && rnd.IntN(10) == 0 {
		err = r.trim(seq)
	}
	if err != nil {
		r.t.Error(err)
	}
}

// client pops until stop is closed.
func (r *rig) client(rnd *rand.Rand, stop <-chan struct{}, pace *sync.RWMutex, mu *sync.Mutex,
	all map[string]*seen) {
	p, a := new(Pop), new(Ack)
	for {
		select {
		case <-stop:
			return
		default:
		}
		pace.RLock()
		*p = *r.ask("T", "g", func(p *Pop) {
			p.MaxCount, p.Invisible = 1+rnd.Int32N(32), 10_000+rnd.Int64N(30_000)
			p.Born += 3_600_000 // the clock of the rig may jump before the pop is looked at
		})
		err := r.Pop(p)
		err = errors.Join(err, r.publish(p.End))
		list := r.read1(p)
		until := p.PopTime + p.Invisible
		p.Release()
		for _, g := range list {
			r.note(g, p.PopTime, until, mu, all)
		}
		pace.RUnlock()
		if err != nil {
			r.t.Error(err)
			return
		}
		for _, g := range list {
			if rnd.IntN(10) == 0 {
				continue // never
			}
			*a = Ack{Group: "g", Topic: g.topic, QueueID: g.queue, Offset: g.offset, Handle: g.handle}
			pace.RLock()
			mu.Lock()
			if err := r.Ack(a); err != nil {
				r.t.Error(err)
			}
			if err := r.publish(a.End); err != nil {
				r.t.Error(err)
			}
			if m := all[g.body]; r.now() < until-2000 { // else it may be too late, and the message comes again
				m.acked = true
			}
			mu.Unlock()
			pace.RUnlock()
		}
		if len(list) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// note checks that a message was visible when it was popped.
func (r *rig) note(g got, popTime, until int64, mu *sync.Mutex, all map[string]*seen) {
	mu.Lock()
	defer mu.Unlock()
	m := all[g.body]
	if m.acked {
		r.t.Errorf("message %s was acknowledged in time, and comes again in %s", g.body, g.topic)
	}
	if popTime < m.until {
		r.t.Errorf("message %s is popped %d ms before it becomes visible", g.body, m.until-popTime)
	}
	m.until = max(m.until, until)
	m.pops++
}
