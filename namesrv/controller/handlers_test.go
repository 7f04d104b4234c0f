package controller

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
	"gorocket/namesrv/controller/consensus"
	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// TestLifeOfASet is what two brokers of Java ask in their lives; the answers' forms are Java's.
func TestLifeOfASet(t *testing.T) {
	p := start(t)
	next := &wire.NextBrokerIDHeader{ClusterName: "c", BrokerName: "b"}
	p.want(call(p, wire.ReqControllerGetNextBrokerId, wire.NextBrokerIDRequest, next, ""), 0, "",
		"clusterName=c brokerName=b nextBrokerId=1", "")
	p.want(p.info(), 2008, "Broker metadata is not existed", "", "")
	p.apply(1)
	p.want(call(p, wire.ReqControllerGetNextBrokerId, wire.NextBrokerIDRequest, next, ""), 0, "", "nextBrokerId=2", "")
	p.apply(2)
	register := func(id int64) *wire.Command {
		return call(p, wire.ReqControllerRegisterBroker, wire.RegisterToControllerRequest,
			&wire.RegisterToControllerHeader{ClusterName: "c", BrokerName: "b", BrokerID: id, BrokerAddress: "h1:1"}, "")
	}
	p.want(register(1), 0, "", "clusterName=c brokerName=b masterBrokerId=none masterAddress=none masterEpoch=none "+
		"syncStateSetEpoch=none", `{"syncStateSet":[],"syncStateSetEpoch":0}`)
	p.beat(1, 10)
	p.want(p.elect(1, false), 0, "", "masterBrokerId=1 masterAddress=h1:1 masterEpoch=1 syncStateSetEpoch=1",
		elected("h1:1", 1))
	p.want(p.elect(2, false), 2011, "The old master 1 is still alive, not need to elect new master for broker b",
		"masterBrokerId=1 masterAddress=h1:1 masterEpoch=1 syncStateSetEpoch=1", `{"syncStateSet":[1]}`)
	p.want(register(1), 0, "", "masterBrokerId=1 masterAddress=h1:1 masterEpoch=1 syncStateSetEpoch=1",
		`{"syncStateSet":[1],"syncStateSetEpoch":1}`)
	p.beat(2, 10)
	p.want(p.alter(1, 1, `{"syncStateSet":[2,1],"syncStateSetEpoch":1}`), 0, "", "newSyncStateSetEpoch=2",
		`{"syncStateSet":[1,2],"syncStateSetEpoch":2}`)
	p.want(p.alter(1, 7, `{"syncStateSet":[1],"syncStateSetEpoch":2}`), 2000, "Rejecting alter syncStateSet request", "", "")
	p.want(p.info(), 0, "", "masterBrokerId=1 masterAddress=h1:1 masterEpoch=1", `{"syncStateSet":[1,2],"syncStateSetEpoch":2}`)
	at := remotingtest.Serve(t) // the master, which knows no HAND_OVER, as Java's; it moves
	p.want(call(p, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, &wire.BrokerHeartbeatHeader{ClusterName: "c",
		BrokerName: "b", BrokerID: 1, BrokerAddr: at, MaxOffset: 10, HeartbeatTimeoutMills: 60_000}, ""), 0, "", "", "")
	p.want(call(p, wire.ReqControllerRegisterBroker, wire.RegisterToControllerRequest, &wire.RegisterToControllerHeader{
		ClusterName: "c", BrokerName: "b", BrokerID: 1, BrokerAddress: at}, ""), 0, "", "masterAddress="+at,
		`{"syncStateSet":[1,2],"syncStateSetEpoch":2}`)
	p.want(p.elect(2, true), 0, "", "masterBrokerId=2 masterAddress=h2:1 masterEpoch=2 syncStateSetEpoch=3", elected(at, 2))
	p.want(call(p, wire.ReqControllerGetSyncStateData, wire.HeartbeatRequest, &wire.HeartbeatRequestHeader{}, `["b","none"]`),
		0, "", "", `{"replicasInfoTable":{"b":{"inSyncReplicas":[{"alive":true,"brokerAddress":"h2:1","brokerId":2,"brokerName":"b"}],`+
			`"masterAddress":"h2:1","masterBrokerId":2,"masterEpoch":2,"notInSyncReplicas":[{"alive":true,"brokerAddress":"`+at+`",`+
			`"brokerId":1,"brokerName":"b"}],"syncStateSetEpoch":3}}}`)
	p.want(call(p, wire.ReqControllerGetSyncStateData, wire.HeartbeatRequest, &wire.HeartbeatRequestHeader{}, `[]`), 0, "", "", "")
	p.want(call(p, wire.ReqControllerGetSyncStateData, wire.HeartbeatRequest, &wire.HeartbeatRequestHeader{}, `{`), 1, "", "", "")
}

// elected is the body of an election's answer: that of Java, and for Java's mqadmin what it looks for.
func elected(first string, inSync int) string {
	group := `"brokerAddrs":{"1":"` + first + `","2":"h2:1"}`
	return fmt.Sprintf(`{%s,"brokerMemberGroup":{%[1]s,"brokerName":"b","cluster":"c"},"brokerName":"b","cluster":"c",`+
		`"syncStateSet":[%d]}`, group, inSync)
}

// TestHandOver: a master that can is asked to hand over first, and has the last word.
func TestHandOver(t *testing.T) {
	var asked atomic.Pointer[wire.HandOverHeader]
	var refuse atomic.Bool
	at := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqHandOver, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
		h, _ := remoting.Header(ctx, wire.HandOverRequest)
		if asked.Store(&h); refuse.Load() {
			ctx.Status(wire.SystemError, "it lags")
			return
		}
		ctx.OK(nil)
	}})
	p := start(t)
	p.apply(1)
	p.apply(2)
	p.want(call(p, wire.ReqControllerRegisterBroker, wire.RegisterToControllerRequest, &wire.RegisterToControllerHeader{
		ClusterName: "c", BrokerName: "b", BrokerID: 1, BrokerAddress: at}, ""), 0, "", "", `{"syncStateSet":[],"syncStateSetEpoch":0}`)
	p.beat(1, 10)
	p.elect(1, false)
	p.beat(2, 10)
	p.elect(2, true) // not in sync: nobody is asked
	p.elect(1, true) // nor for who is master already
	p.alter(1, 1, `{"syncStateSet":[1,2],"syncStateSetEpoch":1}`)
	if asked.Load() != nil {
		t.Errorf("asked for %+v", asked.Load())
	}
	refuse.Store(true)
	p.want(p.elect(2, true), 2012, "Failed to elect a new master: the present one does not hand over: "+at+" answered code 1: it lags",
		"", "")
	refuse.Store(false)
	p.want(p.elect(2, true), 0, "", "masterBrokerId=2 masterEpoch=2", elected(at, 2))
	if want := (wire.HandOverHeader{BrokerName: "b", BrokerID: 2, MasterEpoch: 1}); *asked.Load() != want {
		t.Errorf("asked for %+v, want %+v", *asked.Load(), want)
	}
}

func TestMasterIsReplaced(t *testing.T) {
	p := start(t)
	p.apply(1)
	p.apply(2)
	p.beat(2, 5)
	own := p.conn
	p.conn = p.connect(p.Addr()) // the master's
	p.beat(1, 5)
	p.elect(1, false)
	p.want(p.alter(1, 1, `{"syncStateSet":[1,2],"syncStateSetEpoch":1}`), 0, "", "", `{"syncStateSet":[1,2],"syncStateSetEpoch":2}`)
	gone := p.conn
	p.conn = own
	gone.Close() // as when it is killed
	testutil.WaitFor(t, "the other one is master", func() bool { set, _ := p.sets.Get("b"); return set.Master == 2 && set.MasterEpoch == 2 })
	if s, _ := p.sets.Get("b"); len(s.InSync) != 1 || p.counts.masters.Load() != 2 {
		t.Errorf("%+v, %d elections", s, p.counts.masters.Load())
	}
}

// TestNobodyIsLeft: a set whose master is gone and whose others were not in sync has none, until it is back.
func TestNobodyIsLeft(t *testing.T) {
	p := start(t)
	p.apply(1)
	p.apply(2)
	p.beat(2, 5)
	own := p.conn
	p.conn = p.connect(p.Addr())
	p.beat(1, 5)
	p.elect(1, false)
	p.conn.Close()
	p.conn = own
	testutil.WaitFor(t, "nobody is master", func() bool { set, _ := p.sets.Get("b"); return set.Master == 0 && set.MasterEpoch == 2 })
	p.want(p.info(), 0, "", "masterBrokerId=none masterAddress=none masterEpoch=2", `{"syncStateSet":[1],"syncStateSetEpoch":1}`)
	p.want(p.elect(2, false), 2012, "Failed to elect a new master", "", "")
	p.beat(1, 5)
	p.want(p.elect(1, false), 0, "", "masterBrokerId=1 masterEpoch=3",
		elected("h1:1", 1))
}

// TestYoungControllerIsPatient: a controller that has just started has not heard of the master yet; nobody is elected in
// its place.
func TestYoungControllerIsPatient(t *testing.T) {
	c := testConfig(t)
	p := run(t, c)
	testutil.WaitFor(t, "it leads", p.leading)
	p.apply(1)
	p.apply(2)
	p.beat(1, 1)
	p.elect(1, false)
	p.beat(2, 1)
	p.alter(1, 1, `{"syncStateSet":[1,2],"syncStateSetEpoch":1}`)
	if err := p.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	s, err := New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer s.Stop(context.Background())
	again := &peer{Server: s, t: t}
	again.conn = again.connect(again.Addr())
	testutil.WaitFor(t, "it leads", s.leading)
	again.beat(2, 1)
	again.want(again.elect(2, false), 2011, "The old master 1 is still alive", "masterBrokerId=1 masterEpoch=1", `{"syncStateSet":[1,2]}`)
}

func TestCleaning(t *testing.T) {
	p := start(t)
	p.apply(1)
	p.apply(2)
	p.beat(1, 1)
	clean := func(ids string, living bool) *wire.Command {
		return call(p, wire.ReqCleanBrokerData, wire.CleanBrokerDataRequest, &wire.CleanBrokerDataHeader{ClusterName: "c",
			BrokerName: "b", IDsToClean: ids, CleanLiving: living}, "")
	}
	p.want(clean("1;2", false), 2009, "Broker [b,  1] is still alive, clean up failure", "", "")
	p.want(clean("1;x", false), 2009, "Please set the option <brokerControllerIdsToClean> according to the format", "", "")
	p.want(clean("2", false), 0, "", "", "")
	if s, _ := p.sets.Get("b"); len(s.Replicas) != 1 {
		t.Errorf("%+v", s)
	}
	p.want(clean("", true), 0, "", "", "")
	p.want(clean("", true), 2009, "Broker b is not existed,clean broker data failure.", "", "")
}

func TestHeartbeatWithoutID(t *testing.T) {
	p := start(t)
	p.want(call(p, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, &wire.BrokerHeartbeatHeader{ClusterName: "c", BrokerName: "b",
		BrokerAddr: "h:1", BrokerID: -1}, ""), 2005, "Heart beat with empty brokerId", "", "")
	for _, h := range []wire.BrokerHeartbeatHeader{{ClusterName: strings.Repeat("c", 256)}, {BrokerName: strings.Repeat("b", 256)},
		{BrokerAddr: strings.Repeat("a", 513)}} {
		p.want(call(p, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, &h, ""), 2005, "Heart beat with a name", "", "")
	}
	if n := len(p.alive.Count(time.Now())); n != 0 {
		t.Errorf("%d are watched", n)
	}
}

func TestMetadata(t *testing.T) {
	p := start(t)
	none := &wire.HeartbeatRequestHeader{}
	p.want(call(p, wire.ReqControllerGetMetadataInfo, wire.HeartbeatRequest, none, ""), 0, "", "group=g controllerLeaderId=n0 "+
		"controllerLeaderAddress="+p.Addr()+" isLeader=true peers=n0:"+p.Addr()+";", "")
	if err := p.node.Load().Close(); err != nil { // as a member that has ended to lead
		t.Fatal(err)
	}
	for _, code := range []int32{1001, 1002, 1003, 1004, 1011, 1012, 1013} {
		r := call(p, code, wire.ApplyBrokerIDRequest, &wire.ApplyBrokerIDHeader{BrokerName: "b", BrokerID: 1, CheckCode: "h:1;1"}, "")
		if code == 1001 || code == 1003 { // they need other fields
			continue
		}
		p.want(r, 2007, "The controller is not in leader state", "", "")
	}
	p.want(call(p, 1006, wire.HeartbeatRequest, none, `["b"]`), 2007, "The controller is not in leader state", "", "")
	p.want(call(p, 4711, wire.HeartbeatRequest, none, ""), 3, " request type 4711 not supported", "", "")
}

func TestConfigOverTheWire(t *testing.T) {
	p := start(t)
	none := &wire.HeartbeatRequestHeader{}
	update := func(text string) *wire.Command {
		return call(p, wire.ReqUpdateControllerConfig, wire.HeartbeatRequest, none, text)
	}
	p.want(update("enableElectUncleanMaster=true"), 0, "", "", "")
	if !p.config().EnableElectUncleanMaster {
		t.Error("it did not change")
	}
	file, err := os.ReadFile(p.config().ConfigStorePath)
	if err != nil || !strings.Contains(string(file), "enableElectUncleanMaster=true") {
		t.Errorf("%s %v", file, err)
	}
	p.want(update("configStorePath=/x"), 16, "Can not update config in black list.", "", "")
	p.want(update("mappedFileSize=1"), 1, "config key mappedFileSize", "", "")
	p.want(update("nonsense=1"), 1, "config key nonsense", "", "")
	p.want(update("electMasterMaxRetryCount=x"), 1, "config key electMasterMaxRetryCount", "", "")
	p.want(update(""), 0, "", "", "")
	r := call(p, wire.ReqGetControllerConfig, wire.HeartbeatRequest, none, "")
	if !strings.Contains(string(r.Body), "controllerDLegerSelfId=n0\n") || r.Code != 0 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

// TestTwinIsRefused: an id whose broker is alive where it is registered is nobody else's; when it is gone, a broker at
// another address has it: it moved.
func TestTwinIsRefused(t *testing.T) {
	p := start(t)
	p.apply(1)
	own := p.conn
	p.conn = p.connect(p.Addr()) // the broker's
	p.beat(1, 10)                // from h1:1
	brokers := p.conn
	p.conn = own
	register := func(addr string) *wire.Command {
		return call(p, wire.ReqControllerRegisterBroker, wire.RegisterToControllerRequest,
			&wire.RegisterToControllerHeader{ClusterName: "c", BrokerName: "b", BrokerID: 1, BrokerAddress: addr}, "")
	}
	p.want(register("h9:1"), 2014, "broker 1 of broker-set b is alive at h1:1", "", "")
	p.want(register("h1:1"), 0, "", "brokerName=b", `{"syncStateSet":[],"syncStateSetEpoch":0}`)
	brokers.Close()
	testutil.WaitFor(t, "the broker is gone", func() bool { return register("h9:1").Code == 0 })
	p.want(register("h9:1"), 0, "", "brokerName=b", `{"syncStateSet":[],"syncStateSetEpoch":0}`)
}

// TestSnapshotFrames: the largest state goes into what carries it.
func TestSnapshotFrames(t *testing.T) {
	if replicas.MaxBytes+1024 > consensus.MaxSnapshot || consensus.MaxSnapshot+64<<10 > wire.MaxFrame {
		t.Errorf("a state of %d bytes, snapshots of %d, frames of %d", replicas.MaxBytes, consensus.MaxSnapshot, wire.MaxFrame)
	}
}

// TestLargeBodies: a body that no peer needs is refused before it is read; a name that comes often is one name.
func TestLargeBodies(t *testing.T) {
	p := start(t)
	p.apply(1)
	none := &wire.NoHeader{}
	for code, text := range map[int32]string{wire.ReqControllerAlterSyncStateSet: strings.Repeat("1,", maxSetBody/2),
		wire.ReqControllerGetSyncStateData: strings.Repeat(`"b",`, maxNamesBody/4),
		wire.ReqUpdateControllerConfig:     strings.Repeat("a=b\n", maxConfigBody/4)} {
		resp := p.alter(1, 1, text+"1")
		if code != wire.ReqControllerAlterSyncStateSet {
			resp = call(p, code, wire.None, none, text+"1")
		}
		p.want(resp, wire.SystemError, fmt.Sprintf("a body of %d bytes, the limit is %d", len(text)+1, len(text)), "", "")
	}
	begin := time.Now()
	many := `["b"` + strings.Repeat(`,"b"`, maxNamesBody/4-2) + `]`
	one := call(p, wire.ReqControllerGetSyncStateData, wire.None, none, `["b"]`)
	p.want(call(p, wire.ReqControllerGetSyncStateData, wire.None, none, many), 0, "", "", string(one.Body))
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	long := "electMasterMaxRetryCount=" + strings.Repeat("\x01", maxConfigBody/2)
	if resp := call(p, wire.ReqUpdateControllerConfig, wire.None, none, long); resp.Code == 0 || len(resp.Remark) > 32<<10 {
		t.Errorf("code %d, a remark of %d bytes", resp.Code, len(resp.Remark))
	}
}

// TestSilentMasters: operators, or strangers, who have masters asked that do not answer, or members taken in that do
// not, keep no worker from others.
func TestSilentMasters(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := start(t, func(c *Config) { c.ThreadPoolNums = 8 })
	p.apply(1)
	p.apply(2)
	call(p, wire.ReqControllerRegisterBroker, wire.RegisterToControllerRequest, &wire.RegisterToControllerHeader{
		ClusterName: "c", BrokerName: "b", BrokerID: 1, BrokerAddress: silent.Addr().String()}, "")
	p.beat(1, 10)
	p.elect(1, false)
	p.beat(2, 10)
	p.want(p.alter(1, 1, `{"syncStateSet":[1,2],"syncStateSetEpoch":1}`), 0, "", "", `{"syncStateSet":[1,2],"syncStateSetEpoch":2}`)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 20 {
		if err := remoting.Notify(p.conn, wire.ReqControllerElectMaster, wire.ElectMasterRequest, &wire.ElectMasterHeader{
			ClusterName: "c", BrokerName: "b", BrokerID: 2, DesignateElect: true}, nil); err != nil {
			t.Fatal(err)
		}
		if err := remoting.Notify(p.conn, ChangeMembersCode, ChangeMembers, &ChangeMembersHeader{ID: "n1",
			Addr: silent.Addr().String()}, nil); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	p.info()
	_, _ = remoting.Invoke(ctx, p.conn, consensus.RequestCode, consensus.Request, &consensus.Header{Group: "g", Kind: "x"}, nil)
	if took := time.Since(begin); took > time.Second {
		t.Errorf("others waited for %v", took)
	}
	p.want(p.elect(2, true), 2012, "Failed to elect a new master: the present one does not hand over: other", "", "")
	p.want(call(p, ChangeMembersCode, ChangeMembers, &ChangeMembersHeader{ID: "n1", Addr: silent.Addr().String()}, ""),
		wire.SystemBusy, "another change of the members is under way", "", "")
}

// TestNoticesAreLimited: brokers that do not take notices keep so many goroutines and no more; elections go on.
func TestNoticesAreLimited(t *testing.T) {
	p := start(t)
	p.apply(1)
	p.beat(1, 10)
	p.notices.Store(maxNotices)
	if resp := p.elect(1, false); resp.Code != 0 || resp.GetString("masterBrokerId") != "1" {
		t.Errorf("%d %s", resp.Code, resp.Remark)
	}
	if n := p.notices.Load(); n != maxNotices {
		t.Errorf("%d are on their way", n)
	}
}

// TestAdoptedAreForgotten: sets that are registered and forgotten again leave nothing behind.
func TestAdoptedAreForgotten(t *testing.T) {
	p := start(t)
	for i := range replicas.MaxSets {
		p.adopted[fmt.Sprint(i)] = time.Now()
	}
	call(p, wire.ReqControllerRegisterBroker, wire.RegisterToControllerRequest, &wire.RegisterToControllerHeader{
		ClusterName: "c", BrokerName: "b", BrokerID: 1, BrokerAddress: "h:1"}, "")
	p.adoptMu.Lock()
	defer p.adoptMu.Unlock()
	if n := len(p.adopted); n != 1 {
		t.Errorf("%d are kept", n)
	}
}

// TestLeaseDuringAFlood: who registers brokers as fast as it can keeps no master from the answer that its lease needs.
func TestLeaseDuringAFlood(t *testing.T) {
	p := start(t)
	p.apply(1)
	flood := p.connect(p.Addr())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range 20_000 {
		if err := remoting.Notify(flood, wire.ReqControllerRegisterBroker, wire.RegisterToControllerRequest,
			&wire.RegisterToControllerHeader{ClusterName: "c", BrokerName: "z", BrokerID: 1, BrokerAddress: fmt.Sprint("h:", i)},
			nil); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	p.info()
	call(p, wire.ReqControllerGetMetadataInfo, wire.None, new(wire.NoHeader), "")
	if took := time.Since(begin); took > 500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 100<<20 {
		t.Errorf("%d MB more are in use", grown>>20)
	}
}
