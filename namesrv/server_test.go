package namesrv

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

func TestUnknownCodes(t *testing.T) {
	p := start(t)
	for _, code := range []int32{10, 11, 34, 107, 9999, -1} {
		p.want(p.bare(code, ""), wire.RequestCodeNotSupported, fmt.Sprintf(" request type %d not supported", code), "")
	}
}

func TestCodesListsTheTable(t *testing.T) {
	if got := Codes(); len(got) != 23 {
		t.Errorf("%d codes: %v", len(got), got)
	}
}

func TestNewRefuses(t *testing.T) {
	for key, edit := range map[string]func(*Config){
		"kvConfigPath":    func(c *Config) { c.KVConfigPath = "" },
		"configStorePath": func(c *Config) { c.ConfigStorePath = "" },
	} {
		c := testConfig(t)
		edit(&c)
		if _, err := New(c, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestLoadConfig(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		path := dir + "/ns.conf"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("listenPort = 19876\nsupportActingMaster=true\nconfigStorePath=/elsewhere\nwhatever=1\n")
	c, unknown, err := LoadConfig(path)
	if err != nil || c.ListenPort != 19876 || !c.SupportActingMaster || c.ConfigStorePath != path ||
		strings.Join(unknown, "") != "whatever" {
		t.Errorf("got %+v, %v, %v", c, unknown, err)
	}
	_, _, err = LoadConfig(write("listenPort=abc\n"))
	for _, part := range []string{path, "listenPort", "abc"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
	if _, _, err = LoadConfig(dir + "/nowhere"); err == nil {
		t.Error("a missing file was accepted")
	}
}

func TestLifecycle(t *testing.T) {
	s, err := New(testConfig(t), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(context.Background()); err != nil || s.Addr() != "" {
		t.Errorf("stop before start: %v, %q", err, s.Addr())
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err == nil {
		t.Error("started twice")
	}
	for range 2 {
		if err := s.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

func TestStartRefusesATakenPort(t *testing.T) {
	p := start(t)
	c := testConfig(t)
	_, port, _ := strings.Cut(p.Addr(), ":")
	c.ListenPort, _ = strconv.Atoi(port)
	s, err := New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err == nil {
		_ = s.Stop(context.Background())
		t.Error("two servers on one port")
	}
}

// Registrations, departures and queries at once; the race detector and the final state judge.
func TestConcurrentUse(t *testing.T) {
	p := start(t)
	var wg sync.WaitGroup
	for i := range 4 {
		c := connect(t, p.Server)
		wg.Go(func() {
			b := newBroker(fmt.Sprintf("b%d", i), fmt.Sprintf("h:%d", i), 0, "T")
			for n := range 50 {
				b.version.Counter = int64(n)
				c.register(b)
				c.route("T")
				c.permCall(wire.ReqWipeWritePermOfBroker, "b0")
				if n%10 == 9 {
					c.unregisterCall(b)
				}
				c.bare(wire.ReqGetBrokerClusterInfo, "")
			}
			testutil.WaitFor(t, "own departure", func() bool { return c.addrs("T", b.name) == nil })
			c.register(b)
		})
	}
	wg.Wait()
	r := p.route("T")
	if r == nil || len(r.BrokerDatas) != 4 || len(r.QueueDatas) != 4 {
		t.Errorf("route %+v", r)
	}
}

// FuzzRequests throws arbitrary fields and bodies at every handler.
func FuzzRequests(f *testing.F) {
	// The scan would close the connection once the brokers that the fuzzer registered are out of date.
	p := start(f, func(c *Config) { c.ScanNotActiveBrokerInterval = time.Hour.Milliseconds() })
	codes := Codes()
	f.Add(3, "brokerName", "a", []byte(`{}`))
	f.Add(17, "topic", "T", []byte("orderMessageEnable=true"))
	f.Add(10, "topic", "T", []byte(`{"queueDatas":[{"brokerName":null}]}`))
	f.Add(19, "brokerId", "x", []byte(`{"counter":"x"}`))
	f.Fuzz(func(t *testing.T, which int, key, value string, text []byte) {
		code := codes[uint(which)%uint(len(codes))]
		if code == wire.ReqUpdateNamesrvConfig && len(text) > 0 {
			if props, err := compat.ParseProperties(text); err == nil && props.Len() > 0 {
				return // would rewrite the configuration that the other inputs rely on
			}
		}
		h := fuzzHeader{Key: key, BrokerName: value, BrokerAddr: value, ClusterName: key, Topic: value, Namespace: key,
			BrokerID: int64(which)}
		q := &peer{Server: p.Server, t: t, client: p.client, conn: p.conn}
		if resp := call(q, code, fuzzRequest, &h, string(text)); resp.Code < 0 {
			t.Fatalf("code %d: answer %d", code, resp.Code)
		}
	})
}

// fuzzHeader carries the fields that most handlers read.
type fuzzHeader struct {
	Key         string `header:"key"`
	BrokerName  string `header:"brokerName"`
	BrokerAddr  string `header:"brokerAddr"`
	ClusterName string `header:"clusterName"`
	Topic       string `header:"topic"`
	Namespace   string `header:"namespace"`
	BrokerID    int64  `header:"brokerId"`
}

var fuzzRequest = wire.Define[fuzzHeader]("fuzz")
