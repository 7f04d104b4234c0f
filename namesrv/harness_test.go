package namesrv

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

// peer is a running server with a client connected to it.
type peer struct {
	*Server
	t      testing.TB
	client *remoting.Client
	conn   *remoting.Conn
}

func testConfig(t testing.TB) Config {
	dir := t.TempDir()
	c := DefaultConfig()
	c.BindAddress, c.ListenPort, c.MetricsExporterType = "127.0.0.1", 0, "DISABLE"
	c.KVConfigPath, c.ConfigStorePath = filepath.Join(dir, "kv", "kvConfig.json"), filepath.Join(dir, "namesrv.properties")
	return c
}

// start runs a server with the default configuration changed by edit.
func start(t testing.TB, edit ...func(*Config)) *peer {
	t.Helper()
	c := testConfig(t)
	for _, e := range edit {
		e(&c)
	}
	s, err := New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return connect(t, s)
}

// connect opens one more connection to the server.
func connect(t testing.TB, s *Server) *peer {
	t.Helper()
	client := remotingtest.Client(t)
	conn, err := client.Conn(context.Background(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return &peer{Server: s, t: t, client: client, conn: conn}
}

// none heads requests without fields.
var none = wire.HeartbeatRequest

// call sends a request and returns the answer.
func call[T any](p *peer, code int32, h *wire.HeaderType[T], v *T, text string) *wire.Command {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	resp, err := remoting.Invoke(ctx, p.conn, code, h, v, []byte(text))
	if err != nil {
		p.t.Fatalf("request %d: %v", code, err)
	}
	return resp
}

// bare sends a request without header fields.
func (p *peer) bare(code int32, text string) *wire.Command {
	p.t.Helper()
	return call(p, code, none, &wire.HeartbeatRequestHeader{}, text)
}

// want checks code, remark prefix and body of an answer.
func (p *peer) want(resp *wire.Command, code int32, remark, text string) {
	p.t.Helper()
	if resp.Code != code || !strings.HasPrefix(resp.Remark, remark) || string(resp.Body) != text {
		p.t.Errorf("answer %d %q %s\n  want %d %q %s", resp.Code, resp.Remark, resp.Body, code, remark, text)
	}
}

// broker describes a registration in tests.
type broker struct {
	name, addr, cluster string
	id                  int64
	version             compat.DataVersion
	topics              []protocol.TopicConfig
	edit                func(*wire.RegisterBrokerRequestHeader)
}

func newBroker(name, addr string, id int64, topics ...string) *broker {
	b := &broker{name: name, addr: addr, cluster: "c", id: id, version: compat.DataVersion{Counter: 1, Timestamp: 1}}
	for _, topic := range append(topics, "c", name) { // brokers always have more than one topic
		t := protocol.NewTopicConfig(topic)
		t.ReadQueueNums, t.WriteQueueNums = 4, 4
		b.topics = append(b.topics, t)
	}
	return b
}

func (b *broker) body() *protocol.RegisterBrokerBody {
	out := protocol.NewRegisterBrokerBody()
	out.TopicConfigSerializeWrapper.DataVersion = b.version
	for i := range b.topics {
		out.TopicConfigSerializeWrapper.TopicConfigTable[b.topics[i].TopicName] = &b.topics[i]
	}
	return out
}

func (b *broker) identity() wire.BrokerIdentityHeader {
	return wire.BrokerIdentityHeader{BrokerName: b.name, BrokerAddr: b.addr, ClusterName: b.cluster, BrokerID: b.id}
}

func (p *peer) tryRegister(b *broker) *wire.Command {
	p.t.Helper()
	text, err := b.body().Encode()
	if err != nil {
		p.t.Fatal(err)
	}
	h := wire.RegisterBrokerRequestHeader{BrokerIdentityHeader: b.identity(), HAServerAddr: "ha-" + b.addr,
		HeartbeatTimeoutMillis: -1}
	if b.edit != nil {
		b.edit(&h)
	}
	return call(p, wire.ReqRegisterBroker, wire.RegisterBrokerRequest, &h, string(text))
}

func (p *peer) register(b *broker) *wire.Command {
	p.t.Helper()
	resp := p.tryRegister(b)
	if resp.Code != wire.Success {
		p.t.Fatalf("registration of %s: %d %s", b.name, resp.Code, resp.Remark)
	}
	return resp
}

// route asks for a topic as a 5.5.0 client does; nil when it is unknown.
func (p *peer) route(topic string) *protocol.TopicRouteData {
	p.t.Helper()
	resp := call(p, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest, &wire.GetRouteInfoRequestHeader{Topic: topic},
		"")
	if resp.Code == wire.TopicNotExist {
		return nil
	}
	var out protocol.TopicRouteData
	if err := compat.Unmarshal(resp.Body, &out); err != nil || resp.Code != wire.Success {
		p.t.Fatalf("route of %s: %d %s %v", topic, resp.Code, resp.Remark, err)
	}
	return &out
}

// addrs is what route shows of one broker, nil when it does not show it.
func (p *peer) addrs(topic, name string) map[int64]string {
	p.t.Helper()
	if r := p.route(topic); r != nil {
		for _, b := range r.BrokerDatas {
			if b.BrokerName == name {
				return b.BrokerAddrs
			}
		}
	}
	return nil
}

// perm is a topic's permission on a broker, -1 when there is none.
func (p *peer) perm(topic, name string) int {
	p.t.Helper()
	if r := p.route(topic); r != nil {
		if i, has := queueIndex(r.QueueDatas, name); has {
			return r.QueueDatas[i].Perm
		}
	}
	return -1
}
