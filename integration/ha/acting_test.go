package ha

import (
	"fmt"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/kills"
	"gorocket/integration/load/client"
)

// TestActingMaster lets a slave stand in for its master, in each mix. What was delayed is delivered once, on another
// master; what consumers committed to the slave is the master's when clients find it again; transactions that were open are
// committed once; and it comes back.
func TestActingMaster(t *testing.T) {
	harness.NeedJava(t)
	for _, mix := range [][2]harness.Kind{{harness.Go, harness.Go}, {harness.Java, harness.Go}, {harness.Go, harness.Java}} {
		t.Run("master-"+string(mix[0])+"-slave-"+string(mix[1]), func(t *testing.T) { acting(t, mix[0], mix[1]) })
	}
}

const (
	delayed = 30 // messages
	open    = 10 // transactions
)

// actingConf is conf of a group; Java knows a slave by its address, which has to be that of its connection (brokerIP2).
func actingConf(role string, id int, wait string) harness.Conf {
	c := conf(role, id)
	for k, v := range map[string]string{"enableSlaveActingMaster": "true", "enableRemoteEscape": "true",
		"totalReplicas": "2", "brokerIP2": "127.0.0.1", "transactionCheckMax": "1000", "messageDelayLevel": "1s " + wait} {
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
	mc, watch := actingConf("ASYNC_MASTER", 0, wait), 5*time.Second
	if master == harness.Java { // else it asks before it has noted what it was told: transactionOpBatchInterval is 3 s
		mc["transactionCheckInterval"], watch = "6000", 14*time.Second
	}
	p.master = p.c.Broker(master, "first", mc)
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
	p.openTransactions(m, s)
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
	p.eventually("what was delayed and committed is on the other master", func() bool {
		commit(t, s, o) // Java's slave moves half messages there, which asks about them
		n, err := o.MaxOffset("T", 0)
		return err == nil && n >= delayed+open
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
	for end := time.Now().Add(watch); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		commit(t, m, o) // time to deliver or ask something again
	}
	onA, errA := m.MaxOffset("T", 0)
	onB, errB := o.MaxOffset("T", 0)
	if errA != nil || errB != nil || onA != delayed || onB != delayed+open {
		t.Errorf("%d messages on the master, %d on the other one, %d and %d were to be there: %v %v", onA, onB, delayed,
			delayed+open, errA, errB)
	}
}

// openTransactions leaves transactions open on the master, and waits until the slave has them.
func (p *pair) openTransactions(m, s *client.Client) {
	p.t.Helper()
	const half = "RMQ_SYS_TRANS_HALF_TOPIC"
	for i := range open {
		r, err := m.Send(&client.Message{Topic: "T", Queue: 0, SysFlag: 4, Born: time.Now().UnixMilli(),
			Body:  fmt.Appendf(nil, "half %d", i),
			Props: client.Props("TRAN_MSG", "true", "PGROUP", "PG", "UNIQ_KEY", fmt.Sprintf("7F0000010000000000000000%08X", i))})
		if err != nil || r.Code != 0 {
			p.t.Fatalf("%+v %v", r, err)
		}
	}
	p.eventually("the slave has the half messages", func() bool {
		end, err := s.MaxOffset(half, 0)
		want, err2 := m.MaxOffset(half, 0)
		return err == nil && err2 == nil && end >= want && want >= open
	})
}

// commit answers all questions of brokers about transactions. One that is not there yet, or any more, is asked again.
func commit(t *testing.T, brokers ...*client.Client) {
	t.Helper()
	for _, c := range brokers {
		n, err := kills.Answer(c, "PG", func(string) int { return 8 })
		if err != nil {
			t.Logf("answered %d questions: %v", n, err)
		}
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
