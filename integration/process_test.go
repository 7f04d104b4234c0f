package integration

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
	"gorocket/integration/wire"
)

// TestSecondProcessRefused starts a second broker on the same store: it must end with an error that names the store,
// and the first must not notice.
func TestSecondProcessRefused(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	ns, first := c.Pair(harness.DefaultKind())
	second, err := harness.NewBroker(first.Kind, c.Dir(), "broker-second", ns.Addr(), harness.Conf{
		"brokerName": "broker-a", "storePathRootDir": first.Store(), "storePathCommitLog": first.Store() + "/commitlog"})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Launch(); err != nil {
		t.Fatal(err)
	}
	defer second.Kill()
	code, err := second.Process().Wait(second.StartLimit())
	if err != nil {
		t.Fatalf("%v\n%s", err, second.Process().Tail(20))
	}
	if code == 0 {
		t.Error("the second process ended with status 0")
	}
	if out := second.Process().Tail(40); first.Kind == harness.Go && !strings.Contains(out, filepath.Base(first.Store())) {
		t.Errorf("the error does not name the store:\n%s", out)
	}
	e := goclient.NewEnv(t, ns.Addr(), first.Addr(), newRunID())
	e.Send(t, e.Create(t, "still", 1), "t", "alive")
}

// TestSigtermExitsZeroWithin5s stops a broker and a name server with clients connected. Java exits with 143 after up to
// 17 s.
func TestSigtermExitsZeroWithin5s(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	ns, broker := c.Pair(harness.DefaultKind())
	e := goclient.NewEnv(t, ns.Addr(), broker.Addr(), newRunID())
	topic := e.Create(t, "stop", 4)
	e.Send(t, topic, "t", "before")
	for _, s := range []*harness.Server{broker, ns} {
		idle, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		start := time.Now()
		code, err := s.Stop()
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		t.Logf("%s: status %d after %v", s.Name, code, took.Round(time.Millisecond))
		if s.Kind == harness.Go && (code != 0 || took > 5*time.Second) {
			t.Errorf("%s: status %d after %v", s.Name, code, took)
		}
	}
	if _, err := os.Stat(broker.Store() + "/abort"); err == nil {
		t.Error("the abort file is still there after a clean stop")
	}
}

// TestGarbageConnection sends garbage on one connection while another works.
func TestGarbageConnection(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	ns, broker := c.Pair(harness.DefaultKind())
	for _, s := range []*harness.Server{ns, broker} {
		good, err := wire.Dial(s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer good.Close()
		for name, raw := range garbage() {
			t.Run(s.Name+" "+name, func(t *testing.T) {
				closedAfter(t, s.Addr(), raw)
				r, err := good.Call(wire.Request{Code: 9999}, 3*time.Second)
				if err != nil || r.Code != 3 {
					t.Fatalf("the other connection: code %d, %v", r.Code, err)
				}
			})
		}
	}
	if err := broker.Process().Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the broker is gone: %v", err)
	}
}

func garbage() map[string][]byte {
	return map[string][]byte{
		"HTTP":             []byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n"),
		"2 GiB":            append([]byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 16}, make([]byte, 64)...),
		"negative":         append([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 16}, make([]byte, 64)...),
		"zeros":            make([]byte, 64),
		"header too long":  {0, 0, 0, 12, 0, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8},
		"unknown encoding": wire.Frame([]byte{7, 7, 7, 7, 7, 7, 7, 7, 7, 7}, nil),
		"deep header":      wire.Frame([]byte(strings.Repeat("[", 10000)), nil),
	}
}

// closedAfter sends raw and wants the server to close the connection soon.
func closedAfter(t *testing.T, addr string, raw []byte) {
	t.Helper()
	c, err := wire.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(raw); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatalf("%d bytes came back", n)
	} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Fatal("the connection stays open")
	}
}
