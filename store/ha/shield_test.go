package ha_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/ha"
)

// encrypted are the two ends of TLS, with the certificate that is valid now.
type encrypted struct {
	t testing.TB

	mu   sync.Mutex
	cert *testutil.Certificate // guarded by mu
}

func (e *encrypted) present() *testutil.Certificate {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cert
}

func (e *encrypted) renew() {
	next := testutil.NewCertificate(e.t, nil, time.Hour)
	e.mu.Lock()
	e.cert = next
	e.mu.Unlock()
}

func encryption(t testing.TB) *encrypted {
	e := &encrypted{t: t}
	e.renew()
	return e
}

func (e *encrypted) accept(ctx context.Context, sock net.Conn) (net.Conn, error) {
	c := e.present()
	pair, err := tls.X509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, err
	}
	conn := tls.Server(sock, &tls.Config{Certificates: []tls.Certificate{pair}})
	return conn, conn.HandshakeContext(ctx)
}

func (e *encrypted) dial(ctx context.Context, sock net.Conn) (net.Conn, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(e.present().Cert)
	conn := tls.Client(sock, &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots})
		return err
	}})
	return conn, conn.HandshakeContext(ctx)
}

// shielded is a pair whose connections are encrypted.
func (e *encrypted) pair(ev ha.MasterEvents) (master *ha.Master, follow func(addr string) *ha.Slave) {
	t := e.t
	s, c := open(t, newMem(t), "SYNC_MASTER"), open(t, newMem(t), "SLAVE")
	master = ha.NewMaster(ha.MasterOptions{Listen: "127.0.0.1:0", MaxConnections: 4, Shield: e.accept}, settings(), s.Log(), ev)
	if err := master.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(master.Stop)
	send(t, s, 1, 100)
	return master, func(addr string) *ha.Slave {
		x := ha.NewSlave(ha.SlaveOptions{Master: addr, HeartbeatInterval: 100 * time.Millisecond,
			HousekeepingInterval: 2 * time.Second, Shield: e.dial}, c, ha.SlaveEvents{})
		x.Start()
		t.Cleanup(x.Stop)
		for round := range uint64(16) {
			send(t, s, round, 400)
			time.Sleep(20 * time.Millisecond)
			if round == 4 {
				e.renew()
			}
		}
		t.Cleanup(func() { same(t, s, c) })
		return x
	}
}

// TestEncryptedPair: the log goes over, byte by byte, through a network that cuts records and handshakes at any byte,
// also when the certificate becomes another one meanwhile; the network sees nothing of it.
func TestEncryptedPair(t *testing.T) {
	e := encryption(t)
	m, follow := e.pair(ha.MasterEvents{})
	proxy := startCutter(t, m.Addr().String(), 7)
	x := follow(proxy.l.Addr().String())
	if n := proxy.stop(); n < 5 {
		t.Errorf("only %d connections were cut", n)
	}
	testutil.WaitFor(t, "everything is acknowledged", func() bool {
		return m.Confirmed(1) == m.State().End && x.State().Offset == m.State().End
	})
	if st := x.State(); !st.Connected || st.Err != nil {
		t.Errorf("slave %+v", st)
	}
}

// TestPlainPeers: who does not encrypt gets nothing of the log, and is named in the reason; it keeps nobody out, and
// holds up no stop.
func TestPlainPeers(t *testing.T) {
	e := encryption(t)
	gone := make(chan error, 100)
	m, follow := e.pair(ha.MasterEvents{Disconnected: func(_ string, why error) { gone <- why }})
	plain, err := net.Dial("tcp", m.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.Write(make([]byte, 8)); err != nil { // a slave of Java asks for the log from 0 on
		t.Fatal(err)
	}
	_ = plain.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, _ := plain.Read(make([]byte, 64)); n > 7 { // an alert
		t.Errorf("it got %d bytes", n)
	}
	if why := <-gone; !strings.Contains(why.Error(), "haTlsEnable") || !errors.As(why, new(tls.RecordHeaderError)) {
		t.Errorf("ended with %v", why)
	}
	for range 4 { // silent ones, as many as there may be
		silent, err := net.Dial("tcp", m.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
	}
	follow(m.Addr().String())
	testutil.WaitFor(t, "the slave follows", func() bool { return m.Confirmed(1) == m.State().End })
	begin := time.Now()
	m.Stop()
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	_ = m.Addr()
}

// TestPlainMaster: a slave that encrypts asks a master that does not for nothing.
func TestPlainMaster(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write(make([]byte, 12)) // a heartbeat
			time.AfterFunc(time.Second, func() { _ = c.Close() })
		}
	}()
	x := ha.NewSlave(ha.SlaveOptions{Master: l.Addr().String(), HeartbeatInterval: 100 * time.Millisecond,
		HousekeepingInterval: 2 * time.Second, Shield: encryption(t).dial}, open(t, newMem(t), "SLAVE"), ha.SlaveEvents{})
	x.Start()
	t.Cleanup(x.Stop)
	testutil.WaitFor(t, "the reason", func() bool {
		err := x.State().Err
		return err != nil && strings.Contains(err.Error(), "haTlsEnable")
	})
	if st := x.State(); st.Connected || st.Offset != 0 {
		t.Errorf("%+v", st)
	}
}

// TestEncryptedGroup: a group whose master changes, encrypted: both roles by turns, and a log that is cut.
func TestEncryptedGroup(t *testing.T) {
	e := encryption(t)
	a, b := newNode(t, 1), newNode(t, 2)
	for _, n := range []*node{a, b} {
		n.accept, n.dial = e.accept, e.dial
	}
	a.lead(1, 200)
	b.follow(a).has(a)
	common := b.store.MaxPhyOffset()
	b.idle()
	send(t, a.store, 5, 50) // only a has these
	a.idle()
	b.lead(2, 100)
	e.renew()
	a.follow(b).cut(common)
	a.follow(b).has(b)
	a.confirmed(b)
	a.verify()
}
