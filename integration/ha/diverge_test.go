package ha

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gorocket/integration/harness"
	"gorocket/integration/load/client"
)

// TestDivergence lets both ends of a pair take messages while the other is down. The slave sees that its log went
// another way, takes nothing and loses nothing, and says how to go on; so it does after the repair that it names.
func TestDivergence(t *testing.T) {
	harness.NeedJava(t)
	for _, master := range []harness.Kind{harness.Go, harness.Java} {
		t.Run("master-"+string(master), func(t *testing.T) { divergence(t, master) })
	}
}

func divergence(t *testing.T, kind harness.Kind) {
	p := startPair(t, kind)
	p.slave = p.c.Broker(harness.Go, "second", conf("SLAVE", 1))
	p.send(3000, nil)
	p.caughtUp()
	p.stop(p.master)
	p.stop(p.slave)

	p.role(p.slave, "ASYNC_MASTER", 0)
	common := p.alone(p.slave, "only the second has this")
	p.stop(p.slave)
	p.role(p.slave, "SLAVE", 1)

	p.start(p.master)
	p.send(500, nil)
	p.start(p.slave)
	before, err := p.dial(p.slave).MaxOffset("T", 0)
	if err != nil {
		t.Fatal(err)
	}
	p.eventually("the slave says that it went another way", func() bool {
		return strings.Contains(p.slave.Process().Tail(200), "went different ways")
	})
	if after, err := p.dial(p.slave).MaxOffset("T", 0); err != nil || after != before {
		t.Errorf("queue 0 of the slave ends at %d, before at %d, %v", after, before, err)
	}
	p.stop(p.slave)
	out, err := exec.Command(harness.Binary("gorocket"), "repair", p.slave.Store(), "-c",
		filepath.Join(p.slave.Dir, "server.properties"), "--truncate-to", fmt.Sprint(common)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	kept, err := filepath.Glob(p.slave.Store() + "/repair-*/commitlog/*")
	if err != nil || len(kept) == 0 {
		t.Errorf("nothing was kept of what was cut: %v", err)
	}
	p.start(p.slave)
	p.caughtUp()
	p.sameFiles()
	p.read(p.slave)
}

// alone starts a broker and sends it a few messages that nobody else gets. It returns where the first one lies in the
// log.
func (p *pair) alone(s *harness.Server, text string) int64 {
	p.t.Helper()
	p.start(s)
	c := p.dial(s)
	first := int64(-1)
	for i := range 10 {
		at, err := c.MaxOffset("T", 0)
		if err != nil {
			p.t.Fatal(err)
		}
		r, err := c.Send(&client.Message{Topic: "T", Queue: 0, Born: 1, Body: fmt.Appendf(nil, "%s %d", text, i)})
		if err != nil || r.Code != 0 || r.QueueOffset != at {
			p.t.Fatalf("%+v %v", r, err)
		}
		if i > 0 {
			continue
		}
		pulled, err := c.Pull("T", 0, at, 1)
		if err == nil {
			err = client.EachRecord(pulled.Body, func(r *client.Record) error { first = r.Offset; return nil })
		}
		if err != nil || first < 0 {
			p.t.Fatal(first, err)
		}
	}
	return first
}

func (p *pair) stop(s *harness.Server) {
	p.t.Helper()
	if code, err := s.Stop(); err != nil || code != 0 && code != 143 {
		p.t.Fatalf("%s stopped with %d, %v", s.Name, code, err)
	}
}

func (p *pair) start(s *harness.Server) {
	p.t.Helper()
	if err := s.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// role changes the role of a broker that does not run.
func (p *pair) role(s *harness.Server, role string, id int) {
	for k, v := range conf(role, id) {
		s.Conf[k] = v
	}
}
