package controller

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/testutil"
	"gorocket/remoting"
)

// TestElectionsAreTold: who was elected is in the leader's log, whoever asked for it, and so is that nobody could be.
func TestElectionsAreTold(t *testing.T) {
	log := new(testutil.Log)
	s, err := New(testConfig(t), zerolog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	s.longAgo = true
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	p := &peer{Server: s, t: t}
	p.conn = p.connect(p.Addr())
	testutil.WaitFor(t, "it leads", p.leading)
	const elected = "a broker was elected master"
	p.apply(1)
	p.apply(2)
	own := p.conn
	first, second := p.connect(p.Addr()), p.connect(p.Addr())
	beat := func(conn *remoting.Conn, id int64) {
		p.conn = conn
		p.beat(id, 0)
		p.conn = own
	}
	beat(first, 1)
	beat(second, 2)
	p.elect(1, false)
	if log.Line(elected, `"master":1`, `"before":0`, `"epoch":1`, `"asked":false`) == "" {
		t.Error("nothing of the first one")
	}
	p.alter(1, 1, `{"syncStateSet":[1,2],"syncStateSetEpoch":1}`)
	first.Close()
	testutil.WaitFor(t, "the second one is told", func() bool { return log.Line(elected, `"master":2`, `"before":1`) != "" })
	beat(own, 1)
	second.Close()
	testutil.WaitFor(t, "that nobody can be is told", func() bool {
		return log.Line("nobody takes its place", `"inSync":[2]`, `"alive":[1]`) != ""
	})
}

// TestLeadersAreTold: a controller says who else leads, once, and when nobody has for a while.
func TestLeadersAreTold(t *testing.T) {
	log := new(testutil.Log)
	c := testConfig(t)
	c.Peers += ";n1-127.0.0.1:1"
	s, err := New(c, zerolog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	led, now := ledBy{id: "n1"}, time.Now()
	for i, want := range []bool{false, false, true, true} {
		s.noteLeader(&led, now.Add(time.Duration(i)*2*time.Second))
		if got := log.Line("no controller leads", "n1") != ""; got != want {
			t.Errorf("after %d s: told %v, want %v", 2*i, got, want)
		}
	}
	if n := log.Count("no controller leads"); n != 1 {
		t.Errorf("told %d times", n)
	}
}
