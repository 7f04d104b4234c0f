package broker

import (
	"fmt"
	"gorocket/compat/testutil"
	"os"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/broker/meta"
	"gorocket/namesrv"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// startNameServer starts a NameServer that shows slaves as acting masters and returns its address.
func startNameServer(t *testing.T) string {
	t.Helper()
	c := namesrv.DefaultConfig()
	c.BindAddress, c.ListenPort, c.SupportActingMaster = "127.0.0.1", 0, true
	c.KVConfigPath = t.TempDir() + "/kv.json"
	s, err := namesrv.New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(t.Context()) })
	return s.Addr()
}

// group is a master and its slave of name broker-a, and the master of broker-b.
type group struct {
	pair
	other  *rig
	mc, sc config.Config
}

func startGroup(t *testing.T, edit ...func(*config.Config)) *group {
	t.Helper()
	names := startNameServer(t)
	member := func(name string) config.Config {
		c := testConfig(t, t.TempDir())
		c.BrokerName, c.NamesrvAddr, c.MessageDelayLevel = name, names, "1s 7s 1h"
		c.EnableSlaveActingMaster, c.EnableRemoteEscape, c.TotalReplicas = true, true, 2
		c.BrokerHeartbeatInterval, c.SyncBrokerMemberGroupPeriod = 200, 200
		for _, e := range edit {
			e(&c)
		}
		return c
	}
	g := &group{mc: member("broker-a"), sc: member("broker-a")}
	g.sc.BrokerRole, g.sc.BrokerID = "SLAVE", 1
	other := member("broker-b")
	other.TotalReplicas = 1
	g.master, g.slave, g.other = startRig(t, g.mc), startRig(t, g.sc), startRig(t, other)
	waitFor(t, "the slave to follow", func() bool { return g.slave.b.replica.Follows() })
	return g
}

// all are the bodies of all messages of a topic, sorted.
func (r *rig) all(topic string) (bodies []string) {
	for q := range 8 {
		for at := range r.b.store.MaxOffset(topic, int32(q)) {
			bodies = append(bodies, string(r.record(topic, int32(q), at).Body))
		}
	}
	sort.Strings(bodies)
	return bodies
}

// addrs is where a client finds the brokers of broker-a that have a topic.
func (g *group) addrs(topic string) map[int64]string {
	route := g.other.b.register.AskRoute(g.other.t.Context(), topic)
	if route == nil {
		return nil
	}
	for i := range route.BrokerDatas {
		if route.BrokerDatas[i].BrokerName == "broker-a" {
			return route.BrokerDatas[i].BrokerAddrs
		}
	}
	return nil
}

// TestActingMaster: while the master is away its slave is shown in its place, serves pulls and locks, takes offsets, no
// messages, and delivers what was delayed on another master. The master that comes back goes on where the slave was:
// nothing is delivered twice, no offset goes back, and clients find it again.
func TestActingMaster(t *testing.T) {
	g := startGroup(t)
	g.other.send("T", "", "on b")
	for i := range 5 {
		g.master.send("T", "", fmt.Sprint("plain ", i))
		g.master.send("T", "DELAY\x012\x02", fmt.Sprint("delayed ", i))
	}
	due := time.Now().Add(7 * time.Second).UnixMilli()
	g.master.send("T", fmt.Sprint("TIMER_DELIVER_MS\x01", due, "\x02"), "timer")
	h, at := g.master.half("p", "T", "committed timer", fmt.Sprint("TIMER_DELIVER_MS\x01", due))
	if code, remark := g.master.end(wire.EndTransactionRequestHeader{ProducerGroup: "p", Topic: "T", CommitLogOffset: at,
		TranStateTableOffset: h.QueueOffset, CommitOrRollback: wire.TransactionCommit}); code != wire.Success {
		t.Fatalf("%d %s", code, remark)
	}
	g.master.send("T", fmt.Sprint("TIMER_DELIVER_MS\x01", due+3600_000, "\x02"), "timer in an hour")
	g.master.send("T", "DELAY\x013\x02", "in an hour")
	g.master.pull("g", "T", 0, "*", 0) // makes the group
	g.master.commit("g", "T", 0, 1)
	g.follows(t)
	waitFor(t, "the tables", func() bool {
		return g.slave.b.topics.Get("T") != nil && g.slave.b.offsets.Query("g", "T", 0) == 1
	})
	if g.slave.b.members.Acting() {
		t.Fatal("acts beside its master")
	}
	busy := g.slave.ask(wire.ReqPullMessage, pullFields("g", "T", 0, 0, ""), "")
	busy.is(t, wire.SystemBusy, "[REJECTREQUEST]")
	g.master.stop()
	waitFor(t, "the slave to act", g.slave.b.members.Acting)
	waitFor(t, "its place in the route", func() bool { return g.addrs("T")[protocol.MasterID] == g.slave.b.cfg().Addr() })
	want := []string{"committed timer", "delayed 0", "delayed 1", "delayed 2", "delayed 3", "delayed 4", "on b", "timer"}
	waitFor(t, "what is delayed, on b", func() bool { return len(g.other.all("T")) >= len(want) })
	if got := g.other.all("T"); !slices.Equal(got, want) {
		t.Errorf("on b: %q", got)
	}
	if code := g.slave.sendCode("T", "", "x"); code != wire.ServiceNotAvailable {
		t.Errorf("a send to the slave: %d", code)
	}
	if code, _, _ := g.slave.pull("g", "T", 0, "*", 0); code != wire.Success {
		t.Errorf("a pull from the slave: %d", code)
	}
	g.slave.commit("g", "T", 0, 2)
	if err, _ := g.slave.b.whole(); err != nil {
		t.Errorf("health: %v", err)
	}
	g.master = startRig(t, g.mc)
	waitFor(t, "the master in the route", func() bool { return g.addrs("T")[protocol.MasterID] == g.mc.Addr() })
	if got := g.master.b.offsets.Query("g", "T", 0); got != 2 {
		t.Errorf("the master begins at offset %d", got)
	}
	kept := meta.NewOffsets() // it may be killed at once
	if data, err := os.ReadFile(g.mc.StorePathRootDir + "/config/consumerOffset.json"); err != nil || kept.Load(data) != nil ||
		kept.Query("g", "T", 0) != 2 {
		t.Errorf("%v, the file of the master's offsets says %s", err, data)
	}
	if g.slave.b.members.Acting() {
		t.Error("the slave acts beside its master")
	}
	g.master.send("T", "DELAY\x011\x02", "later")
	waitFor(t, "what is delayed now", func() bool { return slices.Contains(g.master.all("T"), "later") })
	if got := g.master.all("T"); len(got) != 6 {
		t.Errorf("on a: %q", got)
	}
	if got := g.other.all("T"); !slices.Equal(got, want) {
		t.Errorf("on b: %q", got)
	}
	if n := g.master.b.schedule.Position(3); n != 0 {
		t.Errorf("the level of an hour is at %d", n)
	}
}

// TestStopBeforeOnline: a master that still looks for its slaves stops at once, and tells nobody how far its timers
// were: slaves would go back to that.
func TestStopBeforeOnline(t *testing.T) {
	stalls := testutil.WatchStalls(t)
	c := testConfig(t, t.TempDir())
	c.EnableSlaveActingMaster, c.TotalReplicas, c.NamesrvAddr = true, 2, "127.0.0.1:1"
	r := startRig(t, c)
	waitFor(t, "hearing", r.b.hearing.Load)
	r.ask(wire.ReqGetTimerCheckPoint, "", "").is(t, wire.SystemError, "this master hears")
	began := time.Now()
	r.stop()
	if took := time.Since(began); took > 5*time.Second+stalls.Lost() {
		t.Errorf("the stop took %s", took)
	}
}

// TestActedBeforeAsked: a master that is back knows at once what its slave has ended, and asks about nothing of it. It
// forgets them only when its op messages name them: it may be killed before.
func TestActedBeforeAsked(t *testing.T) {
	g := startGroup(t, func(c *config.Config) {
		c.TransactionTimeOut, c.TransactionCheckInterval, c.TransactionOpBatchInterval = 600_000, 20, 600_000
	})
	g.sc.TransactionOpBatchInterval = 100
	g.slave.stop()
	g.slave = startRig(t, g.sc)
	waitFor(t, "the slave to follow", func() bool { return g.slave.b.replica.Follows() })
	g.other.send("T", "", "on b")
	const n = 20
	var ends []wire.EndTransactionRequestHeader
	for i := range n {
		m, at := g.master.half("g", "T", fmt.Sprint(i), "TIMER_DELAY_MS\x01100")
		ends = append(ends, wire.EndTransactionRequestHeader{ProducerGroup: "g", Topic: "T", CommitLogOffset: at,
			TranStateTableOffset: m.QueueOffset, CommitOrRollback: wire.TransactionCommit, FromTransactionCheck: true})
	}
	g.follows(t)
	waitFor(t, "the topic", func() bool { return g.slave.b.topics.Get("T") != nil })
	g.master.stop()
	waitFor(t, "the slave to act", g.slave.b.members.Acting)
	for i := range ends {
		if code, remark := g.slave.end(ends[i]); code != wire.Success {
			t.Fatalf("%d %s", code, remark)
		}
	}
	g.mc.TransactionTimeOut = 1
	g.master = startRig(t, g.mc)
	p := g.master.producer("g", "p")
	time.Sleep(2 * time.Second) // more than the slave takes to tell of them, one by one
	select {
	case q := <-p.asked:
		t.Errorf("the master asks about %q", q.body)
	default:
	}
	if ours := g.master.b.trans.Acted.Len(); ours != n {
		t.Errorf("the master would know %d ends behind a kill", ours)
	}
	g.master.stop()
	g.mc.TransactionOpBatchInterval = 100
	g.master = startRig(t, g.mc)
	waitFor(t, "op messages", func() bool {
		return g.master.b.trans.Acted.Len() == 0 && g.slave.b.trans.Acted.Len() == 0
	})
	waitFor(t, "the timers on b", func() bool { return len(g.other.all("T")) == n+1 })
	if got := g.master.all("T"); len(got) > 0 {
		t.Errorf("on a: %q", got)
	}
}

// TestActingTransactions: while the master is away its slave takes ends and asks producers: what is committed is on
// another master. The master that comes back hears of it, asks about nothing that has ended, and commits nothing again;
// what the master had committed without a note of it the slave does not commit, either.
func TestActingTransactions(t *testing.T) {
	g := startGroup(t, func(c *config.Config) {
		c.TransactionTimeOut, c.TransactionCheckInterval, c.TransactionOpBatchInterval = 600_000, 200, 600_000
	})
	g.other.send("T", "", "on b")
	type half struct{ queue, log int64 }
	halves := map[string]half{}
	for _, body := range []string{"early", "commit", "rollback", "asked", "waits"} {
		m, at := g.master.half("g", "T", body)
		halves[body] = half{m.QueueOffset, at}
	}
	end := func(r *rig, body string, how int32) (int32, string) {
		return r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", Topic: "T", TranStateTableOffset: halves[body].queue,
			CommitLogOffset: halves[body].log, CommitOrRollback: how, FromTransactionCheck: true})
	}
	ok := func(r *rig, body string, how int32) {
		t.Helper()
		if code, remark := end(r, body, how); code != wire.Success {
			t.Fatalf("%s: %d %s", body, code, remark)
		}
	}
	ok(g.master, "early", wire.TransactionCommit) // its op message waits for ten minutes
	g.follows(t)
	waitFor(t, "the topic", func() bool { return g.slave.b.topics.Get("T") != nil })
	if code, _ := end(g.slave, "commit", wire.TransactionCommit); code != wire.SlaveNotAvailable {
		t.Errorf("beside its master: %d", code)
	}
	g.master.stop()
	waitFor(t, "the slave to act", g.slave.b.members.Acting)
	<-g.slave.b.trans.Replayed
	for range 2 {
		ok(g.slave, "early", wire.TransactionCommit)
		ok(g.slave, "commit", wire.TransactionCommit)
		ok(g.slave, "rollback", wire.TransactionRollback)
	}
	if got, want := g.other.all("T"), []string{"commit", "on b"}; !slices.Equal(got, want) {
		t.Errorf("on b: %q", got)
	}
	g.slave.change(func(c *config.Config) { c.TransactionTimeOut = 100 })
	p := g.slave.producer("g", "p")
	for range 2 { // one that is answered, one that waits
		q := p.next(t)
		if q.body != "asked" && q.body != "waits" {
			t.Errorf("asked about %q", q.body)
		}
		if q.h.CommitLogOffset != halves[q.body].log || q.h.TranStateTableOffset != halves[q.body].queue {
			t.Errorf("%+v, not %+v", q.h, halves[q.body])
		}
	}
	ok(g.slave, "asked", wire.TransactionCommit)
	if got, want := g.other.all("T"), []string{"asked", "commit", "on b"}; !slices.Equal(got, want) {
		t.Errorf("on b: %q", got)
	}
	if n := g.slave.b.trans.Acted.Len(); n != 3 {
		t.Errorf("%d ends wait for the master", n)
	}
	sc := g.slave.b.Config()
	g.slave.stop() // they survive that
	sc.TransactionOpBatchInterval, g.mc.TransactionOpBatchInterval = 100, 100
	g.slave = startRig(t, sc)
	g.master = startRig(t, g.mc)
	waitFor(t, "the master to be told", func() bool { return g.slave.b.trans.Acted.Len() == 0 })
	g.master.change(func(c *config.Config) { c.TransactionTimeOut = 100 })
	p = g.master.producer("g", "p")
	for range 3 {
		if q := p.next(t); q.body != "waits" {
			t.Errorf("the master asks about %q", q.body)
		}
	}
	ok(g.master, "waits", wire.TransactionCommit)
	if got, want := g.master.all("T"), []string{"early", "waits"}; !slices.Equal(got, want) {
		t.Errorf("on a: %q", got)
	}
	if got := g.other.all("T"); len(got) != 3 {
		t.Errorf("on b: %q", got)
	}
}
