package controller

import (
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/netns"
)

// group is a group of controllers of a test.
type group struct {
	*harness.Controllers
	t *testing.T
}

func startGroup(t *testing.T, kind harness.Kind, scan string, space *netns.Namespace) *group {
	t.Helper()
	opt := harness.ControllersOptions{Kind: kind, Dir: t.TempDir(), Scan: scan}
	if space != nil {
		opt.Host, opt.Prefix = space.There, space.Prefix()
	}
	c, err := harness.StartControllers(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for i, p := range c.Procs {
			if t.Failed() {
				t.Logf("controller %d:\n%s", i, p.Tail(60))
			}
		}
		c.Kill()
	})
	return &group{c, t}
}

func (g *group) start(i int) {
	g.t.Helper()
	if err := g.Start(i); err != nil {
		g.t.Fatal(err)
	}
}

// set is what the leader knows of a broker set.
func (g *group) set(broker string) (master string, inSync int) {
	s := g.Sets(broker)[broker]
	return s.MasterAddress, len(s.InSync)
}

func eventually(t *testing.T, what string, limit time.Duration, is func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
