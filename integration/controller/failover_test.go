package controller

import (
	"fmt"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

const name = "broker-a"

// ledger is a book with one producer, who asks the controllers for the master.
type ledger struct {
	book
	t    *testing.T
	why  string        // the last message was not acknowledged
	wait time.Duration // the longest time between two acknowledgements
}

// send sends until n more messages were acknowledged, to whom the controllers say is master.
func (l *ledger) send(g *group, n int) {
	l.t.Helper()
	var c *client.Client
	last := time.Now()
	for end := time.Now().Add(2 * time.Minute); n > 0; {
		if time.Now().After(end) {
			l.t.Fatalf("%d messages were not acknowledged in time", n)
		}
		if c == nil {
			master, _ := g.set(name)
			var err error
			if c, err = client.Dial(master, time.Second); err != nil {
				c = nil
				time.Sleep(20 * time.Millisecond)
				continue
			}
		}
		number := l.next.Add(1)
		r, err := c.Send(&client.Message{Topic: "T", Born: 1, Body: fmt.Append(nil, number)})
		if err != nil || r.Code != 0 {
			if why := fmt.Sprint(err, r.Code, " ", r.Remark); why != l.why {
				l.why = why
				l.t.Logf("not acknowledged: %s", why)
			}
			c.Close()
			c = nil
			time.Sleep(20 * time.Millisecond)
			continue
		}
		l.note(number, place{0, r.QueueOffset})
		l.wait, last = max(l.wait, time.Since(last)), time.Now()
		n--
	}
	c.Close()
}

// TestJavaBrokersFailOver kills the master of a pair of Java's brokers under our controllers, and the controllers'
// leader, again and again.
func TestJavaBrokersFailOver(t *testing.T) {
	harness.NeedJava(t)
	failOver(t, harness.Go, harness.Java, harness.Java)
}

// TestMixedBrokersFailOver is the same with a broker of each kind: each is killed as master and comes back as slave.
func TestMixedBrokersFailOver(t *testing.T) {
	harness.NeedJava(t)
	failOver(t, harness.Go, harness.Java, harness.Go)
}

// TestBrokersFailOver is the same with ours.
func TestBrokersFailOver(t *testing.T) { failOver(t, harness.Go, harness.Go, harness.Go) }

// TestBrokersOfJavasController is the same with ours under a controller of Java's.
func TestBrokersOfJavasController(t *testing.T) {
	harness.NeedJava(t)
	failOver(t, harness.Java, harness.Go, harness.Go)
}

func failOver(t *testing.T, controllers harness.Kind, kinds ...harness.Kind) {
	set := startSet(t, &scene{queues: 1, controllers: controllers, brokers: kinds})
	g, brokers, both := set.group, set.brokers, set.all
	l := &ledger{t: t, book: book{acked: map[int64]place{}}}
	for round := range 3 {
		l.send(g, 300)
		if round == 1 && len(g.Procs) > 1 { // the controllers lose their leader, too
			i := g.Leader()
			g.Procs[i].Kill()
			eventually(t, "another controller leads", 20*time.Second, func() bool { n := g.Leader(); return n >= 0 && n != i })
			g.start(i)
		}
		old, _ := g.set(name)
		brokers[old].Kill()
		killed := time.Now()
		l.send(g, 1)
		t.Logf("round %d: acknowledged again %s after the kill", round, time.Since(killed).Round(time.Millisecond))
		l.send(g, 100)
		if now, _ := g.set(name); now == old || now == "" {
			t.Fatalf("the master is %q, which was killed", now)
		}
		if err := brokers[old].Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "both are in sync again", time.Minute, both)
		master, _ := g.set(name)
		l.check(t, master, 1)
	}
	t.Logf("%d messages acknowledged, the longest pause was %s", len(l.acked), l.wait.Round(time.Millisecond))
}
