package namesrv

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
	"gorocket/remoting/metrics"
	"gorocket/remoting/wire"
)

// startLogged is start with a log at level debug.
func startLogged(t *testing.T, edit ...func(*Config)) (*peer, *testutil.Log) {
	t.Helper()
	c, log := testConfig(t), new(testutil.Log)
	for _, e := range edit {
		e(&c)
	}
	s, err := New(c, zerolog.New(log).Level(zerolog.DebugLevel))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return connect(t, s), log
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestMetrics: a NameServer serves what it says that it exports, and its health, on a port of its own; a second one on
// the machine takes the next.
func TestMetrics(t *testing.T) {
	free, err := freeAddr("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	on := func(c *Config) {
		c.MetricsExporterType = metrics.Prom
		c.MetricsPromExporterPort = portOf(t, free)
	}
	p, _ := startLogged(t, on)
	other, log := startLogged(t, on)
	if other.MetricsAddr("") == "" || other.MetricsAddr("") == p.MetricsAddr("") {
		t.Errorf("two servers on %q and %q", p.MetricsAddr(""), other.MetricsAddr(""))
	}
	if log.Line("metricsPromExporterPort is taken", other.MetricsAddr("")) == "" {
		t.Error("the log does not say which port it is")
	}
	p.register(newBroker("a", "h:1", 0, "T"))
	p.addrs("T", "a")
	p.route("None")
	p.unregisterCall(newBroker("a", "h:1", 0))
	const fixed = `node_id="`
	var text string
	testutil.WaitFor(t, "the broker is gone", func() bool {
		_, text = get(t, "http://"+p.MetricsAddr("")+"/metrics")
		return strings.Contains(text, `gorocket_namesrv_brokers_gone_total{cause="unregistered",`+fixed+p.Addr()+
			`",node_type="nameserver"} 1`)
	})
	for _, want := range []string{`gorocket_namesrv_registrations_total{` + fixed + p.Addr() +
		`",node_type="nameserver",result="taken"} 1`, `result="found"} 1`, `result="missing"} 1`,
		`gorocket_namesrv_kv_bytes_limit{` + fixed + p.Addr() + `",node_type="nameserver"} 1.6777216e+07`, "go_goroutines "} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	for _, m := range Metrics() {
		if !strings.Contains(text, "# HELP "+m.Name+" "+m.Help) || !strings.Contains(text,
			"# TYPE "+m.Name+" "+string(m.Kind)) {
			t.Errorf("%s is not there as described", m.Name)
		}
	}
	if code, text := get(t, "http://"+p.MetricsAddr("")+"/health"); code != 200 || text != "ok\n" {
		t.Errorf("health %d %q", code, text)
	}
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	port := 0
	for _, c := range addr[strings.LastIndexByte(addr, ':')+1:] {
		port = 10*port + int(c-'0')
	}
	return port
}

// TestKilledBrokerIsLoggedAsSuch: a broker whose connection ends is no broker that left.
func TestKilledBrokerIsLoggedAsSuch(t *testing.T) {
	p, log := startLogged(t)
	p.register(newBroker("left", "h:1", 0, "T"))
	p.unregisterCall(newBroker("left", "h:1", 0))
	testutil.WaitFor(t, "the broker that left", func() bool {
		return log.Line(`"level":"info"`, `"broker":"left"`, `"peer":"127.0.0.1:`, "broker unregistered") != ""
	})
	other := connect(t, p.Server)
	other.register(newBroker("killed", "h:2", 0, "T"))
	other.conn.Close()
	testutil.WaitFor(t, "the broker that was killed", func() bool {
		return log.Line(`"level":"warn"`, `"broker":"killed"`, "closed by the peer",
			"broker lost: its connection ended") != ""
	})
	silent := newBroker("silent", "h:3", 0, "T")
	silent.edit = func(h *wire.RegisterBrokerRequestHeader) { h.HeartbeatTimeoutMillis = 1 }
	p.register(silent)
	time.Sleep(3 * time.Millisecond)
	p.scan(time.Now())
	testutil.WaitFor(t, "the broker that was silent", func() bool {
		return p.counts.expired.Load() == 1 && log.Line(`"broker":"silent"`, "broker expired") != ""
	})
	if l := log.Line(`"broker":"silent"`, "broker lost"); l != "" {
		t.Errorf("a silent broker has two ends: %s", l)
	}
	if l := log.Line(`"broker":"left"`, "broker lost"); l != "" {
		t.Errorf("a broker that left has two ends: %s", l)
	}
	for _, text := range []string{"connection opened", "connection closed"} {
		if log.Line(`"level":"debug"`, text) == "" {
			t.Errorf("no line %q", text)
		}
	}
}

// TestChangeOfRoleIsLogged: who became master under controllers is in the log, once.
func TestChangeOfRoleIsLogged(t *testing.T) {
	p, log := startLogged(t)
	p.register(newBroker("a", "h:1", 2, "T"))
	p.register(newBroker("a", "h:1", 2, "T"))
	const text = "broker has another id now"
	if l := log.Line(text); l != "" {
		t.Error(l)
	}
	p.register(newBroker("a", "h:1", 0, "T"))
	if log.Line(text, `"level":"info"`, `"addr":"h:1"`, `"id":0`) == "" {
		t.Error("a new master is not told")
	}
	p.register(newBroker("a", "h:1", 0, "T"))
	if n := log.Count(text); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// TestSameIdentityIsLogged: the second broker with a name and an id is told with the first one's address; when both go on
// registering that is a warning. A change of roles is none.
func TestSameIdentityIsLogged(t *testing.T) {
	p, log := startLogged(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	if l := log.Line("new broker registered", "replaces"); l != "" {
		t.Error(l)
	}
	p.register(newBroker("a", "h:2", 0, "T"))
	if log.Line("new broker registered", `"addr":"h:2"`, `"replaces":"h:1"`) == "" {
		t.Error("the first one's address is not told")
	}
	const text = "two brokers register under one name and id"
	p.register(newBroker("a", "h:2", 0, "T"))
	if l := log.Line(text); l != "" {
		t.Error(l)
	}
	p.register(newBroker("a", "h:1", 0, "T"))
	if log.Line(text, `"level":"warn"`, `"addr":"h:1"`, `"replaces":"h:2"`) == "" {
		t.Error("no warning")
	}
	p.register(newBroker("b", "h:3", 0, "T"))
	p.register(newBroker("b", "h:4", 1, "T"))
	p.register(newBroker("b", "h:4", 0, "T")) // made master
	p.register(newBroker("b", "h:3", 1, "T"))
	if n := log.Count(text); n != 1 {
		t.Errorf("%d warnings", n)
	}
}

// TestWhoChangedWhatIsLogged: every change over the wire names the peer that made it.
func TestWhoChangedWhatIsLogged(t *testing.T) {
	p, log := startLogged(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	h := wire.KVHeader{Namespace: "ns", Key: "k", Value: "v"}
	call(p, wire.ReqPutKvConfig, wire.KVRequest, &h, "")
	call(p, wire.ReqDeleteKvConfig, wire.KVRequest, &h, "")
	call(p, wire.ReqRegisterTopicInNamesrv, wire.TopicRequest, &wire.TopicHeader{Topic: "N"},
		`{"queueDatas":[{"brokerName":"a","readQueueNums":1,"writeQueueNums":1,"perm":6}]}`)
	call(p, wire.ReqDeleteTopicInNamesrv, wire.DeleteTopicFromNamesrvRequest,
		&wire.DeleteTopicFromNamesrvHeader{Topic: "N"}, "")
	p.bare(wire.ReqUpdateNamesrvConfig, "waitSecondsForService=46\n")
	for _, text := range []string{"new broker registered", "KV configuration changed", "KV configuration deleted",
		"topic changed",
		"topic deleted", "configuration updated"} {
		if log.Line(`"message":"`+text+`"`, `"peer":"127.0.0.1:`) == "" {
			t.Errorf("no line %q with a peer", text)
		}
	}
}

// TestOneEndInOneBatch: a broker that unregisters and closes its connection at once has left; one that is silent, and
// whose connection is closed for it, is not lost as well.
func TestOneEndInOneBatch(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "T"))
	key := brokerKey{"c", "h:1"}
	p.routes.mu.RLock()
	l := p.routes.live[key]
	p.routes.mu.RUnlock()
	for name, first := range map[string]departure{"unregistered": {brokerKey: key, name: "a"},
		"silent": {brokerKey: key, name: "a", dead: l}} {
		got := p.routes.expand([]departure{first, {conn: l.conn}})
		if len(got) != 1 || got[0].conn != nil {
			t.Errorf("%s: %d ends", name, len(got))
		}
	}
}
