package broker

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// namesFake is a NameServer that keeps one broker name, with Java's rules about versions.
type namesFake struct {
	addr string

	mu         sync.Mutex
	holder     string                        // who has the route
	versions   map[string]compat.DataVersion // by address
	topics     map[string]protocol.TopicConfig
	requests   int
	compressed int
	largest    int // topics of one request

	masterAddr, haAddr string           // what slaves are told
	slaves             map[int64]string // of the broker name, by id
}

func startNamesFake(t *testing.T) *namesFake {
	t.Helper()
	f := &namesFake{versions: map[string]compat.DataVersion{}, topics: map[string]protocol.TopicConfig{}}
	f.addr = remotingtest.Serve(t,
		remoting.Entry{Code: wire.ReqRegisterBroker, Mode: remoting.Pooled,
			Handle: with(wire.RegisterBrokerRequest, f.register)},
		remoting.Entry{Code: wire.ReqUnregisterBroker, Mode: remoting.Pooled, Handle: f.unregister},
		remoting.Entry{Code: wire.ReqGetRouteinfoByTopic, Mode: remoting.Pooled,
			Handle: with(wire.GetRouteInfoRequest, f.route)},
		remoting.Entry{Code: wire.ReqGetBrokerClusterInfo, Mode: remoting.Pooled, Handle: f.cluster},
		remoting.Entry{Code: wire.ReqQueryDataVersion, Mode: remoting.Pooled,
			Handle: with(wire.QueryDataVersionRequest, f.version)})
	return f
}

func (f *namesFake) register(ctx *remoting.Context, h *wire.RegisterBrokerRequestHeader) {
	data, err := protocol.DecodeRegisterBroker(ctx.Req.Body, h.Compressed, compat.CurrentVersion)
	if err != nil {
		fail(ctx, err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	if h.Compressed {
		f.compressed++
	}
	w := &data.TopicConfigSerializeWrapper
	f.largest = max(f.largest, len(w.TopicConfigTable))
	if f.holder == "" && len(w.TopicConfigTable) == 1 {
		ctx.Status(wire.SystemError, "register broker failed")
		return
	}
	if f.take(h.BrokerAddr, w.DataVersion) {
		known := f.versions[h.BrokerAddr] == w.DataVersion
		for name, c := range w.TopicConfigTable {
			if _, has := f.topics[name]; !known || !has {
				f.topics[name] = *c
			}
		}
		f.versions[h.BrokerAddr] = w.DataVersion
	}
	out := wire.RegisterBrokerResponseHeader{MasterAddr: f.masterAddr, HAServerAddr: f.haAddr}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.RegisterBrokerResponse, &out, remoting.Body{})
}

func (f *namesFake) cluster(ctx *remoting.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	respondJSON(ctx, protocol.ClusterInfo{BrokerAddrTable: map[string]*protocol.BrokerData{"broker-a": {
		BrokerName: "broker-a", Cluster: "DefaultCluster", BrokerAddrs: f.slaves}}})
}

func (f *namesFake) unregister(ctx *remoting.Context) {
	f.do(func() { f.holder = "" })
	ctx.OK(nil)
}

// take gives the route to an address unless its holder has a newer state version. The caller holds mu.
func (f *namesFake) take(addr string, v compat.DataVersion) bool {
	if f.holder != "" && f.holder != addr && f.versions[f.holder].StateVersion > v.StateVersion {
		return false
	}
	f.holder = addr
	return true
}

func (f *namesFake) route(ctx *remoting.Context, h *wire.GetRouteInfoRequestHeader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, has := f.topics[h.Topic]; !has || f.holder == "" {
		ctx.Status(wire.TopicNotExist, "No topic route info in name server for the topic: "+h.Topic)
		return
	}
	respondJSON(ctx, protocol.TopicRouteData{BrokerDatas: []protocol.BrokerData{{BrokerName: "broker-a",
		BrokerAddrs: map[int64]string{0: f.holder}}}})
}

func (f *namesFake) version(ctx *remoting.Context, h *wire.BrokerIdentityHeader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, known := f.versions[h.BrokerAddr]
	if !known {
		ctx.OK(nil)
		return
	}
	respondJSON(ctx, v)
}

// do runs fn with the tables locked.
func (f *namesFake) do(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

// registeredRig starts a broker that looks at its route often; prepare may change it before.
func registeredRig(t *testing.T, f *namesFake, prepare func(b *Broker), change ...func(*config.Config)) *rig {
	t.Helper()
	cfg := testConfig(t, t.TempDir())
	cfg.NamesrvAddr = f.addr
	for _, c := range change {
		c(&cfg)
	}
	b, err := New(cfg, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel))
	if err != nil {
		t.Fatal(err)
	}
	b.lookPeriod = 50 * time.Millisecond
	if prepare != nil {
		prepare(b)
	}
	return run(t, b, cfg)
}

// found tells why the last NameServer does not lead to the broker, and how often that was so.
func (r *rig) found() (why error, failures int64) {
	r.b.register.Each(func(_ string, err error, _ bool, n int64) { why, failures = err, n })
	return why, failures
}

func (r *rig) health() (int, string) {
	w := httptest.NewRecorder()
	r.b.exporter.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/health", nil))
	return w.Code, w.Body.String()
}

// TestLargeTableIsAnnounced: topics with long names, which are more than a frame holds, are all known.
func TestLargeTableIsAnnounced(t *testing.T) {
	f := startNamesFake(t)
	n, requests := 27_000, 4 // 18 MB in one request
	if testing.Short() {
		n, requests = 7_000, 2
	}
	registeredRig(t, f, func(b *Broker) {
		for i := range n {
			c := protocol.NewTopicConfig(fmt.Sprintf("%s%0248d", compat.RetryTopicPrefix, i))
			_ = b.topics.Update(c)
		}
	})
	testutil.WaitFor(t, "all topics", func() (all bool) {
		f.do(func() { all = len(f.topics) >= n && f.requests >= requests })
		return all
	})
}

func TestSplitAndCompressedRegistration(t *testing.T) {
	f := startNamesFake(t)
	r := registeredRig(t, f, func(b *Broker) {
		for i := range 100 {
			c := protocol.NewTopicConfig(fmt.Sprint("T", i))
			_ = b.topics.Update(c)
		}
	}, func(c *config.Config) {
		c.EnableSplitRegistration, c.SplitRegistrationSize, c.CompressedRegister = true, 10, true
		c.RegisterNameServerPeriod = 10_000
	})
	f.do(func() {
		if f.requests < 10 || f.compressed != f.requests || f.largest > 10 || len(f.topics) < 100 {
			t.Errorf("%d requests, %d compressed, the largest has %d topics, %d known", f.requests, f.compressed, f.largest,
				len(f.topics))
		}
		f.topics["T99"] = protocol.TopicConfig{} // as if a change had been missed
	})
	// another version, of which no NameServer is told by itself
	r.b.topics.Remove("T98")
	// forgotten; the next look registers again, anew
	f.do(func() { f.holder, f.topics = "", map[string]protocol.TopicConfig{} })
	testutil.WaitFor(t, "registered again", func() (ok bool) {
		f.do(func() { ok = f.topics["T99"].ReadQueueNums == 16 && len(f.topics) > 100 })
		return ok
	})
	if _, failures := r.found(); failures == 0 {
		t.Error("nothing was counted")
	}
}

// TestStolenRouteComesBack: a forged registration takes the route; the broker sees it, says so and takes it back.
func TestStolenRouteComesBack(t *testing.T) {
	for name, state := range map[string]int64{"older": 0, "newer": 77, "the newest": 1<<63 - 1} {
		f := startNamesFake(t)
		r := registeredRig(t, f, nil)
		if code, text := r.health(); code != 200 || text != "ok\n" {
			t.Errorf("%s: at first %d %q", name, code, text)
		}
		f.do(func() {
			f.versions["9.9.9.9:1"] = compat.DataVersion{StateVersion: state}
			f.holder = "9.9.9.9:1"
		})
		testutil.WaitFor(t, name+": the route is back", func() (back bool) {
			f.do(func() { back = f.holder == r.b.cfg().Addr() })
			return back
		})
		testutil.WaitFor(t, name+": health", func() bool { code, _ := r.health(); return code == 200 })
		if _, failures := r.found(); failures == 0 {
			t.Errorf("%s: not noticed", name)
		}
		r.send("New", "", "x")
		f.do(func() {
			if _, has := f.topics["New"]; !has {
				t.Errorf("%s: a new topic is not known", name)
			}
		})
	}
}

// TestStolenRouteIsSaid: while the route cannot be taken back, health, metrics and log say so.
func TestStolenRouteIsSaid(t *testing.T) {
	f := startNamesFake(t)
	r := registeredRig(t, f, nil)
	f.do(func() {
		f.holder = "9.9.9.9:1"
		f.versions["9.9.9.9:1"] = compat.DataVersion{StateVersion: 5}
	})
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() { // it is faster than we are
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				f.do(func() {
					v := f.versions[r.b.cfg().Addr()]
					f.holder, f.versions["9.9.9.9:1"] = "9.9.9.9:1", compat.DataVersion{StateVersion: v.StateVersion + 1}
				})
			}
		}
	}()
	testutil.WaitFor(t, "health", func() bool {
		code, text := r.health()
		return code == 503 &&
			strings.Contains(text, "9.9.9.9:1")
	})
	testutil.WaitFor(t, "metric", func() bool {
		w := httptest.NewRecorder()
		r.b.exporter.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		for line := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(line, "gorocket_route_taken{") && strings.Contains(line, `namesrv="`+f.addr+`"`) &&
				strings.HasSuffix(line, " 1\n") {
				return true
			}
		}
		return false
	})
	close(stop)
	<-done
	testutil.WaitFor(t, "the route is back", func() bool { why, _ := r.found(); return why == nil })
}

// TestChangedRegistrationIsRenewed: somebody registered other topics under the broker's own address.
func TestChangedRegistrationIsRenewed(t *testing.T) {
	f := startNamesFake(t)
	r := registeredRig(t, f, nil)
	addr := r.b.cfg().Addr()
	f.do(func() {
		f.versions[addr] = compat.DataVersion{Counter: 99}
		f.topics["BenchmarkTest"] = protocol.TopicConfig{TopicName: "BenchmarkTest"}
	})
	testutil.WaitFor(t, "the topics are right again", func() (ok bool) {
		f.do(func() { ok = f.topics["BenchmarkTest"].WriteQueueNums == 1024 })
		return ok
	})
}

// TestUnreachableNamesrvIsAWarning: it is not the broker that is ill.
func TestUnreachableNamesrvIsAWarning(t *testing.T) {
	r := registeredRig(t, &namesFake{addr: "127.0.0.1:1"}, nil)
	testutil.WaitFor(t, "warning", func() bool {
		code, text := r.health()
		return code == 200 && strings.HasPrefix(text, "ok\nwarning: NameServer 127.0.0.1:1 does not answer since ")
	})
}

// TestNameServersChangeWhileRunning: other NameServers in the file act at once: the broker registers there, and leaves those that
// are not named any more.
func TestNameServersChangeWhileRunning(t *testing.T) {
	f, other := startNamesFake(t), startNamesFake(t)
	file := filepath.Join(t.TempDir(), "broker.conf")
	update := func(addrs string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("namesrvAddr="+addrs+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	update(f.addr)
	r := registeredRig(t, f, nil, func(c *config.Config) {
		c.BrokerConfigPath, c.InFile = file, c.Addresses()
	})
	has := func(f *namesFake) (yes bool) {
		f.do(func() { yes = f.holder == r.b.cfg().Addr() })
		return yes
	}
	update(f.addr + ";" + other.addr)
	testutil.WaitFor(t, "registered at both", func() bool { return has(f) && has(other) })
	var before, after int
	f.do(func() { before = f.requests })
	update(other.addr + ";" + f.addr)
	time.Sleep(2 * addressesEvery)
	if f.do(func() { after = f.requests }); after != before {
		t.Error("an address that stays has a new link: it registered again")
	}
	update(other.addr)
	testutil.WaitFor(t, "left the first", func() bool { return !has(f) && has(other) })
	r.send("Late", "", "x")
	other.do(func() {
		if _, ok := other.topics["Late"]; !ok {
			t.Error("a new topic is not told to the new NameServer")
		}
	})
	update("127.0.0.1:1")
	testutil.WaitFor(t, "left the second", func() bool { return !has(other) })
}
