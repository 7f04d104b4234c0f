package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"gorocket/compat/testutil"
)

// TestHandshakesAtATime: half of the processors compute them, one at least, and take turns.
func TestHandshakesAtATime(t *testing.T) {
	for cpus, want := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 16: 8} {
		h := newHandshaker(cpus)
		used := map[*shaker]int{}
		for range 3 * want {
			used[h.worker()]++
		}
		for _, n := range used {
			if n != 3 {
				t.Errorf("%d processors: one has %d of %d", cpus, n, 3*want)
			}
		}
		if len(used) != want {
			t.Errorf("%d processors: %d", cpus, len(used))
		}
	}
}

// began is a connection whose handshake waits for what its peer says next.
func began(t *testing.T) (peer, *quiet) {
	t.Helper()
	p, s := tlsPeer(t, serverConfig(t))
	if s.in = hello(t); !p.serve() {
		t.Fatal(p.r.bad)
	}
	waiting(t, p.tls)
	return p, s
}

func waiting(t *testing.T, s *tlsSocket) {
	t.Helper()
	testutil.WaitFor(t, "the handshake to wait", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.waits
	})
}

func (s *tlsSocket) ended() (over bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over, s.err
}

// TestHandshakeEnds: by its time, by the end of the connection, by the end of the engine; each once, with a word.
func TestHandshakeEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(p peer)
		want error
	}{
		"time":       {func(p peer) { p.tls.expire() }, context.DeadlineExceeded},
		"connection": {func(p peer) { p.markClosed() }, net.ErrClosed},
		"engine":     {func(p peer) { p.engine.handshakes.close() }, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := began(t)
			c.end(p)
			testutil.WaitFor(t, "the end of the handshake", func() bool { return !p.tls.shaking.Load() })
			testutil.WaitFor(t, "its error", func() bool { over, _ := p.tls.ended(); return over })
			if _, err := p.tls.ended(); !errors.Is(err, c.want) {
				t.Errorf("ended with %v, want %v", err, c.want)
			}
			p.tls.expire()
			p.tls.end() // again: nobody is there
		})
	}
}

// TestManyHandshakes: those that wait keep nobody else from theirs, and cost no threads.
func TestManyHandshakes(t *testing.T) {
	cfg := serverConfig(t)
	e, _ := start(t, Events{}, "127.0.0.1:0", func(o *Options) {
		o.MaxConnections, o.TLS = 1000, &TLS{Mode: TLSPermissive, Server: func() *tls.Config { return cfg }}
	})
	addr := e.Addrs()[0]
	for range 200 {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if _, err := nc.Write(hello(t)); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		nc, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		nc.Close()
	}
}
