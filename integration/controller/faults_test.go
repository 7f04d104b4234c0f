package controller

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
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
	pause time.Duration   // the longest one between two of them, see longest; guarded by mu
	next  atomic.Int64
	rest  time.Duration // between a producer's messages
}

func (b *book) note(n int64, at place) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if !b.last.IsZero() {
		b.pause = max(b.pause, now.Sub(b.last))
	}
	b.acked[n], b.last = at, now
}

// longest is the longest time between two acknowledgements since it was asked last.
func (b *book) longest() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.pause
	b.pause = 0
	return d
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
			time.Sleep(b.rest)
		default: // not stored, or not by as many as have to have it
			time.Sleep(2 * time.Millisecond)
		}
	}
}

// check reads all of the topic from a broker: what was acknowledged is there, where its answer said, and nothing is
// there twice. It returns where each message is.
func (b *book) check(t *testing.T, addr string, queues int) map[int64]place {
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
	return found
}

// TestFaults kills masters of ours under load, stops them and cuts them off, FAULTS times (6): what was acknowledged to
// anybody, the producers of a master that was cut off too, and what was read from anybody, is there at the end.
// FAULT_SEED picks the order; FAULT_TIMES=java has Java's default time-outs, and faults that last twice as long.
func TestFaults(t *testing.T) { faults(t, harness.Go, harness.Go, harness.Go) }

// TestFaultsOfJavasController is the same under a controller of Java's.
func TestFaultsOfJavasController(t *testing.T) {
	harness.NeedJava(t)
	faults(t, harness.Java, harness.Go, harness.Go)
}

// TestMixedFaults is the same with a broker of Java's, which loses messages when it is stopped, or cut off, as master:
// it is killed only.
func TestMixedFaults(t *testing.T) {
	harness.NeedJava(t)
	faults(t, harness.Go, harness.Go, harness.Java)
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

// times are the time-outs of a set, and how long its faults last.
type times struct {
	dead      time.Duration // without a heartbeat, until a broker is taken for dead
	stop, cut time.Duration // and up to half as long again
	change    harness.Conf  // of brokers
	scan      string        // scanNotActiveBrokerInterval of the controllers
	rest      time.Duration // between a producer's messages: faults that last long make many
	late      time.Duration // how long after that another master may acknowledge
}

func timesOf(t *testing.T) times {
	switch kind := os.Getenv("FAULT_TIMES"); kind {
	case "":
		return times{time.Second, 2 * time.Second, 3 * time.Second, harness.Conf{"controllerHeartBeatTimeoutMills": "1000",
			"brokerHeartbeatInterval": "100", "haMaxTimeSlaveNotCatchup": "3000", "checkSyncStateSetPeriod": "500",
			"syncBrokerMetadataPeriod": "500"}, "100", 0, time.Second}
	case "java":
		return times{10 * time.Second, 20 * time.Second, 35 * time.Second, nil, "5000", time.Millisecond, time.Second}
	default:
		t.Fatalf("FAULT_TIMES=%s", kind)
		return times{}
	}
}

// trial is a set under load that faults are made on.
type trial struct {
	*brokerSet
	t      *testing.T
	rnd    *rand.Rand
	times  times
	book   *book
	pauses map[string][]time.Duration // until the next acknowledgement, by fault
}

func faults(t *testing.T, controllers harness.Kind, kinds ...harness.Kind) {
	rounds, seed := number(t, "FAULTS", 6), number(t, "FAULT_SEED", int(time.Now().UnixNano()%1e6))
	t.Logf("FAULT_SEED=%d", seed)
	const queues = 4
	tr := &trial{t: t, rnd: rand.New(rand.NewPCG(uint64(seed), 1)), times: timesOf(t), pauses: map[string][]time.Duration{},
		book: &book{acked: map[int64]place{}}}
	tr.book.rest = tr.times.rest
	if controllers == harness.Java && tr.times.scan == "5000" { // ours look more often
		tr.times.late += 5 * time.Second
	}
	tr.brokerSet = startSet(t, &scene{queues, tr.times.change, controllers, tr.times.scan, kinds, true})
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var readers []*reader
	for _, addr := range tr.addrs {
		for q := range int32(queues) {
			clients.Go(func() { tr.book.produce(addr, q, stop) })
		}
		r := &reader{addr: addr, seen: map[place]int64{}}
		readers = append(readers, r)
		clients.Go(func() { r.read(queues, stop) })
	}
	var offsets committer
	clients.Go(func() { offsets.run(tr.group, stop) })
	end := sync.OnceFunc(func() { close(stop); clients.Wait() })
	defer end()
	for round := range rounds {
		time.Sleep(time.Duration(300+tr.rnd.IntN(700)) * time.Millisecond)
		eventually(t, "both are in sync again", time.Minute, tr.all)
		tr.round(round)
	}
	eventually(t, "both are in sync at the end", time.Minute, tr.all)
	end()
	master, _ := tr.set(name)
	found := tr.book.check(t, master, queues)
	for _, r := range readers {
		r.check(t, found)
	}
	n, _ := tr.book.count()
	t.Logf("%d acknowledged; with %d other masters, committed offsets went back by %d in all, by %d at most", n,
		offsets.changes, offsets.back, max(0, offsets.most))
	for what, list := range tr.pauses {
		slices.Sort(list)
		t.Logf("%d x %s: acknowledged again after %s (median), %s at most", len(list), what, list[len(list)/2], list[len(list)-1])
	}
}

// javaLate is what a slave of Java's may take on top to become master: up to 6 s were seen.
const javaLate = 8 * time.Second

// round makes one fault, waits until another master has acknowledged, and lets the old one come back.
func (tr *trial) round(round int) {
	old, _ := tr.set(name)
	before, _ := tr.book.count()
	began := time.Now()
	what, undo := tr.fault(old)
	eventually(tr.t, "acknowledged again by another master", time.Minute, func() bool {
		now, _ := tr.set(name)
		n, last := tr.book.count()
		return now != "" && now != old && n > before && last.After(began.Add(10*time.Millisecond))
	})
	pause := time.Since(began).Round(time.Millisecond)
	tr.pauses[what] = append(tr.pauses[what], pause)
	tr.t.Logf("round %d: %s of %s: acknowledged again after %s at most", round, what, old, pause)
	limit := tr.times.dead + tr.times.late
	if now, _ := tr.set(name); tr.kinds[now] == harness.Java {
		limit += javaLate
	}
	if pause > limit {
		tr.t.Errorf("that is more than %s", limit)
	}
	lasts := map[string]time.Duration{"kill": time.Second, "stop": tr.times.stop, "cut": tr.times.cut}[what]
	time.Sleep(time.Until(began.Add(lasts + time.Duration(tr.rnd.Int64N(int64(lasts/2))))))
	if err := undo(); err != nil {
		tr.t.Fatal(err)
	}
}

// fault makes one, on the master.
func (tr *trial) fault(master string) (what string, undo func() error) {
	b := tr.brokers[master]
	pick := tr.rnd.IntN(3)
	if tr.kinds[master] == harness.Java {
		pick = 0
	}
	switch pick {
	case 0:
		b.Kill()
		return "kill", b.Start
	case 1:
		if err := b.Process().Signal(syscall.SIGSTOP); err != nil {
			tr.t.Fatal(err)
		}
		return "stop", func() error { return b.Process().Signal(syscall.SIGCONT) }
	default:
		tr.net.cut(slices.Index(tr.addrs, master))
		return "cut", func() error { tr.net.mend(); return nil }
	}
}
