package controller

import (
	"net"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/namesrv/controller/consensus"
	"gorocket/remoting/wire"
)

// TestMembersComeAndGo takes a second controller into a group, leaves it to that one, and takes the first one out.
func TestMembersComeAndGo(t *testing.T) {
	p := start(t)
	change := func(at *peer, id, addr string) *wire.Command {
		return call(at, ChangeMembersCode, ChangeMembers, &ChangeMembersHeader{ID: id, Addr: addr}, "")
	}
	p.want(change(p, "n0", ""), 1, "consensus: n0 is the only member", "", "")
	p.want(change(p, "n7", "nonsense"), 1, `"n7-nonsense" is no member`, "", "")
	p.want(change(p, "n7", p.Addr()), 1, "consensus: member n0 has the address", "", "")
	p.want(change(p, "n7", "127.0.0.1:1"), 1, "no controller answers at 127.0.0.1:1: start it first", "", "")
	p.apply(1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := testConfig(t)
	c.SelfID, c.Join = "n1", true
	c.Peers = "n0-" + p.Addr() + ";n1-" + l.Addr().String()
	l.Close()
	second := run(t, c)
	p.want(change(p, "n1", second.Addr()), 0, "", "", "")
	p.want(change(p, "n9", ""), 1, `consensus: there is no member "n9"`, "", "")
	testutil.WaitFor(t, "the second one has the state", func() bool { _, known := second.sets.Get("b"); return known })
	if got := second.node.Load().Members(); len(got) != 2 || got[1] != (consensus.Peer{ID: "n1", Addr: second.Addr()}) {
		t.Errorf("%v", got)
	}
	p.want(change(second, "n0", ""), 2007, "The controller is not in leader state", "", "")
	testutil.WaitFor(t, "the second one leads", func() bool { // the first one hands over when it is asked to remove itself
		return second.leading() || change(p, "n0", "").Code != 2007
	})
	testutil.WaitFor(t, "the first one is out", func() bool { return change(second, "n0", "").Code == 0 })
	testutil.WaitFor(t, "the second one leads alone", second.leading)
	second.apply(2)
	if got := second.node.Load().Members(); len(got) != 1 {
		t.Errorf("%v", got)
	}
}
