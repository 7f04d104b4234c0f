package controller

import (
	"net"
	"strings"
	"testing"

	"github.com/rs/zerolog"

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
	p.want(change(p, "n7", p.Addr()), 1, "a member that is to be added has to run, with controllerJoin=true: at the address of member \"n7\", "+p.Addr()+
		", member \"n0\" answers", "", "")
	p.want(change(p, "n7-h:1;n8", "h:2"), 1, `"n7-h:1;n8" at "h:2" is no member`, "", "")
	p.want(change(p, " n7", "h:2"), 1, `" n7" at "h:2" is no member`, "", "")
	p.apply(1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := testConfig(t)
	c.SelfID, c.Join = "n1", true
	c.Peers = "n0-" + p.Addr() + ";n1-" + l.Addr().String()
	l.Close()
	p.want(change(p, "n1", l.Addr().String()), 1, "a member that is to be added has to run, with controllerJoin=true: ", "", "")
	second := run(t, c)
	p.want(change(p, "n2", second.Addr()), 1, "a member that is to be added has to run, with controllerJoin=true: at the address of member", "", "")
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

// TestTwoWithOneID: a process whose id another one has, or at whose address another member answers, does not start; one
// that reaches nobody at its address does.
func TestTwoWithOneID(t *testing.T) {
	p := start(t)
	_, port, err := net.SplitHostPort(p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for want, edit := range map[string]func(c *Config){
		`value "n0": controllerDLegerPeers n0-` + p.Addr() + `: at the address of member "n0", ` + p.Addr() +
			`, another process answers as this member`: func(*Config) {},
		`value "n5": controllerDLegerPeers n5-` + p.Addr() + `: at the address of member "n5", ` + p.Addr() +
			`, member "n0" answers`: func(c *Config) { c.SelfID = "n5" },
	} {
		c := testConfig(t)
		c.BindAddress = "127.0.0.2" // another machine
		edit(&c)
		c.Peers = c.SelfID + "-" + p.Addr()
		s, err := New(c, zerolog.Nop())
		if err == nil {
			err = s.Start(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	c := testConfig(t)
	c.BindAddress, c.Peers = "127.0.0.2", "n0-127.0.0.3:"+port
	testutil.WaitFor(t, "it leads", run(t, c, "127.0.0.2:"+port).leading)
}
