package namesrv

import (
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// fakeBroker listens for NOTIFY_MIN_BROKER_ID_CHANGE.
func fakeBroker(t *testing.T) (addr string, notices chan wire.NotifyMinBrokerIDChangeHeader) {
	t.Helper()
	notices = make(chan wire.NotifyMinBrokerIDChangeHeader, 10)
	addr = remotingtest.Serve(t, remoting.Entry{Code: wire.ReqNotifyMinBrokerIdChange,
		Handle: func(ctx *remoting.Context) {
			var h wire.NotifyMinBrokerIDChangeHeader
			if err := wire.NotifyMinBrokerIDChange.Decode(ctx.Req, ctx.In, &h); err == nil && ctx.Oneway() {
				notices <- h
			}
		}})
	return addr, notices
}

func receive(t *testing.T, c chan wire.NotifyMinBrokerIDChangeHeader, want wire.NotifyMinBrokerIDChangeHeader) {
	t.Helper()
	select {
	case got := <-c:
		if !cmp.Equal(got, want) {
			t.Error(cmp.Diff(want, got))
		}
	case <-time.After(3 * time.Second):
		t.Errorf("no notice, want %+v", want)
	}
}

func silence(t *testing.T, c chan wire.NotifyMinBrokerIDChangeHeader) {
	t.Helper()
	select {
	case got := <-c:
		t.Errorf("unexpected notice %+v", got)
	case <-time.After(100 * time.Millisecond):
	}
}

func TestNotifyMinBrokerID(t *testing.T) {
	p := start(t, func(c *Config) { c.NotifyMinBrokerIDChanged = true })
	acting := func(h *wire.RegisterBrokerRequestHeader) { h.EnableActingMaster = true }
	masterAddr, toMaster := fakeBroker(t)
	slaveAddr, toSlave := fakeBroker(t)
	slave, master := newBroker("a", slaveAddr, 1, "T"), newBroker("a", masterAddr, 0, "T")
	slave.edit, master.edit = acting, acting
	p.register(slave)
	silence(t, toSlave)
	p.register(master) // the smallest id falls from 1 to 0: all but the master are told
	receive(t, toSlave, wire.NotifyMinBrokerIDChangeHeader{MinBrokerAddr: masterAddr, HABrokerAddr: "ha-" + masterAddr})
	silence(t, toMaster)
	p.unregisterCall(master) // and back: all that are left are told
	receive(t, toSlave, wire.NotifyMinBrokerIDChangeHeader{MinBrokerID: 1, MinBrokerAddr: slaveAddr,
		OfflineBrokerAddr: masterAddr})
	silence(t, toMaster)
}

func TestNotifyMinBrokerIDIsOffByDefault(t *testing.T) {
	p := start(t)
	addr, notices := fakeBroker(t)
	p.register(newBroker("a", addr, 1, "T"))
	p.register(newBroker("a", "127.0.0.1:1", 0, "T"))
	silence(t, notices)
}

// A member that cannot be reached does not keep the others from being told.
func TestNotifyMinBrokerIDDeadMember(t *testing.T) {
	p := start(t, func(c *Config) { c.NotifyMinBrokerIDChanged = true })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := l.Addr().String()
	l.Close()
	addr, notices := fakeBroker(t)
	p.register(newBroker("a", dead, 1, "T"))
	p.register(newBroker("a", addr, 2, "T"))
	p.register(newBroker("a", "127.0.0.1:1", 0, "T"))
	receive(t, notices, wire.NotifyMinBrokerIDChangeHeader{MinBrokerAddr: "127.0.0.1:1", HABrokerAddr: "ha-127.0.0.1:1"})
}
