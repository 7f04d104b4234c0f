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

// BenchmarkHandshake is a connection that is made, encrypted and closed; both ends.
func BenchmarkHandshake(b *testing.B) {
	cfg := serverConfig(b)
	e, _ := start(b, Events{}, "127.0.0.1:0", func(o *Options) {
		o.MaxConnections, o.TLS = 1000, &TLS{Mode: TLSPermissive, Server: func() *tls.Config { return cfg }}
	})
	b.ReportAllocs()
	for b.Loop() {
		nc, err := tls.Dial("tcp", e.Addrs()[0], &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			b.Fatal(err)
		}
		_ = nc.NetConn().(*net.TCPConn).SetLinger(0) // no port is kept
		nc.Close()
	}
}

// TestShare: a burst at once, from then on a quarter of the time; what was not used counts up to a burst.
func TestShare(t *testing.T) {
	var s share
	now := time.Unix(1_000_000, 0)
	compute := func(d time.Duration) time.Duration {
		begin := now
		now = now.Add(d)
		return s.pause(begin, now)
	}
	for i := range 100 {
		if d := compute(10 * time.Millisecond); d != 0 {
			t.Fatalf("%d ms of the burst: rests for %v", 10*i, d)
		}
	}
	worked, began := time.Duration(0), now
	for range 1000 {
		now = now.Add(compute(10 * time.Millisecond))
		worked += 10 * time.Millisecond
	}
	// a quarter of the second of the burst is left from then
	if got, want := worked-shakeBurst/shakeShare, now.Sub(began)/shakeShare; got > want || got < want-20*time.Millisecond {
		t.Errorf("%v of %v", worked, now.Sub(began))
	}
	for _, idle := range []time.Duration{shakeShare * shakeBurst, 100 * time.Hour} {
		now = now.Add(idle)
		if d := compute(shakeBurst); d != 0 {
			t.Errorf("after %v: rests for %v", idle, d)
		}
		if d := compute(time.Millisecond); d < shakeShare*time.Millisecond/2 {
			t.Errorf("behind a burst after %v: rests for %v", idle, d)
		}
	}
}

// TestRest: less than a millisecond is not worth it.
func TestRest(t *testing.T) {
	w := &shaker{}
	for d, most := range map[time.Duration]time.Duration{time.Millisecond - 1: 900 * time.Microsecond, 0: time.Millisecond / 2} {
		least := time.Hour
		for range 100 {
			begin := time.Now()
			w.rest(d)
			least = min(least, time.Since(begin))
		}
		if least > most {
			t.Errorf("%v: %v", d, least)
		}
	}
	if begin := time.Now(); true {
		if w.rest(2 * time.Millisecond); time.Since(begin) < 2*time.Millisecond {
			t.Error("2 ms: no rest")
		}
	}
}

// TestHandshakeIsForgotten: what it came in by is given back, but not what came behind it.
func TestHandshakeIsForgotten(t *testing.T) {
	for rest, kept := range map[string]bool{"": false, "more": true} {
		p, s := tlsPeer(t, nil)
		sock := &tlsSocket{raw: s, count: &p.engine.budget, over: true}
		sock.in.Grow(4096)
		sock.in.WriteString(rest)
		if err := sock.take(); err != nil || !sock.open || (sock.in.Cap() > 0) != kept || sock.in.String() != rest {
			t.Errorf("%q: %v, %d bytes are kept", rest, err, sock.in.Cap())
		}
	}
}
