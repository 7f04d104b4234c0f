package controller

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
	"gorocket/integration/netns"
)

// group are three of our controllers, or one of Java's.
type group struct {
	t      *testing.T
	kind   harness.Kind
	dir    string
	host   string
	prefix []string // of their command lines
	addrs  []string
	procs  []*harness.Process
}

func startGroup(t *testing.T, kind harness.Kind, scan string, space *netns.Namespace) *group {
	t.Helper()
	g := &group{t: t, kind: kind, dir: t.TempDir(), host: "127.0.0.1", procs: make([]*harness.Process, 3)}
	if space != nil {
		g.host, g.prefix = space.There, space.Prefix()
	}
	if kind == harness.Java {
		g.procs = g.procs[:1] // a JVM for each is more than two cores carry
	}
	var peers []string
	for i := range g.procs {
		port, err := harness.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		g.addrs = append(g.addrs, fmt.Sprintf("%s:%d", g.host, port))
		peers = append(peers, fmt.Sprintf("n%d-%s", i, g.addrs[i]))
	}
	for i := range g.procs {
		text := fmt.Sprintf("controllerDLegerGroup=g\ncontrollerDLegerPeers=%s\ncontrollerDLegerSelfId=n%d\n"+
			"controllerStorePath=%s\nscanNotActiveBrokerInterval=%s\n", strings.Join(peers, ";"), i,
			filepath.Join(g.dir, fmt.Sprint("store", i)), scan)
		if kind == harness.Go {
			text += "bindAddress=" + g.host + "\n"
		}
		if err := os.WriteFile(g.conf(i), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		g.start(i)
	}
	t.Cleanup(func() {
		for i, p := range g.procs {
			if t.Failed() {
				t.Logf("controller %d:\n%s", i, p.Tail(60))
			}
			p.Kill()
		}
	})
	eventually(t, "a controller leads", 30*time.Second, func() bool { return g.leader() >= 0 })
	return g
}

func (g *group) conf(i int) string { return filepath.Join(g.dir, fmt.Sprintf("c%d.conf", i)) }

func (g *group) start(i int) {
	g.t.Helper()
	name, start := fmt.Sprint("controller", i), func(name string) (*harness.Process, error) {
		argv := append(slices.Clone(g.prefix), harness.Binary("mqcontroller"), "-c", g.conf(i))
		return harness.StartProcess(name, g.dir, nil, argv...)
	}
	if g.kind == harness.Java {
		start = func(name string) (*harness.Process, error) {
			return harness.StartJava(name, g.dir, "256m", "org.apache.rocketmq.controller.ControllerStartup", g.prefix, "-c",
				g.conf(i))
		}
	}
	p, err := start(name)
	if err != nil {
		g.t.Fatal(err)
	}
	g.procs[i] = p
}

// leader finds who leads, by asking each (1005); -1 while nobody does.
func (g *group) leader() int {
	for i, addr := range g.addrs {
		c, err := client.Dial(addr, time.Second)
		if err != nil {
			continue
		}
		r, err := c.Call(1005, nil, nil)
		c.Close()
		if err == nil && fmt.Sprint(r.Ext["isLeader"]) == "true" {
			return i
		}
	}
	return -1
}

// ask sends a request to the leader; nil while there is none.
func (g *group) ask(code int, ext map[string]any, body string) map[string]any {
	i := g.leader()
	if i < 0 {
		return nil
	}
	c, err := client.Dial(g.addrs[i], time.Second)
	if err != nil {
		return nil
	}
	defer c.Close()
	r, err := c.Call(code, ext, []byte(body))
	if err != nil || r.Code != 0 {
		return nil
	}
	if len(r.Body) == 0 {
		return map[string]any{}
	}
	v, err := client.ParseJSON(r)
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		g.t.Fatalf("answer of %d: %q %v", code, r.Body, err)
	}
	return m
}

// set is what the leader knows of a broker set (1006).
func (g *group) set(broker string) (master string, inSync int) {
	body := g.ask(1006, nil, fmt.Sprintf("[%q]", broker))
	table, _ := body["replicasInfoTable"].(map[string]any)
	info, _ := table[broker].(map[string]any)
	master, _ = info["masterAddress"].(string)
	list, _ := info["inSyncReplicas"].([]any)
	return master, len(list)
}

func eventually(t *testing.T, what string, limit time.Duration, is func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
