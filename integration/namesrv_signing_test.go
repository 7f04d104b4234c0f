package integration

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/rocketmq-client-go/v2/primitive"

	"gorocket/integration/goclient"
	"gorocket/integration/harness"
	"gorocket/integration/javaclient"
	"gorocket/integration/wire"
)

// tap is a door to a NameServer that notes which requests go through it with a signature and which without.
type tap struct {
	net.Listener
	to string

	mu     sync.Mutex
	signed map[int]map[bool]bool // by request code; guarded by mu
}

func newTap(t *testing.T, to string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{Listener: l, to: to, signed: map[int]map[bool]bool{}}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(c)
		}
	})
	t.Cleanup(func() { l.Close(); open.Wait() })
	return p
}

func (p *tap) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(client, server); client.Close() }()
	for {
		frame, err := wire.ReadRaw(client)
		if err != nil {
			return
		}
		if r, err := wire.Decode(frame); err == nil && !r.IsResponse() {
			_, signed := r.Ext["Signature"]
			p.mu.Lock()
			if p.signed[r.Code] == nil {
				p.signed[r.Code] = map[bool]bool{}
			}
			p.signed[r.Code][signed] = true
			p.mu.Unlock()
		}
		if _, err := server.Write(frame); err != nil {
			return
		}
	}
}

// forget leaves a code out of what went through.
func (p *tap) forget(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.signed, code)
}

// seen is what went through: "105 signed, 106 unsigned", or both.
func (p *tap) seen() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, code := range slices.Sorted(maps.Keys(p.signed)) {
		how := "signed"
		if p.signed[code][false] {
			how = "unsigned"
			if p.signed[code][true] {
				how = "both"
			}
		}
		list = append(list, fmt.Sprint(code, " ", how))
	}
	return strings.Join(list, ", ")
}

// TestGoSignsToNameServers keeps the table of docs/security.md true: which requests to NameServers carry a signature
// where the client has credentials.
func TestGoSignsToNameServers(t *testing.T) {
	harness.Count(t)
	c := harness.New(t)
	ns := c.Namesrv(harness.Go, nil)
	broker := c.Broker(harness.Go, "broker-a", closed)
	got := map[string]string{}
	tapped := tapsOf(t, ns, got)
	tapped("Go client 2.1.2", func(addr string) {
		e := goclient.NewEnvAs(t, addr, broker.Addr(), newRunID(), primitive.Credentials{AccessKey: "root", SecretKey: "root-secret"})
		for _, cs := range goclient.Cases() {
			if cs.Name == "sendSync" || cs.Name == "pushTags" {
				t.Run(cs.Name, func(t *testing.T) { cs.Run(t, e) })
			}
		}
	})
	tapped("broker of gorocket", func(addr string) { comeAndGo(t, c, harness.Go, addr) })
	compareSigners(t, got)
}

// TestJavaSignsToNameServers is the same for Java's programs.
func TestJavaSignsToNameServers(t *testing.T) {
	harness.Count(t)
	for _, version := range javaVersions {
		needJava(t, version)
	}
	c := harness.New(t)
	ns := c.Namesrv(harness.Go, nil)
	c.Broker(harness.Go, "broker-a", closed)
	got := map[string]string{}
	tapped := tapsOf(t, ns, got)
	dir, err := javaclient.MkDir(c.Dir(), "client-tap")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	for _, version := range javaVersions {
		tapped("Java client "+version, func(addr string) {
			flags := []string{"-Dgorocket.accessKey=root", "-Dgorocket.secretKey=root-secret"}
			cases := []string{"sendSync", "pushTags", "queryByKey"}
			results, out, err := javaclient.RunWith(ctx, flags, version, dir, addr, newRunID(), "all", cases...)
			if err != nil {
				t.Fatalf("%v\n%s", err, tail(out))
			}
			expect(t, results, cases)
		})
	}
	tapped("broker of Java 5.5.0", func(addr string) { comeAndGo(t, c, harness.Java, addr) })
	tapped("mqadmin 5.5.0", func(addr string) {
		adminAs(t, c, "root", "root-secret")
		for _, command := range []string{"clusterList", "topicList", "getNamesrvConfig", "topicRoute -t TBW102",
			"updateKvConfig -s s -k k -v v", "deleteKvConfig -s s -k k"} {
			c.MQAdmin(append(strings.Fields(command), "-n", addr)...)
		}
	})
	compareSigners(t, got)
}

// tapsOf runs something with a tap of its own, and notes what it saw.
func tapsOf(t *testing.T, ns *harness.Server, got map[string]string) func(who string, run func(addr string)) {
	return func(who string, run func(addr string)) {
		p := newTap(t, ns.Addr())
		run(p.Addr().String())
		if strings.HasPrefix(who, "broker") { // the harness asks it, too, and a broker that stops early does not
			p.forget(106)
		}
		got[who] = p.seen()
	}
}

// comeAndGo starts a broker that registers through a tap, and stops it.
func comeAndGo(t *testing.T, c *harness.Cluster, kind harness.Kind, names string) {
	t.Helper()
	s, err := harness.NewBroker(kind, filepath.Join(c.Dir(), "tapped"), fmt.Sprint("tapped-", kind), names, closed)
	if err == nil {
		err = s.Start()
	}
	if err == nil {
		_, err = s.Stop()
	}
	if err != nil {
		t.Error(err)
	}
}

func compareSigners(t *testing.T, got map[string]string) {
	t.Helper()
	for who, saw := range got {
		if want := signersToNameServers[who]; saw != want {
			t.Errorf("%s: %s\nthe table has %s", who, saw, want)
		}
	}
}

// signersToNameServers is the table of docs/security.md, without the 106 of brokers.
var signersToNameServers = map[string]string{
	"Java client 4.9.8": "105 signed", "Java client 5.5.0": "105 signed", "Go client 2.1.2": "105 both", "broker of Java 5.5.0": "103 signed, 104 signed",
	"broker of gorocket": "103 signed, 104 signed, 105 signed, 322 signed", "mqadmin 5.5.0": "100 signed, 102 signed, 105 signed, 106 signed, 206 signed, 319 signed",
}
