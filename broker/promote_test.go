package broker

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// startTimerPair is startPair with timers of 100 ms and two delay levels.
func startTimerPair(t *testing.T) pair {
	t.Helper()
	mc, sc := timerConfig(t, t.TempDir()), timerConfig(t, t.TempDir())
	mc.MessageDelayLevel, sc.MessageDelayLevel = "1s 3s", "1s 3s"
	sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
	sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
	p := pair{startRig(t, mc), startRig(t, sc)}
	p.slave.b.replica.Found(p.master.addr, "")
	return p
}

// promote makes the slave the master; the master is gone.
func (p pair) promote(t *testing.T) *rig {
	t.Helper()
	sc := p.slave.b.Config()
	p.slave.stop()
	sc.BrokerRole, sc.BrokerID, sc.HAMasterAddress = "ASYNC_MASTER", 0, ""
	return startRig(t, sc)
}

// TestPromotedSlaveDeliversOnce: timer messages and delayed ones of which some are delivered, by a master that dies, and
// some wait: its slave, that becomes master, delivers each of the others at its time, and none a second time (Java's
// delivers again what was delivered in the last 3 s, and of the delay levels in the last 60 s).
func TestPromotedSlaveDeliversOnce(t *testing.T) {
	p := startTimerPair(t)
	p.master.send("T", "", "first")
	want := []string{"first"}
	for i := range 30 {
		for kind, prop := range map[string]string{"timer": fmt.Sprintf("TIMER_DELAY_MS\x01%d", 100+200*i+i/25*3000),
			"level": fmt.Sprintf("DELAY\x01%d", 1+i%2)} {
			body := fmt.Sprint(kind, i)
			p.master.send("T", fmt.Sprintf("%s\x02UNIQ_KEY\x01%s\x02", prop, body), body)
			want = append(want, body)
		}
	}
	slices.Sort(want)
	testutil.WaitFor(t, "some to be delivered", func() bool { return len(p.master.bodies("T")) > 20 })
	p.master.b.schedule.Stop() // so that the log stands still
	if err := p.master.b.timers.Stop(); err != nil {
		t.Fatal(err)
	}
	p.follows(t)
	before := p.slave.bodies("T")
	if len(before) >= len(want) {
		t.Fatal("the master delivered all of them")
	}
	p.master.stop()
	r := p.promote(t)
	got, _ := r.await("T", len(want))
	time.Sleep(time.Second) // what comes twice, comes now
	got = r.bodies("T")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("delivered %d of %d, of which the master %d: %q", len(got), len(want), len(before), got)
	}
}

// TestSlaveKeepsTheWheel: a slave has its master's waiting timer messages in its own wheel, and what the master has
// delivered leaves it.
func TestSlaveKeepsTheWheel(t *testing.T) {
	p := startTimerPair(t)
	for i := range 50 {
		p.master.send("T", fmt.Sprintf("TIMER_DELAY_MS\x01%d\x02", 4000+(i%2)*3_600_000), fmt.Sprint(i))
	}
	testutil.WaitFor(t, "the wheel", func() bool { return p.slave.b.timers.Figures().Pending == 50 })
	testutil.WaitFor(t, "the master to deliver", func() bool { return p.master.b.timers.Figures().Pending == 25 })
	testutil.WaitFor(t, "the slave to hear of it", func() bool { return p.slave.b.timers.Figures().Pending == 25 })
	if f := p.slave.b.timers.Figures(); f.Delivered != 0 {
		t.Errorf("the slave delivered: %+v", f)
	}
}

// TestStaticTopicsReachTheSlave: mappings of static topics are on the slave, also when only they have changed, come by
// pages, and serve there and behind a change of role (Java's slave takes their version without them).
func TestStaticTopicsReachTheSlave(t *testing.T) {
	mc, sc := testConfig(t, t.TempDir()), testConfig(t, t.TempDir())
	mc.SplitMetadataSize = 2
	sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
	sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
	p := pair{startRig(t, mc), startRig(t, sc)}
	p.slave.b.replica.Found(p.master.addr, "")
	for epoch := range int64(2) {
		p.master.ask(wire.ReqUpdateAndCreateStaticTopic, "topic=S&defaultTopic=TBW102&readQueueNums=1&writeQueueNums=1&perm=6&"+
			"topicFilterType=SINGLE_TAG&topicSysFlag=0&order=false&force=false", staticBody("S", "broker-a", epoch+1)).
			is(t, 0, createdRemark)
		testutil.WaitFor(t, "the mapping", func() bool {
			return p.slave.b.mappings.CurrentVersion() == p.master.b.mappings.CurrentVersion()
		})
		if d := p.slave.b.mappings.Of("S", "true"); d == nil || d.Epoch != epoch+1 {
			t.Fatalf("the slave's mapping: %+v", d)
		}
	}
	_, want := p.master.b.topics.Snapshot()
	if _, got := p.slave.b.topics.Snapshot(); len(got) != len(want) {
		t.Errorf("%d topics by pages of 2, not %d", len(got), len(want))
	}
	p.master.stop()
	if d := p.promote(t).b.mappings.Of("S", "true"); d == nil || d.Epoch != 2 {
		t.Errorf("behind the change of role: %+v", d)
	}
}

// TestPromotedSlaveRevivesPopped: what a master handed out that dies, its slave, that becomes master, hands out again
// when its time is over, and neither before nor what was acknowledged; what the master had in memory only
// (enablePopBufferMerge) it hands out at once.
func TestPromotedSlaveRevivesPopped(t *testing.T) {
	for _, merge := range []bool{false, true} {
		t.Run(fmt.Sprintf("merge=%v", merge), func(t *testing.T) {
			mc, sc := timerConfig(t, t.TempDir()), timerConfig(t, t.TempDir())
			mc.EnablePopBufferMerge, sc.EnablePopBufferMerge = merge, merge
			sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
			sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
			p := pair{startRig(t, mc), startRig(t, sc)}
			p.slave.b.replica.Found(p.master.addr, "")
			for _, body := range []string{"a", "b", "c"} {
				p.master.send("T", "", body)
			}
			began := time.Now()
			bodies, handles := p.master.ask(wire.ReqPopMessage, popFields("T", "g", "invisibleTime=12000"), "").popped(t)
			if len(bodies) != 3 {
				t.Fatalf("popped %q", bodies)
			}
			p.master.ask(wire.ReqAckMessage, ackFields("T", "g", handles["b"]), "").is(t, 0, "")
			if !merge {
				testutil.WaitFor(t, "the committed offsets", func() bool {
					total := int64(0)
					for _, off := range p.slave.b.offsets.CommittedOf("g", "T") {
						total += off
					}
					return total == 3
				})
			}
			p.follows(t)
			testutil.WaitFor(t, "the tables", func() bool {
				return p.slave.b.topics.Get("T") != nil && p.slave.b.groups.Get("g") != nil
			})
			p.master.stop() // replication ends before anything that is in memory is stored
			r := p.promote(t)
			var got []string
			for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit) && len(got) < 2; time.Sleep(50 * time.Millisecond) {
				a := r.ask(wire.ReqPopMessage, popFields("T", "g"), "")
				if a.code != wire.Success {
					continue
				}
				if early := 12*time.Second - time.Since(began); early > 0 && !merge {
					t.Errorf("popped %v before its time", early)
				}
				list, handles := a.popped(t)
				for _, body := range list {
					r.ask(wire.ReqAckMessage, ackFields("T", "g", handles[body]), "").is(t, 0, "")
				}
				got = append(got, list...)
			}
			slices.Sort(got)
			want := []string{"a", "c"}
			if merge && len(got) == 3 { // what was acknowledged in memory only the slave does not know
				want = []string{"a", "b", "c"}
			}
			if !slices.Equal(got, want) {
				t.Errorf("popped %q behind the change of role, want %q", got, want)
			}
		})
	}
}
