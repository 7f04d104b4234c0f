package broker

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/broker/exporter"
	"gorocket/broker/replication"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/metrics"
	"gorocket/remoting/wire"
)

// pair is a master and a slave of it.
type pair struct{ master, slave *rig }

func startPair(t *testing.T) pair {
	t.Helper()
	mc, sc := testConfig(t, t.TempDir()), testConfig(t, t.TempDir())
	sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
	sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
	p := pair{startRig(t, mc), startRig(t, sc)}
	p.slave.b.replica.Found(p.master.addr, "")
	return p
}

// follows waits until the slave has what the master has.
func (p pair) follows(t *testing.T) {
	t.Helper()
	testutil.WaitFor(t, "the slave", func() bool {
		return p.slave.b.store.MaxPhyOffset() == p.master.b.store.MaxPhyOffset()
	})
}

// TestSlaveFollows: messages, topics, groups and offsets of the master can be read from the slave, which takes none of
// its own.
func TestSlaveFollows(t *testing.T) {
	p := startPair(t)
	for i := range 20 {
		p.master.send("T", "", fmt.Sprint("body ", i))
	}
	if err := p.master.b.offsets.Commit("g", "T", 0, 7); err != nil {
		t.Fatal(err)
	}
	p.follows(t)
	testutil.WaitFor(t, "the tables", func() bool {
		return p.slave.b.topics.Get("T") != nil && p.slave.b.offsets.Query("g", "T", 0) == 7
	})
	if got, want := p.slave.bodies("T"), p.master.bodies("T"); len(want) != 20 || !slices.Equal(got, want) {
		t.Errorf("the slave has %q, not %q", got, want)
	}
	if err := p.slave.b.health(); err != nil {
		t.Error(err)
	}
	testutil.WaitFor(t, "the acknowledgement", func() bool {
		info := p.master.b.replica.RuntimeInfo().HAConnectionInfo
		return len(info) == 1 && info[0].Diff == 0
	})
	m, s := p.master.b.replica.RuntimeInfo(), p.slave.b.replica.RuntimeInfo()
	if !m.Master || m.InSyncSlaveNums != 1 || m.HAConnectionInfo[0].Diff != 0 || s.Master ||
		s.HAClientRuntimeInfo.MaxOffset != m.MasterCommitLogMaxOffset {
		t.Errorf("%+v\n%+v", m, s)
	}
}

// TestReplicationMetrics: a master tells of each of its slaves, a slave of itself, and between them they have all that
// the table of metrics promises.
func TestReplicationMetrics(t *testing.T) {
	mc, sc := testConfig(t, t.TempDir()), testConfig(t, t.TempDir())
	sc.BrokerRole, sc.BrokerID = "SLAVE", 1
	sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
	for _, c := range []*config.Config{&mc, &sc} {
		c.MetricsExporterType, c.MetricsPromExporterHost = metrics.Prom, "127.0.0.1"
	}
	p := pair{startRig(t, mc), startRig(t, sc)}
	p.slave.b.replica.Found(p.master.addr, "")
	p.master.send("T", "", "x")
	p.follows(t)
	testutil.WaitFor(t, "the tables", func() bool {
		var f replication.Following
		p.slave.b.replica.Following(&f)
		return f.Connected && !f.TablesSynced.IsZero() && f.Behind == 0
	})
	all := ""
	for _, r := range []*rig{p.master, p.slave} {
		resp, err := http.Get("http://" + r.b.MetricsAddr() + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		all += string(text)
	}
	for _, m := range exporter.Metrics() {
		if strings.HasPrefix(m.Name, "gorocket_replication_") && !strings.Contains(all, "\n"+m.Name+"{") {
			t.Errorf("%s is not there", m.Name)
		}
	}
	node := `{cluster="DefaultCluster",node_id="broker-a",node_type="broker"`
	for _, want := range []string{"gorocket_replication_slaves" + node + "} 1\n",
		"gorocket_replication_following" + node + "} 1\n", "gorocket_replication_slave_behind_bytes" + node + `,slave="127.`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestSlaveRefuses: what Java's slave refuses, with its code and remark.
func TestSlaveRefuses(t *testing.T) {
	p := startPair(t)
	busy := "[REJECTREQUEST]system busy, start flow control for a while"
	for code, want := range slaveRefuses {
		if code == wire.ReqSendBatchMessage {
			continue // of the same kind, and it has no header of its own here
		}
		p.slave.ask(code, "topic=T", "").is(t, want.code, want.remark)
	}
	p.slave.ask(wire.ReqSendMessage, "topic=T", "").is(t, wire.SystemBusy, busy)
	p.slave.ask(wire.ReqEndTransaction, "producerGroup=g&tranStateTableOffset=0&commitLogOffset=0&commitOrRollback=8",
		"").is(t, wire.SlaveNotAvailable, "")
	cfg := p.slave.b.Config()
	cfg.SlaveReadEnable = false
	p.slave.b.live.Store(&cfg)
	p.slave.ask(wire.ReqPullMessage, pullFields("g", "T", 0, 0, ""), "").is(t, wire.SystemBusy, busy)
}

// TestSlaveOfAnotherLog: a slave whose log ends with another record than the master has there takes nothing, says so
// and keeps what it has; also when it knows the master by haMasterAddress alone. One that cannot ask the master takes
// nothing either.
func TestSlaveOfAnotherLog(t *testing.T) {
	const differ = "went different ways: at offset 0 there is message 0 of queue 0 of T"
	for name, c := range map[string]struct {
		found bool
		port  int // of the master's haListenPort, from its listenPort on
		want  string
	}{"found": {true, 1, differ}, "by its address": {false, 1, differ},
		"unreachable": {false, 7, "cannot be compared with the master's"}} {
		mc, sc := testConfig(t, t.TempDir()), testConfig(t, t.TempDir())
		mc.HAListenPort = mc.ListenPort + c.port
		own := startRig(t, sc)
		own.send("T", "", "only here")
		own.stop()
		sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
		sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.HAListenPort))
		p := pair{master: startRig(t, mc)}
		for range 3 {
			p.master.send("T", "", "of the master")
		}
		p.slave = startRig(t, sc)
		end := p.slave.b.store.MaxPhyOffset()
		if c.found {
			p.slave.b.replica.Found(p.master.addr, "")
		}
		testutil.WaitFor(t, name, func() bool { return strings.Contains(fmt.Sprint(p.slave.b.replica.Err()), c.want) })
		if c.want == differ && p.slave.b.health() == nil {
			t.Errorf("%s: health is green", name)
		}
		if got := p.slave.bodies("T"); !slices.Equal(got, []string{"only here"}) || p.slave.b.store.MaxPhyOffset() != end {
			t.Errorf("%s: the slave has %q now", name, got)
		}
		p.slave.stop()
		p.master.stop()
	}
}

// TestCompareBehindADeletedTopic: a slave whose log ends with messages of a topic that the master has deleted compares
// the record before them; two logs that went different ways there are not mixed, and equal ones are followed.
func TestCompareBehindADeletedTopic(t *testing.T) {
	mc, sc := testConfig(t, t.TempDir()), testConfig(t, t.TempDir())
	sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
	sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
	p := pair{startRig(t, mc), startRig(t, sc)}
	p.slave.b.replica.Found(p.master.addr, "")
	p.master.send("T", "", "first")
	p.master.send("Gone", "", "of a topic that goes")
	p.follows(t)
	p.slave.stop()
	if err := p.master.b.store.DeleteTopic("Gone"); err != nil {
		t.Fatal(err)
	}
	p.master.b.topics.Remove("Gone")
	p.master.send("T", "", "second")
	p.slave = startRig(t, sc)
	p.slave.b.replica.Found(p.master.addr, "")
	p.follows(t)
	p.slave.stop()
	other := startRig(t, mcOf(t, sc)) // the slave's directory takes messages of its own
	other.send("T", "", "another way")
	other.send("Gone", "", "of a topic that goes")
	other.stop()
	p.master.send("T", "", "third, and longer than what stands there")
	p.master.send("T", "", "fourth")
	p.slave = startRig(t, sc)
	p.slave.b.replica.Found(p.master.addr, "")
	waitFor(t, "the difference to be seen", func() bool {
		return strings.Contains(fmt.Sprint(p.slave.b.replica.Err()), "went different ways")
	})
}

// mcOf is the configuration of a slave's directory as master.
func mcOf(t *testing.T, sc config.Config) config.Config {
	sc.BrokerRole, sc.BrokerID, sc.HAMasterAddress, sc.ListenPort = "ASYNC_MASTER", 0, "", freePort(t)+2
	sc.HAListenPort = 0
	return sc
}

// TestRolesChangeByRestart: the slave becomes the master and the master its slave, in the same directories; what either
// took is on both.
func TestRolesChangeByRestart(t *testing.T) {
	stalls := testutil.WatchStalls(t)
	p := startPair(t)
	p.master.send("T", "", "first")
	p.follows(t)
	began := time.Now()
	testutil.WaitFor(t, "the topic", func() bool { return p.slave.b.topics.Get("T") != nil })
	if took := time.Since(began); took > 2500*time.Millisecond+stalls.Lost() { // the look that the record asked for, not the next one
		t.Errorf("the topic came after %s", took)
	}
	mc, sc := p.master.b.Config(), p.slave.b.Config()
	p.master.stop()
	p.slave.stop()
	mc.BrokerRole, mc.BrokerID, mc.SlaveReadEnable = "SLAVE", 1, true
	mc.HAMasterAddress, sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(sc.HAListenPort)), ""
	sc.BrokerRole, sc.BrokerID = "ASYNC_MASTER", 0
	p = pair{startRig(t, sc), startRig(t, mc)}
	p.slave.b.replica.Found(p.master.addr, "")
	p.master.send("T", "", "second")
	p.follows(t)
	want := []string{"first", "second"}
	if m, s := p.master.bodies("T"), p.slave.bodies("T"); !slices.Equal(m, want) || !slices.Equal(s, want) {
		t.Errorf("master %q, slave %q", m, s)
	}
}

// TestSlaveFindsItsMaster: a slave that starts before its master asks the NameServers until they know it, and goes over
// to another master within seconds.
func TestSlaveFindsItsMaster(t *testing.T) {
	f := startNamesFake(t)
	sc := testConfig(t, t.TempDir())
	sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable, sc.NamesrvAddr = "SLAVE", 1, true, f.addr
	p := pair{slave: startRig(t, sc)}
	for _, body := range []string{"of the first", "of the second"} {
		dir := t.TempDir()
		if p.master != nil {
			dir = p.master.dir
			p.master.stop()
		}
		p.master = startRig(t, testConfig(t, dir)) // on other ports
		p.master.send("T", "", body)
		f.do(func() {
			f.masterAddr = p.master.addr
			f.haAddr = net.JoinHostPort("127.0.0.1", fmt.Sprint(p.master.b.Config().HAListenPort))
		})
		p.follows(t)
		testutil.WaitFor(t, "the topic", func() bool { return p.slave.b.topics.Get("T") != nil })
	}
	if got := p.slave.bodies("T"); !slices.Equal(got, []string{"of the first", "of the second"}) {
		t.Errorf("%q", got)
	}
}

// change puts another configuration into force.
func (r *rig) change(edit func(*config.Config)) {
	c := r.b.Config()
	edit(&c)
	r.b.live.Store(&c)
}

// sendCode sends a message and returns the code of the answer.
func (r *rig) sendCode(topic, props, body string) int32 {
	r.t.Helper()
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: topic, DefaultTopic: "TBW102", DefaultTopicQueueNums: 4,
		BornTimestamp: time.Now().UnixMilli(), Properties: []byte(props), MaxReconsumeTimes: -1}
	_, err := call(r, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, []byte(body))
	var other *remoting.ResponseError
	if err == nil {
		return wire.Success
	}
	if !errors.As(err, &other) {
		r.t.Fatal(err)
	}
	return other.Code
}

// TestSyncMasterWaits: with inSyncReplicas=2 a send is acknowledged when the slave has it: with FLUSH_SLAVE_TIMEOUT while
// there is none, at once for WAIT=false, and under SYNC_FLUSH too.
func TestSyncMasterWaits(t *testing.T) {
	for _, flush := range []string{"ASYNC_FLUSH", "SYNC_FLUSH"} {
		mc, sc := testConfig(t, t.TempDir()), testConfig(t, t.TempDir())
		mc.BrokerRole, mc.InSyncReplicas, mc.SlaveTimeout, mc.FlushDiskType = "SYNC_MASTER", 2, 1000, flush
		sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
		sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
		p := pair{master: startRig(t, mc)}
		if code := p.master.sendCode("T", "", "nobody has it"); code != wire.FlushSlaveTimeout {
			t.Errorf("%s without a slave: %d", flush, code)
		}
		began := time.Now()
		if code := p.master.sendCode("T", "WAIT\x01false\x02", "nobody waits"); code != wire.Success ||
			time.Since(began) > 700*time.Millisecond {
			t.Errorf("%s, WAIT=false: %d after %s", flush, code, time.Since(began))
		}
		p.slave = startRig(t, sc)
		p.slave.b.replica.Found(p.master.addr, "")
		p.follows(t)
		for i := range 50 {
			if code := p.master.sendCode("T", "", fmt.Sprint("both have it ", i)); code != wire.Success {
				t.Fatalf("%s: %d", flush, code)
			}
			if end := p.slave.b.store.MaxPhyOffset(); end != p.master.b.store.MaxPhyOffset() {
				t.Fatalf("%s: acknowledged, but the slave's log ends at %d", flush, end)
			}
		}
		p.slave.stop()
		if code := p.master.sendCode("T", "", "the slave is gone"); code != wire.FlushSlaveTimeout {
			t.Errorf("%s behind the slave's end: %d", flush, code)
		}
	}
}

// TestFewerInSync: with enableAutoInSyncReplicas a master alone acknowledges alone, a master with a slave with it, and
// what was sent while it was there is not acknowledged by fewer when it goes; with minInSyncReplicas=2 nothing is stored
// without it.
func TestFewerInSync(t *testing.T) {
	mc, sc := testConfig(t, t.TempDir()), testConfig(t, t.TempDir())
	mc.BrokerRole, mc.InSyncReplicas, mc.SlaveTimeout = "SYNC_MASTER", 2, 60_000
	mc.EnableSlaveActingMaster, mc.EnableAutoInSyncReplicas, mc.TotalReplicas = true, true, 2
	sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
	sc.HAMasterAddress = net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1))
	p := pair{master: startRig(t, mc)}
	if code := p.master.sendCode("T", "", "alone"); code != wire.Success {
		t.Errorf("alone: %d", code)
	}
	p.slave = startRig(t, sc)
	p.slave.b.replica.Found(p.master.addr, "")
	p.follows(t)
	waitFor(t, "two in sync", func() bool { return p.master.b.replica.InSync() == 2 })
	for i := range 20 {
		if code := p.master.sendCode("T", "", fmt.Sprint("both ", i)); code != wire.Success ||
			p.slave.b.store.MaxPhyOffset() != p.master.b.store.MaxPhyOffset() {
			t.Fatalf("both: %d", code)
		}
	}
	end := p.master.b.store.MaxPhyOffset()
	p.slave.stop()
	waitFor(t, "one in sync", func() bool { return p.master.b.replica.InSync() == 1 })
	p.master.sendCode("T", "WAIT\x01false\x02", "nobody waits")
	replicated := p.master.b.store.Log().Replicated.Load
	if at := replicated(); at > end {
		t.Errorf("confirmed up to %d, and only %d is on both", at, end)
	}
	if code := p.master.sendCode("T", "", "alone again"); code != wire.Success {
		t.Errorf("alone again: %d", code)
	}
	p.master.change(func(c *config.Config) { c.MinInSyncReplicas = 2 })
	end = p.master.b.store.MaxPhyOffset()
	if code := p.master.sendCode("T", "", "refused"); code != wire.SystemError || p.master.b.store.MaxPhyOffset() != end {
		t.Errorf("too few: %d", code)
	}
}

// TestCommitWaitsForSlaves: who waits for the answer to the end of a transaction hears it when the slaves have the message.
func TestCommitWaitsForSlaves(t *testing.T) {
	mc := testConfig(t, t.TempDir())
	mc.BrokerRole, mc.InSyncReplicas, mc.SlaveTimeout = "SYNC_MASTER", 2, 1000
	r := startRig(t, mc)
	m, at := r.half("p", "T", "x", "WAIT\x01false")
	began := time.Now()
	end := wire.EndTransactionRequestHeader{ProducerGroup: "p", Topic: "T", TranStateTableOffset: m.QueueOffset,
		CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}
	if code, remark := r.end(end); code != wire.Success || time.Since(began) > 700*time.Millisecond {
		t.Errorf("WAIT=false: %d %s after %s", code, remark, time.Since(began))
	}
	r.change(func(c *config.Config) { c.InSyncReplicas = 1 })
	m, at = r.half("p", "T", "y")
	r.change(func(c *config.Config) { c.InSyncReplicas = 2 })
	end.TranStateTableOffset, end.CommitLogOffset = m.QueueOffset, at
	began = time.Now()
	if code, remark := r.end(end); code != wire.Success || time.Since(began) < 900*time.Millisecond {
		t.Errorf("late slaves: %d %s after %s", code, remark, time.Since(began))
	}
	if got := r.bodies("T"); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("%q", got)
	}
}

// TestProgressReachesTheReturningMaster: what consumers committed to the slave while the master was away is the master's
// once it is back, and stays the slave's (Java 5.5 goes back to the master's older offsets).
func TestProgressReachesTheReturningMaster(t *testing.T) {
	p := startPair(t)
	for i := range 10 {
		p.master.send("T", "", fmt.Sprint(i))
	}
	p.master.pull("g", "T", 0, "*", 0) // makes the group
	p.master.commit("g", "T", 0, 2)
	p.follows(t)
	testutil.WaitFor(t, "the offset", func() bool {
		return p.slave.b.offsets.Query("g", "T", 0) == 2 && p.slave.b.groups.Get("g") != nil
	})
	mc := p.master.b.Config()
	p.master.stop()
	p.slave.commit("g", "T", 0, 9)
	p.master = startRig(t, mc)
	testutil.WaitFor(t, "the master to hear of it", func() bool { return p.master.b.offsets.Query("g", "T", 0) == 9 })
	p.master.commit("g", "T", 0, 10)
	testutil.WaitFor(t, "the slave to follow again", func() bool { return p.slave.b.offsets.Query("g", "T", 0) == 10 })
	p.master.commit("g", "T", 0, 1) // somebody goes back, at the master: that counts
	testutil.WaitFor(t, "the slave to go back too", func() bool { return p.slave.b.offsets.Query("g", "T", 0) == 1 })
}
