package broker

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"gorocket/broker/config"
	"gorocket/remoting/wire"
)

// TestHAInfo: a master says where its log is, a slave says nothing; a slave that is told follows, unless haMasterAddress
// says otherwise, and notes the offset once, and only when it is asked to.
func TestHAInfo(t *testing.T) {
	p := startPair(t)
	p.master.send("T", "", "x")
	m := p.master.b.Config()
	a := p.master.ask(wire.ReqExchangeBrokerHaInfo, "", "")
	a.is(t, wire.Success, "")
	for name, want := range map[string]string{"masterHaAddress": m.HAAddr(), "masterFlushOffset": "0",
		"masterAddress": m.Addr()} {
		if got := a.ext[name]; got != want {
			t.Errorf("%s=%q, not %q", name, got, want)
		}
	}
	if a = p.slave.ask(wire.ReqExchangeBrokerHaInfo, "", ""); a.code != wire.Success || len(a.ext) > 0 {
		t.Errorf("a slave answers %d %v", a.code, a.ext)
	}
	tell := "masterHaAddress=127.0.0.1:1&masterFlushOffset=77&masterAddress=" + m.Addr()
	for _, on := range []bool{false, true} {
		p.slave.change(func(c *config.Config) { c.SyncMasterFlushOffsetWhenStartup = on })
		p.slave.ask(wire.ReqExchangeBrokerHaInfo, tell, "").is(t, wire.Success, "")
		if got := p.slave.b.store.MasterFlushedOffset(); (got == 77) != on {
			t.Errorf("syncMasterFlushOffsetWhenStartup=%v: %d", on, got)
		}
	}
	p.follows(t) // haMasterAddress is set
	p.slave.ask(wire.ReqExchangeBrokerHaInfo, strings.Replace(tell, "77", "78", 1), "").is(t, wire.Success, "")
	if got := p.slave.b.store.MasterFlushedOffset(); got != 77 {
		t.Errorf("noted twice: %d", got)
	}
}

// TestHAInfoMakesAFollower: a slave that knows no master, nor a NameServer, follows the one that tells it.
func TestHAInfoMakesAFollower(t *testing.T) {
	mc, sc := testConfig(t, t.TempDir()), testConfig(t, t.TempDir())
	sc.BrokerRole, sc.BrokerID, sc.SlaveReadEnable = "SLAVE", 1, true
	p := pair{startRig(t, mc), startRig(t, sc)}
	p.master.send("T", "", "x")
	p.slave.ask(wire.ReqExchangeBrokerHaInfo, fmt.Sprintf("masterHaAddress=%s&masterFlushOffset=0&masterAddress=%s",
		net.JoinHostPort("127.0.0.1", fmt.Sprint(mc.ListenPort+1)), p.master.addr), "").is(t, wire.Success, "")
	p.follows(t)
	waitFor(t, "the topic", func() bool { return p.slave.b.topics.Get("T") != nil })
}

// TestResetMasterFlushOffset: a slave notes it, over a restart, and shows it; a master does not look at the request.
func TestResetMasterFlushOffset(t *testing.T) {
	p := startPair(t)
	p.slave.ask(wire.ReqResetMasterFlushOffset, "masterFlushOffset=4711", "").is(t, wire.Success, "")
	p.slave.ask(wire.ReqResetMasterFlushOffset, "", "").is(t, wire.Success, "")
	p.slave.ask(wire.ReqResetMasterFlushOffset, "a=b", "").is(t, wire.SystemError, "")
	p.master.ask(wire.ReqResetMasterFlushOffset, "", "").is(t, wire.Success, "")
	sc := p.slave.b.Config()
	p.slave.stop()
	p.slave = startRig(t, sc)
	if a := p.slave.ask(wire.ReqGetBrokerHaStatus, "", ""); !strings.Contains(a.body, `"masterFlushOffset":4711`) {
		t.Errorf("%s", a.body)
	}
	p.master.ask(wire.ReqResetMasterFlushOffset, "masterFlushOffset=4711", "").is(t, wire.Success, "")
	if got := p.master.b.store.MasterFlushedOffset(); got != 0 {
		t.Errorf("the master noted %d", got)
	}
}
