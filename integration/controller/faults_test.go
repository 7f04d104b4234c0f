package controller

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// place is where a message was acknowledged to be.
type place struct {
	queue  int32
	offset int64
}

// book has what was acknowledged to several producers. Each attempt is a message of its own.
type book struct {
	mu    sync.Mutex
	acked map[int64]place // by number; guarded by mu
	last  time.Time       // of the newest acknowledgement; guarded by mu
	next  atomic.Int64
}

func (b *book) note(n int64, at place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acked[n], b.last = at, time.Now()
}

func (b *book) count() (int, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.acked), b.last
}

// produce sends to one broker, whether it is master or not, until stop is closed: nobody has told this producer that
// there is another one.
func (b *book) produce(addr string, queue int32, stop <-chan struct{}) {
	var c *client.Client
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	for {
		select {
		case <-stop:
			return
		default:
		}
		var err error
		if c == nil {
			if c, err = client.Dial(addr, 4*time.Second); err != nil {
				c = nil
				time.Sleep(5 * time.Millisecond)
				continue
			}
		}
		n := b.next.Add(1)
		r, err := c.Send(&client.Message{Topic: "T", Queue: int(queue), Born: 1, Body: fmt.Append(nil, n)})
		switch {
		case err != nil:
			c.Close()
			c = nil
		case r.Code == 0:
			b.note(n, place{queue, r.QueueOffset})
		default: // not stored, or not by as many as have to have it
			time.Sleep(2 * time.Millisecond)
		}
	}
}

// check reads all of the topic from a broker: what was acknowledged is there, where its answer said, and nothing is
// there twice.
func (b *book) check(t *testing.T, addr string, queues int) {
	t.Helper()
	c, err := client.Dial(addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found := map[int64]place{}
	twice := 0
	for q := range queues {
		next := int64(0)
		if _, err = c.ReadQueue("T", q, 0, func(r *client.Record) error {
			n, err := strconv.ParseInt(string(r.Body), 10, 64)
			if err != nil {
				return err
			}
			if _, there := found[n]; there {
				twice++
			}
			if r.QueueOffset != next {
				t.Errorf("queue %d has %d behind %d", q, r.QueueOffset, next-1)
			}
			found[n], next = place{int32(q), r.QueueOffset}, r.QueueOffset+1
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	lost := 0
	for n, at := range b.acked {
		if got, ok := found[n]; !ok || got != at {
			if lost++; lost <= 5 {
				t.Logf("message %d was acknowledged at %v; found: %v, %v", n, at, ok, got)
			}
		}
	}
	if lost > 0 || twice > 0 {
		t.Errorf("%d of %d acknowledged messages are lost, %d messages are there twice", lost, len(b.acked), twice)
	}
}

// TestFaults kills and stops masters of ours under load, FAULTS times (6); what was acknowledged to anybody, the
// producers of a master that was cut off too, is there at the end. FAULT_SEED picks the order.
func TestFaults(t *testing.T) { faults(t, harness.Go, harness.Go) }

// TestMixedFaults is the same with one of Java's, which loses messages where it is the master that is stopped: only
// ours is.
func TestMixedFaults(t *testing.T) {
	harness.NeedJava(t)
	faults(t, harness.Go, harness.Java)
}

func number(t *testing.T, name string, def int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, text, err)
	}
	return n
}

// deadAfter is the controllers' patience with a silent broker here.
const deadAfter = 2 * time.Second

func faults(t *testing.T, kinds ...harness.Kind) {
	rounds, seed := number(t, "FAULTS", 6), number(t, "FAULT_SEED", int(time.Now().UnixNano()%1e6))
	t.Logf("FAULT_SEED=%d", seed)
	rnd := rand.New(rand.NewPCG(uint64(seed), 1))
	const queues = 4
	set := startSet(t, queues, harness.Conf{"controllerHeartBeatTimeoutMills": fmt.Sprint(deadAfter.Milliseconds()),
		"brokerHeartbeatInterval": "200", "haMaxTimeSlaveNotCatchup": "3000", "checkSyncStateSetPeriod": "500",
		"syncBrokerMetadataPeriod": "500"}, kinds...)
	g, brokers, kind, both := set.group, set.brokers, set.kinds, set.all
	b := &book{acked: map[int64]place{}}
	stop := make(chan struct{})
	var producers sync.WaitGroup
	for _, addr := range set.addrs {
		for q := range int32(queues) {
			producers.Go(func() { b.produce(addr, q, stop) })
		}
	}
	end := sync.OnceFunc(func() { close(stop); producers.Wait() })
	defer end()
	for round := range rounds {
		time.Sleep(time.Duration(300+rnd.IntN(700)) * time.Millisecond)
		eventually(t, "both are in sync again", time.Minute, both)
		old, _ := g.set(name)
		before, _ := b.count()
		began, what := time.Now(), "kill"
		switch fault := rnd.IntN(3); {
		case fault == 0 || kind[old] == harness.Java:
			brokers[old].Kill()
		default:
			what = "stop"
			if err := brokers[old].Process().Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "acknowledged again by another master", time.Minute, func() bool {
			now, _ := g.set(name)
			n, last := b.count()
			return now != "" && now != old && n > before && last.After(began.Add(10*time.Millisecond))
		})
		t.Logf("round %d: %s of %s: acknowledged again after %s at most", round, what, old,
			time.Since(began).Round(time.Millisecond))
		time.Sleep(time.Duration(rnd.IntN(2000)) * time.Millisecond)
		var err error
		if what == "kill" {
			err = brokers[old].Start()
		} else {
			err = brokers[old].Process().Signal(syscall.SIGCONT)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "both are in sync at the end", time.Minute, both)
	end()
	master, _ := g.set(name)
	b.check(t, master, queues)
	n, _ := b.count()
	t.Logf("%d acknowledged", n)
}
