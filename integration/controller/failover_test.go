package controller

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

const name = "broker-a"

// conf is Java's configuration of a broker whose role a controller decides.
func conf(g *group) harness.Conf {
	return harness.Conf{"brokerName": name, "brokerId": "-1", "brokerRole": "SLAVE", "enableControllerMode": "true",
		"controllerAddr": strings.Join(g.addrs, ";"), "allAckInSyncStateSet": "true", "brokerIP2": "127.0.0.1",
		"mappedFileSizeCommitLog": "4194304"}
}

// ledger has what was acknowledged: the number of the message by its queue offset.
type ledger struct {
	t     *testing.T
	acked map[int64]int
	n     int
	why   string        // the last message was not
	wait  time.Duration // the longest time between two acknowledgements
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
		l.n++
		r, err := c.Send(&client.Message{Topic: "T", Born: 1, Body: fmt.Append(nil, l.n)})
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
		l.acked[r.QueueOffset] = l.n
		l.wait, last = max(l.wait, time.Since(last)), time.Now()
		n--
	}
	c.Close()
}

// check reads the queue from the master: what was acknowledged is there, where its answer said.
func (l *ledger) check(g *group) {
	l.t.Helper()
	master, _ := g.set(name)
	c, err := client.Dial(master, time.Second)
	if err != nil {
		l.t.Fatal(err)
	}
	defer c.Close()
	found, seen := map[int64]string{}, map[string]bool{}
	_, err = c.ReadQueue("T", 0, 0, func(r *client.Record) error {
		if seen[string(r.Body)] {
			l.t.Errorf("message %s is there twice", r.Body)
		}
		found[r.QueueOffset], seen[string(r.Body)] = string(r.Body), true
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	lost := 0
	for at, n := range l.acked {
		if found[at] != fmt.Sprint(n) {
			lost++
			l.t.Logf("message %d was acknowledged at %d, where %q is", n, at, found[at])
		}
	}
	if lost > 0 {
		l.t.Errorf("%d of %d acknowledged messages are lost", lost, len(l.acked))
	}
}

// TestJavaBrokersFailOver kills the master of a pair of Java's brokers under our controllers, and the controllers'
// leader, again and again.
func TestJavaBrokersFailOver(t *testing.T) {
	harness.NeedJava(t)
	failOver(t, harness.Java, harness.Java)
}

// TestMixedBrokersFailOver is the same with a broker of each kind: each is killed as master and comes back as slave.
func TestMixedBrokersFailOver(t *testing.T) {
	harness.NeedJava(t)
	failOver(t, harness.Java, harness.Go)
}

// TestBrokersFailOver is the same with ours.
func TestBrokersFailOver(t *testing.T) { failOver(t, harness.Go, harness.Go) }

func failOver(t *testing.T, kinds ...harness.Kind) {
	g := startGroup(t)
	eventually(t, "a controller leads", 20*time.Second, func() bool { return g.leader() >= 0 })
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	brokers := map[string]*harness.Server{}
	for i, kind := range kinds {
		b := c.Broker(kind, fmt.Sprint("broker", i), conf(g))
		brokers[b.Addr()] = b
	}
	both := func() bool { master, n := g.set(name); return master != "" && n == 2 }
	eventually(t, "both are in sync", time.Minute, both)
	master, _ := g.set(name)
	m, err := client.Dial(master, time.Second)
	if err == nil {
		err = m.CreateTopic("T", 1, 6, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if slices.Contains(kinds, harness.Java) {
		time.Sleep(15 * time.Second) // a slave of Java's asks for the topics every 10 s
	}
	l := &ledger{t: t, acked: map[int64]int{}}
	for round := range 3 {
		l.send(g, 300)
		if round == 1 { // the controllers lose their leader, too
			i := g.leader()
			g.procs[i].Kill()
			eventually(t, "another controller leads", 20*time.Second, func() bool { n := g.leader(); return n >= 0 && n != i })
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
		l.check(g)
	}
	t.Logf("%d messages acknowledged, the longest pause was %s", len(l.acked), l.wait.Round(time.Millisecond))
}
