package replication

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/ha"
)

// connected tells whether a slave follows.
func (r *rig) connected() bool {
	var f Following
	r.Following(&f)
	return f.Connected
}

// TestPairFollows: a slave that is told where its master is copies its log; both say so, and end.
func TestPairFollows(t *testing.T) {
	m, s := newRig(t, "ASYNC_MASTER").start(), newRig(t, "SLAVE").start()
	end := m.send("a", "b", "c")
	s.Found("", "") // a NameServer that knows no master yet
	if s.connected() {
		t.Fatal("connected to nobody")
	}
	s.Found(nobody(t), m.listens())
	s.Found("", "") // one that has just started
	testutil.WaitFor(t, "the log", func() bool { return s.store.MaxPhyOffset() == end && s.connected() })
	testutil.WaitFor(t, "the report", func() bool {
		info := m.RuntimeInfo().HAConnectionInfo
		return len(info) == 1 && info[0].Diff == 0
	})
	mi, si := m.RuntimeInfo(), s.RuntimeInfo()
	c, h := mi.HAConnectionInfo[0], si.HAClientRuntimeInfo
	if !mi.Master || mi.MasterCommitLogMaxOffset != end || mi.InSyncSlaveNums != 1 || !c.InSync ||
		c.SlaveAckOffset != end || c.TransferFromWhere != end || mi.HAClientRuntimeInfo.MasterAddr != "" {
		t.Errorf("the master says %+v", mi)
	}
	if si.Master || len(si.HAConnectionInfo) != 0 || h.MasterAddr != m.listens() || h.MaxOffset != end ||
		h.LastReadTimestamp == 0 || h.LastWriteTimestamp == 0 {
		t.Errorf("the slave says %+v", si)
	}
	f := Following{TablesSynced: time.Unix(1, 0)}
	if m.Following(&f); f.Connected || f.TablesSynced != time.Unix(1, 0) {
		t.Errorf("a master follows: %+v", f)
	}
	if m.Health() != nil || s.Health() != nil {
		t.Error(m.Health(), s.Health())
	}
	s.Stop()
	if m.send("d"); s.connected() || s.RuntimeInfo().HAClientRuntimeInfo.MasterAddr != "" || s.store.MaxPhyOffset() != end {
		t.Errorf("it goes on behind its end: %+v", s.RuntimeInfo())
	}
	s.Found((&masterPort{rec: s.last()}).serve(t), "")
	s.start() // knows the port from before
	testutil.WaitFor(t, "the rest", func() bool { return s.store.MaxPhyOffset() == m.store.MaxPhyOffset() })
	m.Stop()
	if info := m.RuntimeInfo(); !info.Master || info.MasterCommitLogMaxOffset != 0 || len(info.HAConnectionInfo) != 0 {
		t.Errorf("a master that has ended says %+v", info)
	}
}

// TestFarSlaveIsNotInSync: haMaxGapNotInSync bytes behind is too far, one less is not.
func TestFarSlaveIsNotInSync(t *testing.T) {
	m, s := newRig(t, "ASYNC_MASTER").start(), newRig(t, "SLAVE").start()
	first := m.send("a")
	s.Found("", m.listens())
	testutil.WaitFor(t, "the report", func() bool {
		info := m.RuntimeInfo().HAConnectionInfo
		return len(info) == 1 && info[0].SlaveAckOffset == first
	})
	s.mu.Lock() // holds the slave at its place: it does not follow any more
	f := s.slave
	s.mu.Unlock()
	f.SetMaster("")
	for _, c := range []struct {
		gap int64
		in  bool
	}{{1, true}, {0, false}} {
		m.change(func(x *store.Config) { x.HAMaxGapNotInSync = c.gap })
		for _, conn := range m.RuntimeInfo().HAConnectionInfo {
			if conn.InSync != c.in || (m.RuntimeInfo().InSyncSlaveNums == 1) != c.in {
				t.Errorf("0 behind, the most is %d: %+v", c.gap, conn)
			}
		}
	}
}

// TestConfiguredMaster: haMasterAddress counts, whatever the NameServers say; the remoting address is theirs.
func TestConfiguredMaster(t *testing.T) {
	m := newRig(t, "ASYNC_MASTER").start()
	end := m.send("a")
	s := newRig(t, "SLAVE", func(c *store.Config) { c.HAMasterAddress = m.listens() })
	s.Found("other:1", nobody(t)) // before the start
	s.start()
	testutil.WaitFor(t, "the log", func() bool { return s.store.MaxPhyOffset() == end })
	s.Found("another:1", nobody(t)) // and while it runs
	m.send("b")
	testutil.WaitFor(t, "more of it", func() bool { return s.store.MaxPhyOffset() == m.store.MaxPhyOffset() })
	if s.RuntimeInfo().HAClientRuntimeInfo.MasterAddr != m.listens() || s.masterAddr() != "another:1" {
		t.Errorf("follows %+v and %s", s.RuntimeInfo().HAClientRuntimeInfo, s.masterAddr())
	}
}

// TestConfirmed: inSyncReplicas counts the master; it acts when it is changed, also without another report.
func TestConfirmed(t *testing.T) {
	m := newRig(t, "SYNC_MASTER", func(c *store.Config) { c.InSyncReplicas = 2 })
	end := m.send("a")
	m.start()
	done := make(waiter, 9)
	if m.store.WaitReplicated(end, done); len(done) != 0 {
		t.Fatal("no slave has it")
	}
	s := newRig(t, "SLAVE").start()
	s.Found("", m.listens())
	done.ends(t, "one slave has it")
	end = m.send("b")
	m.store.WaitReplicated(end, done)
	done.ends(t, "one slave has the next")
	m.change(func(c *store.Config) { c.InSyncReplicas = 3 })
	m.Reconfigure()
	end = m.send("c")
	testutil.WaitFor(t, "the slave", func() bool {
		info := m.RuntimeInfo().HAConnectionInfo
		return len(info) == 1 && info[0].SlaveAckOffset == end
	})
	m.store.WaitReplicated(end, done)
	select {
	case err := <-done:
		t.Fatal("two slaves were asked for, one has it:", err)
	case <-time.After(20 * time.Millisecond):
	}
	m.change(func(c *store.Config) { c.InSyncReplicas = 2 })
	m.Reconfigure()
	done.ends(t, "one slave is enough again")
}

// waiter is told of the end of a wait.
type waiter chan error

func (w waiter) Durable(err error) { w <- err }

func (w waiter) ends(t *testing.T, what string) {
	t.Helper()
	select {
	case err := <-w:
		if err != nil {
			t.Error(what, err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("never:", what)
	}
}

// TestLostMaster: a slave asks where its master is while it does not follow, and only then; it is sick when that lasts.
func TestLostMaster(t *testing.T) {
	m, s := newRig(t, "ASYNC_MASTER").start(), newRig(t, "SLAVE")
	if s.Health() != nil {
		t.Error("one that does not run is sick")
	}
	s.start()
	if s.lostAt.IsZero() || time.Since(s.lostAt) > time.Minute {
		t.Errorf("lost since %v", s.lostAt)
	}
	since := func(d time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lostAt = time.Now().Add(-d)
	}
	testutil.WaitFor(t, "the question", func() bool { return s.lost.Load() > 0 })
	since(sickAfter - time.Second)
	if err := s.Health(); err != nil {
		t.Error("too early:", err)
	}
	since(sickAfter + time.Second)
	s.Found("", nobody(t))
	testutil.WaitFor(t, "the reason", func() bool {
		err := s.Health()
		return err != nil && strings.Contains(err.Error(), "refused") && strings.Contains(err.Error(), "31s")
	})
	s.Found("", m.listens())
	testutil.WaitFor(t, "the master", func() bool { return s.connected() })
	testutil.WaitFor(t, "it to be well", func() bool { return s.Health() == nil })
	if n := s.joins.Load(); n != 1 {
		t.Errorf("told %d times that its master is back", n)
	}
	before := s.lost.Load()
	s.mu.Lock()
	s.diverged = &DivergedError{}
	s.mu.Unlock()
	var div *DivergedError
	if !errors.As(s.Health(), &div) {
		t.Error("another log, and well:", s.Health())
	}
	time.Sleep(5 * s.d.Seek)
	if got := s.lost.Load(); got != before {
		t.Errorf("asked %d times while it follows", got-before)
	}
}

// TestTablesFollow: a slave looks at the tables of the master that the NameServers name, again when its log has a topic
// that it does not know, and not behind its end.
func TestTablesFollow(t *testing.T) {
	s, first, second := newRig(t, "SLAVE"), new(masterPort), new(masterPort)
	s.Unknown() // it does not run
	s.start()
	looked := func(m *masterPort, n int64) {
		t.Helper()
		testutil.WaitFor(t, "looks at the tables", func() bool { return m.looks.Load() >= n })
		if got := m.looks.Load(); got != n {
			t.Errorf("%d looks, want %d", got, n)
		}
	}
	s.Found(first.serve(t), "")
	looked(first, 1)
	s.Unknown()
	looked(first, 2)
	s.Found(second.serve(t), "")
	looked(second, 1)
	s.Stop()
	lost := s.lost.Load()
	s.Unknown()
	time.Sleep(5 * s.d.Seek)
	looked(second, 1)
	looked(first, 2)
	if got := s.lost.Load(); got != lost {
		t.Errorf("asked where the master is %d times behind its end", got-lost)
	}
}

// TestChangedSettings: those of the listener act at once.
func TestChangedSettings(t *testing.T) {
	m := newRig(t, "ASYNC_MASTER").start()
	m.change(func(c *store.Config) { c.HAHousekeepingInterval = 50 })
	m.Reconfigure()
	silent, err := net.Dial("tcp", m.listens())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_ = silent.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := silent.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a silent peer: %v", err)
	}
}

// TestAloneIsEnough: with inSyncReplicas=1 a master that starts confirms what it has.
func TestAloneIsEnough(t *testing.T) {
	m := newRig(t, "SYNC_MASTER", func(c *store.Config) { c.InSyncReplicas = 1 })
	end := m.send("a")
	m.start()
	done := make(waiter, 1)
	m.store.WaitReplicated(end, done)
	done.ends(t, "nobody else is asked for")
}

// TestNoMaster: a slave that nobody tells of a master, as it has another cluster's name than its master, says so in the
// log and in its health, with the keys to look at; one whose master says nothing names that.
func TestNoMaster(t *testing.T) {
	var lines testutil.Log
	s := newRig(t, "SLAVE")
	s.d.Throttled = throttle.New(zerolog.New(&lines), 1, time.Hour)
	s.start()
	sick := func() string {
		s.mu.Lock()
		s.lostAt = time.Now().Add(-sickAfter - time.Second)
		s.mu.Unlock()
		if err := s.Health(); err != nil {
			return err.Error()
		}
		return ""
	}
	want := "this slave knows no master for 31s: no NameServer tells of a broker with its brokerClusterName and " +
		"brokerName and brokerId 0"
	if got := sick(); !strings.HasPrefix(got, want) {
		t.Errorf("health: %q", got)
	}
	testutil.WaitFor(t, "a line", func() bool { return strings.Contains(lines.String(), "brokerClusterName") })
	if got := unfollowed(ha.SlaveStatus{}, time.Minute, true).Error(); !strings.HasPrefix(got,
		"this slave knows no master for 1m0s: the controllers tell of none") {
		t.Errorf("under controllers: %q", got)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s.Found("", l.Addr().String())
	testutil.WaitFor(t, "a connection", s.Follows)
	if got := sick(); !strings.Contains(got, l.Addr().String()+" for 31s: it has not said a word yet") {
		t.Errorf("health: %q", got)
	}
}

// TestPortInUse: a master that cannot listen says so, and starts once it can.
func TestPortInUse(t *testing.T) {
	first, second := newRig(t, "ASYNC_MASTER").start(), newRig(t, "ASYNC_MASTER")
	second.d.Listen = first.listens
	if err := second.Start(); err == nil {
		t.Error("two masters at one port")
	}
	addr := first.listens()
	first.Stop()
	second.d.Listen = func() string { return addr }
	second.start()
	second.Stop()
	second.Stop()
}

// TestSilentMasterIsNone: who takes connections and says nothing is not followed, however often it is connected to.
func TestSilentMasterIsNone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := newRig(t, "SLAVE", func(c *store.Config) {
		c.HAMasterAddress, c.HAHousekeepingInterval = l.Addr().String(), 100
	}).start()
	s.mu.Lock()
	first := s.lostAt
	s.mu.Unlock()
	for range 3 {
		testutil.WaitFor(t, "a connection", s.Follows)
		time.Sleep(3 * s.d.Seek)
		testutil.WaitFor(t, "its end", func() bool { return !s.Follows() })
	}
	s.mu.Lock()
	since := s.lostAt
	s.lostAt = first.Add(-sickAfter - time.Second)
	s.mu.Unlock()
	if !since.Equal(first) {
		t.Errorf("does not follow since %v, but that became %v", first, since)
	}
	if err := s.Health(); err == nil || !strings.Contains(err.Error(), "nothing came for haHousekeepingInterval") {
		t.Errorf("health: %v", err)
	}
}

// TestPaceByRole: who waits for slaves, by the role or for the confirm offset, sends at once.
func TestPaceByRole(t *testing.T) {
	for role, want := range map[string]time.Duration{"ASYNC_MASTER": asyncPace, "SYNC_MASTER": 0} {
		c := &store.Config{BrokerRole: role}
		if got, switches := masterSettings(c, false).Pace, masterSettings(c, true).Pace; got != want || switches != 0 {
			t.Errorf("%s: %v, in a group whose master may change %v", role, got, switches)
		}
	}
}

// TestSyncFlushSlaveReportsItsDisk: with flushDiskType=SYNC_FLUSH what a slave reports is on its disk, without it what
// it has.
func TestSyncFlushSlaveReportsItsDisk(t *testing.T) {
	for _, flush := range []string{store.SyncFlush, "ASYNC_FLUSH"} {
		m := newRig(t, "ASYNC_MASTER").start()
		s := newRig(t, "SLAVE", func(c *store.Config) {
			c.FlushDiskType, c.FlushIntervalCommitLog, c.FlushCommitLogThoroughInterval = flush, 3_600_000, 3_600_000
		}).start()
		end := m.send("a", "b", "c")
		s.Found(nobody(t), m.listens())
		testutil.WaitFor(t, "the report", func() bool {
			info := m.RuntimeInfo().HAConnectionInfo
			return len(info) == 1 && info[0].SlaveAckOffset == end
		})
		if got := s.store.FlushedOffset(); (got == end) != (flush == store.SyncFlush) {
			t.Errorf("%s: durable up to %d of %d", flush, got, end)
		}
	}
}
