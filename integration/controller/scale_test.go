package controller

import (
	"encoding/json"
	"fmt"
	"io"
	"net"

	"sync"
	"syscall"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load"
	"gorocket/integration/load/client"
	"gorocket/integration/wire"
)

// Of the test of many broker sets.
const (
	sets     = 1000
	machines = 10 // with the masters of so many sets each, and as many with their slaves
	beatsPer = 6  // heartbeats of a broker in a second
)

// machine has a connection to each controller, over which its brokers send heartbeats.
type machine struct {
	conns []net.Conn
	beats []byte // one of each of its brokers
}

// TestManySets: a group of controllers leads 1,000 sets of two brokers, takes 10,000 heartbeats in a second, and
// replaces the 100 masters of a machine that dies.
func TestManySets(t *testing.T) {
	began := time.Now()
	g := startGroup(t, harness.Go, "5000", nil)
	i := g.Leader()
	leader := g.Procs[i].PID()
	t.Logf("three controllers lead after %s (with the election), RssAnon %d MB", time.Since(began).Round(time.Millisecond),
		load.RssAnon(leader)/1024)
	sink := sinkhole(t)
	c, err := client.Dial(g.Addrs[i], 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all := make([]*machine, 2*machines)
	for m := range all {
		all[m] = newMachine(t, g, m, sink)
	}
	for _, m := range all { // who is elected has to be alive
		m.beat(t)
	}
	began = time.Now()
	for s := range sets {
		found(t, c, s, sink)
	}
	t.Logf("%d sets are registered after %s", sets, time.Since(began).Round(time.Millisecond))
	const window = 10 * time.Second
	used := load.CPUTime(leader)
	n := beatFor(t, all, window)
	used = load.CPUTime(leader) - used
	t.Logf("%d heartbeats/s at each controller: the leader takes %.1f %% of a core, RssAnon %d MB", n/int(window.Seconds()),
		100*used.Seconds()/window.Seconds(), load.RssAnon(leader)/1024)
	if share := used.Seconds() / window.Seconds(); share > 0.3 {
		t.Errorf("that is more than 30 %%")
	}
	stop := make(chan struct{})
	var alive sync.WaitGroup
	for _, m := range all[1:] {
		alive.Go(func() {
			for !stopped(stop) {
				m.beat(t)
				time.Sleep(time.Second / beatsPer)
			}
		})
	}
	defer alive.Wait()
	defer close(stop)
	all[0].die()
	began = time.Now()
	eventually(t, "all masters of the machine are replaced", 10*time.Second, func() bool { return replaced(g) == sets/machines })
	took := time.Since(began)
	t.Logf("%d masters are replaced after %s", sets/machines, took.Round(time.Millisecond))
	if took > 3*time.Second {
		t.Error("that is more than 3 s")
	}
}

func setName(s int) string { return fmt.Sprint("set", s) }

// sinkhole takes the controllers' notices to brokers, and has no use for them.
func sinkhole(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, c); c.Close() }()
		}
	}()
	return l.Addr().String()
}

// newMachine is one with the masters (the first ten) or the slaves of the sets s with s%machines == m%machines.
func newMachine(t *testing.T, g *group, m int, sink string) *machine {
	t.Helper()
	out := &machine{}
	for _, addr := range g.Addrs {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		out.conns = append(out.conns, c)
	}
	for s := m % machines; s < sets; s += machines {
		frame, err := wire.Encode(wire.Request{Code: 904, Flag: 2, Ext: map[string]any{"clusterName": "c", "brokerName": setName(s),
			"brokerAddr": sink, "brokerId": 1 + m/machines, "epoch": 0, "maxOffset": 10, "confirmOffset": 10,
			"heartbeatTimeoutMills": 10_000, "electionPriority": 1}}, int32(s+1))
		if err != nil {
			t.Fatal(err)
		}
		out.beats = append(out.beats, frame...)
	}
	return out
}

// beat sends one heartbeat of each broker to each controller.
func (m *machine) beat(t *testing.T) {
	for _, c := range m.conns {
		if _, err := c.Write(m.beats); err != nil {
			t.Error(err)
			return
		}
	}
}

func (m *machine) die() {
	for _, c := range m.conns {
		c.Close()
	}
}

// beatFor sends heartbeats of all brokers for a while and returns how many each controller got.
func beatFor(t *testing.T, all []*machine, d time.Duration) (n int) {
	for end := time.Now().Add(d); time.Now().Before(end); n += 2 * sets {
		next := time.Now().Add(time.Second / beatsPer)
		for _, m := range all {
			m.beat(t)
			time.Sleep(time.Second / beatsPer / time.Duration(len(all)+1)) // brokers do not beat at once
		}
		time.Sleep(time.Until(next))
	}
	return n
}

// found registers the two brokers of a set, has the first one elected and the second one in sync.
func found(t *testing.T, c *client.Client, s int, sink string) {
	t.Helper()
	name := setName(s)
	call := func(code int, ext map[string]any, body any) {
		t.Helper()
		text, err := json.Marshal(body)
		if body == nil {
			text = nil
		}
		ext["clusterName"], ext["brokerName"] = "c", name
		if err == nil {
			_, err = c.OK(code, ext, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for id := 1; id <= 2; id++ {
		call(1013, map[string]any{"appliedBrokerId": id, "registerCheckCode": fmt.Sprintf("%s;%d", sink, id)}, nil)
		call(1003, map[string]any{"brokerId": id, "brokerAddress": sink}, nil)
	}
	call(1002, map[string]any{"brokerId": 1, "designateElect": false}, nil)
	call(1001, map[string]any{"masterBrokerId": 1, "masterEpoch": 1}, map[string]any{"syncStateSet": []int{1, 2},
		"syncStateSetEpoch": 1})
}

// replaced counts the sets of the first machine whose second broker is master.
func replaced(g *group) (n int) {
	var names []string
	for s := 0; s < sets; s += machines {
		names = append(names, setName(s))
	}
	for _, set := range g.Sets(names...) {
		if set.MasterBrokerID == 2 {
			n++
		}
	}
	return n
}

// TestControllerStart: a controller serves within 200 ms and takes less than 40 MB when nothing happens.
func TestControllerStart(t *testing.T) {
	g := startGroup(t, harness.Go, "5000", nil)
	var starts []time.Duration
	for range 5 {
		i := (g.Leader() + 1) % len(g.Procs)
		if err := g.Procs[i].Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Procs[i].Wait(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		g.start(i)
		for {
			if c, err := client.Dial(g.Addrs[i], time.Second); err == nil {
				_, err = c.Call(1005, nil, nil)
				c.Close()
				if err == nil {
					break
				}
			}
			time.Sleep(time.Millisecond)
		}
		starts = append(starts, time.Since(began))
		eventually(t, "somebody leads", 20*time.Second, func() bool { return g.Leader() >= 0 })
	}
	time.Sleep(2 * time.Second)
	for i, p := range g.Procs {
		if mb := load.RssAnon(p.PID()) / 1024; mb > 40 {
			t.Errorf("controller %d: RssAnon %d MB", i, mb)
		}
	}
	t.Logf("starts to the first answer: %v; RssAnon %d MB", starts, load.RssAnon(g.Procs[0].PID())/1024)
	for _, d := range starts {
		if d > 200*time.Millisecond {
			t.Errorf("a start took %s", d)
		}
	}
}
