package namesrv

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

const (
	routeTail     = `},"brokerName":"a","cluster":"c","enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"a","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}`
	routeDialect  = `{"brokerDatas":[{"brokerAddrs":{0:"h:1"` + routeTail
	routeStandard = `{"brokerDatas":[{"brokerAddrs":{"0":"h:1"` + routeTail
)

// rawCall sends a JSON frame as a client of the given version would and returns header and body of the answer.
func rawCall(t testing.TB, conn net.Conn, version int, code int, fields string) (head, text string) {
	t.Helper()
	h := fmt.Sprintf(`{"code":%d,"extFields":{%s},"flag":0,"language":"JAVA","opaque":7,"serializeTypeCurrentRPC":"JSON","version":%d}`, code, fields, version)
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+len(h)))
	frame = append(binary.BigEndian.AppendUint32(frame, uint32(len(h))), h...)
	if _, err := conn.Write(frame); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	r := bufio.NewReader(conn)
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		t.Fatal(err)
	}
	rest := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(r, rest); err != nil {
		t.Fatal(err)
	}
	n := binary.BigEndian.Uint32(rest) & 0xffffff
	return string(rest[4 : 4+n]), string(rest[4+n:])
}

func dialRaw(t testing.TB, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestRouteDialectByVersion(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	conn := dialRaw(t, p.Server)
	for _, c := range []struct {
		version      int
		fields, want string
	}{
		{compat.VersionV4_9_3, `"topic":"T"`, routeDialect},
		{317, `"topic":"T"`, routeDialect},
		{compat.VersionV4_9_4, `"topic":"T"`, routeStandard},
		{compat.VersionV5_5_0, `"topic":"T"`, routeStandard},
		{317, `"topic":"T","acceptStandardJsonOnly":"true"`, routeStandard},
		{317, `"topic":"T","acceptStandardJsonOnly":"false"`, routeDialect},
	} {
		for range 2 { // built, then from the cache
			if _, got := rawCall(t, conn, c.version, 105, c.fields); got != c.want {
				t.Errorf("version %d %s:\n got %s\nwant %s", c.version, c.fields, got, c.want)
			}
		}
	}
}

func TestRouteUnknownTopic(t *testing.T) {
	p := start(t)
	h := &wire.GetRouteInfoRequestHeader{Topic: "X"}
	p.want(call(p, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest, h, ""), wire.TopicNotExist,
		"No topic route info in name server for the topic: X\nSee https://", "")
	p.want(p.bare(wire.ReqGetRouteinfoByTopic, ""), wire.TopicNotExist,
		"No topic route info in name server for the topic: null", "")
	if len(p.routes.cache.text[formStandard]) != 0 {
		t.Error("an unknown topic is in the cache")
	}
}

func TestRouteWaitsForService(t *testing.T) {
	p := start(t, func(c *Config) { c.NeedWaitForService, c.WaitSecondsForService = true, 1 })
	p.register(newBroker("a", "h:1", 0, "T"))
	h := &wire.GetRouteInfoRequestHeader{Topic: "T"}
	p.want(call(p, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest, h, ""), wire.SystemError,
		"name server not ready", "")
	testutil.WaitFor(t, "ready after a second", func() bool {
		return call(p, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest, h, "").Code == wire.Success
	})
}

func TestRouteOrderConf(t *testing.T) {
	p := start(t, func(c *Config) { c.OrderMessageEnable = true })
	p.register(newBroker("a", "h:1", 0, "T"))
	if r := p.route("T"); r.OrderTopicConf != nil {
		t.Errorf("got %q", *r.OrderTopicConf)
	}
	p.kvCall(wire.ReqPutKvConfig, compat.OrderTopicNamespace, "T", "a:4")
	if r := p.route("T"); r.OrderTopicConf == nil || *r.OrderTopicConf != "a:4" {
		t.Errorf("got %v", r.OrderTopicConf)
	}
	p.kvCall(wire.ReqDeleteKvConfig, compat.OrderTopicNamespace, "T", "")
	if r := p.route("T"); r.OrderTopicConf != nil {
		t.Errorf("got %q", *r.OrderTopicConf)
	}
}

func TestRouteOrderConfIsOffByDefault(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	p.kvCall(wire.ReqPutKvConfig, compat.OrderTopicNamespace, "T", "a:4")
	if r := p.route("T"); r.OrderTopicConf != nil {
		t.Errorf("got %q", *r.OrderTopicConf)
	}
}

func TestRouteZone(t *testing.T) {
	p := start(t)
	zone := func(name string) func(*wire.RegisterBrokerRequestHeader) {
		return func(h *wire.RegisterBrokerRequestHeader) { h.ZoneName = name }
	}
	a, b, c := newBroker("a", "h:1", 0, "T"), newBroker("b", "h:2", 0, "T"), newBroker("s", "h:3", 1, "T")
	a.edit, b.edit, c.edit = zone("z1"), zone("z2"), zone("z2")
	for _, x := range []*broker{a, b, c} {
		p.register(x)
	}
	names := func(mode, zone string) string {
		h := &wire.GetRouteInfoRequestHeader{Topic: "T", ZoneMode: mode, ZoneName: zone}
		resp := call(p, wire.ReqGetRouteinfoByTopic, wire.GetRouteInfoRequest, h, "")
		var r protocol.TopicRouteData
		if err := compat.Unmarshal(resp.Body, &r); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, d := range r.BrokerDatas {
			out = append(out, d.BrokerName)
		}
		out = append(out, "/")
		for _, q := range r.QueueDatas {
			out = append(out, q.BrokerName)
		}
		return strings.Join(out, "")
	}
	for _, c := range []struct{ mode, zone, want string }{
		{"", "", "abs/abs"}, {"true", "", "abs/abs"}, {"false", "z1", "abs/abs"}, {"true", "Z1", "as/as"},
		{"TRUE", "z2", "bs/bs"}, {"true", "z9", "s/s"},
	} {
		if got := names(c.mode, c.zone); got != c.want {
			t.Errorf("mode %q zone %q: got %s, want %s", c.mode, c.zone, got, c.want)
		}
	}
}

func TestRouteActingMaster(t *testing.T) {
	p := start(t, func(c *Config) { c.SupportActingMaster = true })
	acting := func(h *wire.RegisterBrokerRequestHeader) { h.EnableActingMaster = true }
	for i, name := range []string{"h:2", "h:3"} {
		b := newBroker("a", name, int64(i+1), "T", compat.SyncMemberPrefix+"a")
		b.edit = acting
		p.register(b)
	}
	writable := newBroker("w", "h:9", 1, "T") // no acting master: its queues stay writable
	p.register(writable)
	if got := p.addrs("T", "a"); got[0] != "h:2" || got[2] != "h:3" || len(got) != 2 {
		t.Errorf("acting master: %v", got)
	}
	if got := p.addrs("T", "w"); got[1] != "h:9" {
		t.Errorf("without acting master: %v", got)
	}
	if got := p.addrs(compat.SyncMemberPrefix+"a", "a"); got[1] != "h:2" || got[2] != "h:3" {
		t.Errorf("member group topic: %v", got)
	}
}

func TestRouteCacheForgets(t *testing.T) {
	c := newRouteCache()
	gen := c.generation()
	c.put("T", formDialect, gen, []byte("x"))
	c.put("U", formStandard, gen, []byte("y"))
	c.drop("T")
	if c.get("T", formDialect) != nil || string(c.get("U", formStandard)) != "y" {
		t.Error("drop forgot the wrong topic")
	}
	if c.put("T", formDialect, gen, []byte("old")); c.get("T", formDialect) != nil {
		t.Error("an answer built before a change was stored after it")
	}
	if c.clear(); c.get("U", formStandard) != nil {
		t.Error("clear left something")
	}
}

func BenchmarkRouteCacheHit(b *testing.B) {
	c := newRouteCache()
	c.put("TopicTest", formStandard, c.generation(), []byte(routeStandard))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if c.get("TopicTest", formStandard) == nil {
				b.Fail()
			}
		}
	})
}

func BenchmarkRouteBuild(b *testing.B) {
	r := newRoutes()
	for i := range 4 {
		addr := fmt.Sprintf("10.0.0.%d:10911", i)
		name := fmt.Sprintf("broker-%d", i)
		r.register(&registration{brokerKey: brokerKey{"c", addr}, name: name, data: newBroker(name, addr, 0, "T").body()})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encodeRoute(r.pickup("T", false), formStandard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRouteOverTheWire(b *testing.B) {
	p := start(b)
	p.register(newBroker("a", "h:1", 0, "T"))
	b.ReportAllocs()
	for b.Loop() {
		if p.route("T") == nil {
			b.Fatal("no route")
		}
	}
}

func BenchmarkReRegister10000Topics(b *testing.B) {
	r := newRoutes()
	x := newBroker("a", "h:1", 0)
	for i := range 10000 {
		x.topics = append(x.topics, protocol.NewTopicConfig(fmt.Sprintf("topic-%d", i)))
	}
	g := &registration{brokerKey: brokerKey{"c", "h:1"}, name: "a", data: x.body()}
	r.register(g)
	b.ReportAllocs()
	for b.Loop() {
		r.register(g)
	}
}
