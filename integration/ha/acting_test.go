package ha

import (
	"fmt"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// TestActingMaster lets a slave stand in for its master, in each mix. What was delayed is delivered once, on another
// master; what consumers committed to the slave is the master's when clients find it again; and it comes back.
func TestActingMaster(t *testing.T) {
	need(t)
	for _, mix := range [][2]harness.Kind{{harness.Go, harness.Go}, {harness.Java, harness.Go}, {harness.Go, harness.Java}} {
		t.Run("master-"+string(mix[0])+"-slave-"+string(mix[1]), func(t *testing.T) { acting(t, mix[0], mix[1]) })
	}
}

const delayed = 30 // messages

// actingConf is conf of a group; Java knows a slave by its address, which has to be that of its connection (brokerIP2).
func actingConf(role string, id int, wait string) harness.Conf {
	c := conf(role, id)
	for k, v := range map[string]string{"enableSlaveActingMaster": "true", "enableRemoteEscape": "true",
		"totalReplicas": "2", "brokerIP2": "127.0.0.1", "messageDelayLevel": "1s " + wait} {
		c[k] = v
	}
	return c
}

func acting(t *testing.T, master, slave harness.Kind) {
	p := &pair{t: t, c: harness.New(t)}
	ns := p.c.Namesrv(harness.Go, harness.Conf{"supportActingMaster": "true"})
	wait := "20s"
	if slave == harness.Java {
		wait = "100s" // so long it does not know the topic
	}
	other := actingConf("ASYNC_MASTER", 0, wait)
	other["brokerName"], other["totalReplicas"] = "broker-b", "1"
	b := p.c.Broker(harness.Go, "other", other)
	p.master = p.c.Broker(master, "first", actingConf("ASYNC_MASTER", 0, wait))
	p.slave = p.c.Broker(slave, "second", actingConf("SLAVE", 1, wait))
	for _, s := range []*harness.Server{p.master, b} {
		if err := p.dial(s).CreateTopic("T", 1, 6, ""); err != nil {
			t.Fatal(err)
		}
	}
	m := p.dial(p.master)
	began := time.Now()
	for i := range delayed {
		for _, props := range []string{client.Props("DELAY", "2"), ""} {
			r, err := m.Send(&client.Message{Topic: "T", Queue: 0, Born: 1, Body: fmt.Appendf(nil, "%d %q", i, props), Props: props})
			if err != nil || r.Code != 0 {
				t.Fatalf("%+v %v", r, err)
			}
		}
	}
	if err := m.CreateGroup("g", 16); err != nil {
		t.Fatal(err)
	}
	if err := m.Commit("g", "T", 0, 5); err != nil {
		t.Fatal(err)
	}
	s := p.dial(p.slave)
	p.eventually("the slave has all of it", func() bool { // Java's has the tables after a minute only
		end, err := s.MaxOffset("T", 0)
		if err != nil || end < delayed {
			return false
		}
		pulled, err := s.Pull("T", 0, 0, 1)
		at, err2 := s.Committed("g", "T", 0)
		groups, err3 := s.Table(201) // the last that Java's asks for
		if err != nil || pulled.Code != 0 || err2 != nil || at != 5 || err3 != nil {
			return false
		}
		return groups.(map[string]any)["subscriptionGroupTable"].(map[string]any)["g"] != nil
	})
	t.Logf("the slave has topic and offsets after %s", time.Since(began))
	p.stop(p.master)
	stopped := time.Now()
	place := func(s *harness.Server) func() bool {
		return func() bool { return actingAddr(t, ns) == s.Addr() }
	}
	p.eventually("the slave is shown in the master's place", place(p.slave))
	t.Logf("the slave is in the route after %s", time.Since(stopped))
	if r, err := s.Pull("T", 0, 0, 1); err != nil || r.Code != 0 {
		t.Errorf("a pull from the slave: %+v %v", r, err)
	}
	if err := s.Commit("g", "T", 0, 9); err != nil {
		t.Errorf("a commit to the slave: %v", err)
	}
	if r, err := s.Send(&client.Message{Topic: "T", Queue: 0, Born: 1, Body: []byte("x")}); err != nil || r.Code != 14 {
		t.Errorf("a send to the slave: %+v %v", r, err)
	}
	o := p.dial(b)
	p.eventually("what was delayed is on the other master", func() bool {
		n, err := o.MaxOffset("T", 0)
		return err == nil && n >= delayed
	})
	began = time.Now()
	p.start(p.master)
	p.eventually("the master is found again", place(p.master))
	t.Logf("the master is back after %s", time.Since(began))
	m = p.dial(p.master)
	p.eventually("the offset that was committed to the slave", func() bool {
		got, err := m.Committed("g", "T", 0)
		return err == nil && got == 9
	})
	time.Sleep(3 * time.Second) // time to deliver something again
	onA, errA := m.MaxOffset("T", 0)
	onB, errB := o.MaxOffset("T", 0)
	if errA != nil || errB != nil || onA != delayed || onB != delayed {
		t.Errorf("%d messages on the master, %d on the other one, %d each were to be there: %v %v", onA, onB, delayed, errA, errB)
	}
}

// actingAddr is where clients find the master of broker-a for topic T.
func actingAddr(t *testing.T, ns *harness.Server) string {
	t.Helper()
	c, err := client.Dial(ns.Addr(), 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.OK(105, map[string]any{"topic": "T", "acceptStandardJsonOnly": "true"}, nil)
	if err != nil {
		return ""
	}
	v, err := client.ParseJSON(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range v.(map[string]any)["brokerDatas"].([]any) {
		if d := d.(map[string]any); d["brokerName"] == "broker-a" {
			addr, _ := d["brokerAddrs"].(map[string]any)["0"].(string)
			return addr
		}
	}
	return ""
}
