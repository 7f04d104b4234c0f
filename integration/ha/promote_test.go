package ha

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// delayedConf is conf with timers and a delay level that is due while the slave takes over.
func delayedConf(role string, id int) harness.Conf {
	c := conf(role, id)
	c["timerWheelEnable"], c["messageDelayLevel"] = "true", "2s 8s"
	return c
}

// TestSlaveTakesOverDelayed kills a Java master in the middle of timer messages and delay levels: its slave, ours,
// becomes master and delivers what its log has, each message once. Java's slave in its place is measured: it delivers
// again what was delivered last.
func TestSlaveTakesOverDelayed(t *testing.T) {
	for _, k := range []struct{ master, slave harness.Kind }{{harness.Go, harness.Go}, {harness.Java, harness.Go},
		{harness.Java, harness.Java}} {
		t.Run(fmt.Sprintf("%s-with-%s", k.master, k.slave), func(t *testing.T) {
			harness.NeedJava(t)
			p := &pair{t: t, c: harness.New(t)}
			p.c.Namesrv(harness.Go, nil)
			p.master = p.c.Broker(k.master, "first", delayedConf("ASYNC_MASTER", 0))
			if err := p.dial(p.master).CreateTopic("T", queues, 6, ""); err != nil {
				t.Fatal(err)
			}
			p.slave = p.c.Broker(k.slave, "second", delayedConf("SLAVE", 1))
			if k.slave == harness.Java {
				time.Sleep(20 * time.Second) // its first look at the master's check point
			}
			const n = 60
			p.delayed(n)
			time.Sleep(4 * time.Second) // some are due
			p.master.Kill()
			before := p.deliveredOf(p.slave, k.slave)
			p.slave.Kill()
			p.role(p.slave, "ASYNC_MASTER", 0)
			p.start(p.slave)
			if k.slave == harness.Java { // it has no topics in its first minute
				if err := p.dial(p.slave).CreateTopic("T", queues, 6, ""); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(14 * time.Second)
			times := p.deliveredOf(p.slave, harness.Go)
			twice, missing := 0, 0
			for i := range 2 * n {
				switch got := times[fmt.Sprint(i)]; {
				case got == 0:
					missing++
				case got > 1:
					twice++
				}
			}
			t.Logf("%d messages, %d delivered by the master, %d twice, %d missing", 2*n, len(before), twice, missing)
			if k.slave == harness.Go && (twice > 0 || missing > 0) {
				t.Errorf("%d twice, %d missing", twice, missing)
			}
		})
	}
}

// delayed sends n timer messages, due in 1 to 9 s, and as many delayed by level.
func (p *pair) delayed(n int) {
	p.t.Helper()
	c := p.dial(p.master)
	for i := range 2 * n {
		props := client.Props("UNIQ_KEY", fmt.Sprint("U", i), "TIMER_DELAY_MS", fmt.Sprint(1000+i*8000/(2*n)))
		if i%2 == 1 {
			props = client.Props("UNIQ_KEY", fmt.Sprint("U", i), "DELAY", fmt.Sprint(1+i/2%2))
		}
		r, err := c.Send(&client.Message{Topic: "T", Queue: i % queues, Born: time.Now().UnixMilli(), Props: props,
			Body: fmt.Append(nil, i)})
		if err != nil || r.Code != 0 {
			p.t.Fatalf("message %d: %d %s %v", i, r.Code, r.Remark, err)
		}
	}
}

// deliveredOf counts what a broker holds of each message; a Java slave cannot be asked in its first minute.
func (p *pair) deliveredOf(s *harness.Server, kind harness.Kind) map[string]int {
	p.t.Helper()
	times := map[string]int{}
	if kind == harness.Java {
		return times
	}
	c := p.dial(s)
	for q := range queues {
		if _, err := c.ReadQueue("T", q, 0, func(r *client.Record) error { times[string(r.Body)]++; return nil }); err != nil {
			p.t.Error(err)
		}
	}
	return times
}

// TestJavaSlaveKeepsTheLastTopic: by pages of three, with one topic left over, a Java slave of ours has all topics and
// groups; of a master that pages as Java's does it would delete the last.
func TestJavaSlaveKeepsTheLastTopic(t *testing.T) {
	harness.NeedJava(t)
	p := &pair{t: t, c: harness.New(t)}
	p.c.Namesrv(harness.Go, nil)
	mc := conf("ASYNC_MASTER", 0)
	mc["splitMetadataSize"] = "3"
	p.master = p.c.Broker(harness.Go, "first", mc)
	m := p.dial(p.master)
	topics := func(c *client.Client) map[string]any {
		table, err := c.Table(21)
		if err != nil {
			t.Fatal(err)
		}
		return table.(map[string]any)["topicConfigTable"].(map[string]any)
	}
	for i := 0; i < 4 || len(topics(m))%3 != 1; i++ {
		if err := m.CreateTopic(fmt.Sprint("zz", i), 1, 6, ""); err != nil {
			t.Fatal(err)
		}
	}
	p.slave = p.c.Broker(harness.Java, "second", conf("SLAVE", 1))
	s, want := p.dial(p.slave), topics(m)
	p.eventually("the slave has the master's topics", func() bool {
		have := topics(s)
		for name := range want {
			if have[name] == nil {
				return false
			}
		}
		return true
	})
	time.Sleep(2 * time.Second)
	for name := range want {
		if topics(s)[name] == nil {
			t.Errorf("the slave has deleted %s", name)
		}
	}
}

// TestVerifyAgainst compares a stopped slave of ours with its running master, Java's and ours.
func TestVerifyAgainst(t *testing.T) {
	harness.NeedJava(t)
	for _, kind := range []harness.Kind{harness.Go, harness.Java} {
		p := startPair(t, kind)
		p.slave = p.c.Broker(harness.Go, "second", conf("SLAVE", 1))
		p.send(2000, nil)
		p.caughtUp()
		p.stop(p.slave)
		p.send(100, nil)
		out, err := exec.Command(harness.Binary("gorocket"), "verify", p.slave.Store(), "-c",
			filepath.Join(p.slave.Dir, "server.properties"), "--against", p.master.Addr()).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "are the same, 0 are not shown there") {
			t.Errorf("against %s: %v\n%s", kind, err, out)
		}
		t.Logf("%s", out)
	}
}
