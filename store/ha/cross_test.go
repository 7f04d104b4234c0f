package ha

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/epoch"
)

// switchMaster runs a master of a switching group on a log of 1,000 bytes that one master wrote.
func switchMaster(t *testing.T, ev MasterEvents) *Master {
	t.Helper()
	list := epoch.List{{Epoch: 3, Start: 0}}
	m := NewMaster(MasterOptions{Listen: "127.0.0.1:0", Switch: &SwitchMaster{Epochs: func() epoch.List { return list },
		Confirm: func() int64 { return 0 }}}, MasterSettings{HeartbeatInterval: time.Hour,
		HousekeepingInterval: 10 * time.Second, BatchSize: 100}, fixedLog{end: 1000, size: 4096}, ev)
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	return m
}

// dial connects to a master and waits until that has taken the connection.
func dial(t *testing.T, m *Master) net.Conn {
	t.Helper()
	have := len(connsOf(m))
	sock, err := net.Dial("tcp", m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sock.Close() })
	testutil.WaitFor(t, "the connection is taken", func() bool { return len(connsOf(m)) > have })
	return sock
}

func connsOf(m *Master) []*conn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]*conn(nil), m.conns...)
}

// lives tells whether a master answers a hello and keeps the connection for a moment.
func lives(t *testing.T, sock net.Conn) bool {
	t.Helper()
	var answer [answerSize + entrySize]byte
	_ = sock.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(sock, answer[:]); err != nil {
		return false
	}
	_ = sock.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	_, err := sock.Read(answer[:])
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// TestHelloOfOlderConnection: the hello that a master reads later need not be that of the newer connection: the one
// that came last stays, whatever their order.
func TestHelloOfOlderConnection(t *testing.T) {
	m := switchMaster(t, MasterEvents{})
	older, other, newer := dial(t, m), dial(t, m), dial(t, m)
	for _, hi := range []struct {
		sock net.Conn
		id   int64
	}{{other, 8}, {newer, 7}, {older, 7}} {
		if _, err := hi.sock.Write((&hello{id: hi.id}).encode()); err != nil {
			t.Fatal(err)
		}
		if hi.sock != older && !lives(t, hi.sock) {
			t.Fatalf("broker %d is not answered", hi.id)
		}
	}
	if lives(t, older) {
		t.Error("the older connection stays")
	}
	testutil.WaitFor(t, "the older one is forgotten", func() bool { return len(connsOf(m)) == 2 })
	for _, c := range connsOf(m) {
		if why := c.reason(); why != nil {
			t.Errorf("the connection of broker %d ends: %v", c.hello.Load().id, why)
		}
	}
}

// TestConnectionsThatCross: of connections of one broker that say hello at the same moment exactly one stays, the newest.
func TestConnectionsThatCross(t *testing.T) {
	m := switchMaster(t, MasterEvents{})
	for range 50 {
		socks := []net.Conn{dial(t, m), dial(t, m), dial(t, m)}
		all := connsOf(m)
		newest := all[len(all)-1]
		var wg sync.WaitGroup
		for _, sock := range socks {
			wg.Go(func() { _, _ = sock.Write((&hello{id: 7}).encode()) })
		}
		wg.Wait()
		testutil.WaitFor(t, "one stays", func() bool { return len(connsOf(m)) <= 1 })
		if left := connsOf(m); len(left) != 1 || left[0] != newest || newest.reason() != nil {
			t.Fatalf("%d stay; the newest: %v", len(left), newest.reason())
		}
		_ = socks[2].Close()
		testutil.WaitFor(t, "it goes", func() bool { return len(connsOf(m)) == 0 })
	}
}

// TestHelloRefused: who says no hello, one without an id, or two is no slave, and is answered nothing.
func TestHelloRefused(t *testing.T) {
	ends := make(chan error, 1)
	m := switchMaster(t, MasterEvents{Disconnected: func(_ string, why error) { ends <- why }})
	hi := (&hello{id: 7}).encode()
	for name, c := range map[string]struct {
		says []byte
		want error
	}{
		"no hello": {appendAck(nil, 0), errNoHello}, "id 0": {(&hello{}).encode(), errNoID},
		"id below 0": {(&hello{id: -7}).encode(), errNoID}, "twice": {append(append([]byte(nil), hi...), hi...), errAgain},
	} {
		sock := dial(t, m)
		if _, err := sock.Write(c.says); err != nil {
			t.Fatal(err)
		}
		if why := <-ends; !errors.Is(why, c.want) {
			t.Errorf("%s: %v", name, why)
		}
		_ = sock.SetReadDeadline(time.Now().Add(10 * time.Second))
		if b, err := io.ReadAll(sock); len(b) > 0 {
			t.Errorf("%s: answered % x, %v", name, b, err)
		}
	}
	sock := dial(t, m) // the second one in a packet of its own
	for range 2 {
		if _, err := sock.Write(hi); err != nil {
			t.Fatal(err)
		}
		testutil.WaitFor(t, "it is read", func() bool { c := connsOf(m); return len(c) == 0 || c[0].hello.Load() != nil })
	}
	if why := <-ends; !errors.Is(why, errAgain) {
		t.Errorf("a second hello: %v", why)
	}
	testutil.WaitFor(t, "all are forgotten", func() bool { return len(connsOf(m)) == 0 && m.State().Refused == 5 })
}
