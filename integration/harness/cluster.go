package harness

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Cluster is the servers of one test. Not for concurrent use.
type Cluster struct {
	t       testing.TB
	dir     string
	servers []*Server
	names   []string
}

// New makes an empty cluster in a temporary folder. At the end of the test every process is killed, and the end of
// each one's output is shown if the test failed.
func New(t testing.TB) *Cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "gorocket-it-")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{t: t, dir: dir}
	t.Cleanup(c.close)
	return c
}

func (c *Cluster) close() {
	for _, s := range c.servers {
		if c.t.Failed() && s.proc != nil {
			c.t.Logf("---- end of the output of %s %s\n%s", s.Kind, s.Name, s.proc.Tail(40))
		}
		s.Kill()
	}
	if os.Getenv("GOROCKET_KEEP") != "" {
		c.t.Logf("kept: %s", c.dir)
		return
	}
	os.RemoveAll(c.dir)
}

// Dir is the folder of the cluster.
func (c *Cluster) Dir() string { return c.dir }

// Names are the addresses of the name servers started so far, joined with ";".
func (c *Cluster) Names() string { return strings.Join(c.names, ";") }

// Namesrv starts a name server; the test ends if it does not serve.
func (c *Cluster) Namesrv(kind Kind, conf Conf) *Server {
	c.t.Helper()
	c.need(kind)
	s, err := NewNamesrv(kind, c.dir, fmt.Sprintf("namesrv-%d", len(c.names)), conf)
	c.start(s, err)
	c.names = append(c.names, s.Addr())
	return s
}

// Broker starts a broker that registers at every name server started so far.
func (c *Cluster) Broker(kind Kind, name string, conf Conf) *Server {
	c.t.Helper()
	c.need(kind)
	s, err := NewBroker(kind, c.dir, name, c.Names(), conf)
	c.start(s, err)
	return s
}

// Pair starts a name server and a broker of one kind.
func (c *Cluster) Pair(kind Kind) (ns, broker *Server) {
	c.t.Helper()
	ns = c.Namesrv(kind, nil)
	return ns, c.Broker(kind, "broker-a", nil)
}

func (c *Cluster) need(kind Kind) {
	c.t.Helper()
	if why := kind.Missing(); why != "" {
		if kind == Go {
			c.t.Fatalf("%s; run make build first, or set GOROCKET_BIN", why)
		}
		Skip(c.t, why)
	}
}

func (c *Cluster) start(s *Server, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	c.Start(s)
}

// Start starts a server that was made elsewhere, and has it end with the test.
func (c *Cluster) Start(s *Server) {
	c.t.Helper()
	c.need(s.Kind)
	c.servers = append(c.servers, s)
	if err := s.Start(); err != nil {
		c.t.Fatal(err)
	}
}
