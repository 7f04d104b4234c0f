package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/broker/replicas"
	"gorocket/compat/testutil"
	"gorocket/remoting/metrics"
	"gorocket/remoting/wire"
	"gorocket/store/epoch"
	"gorocket/store/ha"
	"gorocket/store/vfs"
)

// TestMasterChanges: brokers become what the controllers say while they run: what the old master has acknowledged can be
// read at the new one, which takes what comes; the old one refuses it, and follows.
func TestMasterChanges(t *testing.T) {
	c := startCouncil(t)
	a, b := c.seat(), c.seat()
	c.elect(a.id)
	a.leads()
	for i := range 20 {
		a.send("T", "", fmt.Sprint(i))
	}
	b.follows(a)
	testutil.WaitFor(t, "both are in sync", func() bool { return slices.Equal(c.members(), []int64{a.id, b.id}) })
	for i := range 3 {
		from, to := a, b
		if i%2 == 1 {
			from, to = b, a
		}
		c.elect(to.id)
		to.leads()
		to.send("T", "", fmt.Sprint(20+i))
		from.follows(to)
		from.ask(wire.ReqSendMessage, sendHead("T"), "x").isNot(t, 0)
		if got := to.bodies("T"); len(got) != 21+i || got[20+i] != fmt.Sprint(20+i) {
			t.Fatalf("after %d changes: %q", i+1, got)
		}
	}
	if n, m := a.b.changes.Changes.Load(), b.b.changes.Changes.Load(); n != 4 || m != 4 {
		t.Errorf("%d and %d changes of role, want 4 and 4", n, m)
	}
}

// TestFencedMasterSaysWhy: a master that the controllers have not answered does not call itself a slave.
func TestFencedMasterSaysWhy(t *testing.T) {
	c := startCouncil(t)
	a := c.seat()
	c.elect(a.id)
	a.leads()
	if err := (role{a.b}).Fence(true); err != nil {
		t.Fatal(err)
	}
	got := a.ask(wire.ReqSendMessage, sendHead("T"), "x")
	if got.code != wire.ServiceNotAvailable || !strings.Contains(got.remark, "Cause: this master takes no messages now") {
		t.Errorf("%d %q", got.code, got.remark)
	}
	if err := (role{a.b}).Fence(false); err != nil {
		t.Fatal(err)
	}
	a.send("T", "", "y")
}

// sendHead is the header of a send.
func sendHead(topic string) string {
	return "producerGroup=p&topic=" + topic + "&defaultTopic=TBW102&defaultTopicQueueNums=4&queueId=0&sysFlag=0&" +
		"bornTimestamp=1&flag=0&properties=&reconsumeTimes=0&unitMode=false"
}

func (a answer) isNot(t *testing.T, code int32) {
	t.Helper()
	if a.code == code {
		t.Errorf("answered %d %q", a.code, a.remark)
	}
}

// TestSendsWhileMasterChanges: whatever happens to a master under concurrent sends: what it answers with success is in
// its log, once, and who gets no success gets an answer soon.
func TestSendsWhileMasterChanges(t *testing.T) {
	c := startCouncil(t)
	a := c.seat(func(c *config.Config) { c.AllAckInSyncStateSet = true })
	c.elect(a.id)
	a.leads()
	a.send("T", "", "first")
	var mu sync.Mutex
	var ok []string
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 4 {
		r := &rig{t: t, addr: a.addr}
		r.conn = r.dial()
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				body, began := fmt.Sprintf("%d-%d", w, i), time.Now()
				got := r.ask(wire.ReqSendMessage, sendHead("T"), body)
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("an answer after %v: %d %s", took, got.code, got.remark)
				}
				if got.code == 0 {
					mu.Lock()
					ok = append(ok, body)
					mu.Unlock()
				}
			}
		})
	}
	have := func() int { mu.Lock(); defer mu.Unlock(); return len(ok) }
	for i := range 6 {
		n := have()
		testutil.WaitFor(t, "messages", func() bool { return have() > n+20 })
		if i%3 == 2 { // one of the set is away: who sends waits, and is told when the role goes
			c.fix(true)
			c.elect(a.id, 77)
			time.Sleep(30 * time.Millisecond)
		}
		c.elect(99)
		testutil.WaitFor(t, "it follows", func() bool { return a.b.replicas.Master().ID == 99 })
		c.fix(false)
		c.elect(a.id)
		a.leads()
	}
	close(stop)
	wg.Wait()
	count := map[string]int{}
	for _, body := range a.bodies("T") {
		count[body]++
	}
	for _, body := range ok {
		if count[body] != 1 {
			t.Fatalf("%q was acknowledged, and is there %d times", body, count[body])
		}
	}
}

// TestWaitingSendIsTold: a send that waits for the brokers of the set gets an error at once when the role goes.
func TestWaitingSendIsTold(t *testing.T) {
	c := startCouncil(t)
	a := c.seat(func(c *config.Config) { c.AllAckInSyncStateSet, c.SlaveTimeout = true, 60_000 })
	c.elect(a.id)
	a.leads()
	a.send("T", "", "first")
	c.fix(true)
	c.elect(a.id, 77)
	a.leads()
	testutil.WaitFor(t, "broker 77 counts", func() bool { return slices.Contains(a.b.replicas.Others(), 77) })
	got := make(chan answer, 1)
	go func() { got <- a.ask(wire.ReqSendMessage, sendHead("T"), "waits") }()
	select {
	case x := <-got:
		t.Fatalf("nobody else has it, and it is answered %d %s", x.code, x.remark)
	case <-time.After(50 * time.Millisecond):
	}
	c.elect(77)
	select {
	case x := <-got:
		x.isNot(t, 0)
	case <-time.After(5 * time.Second):
		t.Fatalf("it waits; %+v, %v", a.b.replicas.Master(), a.b.replicas.Err())
	}
}

// TestLogIsTruncated: what a master wrote that nobody else has goes when another one was elected without it; it is kept
// beside the log, and counted. The broker takes part again by itself.
func TestLogIsTruncated(t *testing.T) {
	c := startCouncil(t)
	a, b := c.seat(func(c *config.Config) {
		c.MetricsExporterType, c.MetricsPromExporterPort = metrics.Prom, freePort(t)
	}), c.seat()
	c.elect(a.id)
	a.leads()
	for i := range 10 {
		a.send("T", "", fmt.Sprint(i))
	}
	b.follows(a)
	b.stop()
	common := a.b.store.MaxPhyOffset()
	testutil.WaitFor(t, "it is alone", func() bool { return slices.Equal(c.members(), []int64{a.id}) })
	for i := range 5 {
		a.send("T", "", fmt.Sprint("lost ", i))
	}
	end := a.b.store.MaxPhyOffset()
	lost := bytes.Clone(a.b.store.Log().Find(common).Data[common:end])
	c.elect(99)
	testutil.WaitFor(t, "it follows", func() bool { return a.b.replicas.Master().ID == 99 })
	b.open()
	c.elect(b.id)
	b.leads()
	b.send("T", "", "other")
	before := a.b
	a.follows(b)
	if a.b == before {
		t.Fatal("its log was not truncated")
	}
	want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "other"}
	if got := a.bodies("T"); !slices.Equal(got, want) {
		t.Errorf("it has %q", got)
	}
	names, err := a.mem.ReadDir(memRoot)
	i := slices.IndexFunc(names, func(e vfs.FileInfo) bool { return strings.HasPrefix(e.Name, "repair-") })
	if err != nil || i < 0 {
		t.Fatalf("nothing is kept: %v, %v", names, err)
	}
	kept, err := vfs.ReadFile(a.mem, memRoot+"/"+names[i].Name+"/commitlog/00000000000000000000")
	if err != nil || !bytes.Equal(kept[common:end], lost) {
		t.Errorf("what was truncated is not kept: %v", err)
	}
	s := a.b.changes
	if s.Truncations.Load() != 1 || s.Truncated.Load() != end-common || s.Confirmed.Load() != end-common {
		t.Errorf("%d truncations of %d bytes, %d confirmed; want 1 of %d", s.Truncations.Load(), s.Truncated.Load(),
			s.Confirmed.Load(), end-common)
	}
	a.exports(t, "gorocket_replicas_truncations_total", "1")
	a.exports(t, "gorocket_replicas_truncated_bytes_total", fmt.Sprint(end-common))
	a.exports(t, "gorocket_replicas_truncated_confirmed_bytes_total", fmt.Sprint(end-common))
	a.exports(t, "gorocket_replicas_epoch", "3")
	if _, warnings := a.b.whole(); !strings.Contains(fmt.Sprint(warnings), "bytes of acknowledged messages were truncated") {
		t.Errorf("/health warns of %q", warnings)
	}
	c.elect(a.id)
	a.leads()
	a.exports(t, "gorocket_replicas_in_sync", "2") // the other one is back at once
	a.exports(t, "gorocket_replicas_fenced", "0")
	a.exports(t, "gorocket_replicas_role_changes_total", fmt.Sprint(s.Changes.Load()))
	b.follows(a)
	if got := b.bodies("T"); !slices.Equal(got, want) {
		t.Errorf("the other one has %q", got)
	}
}

// exports waits until a figure is what it should be.
func (s *seat) exports(t *testing.T, name, value string) {
	t.Helper()
	var line string
	testutil.WaitFor(t, name+" is "+value, func() bool {
		resp, err := http.Get("http://" + s.host.Broker().MetricsAddr() + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		var text bytes.Buffer
		_, _ = text.ReadFrom(resp.Body)
		_, line, _ = strings.Cut(text.String(), "\n"+name+"{")
		line, _, _ = strings.Cut(line, "\n")
		return strings.HasSuffix(line, "} "+value)
	})
}

// TestTruncationOfThePast: a broker that became master, or has another one, before it could be truncated keeps its log:
// what it has acknowledged since is in it.
func TestTruncationOfThePast(t *testing.T) {
	for name, late := range map[string]bool{"before it is looked at": false, "while it stops": true} {
		c := startCouncil(t)
		a := c.seat()
		c.elect(a.id)
		a.leads()
		a.send("T", "", "kept")
		common := a.b.store.MinPhyOffset()
		c.elect(99)
		testutil.WaitFor(t, "it follows", func() bool { return a.b.replicas.Master().ID == 99 })
		why := &ha.TruncateError{Master: "127.0.0.1:1", End: a.b.store.MaxPhyOffset(), Common: common}
		was := truncation{why, a.b.turns.Load()}
		c.elect(a.id)
		a.leads()
		a.send("T", "", "acknowledged")
		if late { // it was a slave when it was looked at
			a.b.turns.Store(was.turn)
			a.b.replicas.Stop()
			go func() { time.Sleep(20 * time.Millisecond); a.b.took() }()
			a.b.holdUp(t)
		}
		if err := a.host.anew(a.b, was); err != nil {
			t.Fatal(err)
		}
		a.b = a.host.Broker()
		if n := a.b.changes.Truncations.Load(); n != 0 {
			t.Errorf("%s: %d truncations", name, n)
		}
		c.elect(a.id)
		a.leads()
		if got := a.bodies("T"); !slices.Equal(got, []string{"kept", "acknowledged"}) {
			t.Errorf("%s: it has %q", name, got)
		}
	}
}

// holdUp has the broker take its time to stop.
func (b *Broker) holdUp(t *testing.T) {
	t.Helper()
	b.wg.Go(func() { time.Sleep(100 * time.Millisecond) })
}

// TestStopDuringTruncation: a stop waits for a start anew, or keeps it from happening; the next start finds a log that
// ends at either place, and goes on.
func TestStopDuringTruncation(t *testing.T) {
	c := startCouncil(t)
	a, b := c.seat(), c.seat()
	c.elect(a.id)
	a.leads()
	a.send("T", "", "common")
	b.follows(a)
	b.stop()
	for i := range 4 {
		a.send("T", "", fmt.Sprint("lost ", i))
		c.elect(99)
		testutil.WaitFor(t, "it follows", func() bool { return a.host.Broker().replicas.Master().ID == 99 })
		b.open()
		c.elect(b.id)
		b.leads()
		b.send("T", "", fmt.Sprint("other ", i))
		time.Sleep(time.Duration(i) * 15 * time.Millisecond)
		began := time.Now()
		a.stop()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the stop took %v", took)
		}
		a.open()
		a.follows(b)
		b.stop()
		c.elect(a.id)
		a.leads()
	}
	if got := a.bodies("T"); !slices.Equal(got, []string{"common", "other 0", "other 1", "other 2", "other 3"}) {
		t.Errorf("it has %q", got)
	}
}

// TestProgressOfNewMaster: a slave that becomes master keeps what consumers committed at the old one, though it does not
// know yet that all of its log is confirmed.
func TestProgressOfNewMaster(t *testing.T) {
	c := startCouncil(t)
	a, b := c.seat(), c.seat()
	c.elect(a.id)
	a.leads()
	for i := range 10 {
		a.send("T", "", fmt.Sprint(i))
	}
	b.follows(a)
	testutil.WaitFor(t, "all is shown", func() bool { return b.b.store.MaxOffset("T", 0) == 10 })
	c.fix(true)
	c.elect(a.id, 77) // which is not there: nothing is confirmed any more
	testutil.WaitFor(t, "broker 77 counts", func() bool { return slices.Contains(a.b.replicas.Others(), 77) })
	a.leads()
	for i := range 10 {
		a.send("T", "", fmt.Sprint(10+i))
	}
	b.follows(a)
	b.b.offsets.Commit("g", "T", 0, 15) // as if it had been, and the heartbeat that says so was lost
	b.b.replicas.Stop()
	b.b.replica.Stop()
	if n := b.b.store.MaxOffset("T", 0); n != 10 {
		t.Fatalf("%d messages are shown", n)
	}
	if n := b.b.replicas.Others(); len(n) > 0 {
		t.Fatalf("%v count", n)
	}
	if err := (role{b.b}).Lead(replicas.Master{ID: b.id, Addr: b.addr, Epoch: 9}); err != nil {
		t.Fatal(err)
	}
	if off := b.b.offsets.Query("g", "T", 0); off != 15 {
		t.Errorf("the group goes on at %d, want 15", off)
	}
}

// TestNoticesWithoutControllers: without enableControllerMode 1008 changes nothing, and 1007 is refused; with it that
// tells who wrote which part of the log.
func TestNoticesWithoutControllers(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	notice := "masterAddress=127.0.0.1:1&masterEpoch=9&syncStateSetEpoch=9&masterBrokerId=3"
	r.ask(wire.ReqNotifyBrokerRoleChanged, notice, `{"syncStateSet":[3],"syncStateSetEpoch":9}`).is(t, 0, "")
	r.ask(wire.ReqNotifyBrokerRoleChanged, notice, "garbage").isNot(t, 0)
	r.ask(wire.ReqNotifyBrokerRoleChanged, notice, strings.Repeat("[", maxNotice+1)).is(t, wire.SystemError,
		"a body of 65537 bytes, the limit is 65536")
	r.ask(wire.ReqGetBrokerEpochCache, "", "").is(t, wire.SystemError, "this request only for controllerMode ")
	r.send("T", "", "it is master as before")
	if _, ok := r.b.roles(); ok {
		t.Error("it has figures of a group with controllers")
	}

	c := startCouncil(t)
	a := c.seat(func(c *config.Config) { c.SyncBrokerMetadataPeriod = 60_000 })
	a.ask(wire.ReqNotifyBrokerRoleChanged, notice, "garbage").isNot(t, 0)
	testutil.WaitFor(t, "it has asked", func() bool { return a.b.replicas.Err() != nil })
	a.ask(wire.ReqNotifyBrokerRoleChanged, notice, `{"syncStateSet":[3],"syncStateSetEpoch":9}`).is(t, 0, "")
	for range 10 { // no controller confirms the notice
		c.elect(a.id)
	}
	a.ask(wire.ReqNotifyBrokerRoleChanged, strings.NewReplacer("127.0.0.1:1", a.addr, "=9", "=10", "Id=3",
		fmt.Sprint("Id=", a.id)).Replace(notice), fmt.Sprintf(`{"syncStateSet":[%d],"syncStateSetEpoch":10}`, a.id)).is(t, 0, "")
	a.leads()
	got := a.ask(wire.ReqGetBrokerEpochCache, "", "")
	if want := fmt.Sprintf(`"epochList":[{"endOffset":9223372036854775807,"epoch":10,"startOffset":0}],"maxOffset":%d}`,
		a.b.store.MaxPhyOffset()); got.code != 0 || !strings.HasSuffix(got.body, want) {
		t.Errorf("epochs %s, want %s", got.body, want)
	}
}

// TestEpochsEndWithoutControllers: what a pair takes while it has no controllers is of no epoch: when they are back, the
// longer log leads, whatever epoch a broker had once, and nothing is cut.
func TestEpochsEndWithoutControllers(t *testing.T) {
	mem := newMem(t)
	name := memRoot + "/epochFileCheckpoint"
	f, err := epoch.Open(mem, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []epoch.Entry{{Epoch: 1, Start: 0}, {Epoch: 4, Start: 100}} { // the second one makes a .bak
		if err := f.Begin(e); err != nil {
			t.Fatal(err)
		}
	}
	was, err := vfs.ReadFile(mem, name)
	if err != nil {
		t.Fatal(err)
	}
	r := startOn(t, testConfig(t, memRoot), Options{FS: mem})
	r.send("T", "", "without controllers")
	for _, file := range []string{name, name + ".bak"} {
		if _, err := vfs.ReadFile(mem, file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", file, err)
		}
	}
	if old, err := vfs.ReadFile(mem, name+".old"); err != nil || !bytes.Equal(old, was) {
		t.Errorf("kept %q (%v), want %q", old, err, was)
	}
}

// TestIdentityOfAnotherBroker: a broker does not start with the identity of another one, or of another cluster's.
func TestIdentityOfAnotherBroker(t *testing.T) {
	for _, text := range []string{"Other#broker-a#1", "DefaultCluster#other#1", "garbage", "DefaultCluster#broker-a#0"} {
		mem, c := newMem(t), startCouncil(t)
		if err := vfs.WriteFileAtomic(mem, memRoot+"/brokerIdentity", []byte(text)); err != nil {
			t.Fatal(err)
		}
		cfg := testConfig(t, memRoot)
		cfg.EnableControllerMode, cfg.ControllerAddr = true, c.addr
		s := &seat{c: c, mem: mem, cfg: cfg, rig: &rig{t: t}}
		h, err := NewHost(s.cfg, s.log(), Options{FS: mem})
		if err == nil {
			err = h.Start(context.Background())
		}
		if err == nil || !strings.Contains(err.Error(), memRoot+"/brokerIdentity") {
			t.Errorf("%q: %v", text, err)
		}
		if ids := c.ids(); len(ids) > 0 {
			t.Errorf("%q: registered as %v", text, ids)
		}
	}
}

// TestStartedTwice: a second broker with the identity of one that runs does not lead when the controllers mean the
// first, and the first leads no more when they mean the second.
func TestStartedTwice(t *testing.T) {
	c := startCouncil(t)
	a := c.seat()
	c.elect(a.id)
	a.leads()
	a.send("T", "", "x")
	b := &seat{c: c, mem: a.mem.Clone(), cfg: a.cfg, id: a.id, rig: &rig{t: t, cl: a.cl}}
	t.Cleanup(b.mem.Free)
	b.cfg.ListenPort = freePort(t) + 2
	b.cfg.HAListenPort = 0
	b.addr = b.cfg.Addr()
	b.open() // a controller of Java's lets it register
	t.Cleanup(b.stop)
	testutil.WaitFor(t, "the first one leads no more", func() bool { return a.b.replicas.Master().ID == 0 })
	a.ask(wire.ReqSendMessage, sendHead("T"), "y").isNot(t, 0)
	if err := a.b.replicas.Err(); err == nil || !strings.Contains(err.Error(), "identity") {
		t.Error(err)
	}
}

// TestKilledWhileHeld: what a master had not confirmed when it was killed, or lost its power, nobody reads before the
// controllers have said who is master; then it is there, and counts on.
func TestKilledWhileHeld(t *testing.T) {
	for name, crash := range map[string]func(mem *vfs.Mem) *vfs.Mem{
		"kill":      func(mem *vfs.Mem) *vfs.Mem { return mem.Clone() },
		"power cut": func(mem *vfs.Mem) *vfs.Mem { return mem.CrashClone(3, 0) },
	} {
		c := startCouncil(t)
		a := c.seat(func(c *config.Config) { c.FlushDiskType = "SYNC_FLUSH" })
		c.elect(a.id)
		a.leads()
		a.send("T", "KEYS\x01k\x02", "confirmed")
		c.fix(true)
		c.elect(a.id, 77)
		testutil.WaitFor(t, "broker 77 counts", func() bool { return slices.Contains(a.b.replicas.Others(), 77) })
		a.leads()
		for i := range 5 {
			a.send("T", "KEYS\x01k\x02", fmt.Sprint("held ", i))
		}
		if got := a.bodies("T"); !slices.Equal(got, []string{"confirmed"}) {
			t.Fatalf("%s: %q can be read", name, got)
		}
		b := &seat{c: c, mem: crash(a.mem), cfg: a.cfg, id: a.id, rig: &rig{t: t, cl: a.cl, addr: a.addr}}
		t.Cleanup(b.mem.Free)
		a.stop()
		b.cfg.ControllerAddr = "127.0.0.1:1" // nobody
		b.open()
		b.ask(wire.ReqPullMessage, pullFields("g", "T", 0, 0, ""), "").is(t, flowControl.code, "")
		if got := b.ask(wire.ReqQueryMessage, queryFields("T", "k", ""), ""); strings.Contains(got.body, "held") {
			t.Errorf("%s: found by key: %q", name, got.body)
		}
		b.ask(wire.ReqSendMessage, sendHead("T"), "x").isNot(t, 0)
		b.stop()
		b.cfg, b.conn = a.cfg, nil
		c.fix(false)
		c.elect(a.id)
		b.open()
		b.leads()
		if at := b.send("T", "", "next").QueueOffset; at != 6 {
			t.Errorf("%s: the next message is at %d", name, at)
		}
		if got := b.bodies("T"); len(got) != 7 || got[0] != "confirmed" || got[5] != "held 4" || got[6] != "next" {
			t.Errorf("%s: %q", name, got)
		}
		b.stop()
	}
}

// TestLeadFails: a broker that cannot be master yet, as its port is taken or its epoch cannot be noted, takes no
// messages, says why, and is master as soon as it can be.
func TestLeadFails(t *testing.T) {
	c := startCouncil(t)
	a := c.seat()
	taken, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(a.b.cfg().HAListenPort)))
	if err != nil {
		t.Fatal(err)
	}
	fails := func(why string) {
		t.Helper()
		testutil.WaitFor(t, "it says why: "+why, func() bool {
			err := a.b.replicas.Err()
			return err != nil && strings.Contains(err.Error(), why)
		})
		a.ask(wire.ReqSendMessage, sendHead("T"), "x").isNot(t, 0)
		if !a.b.cfg().IsSlave() && a.b.store.Writable() == nil {
			t.Errorf("%s: it takes itself for the master", why)
		}
	}
	c.elect(a.id)
	fails("haListenPort")
	taken.Close()
	a.leads()
	a.send("T", "", "one")
	c.elect(99)
	testutil.WaitFor(t, "it follows", func() bool { return a.b.replicas.Master().ID == 99 })
	a.mem.Inject(func(op, name string) error {
		if op != "read" && op != "open" && strings.Contains(name, "epochFileCheckpoint") {
			return syscall.EIO
		}
		return nil
	})
	c.elect(a.id)
	fails("input/output error")
	if last := a.b.epochs.List().Last(); last != 1 {
		t.Errorf("epoch %d is noted", last)
	}
	a.mem.Inject(nil)
	a.leads()
	a.send("T", "", "two")
	if got := a.bodies("T"); !slices.Equal(got, []string{"one", "two"}) || a.b.epochs.List().Last() != 3 {
		t.Errorf("%q, epochs %v", got, a.b.epochs.List())
	}
}

// TestRoleIsTaken: a change of the role is in the configuration and in the store, and nothing that the store does is an
// error.
func TestRoleIsTaken(t *testing.T) {
	var lines logLines
	r := startLogged(t, testConfig(t, t.TempDir()), &lines)
	r.b.setRole("SLAVE", 3)
	if c := r.b.cfg(); c.BrokerRole != "SLAVE" || c.BrokerID != 3 || !c.IsSlave() {
		t.Errorf("%s %d", c.BrokerRole, c.BrokerID)
	}
	r.b.setRole("SYNC_MASTER", 0)
	if c := r.b.cfg(); c.BrokerRole != "SYNC_MASTER" || c.BrokerID != 0 || c.IsSlave() {
		t.Errorf("%s %d", c.BrokerRole, c.BrokerID)
	}
	if line := lines.find("the store does not take its role"); line != nil {
		t.Errorf("logged: %v", line)
	}
}
