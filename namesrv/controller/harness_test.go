package controller

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// peer is a running controller with a client connected to it.
type peer struct {
	*Server
	t    testing.TB
	conn *remoting.Conn
}

func testConfig(t testing.TB) Config {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir, c := t.TempDir(), DefaultConfig()
	c.BindAddress, c.Group, c.SelfID, c.ElectionTimeout = "127.0.0.1", "g", "n0", 100
	c.Peers = "n0-" + l.Addr().String()
	c.StorePath, c.ConfigStorePath = filepath.Join(dir, "store"), filepath.Join(dir, "controller.properties")
	return c
}

// start runs a group of one, which has been there for so long that who lives was heard.
func start(t testing.TB, edit ...func(*Config)) *peer {
	t.Helper()
	c := testConfig(t)
	for _, e := range edit {
		e(&c)
	}
	p := run(t, c)
	testutil.WaitFor(t, "it leads", p.leading)
	return p
}

// run runs a controller, which a client reaches at its address, or at another one.
func run(t testing.TB, c Config, at ...string) *peer {
	t.Helper()
	s, err := New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	s.longAgo = true
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	p := &peer{Server: s, t: t}
	p.conn = p.connect(append(at, s.Addr())[0])
	return p
}

func (p *peer) connect(at string) *remoting.Conn {
	p.t.Helper()
	conn, err := remotingtest.Client(p.t).Conn(context.Background(), at)
	if err != nil {
		p.t.Fatal(err)
	}
	return conn
}

// call sends a request and returns the answer.
func call[T any](p *peer, code int32, h *wire.HeaderType[T], v *T, text string) *wire.Command {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	resp, err := remoting.Invoke(ctx, p.conn, code, h, v, []byte(text))
	if err != nil {
		p.t.Fatalf("request %d: %v", code, err)
	}
	return resp
}

// want checks an answer: code, remark prefix, extFields as "name=value name=value", body.
func (p *peer) want(resp *wire.Command, code int32, remark, fields, text string) {
	p.t.Helper()
	var got []string
	for _, f := range strings.Fields(fields) {
		name, _, _ := strings.Cut(f, "=")
		if v, given := resp.Get(name); given {
			got = append(got, name+"="+string(v))
		} else {
			got = append(got, name+"=none")
		}
	}
	if resp.Code != code || !strings.HasPrefix(resp.Remark, remark) || strings.Join(got, " ") != fields || string(resp.Body) != text {
		p.t.Errorf("answer %d %q %v %s\n  want %d %q [%s] %s", resp.Code, resp.Remark, got, resp.Body, code, remark, fields, text)
	}
}

// beat sends a heartbeat on a connection and waits for its answer.
func (p *peer) beat(id int64, maxOffset int64) {
	p.t.Helper()
	p.want(call(p, wire.ReqBrokerHeartbeat, wire.BrokerHeartbeatRequest, &wire.BrokerHeartbeatHeader{ClusterName: "c",
		BrokerName: "b", BrokerID: id, BrokerAddr: fmt.Sprintf("h%d:1", id), MaxOffset: maxOffset, HeartbeatTimeoutMills: 60_000},
		""), 0, "Heart beat success", "", "")
}

// apply gives a broker its id.
func (p *peer) apply(id int64) {
	p.t.Helper()
	p.want(call(p, wire.ReqControllerApplyBrokerId, wire.ApplyBrokerIDRequest, &wire.ApplyBrokerIDHeader{ClusterName: "c",
		BrokerName: "b", BrokerID: id, CheckCode: fmt.Sprintf("h%d:1;7", id)}, ""), 0, "", "clusterName=c brokerName=b", "")
}

func (p *peer) elect(id int64, designate bool) *wire.Command {
	p.t.Helper()
	return call(p, wire.ReqControllerElectMaster, wire.ElectMasterRequest, &wire.ElectMasterHeader{ClusterName: "c",
		BrokerName: "b", BrokerID: id, DesignateElect: designate}, "")
}

func (p *peer) alter(master int64, epoch int32, body string) *wire.Command {
	p.t.Helper()
	return call(p, wire.ReqControllerAlterSyncStateSet, wire.AlterSyncStateSetRequest, &wire.AlterSyncStateSetHeader{
		BrokerName: "b", MasterBrokerID: master, MasterEpoch: epoch}, body)
}

func (p *peer) info() *wire.Command {
	p.t.Helper()
	return call(p, wire.ReqControllerGetReplicaInfo, wire.ReplicaInfoRequest, &wire.ReplicaInfoHeader{BrokerName: "b"}, "")
}
