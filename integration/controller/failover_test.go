package controller

import (
	"fmt"
	"maps"
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
	failOver(t, harness.Java, harness.Java)
}

// TestMixedBrokersFailOver is the same with a broker of each kind: each is killed as master and comes back as slave.
func TestMixedBrokersFailOver(t *testing.T) {
	harness.NeedJava(t)
	failOver(t, harness.Java, harness.Go)
}

// TestBrokersFailOver is the same with ours.
func TestBrokersFailOver(t *testing.T) { failOver(t, harness.Go, harness.Go) }

// brokerSet are brokers under a group of our controllers, all of them in sync, with the topic T.
type brokerSet struct {
	*group
	brokers map[string]*harness.Server // by address
	kinds   map[string]harness.Kind
	addrs   []string // of the brokers
	count   int
}

// startSet starts them; change is what differs from conf.
func startSet(t *testing.T, queues int, change harness.Conf, kinds ...harness.Kind) *brokerSet {
	t.Helper()
	s := &brokerSet{group: startGroup(t), brokers: map[string]*harness.Server{}, kinds: map[string]harness.Kind{},
		count: len(kinds)}
	eventually(t, "a controller leads", 20*time.Second, func() bool { return s.leader() >= 0 })
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	cfg := conf(s.group)
	maps.Copy(cfg, change)
	for i, kind := range kinds {
		b := c.Broker(kind, fmt.Sprint("broker", i), cfg)
		s.brokers[b.Addr()], s.kinds[b.Addr()] = b, kind
		s.addrs = append(s.addrs, b.Addr())
	}
	eventually(t, "all are in sync", time.Minute, s.all)
	master, _ := s.set(name)
	m, err := client.Dial(master, time.Second)
	if err == nil {
		err = m.CreateTopic("T", queues, 6, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if slices.Contains(kinds, harness.Java) {
		time.Sleep(15 * time.Second) // a slave of Java's asks for the topics every 10 s
	}
	return s
}

// all tells whether all of them are in the sync state set, and one is master.
func (s *brokerSet) all() bool {
	master, n := s.set(name)
	return master != "" && n == s.count
}

func failOver(t *testing.T, kinds ...harness.Kind) {
	set := startSet(t, 1, nil, kinds...)
	g, brokers, both := set.group, set.brokers, set.all
	l := &ledger{t: t, book: book{acked: map[int64]place{}}}
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
		master, _ := g.set(name)
		l.check(t, master, 1)
	}
	t.Logf("%d messages acknowledged, the longest pause was %s", len(l.acked), l.wait.Round(time.Millisecond))
}
