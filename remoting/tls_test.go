package remoting

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// testTLS is a server's side in a mode, and a client's that believes any certificate.
func testTLS(t *testing.T, mode transport.TLSMode) *transport.TLS {
	t.Helper()
	own := testutil.NewCertificate(t, nil, time.Hour)
	cert, err := tls.X509KeyPair(own.Cert, own.Key)
	if err != nil {
		t.Fatal(err)
	}
	server := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return &transport.TLS{Mode: mode, Server: func() *tls.Config { return server },
		Client: func() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }}
}

// tlsClient is a client that encrypts.
func tlsClient(t *testing.T) *Client {
	t.Helper()
	cl, err := NewClient(new(Table), Options{TLS: testTLS(t, transport.TLSDisabled)})
	if err != nil {
		t.Fatal(err)
	}
	if err := cl.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cl.Stop() })
	return cl
}

// TestTLSModes: who may connect in which mode, on one port.
func TestTLSModes(t *testing.T) {
	for _, c := range []struct {
		mode             transport.TLSMode
		plain, encrypted bool
	}{{transport.TLSDisabled, true, false}, {transport.TLSPermissive, true, true}, {transport.TLSEnforcing, false, true}} {
		addr := startServer(t, Options{TLS: testTLS(t, c.mode)}, Entry{Code: 1, Handle: echo})
		for encrypted, want := range map[bool]bool{false: c.plain, true: c.encrypted} {
			cl := startClient(t)
			if encrypted {
				cl = tlsClient(t)
			}
			_, err := Call(t.Context(), cl, addr, 1, wire.TopicRequest, &wire.TopicHeader{Topic: "T"}, nil)
			if (err == nil) != want {
				t.Errorf("mode %d, encrypted %v: %v", c.mode, encrypted, err)
			}
		}
	}
	none := testTLS(t, transport.TLSPermissive)
	none.Server = func() *tls.Config { return nil }
	addr := startServer(t, Options{TLS: none}, Entry{Code: 1, Handle: echo})
	if _, err := Call(t.Context(), tlsClient(t), addr, 1, wire.TopicRequest, &wire.TopicHeader{}, nil); err == nil {
		t.Error("a server without a certificate encrypts")
	}
	if _, err := Call(t.Context(), startClient(t), addr, 1, wire.TopicRequest, &wire.TopicHeader{}, nil); err != nil {
		t.Error(err)
	}
}

// TestTLSCarriesAnything: requests of all sizes, on the loop and on workers, many at once, over one connection; answers
// as large, and in parts that would go by sendfile.
func TestTLSCarriesAnything(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 200_000)
	parts := func(ctx *Context) {
		Respond(&ctx.Replier, wire.Success, "", wire.TopicRequest, &wire.TopicHeader{}, Body{Parts: [][]byte{big[:100_000],
			big[100_000:]}, Files: []transport.FileRange{{Fd: -1, Len: 100_000}, {Fd: -1, Len: len(big) - 100_000}}})
	}
	addr := startServer(t, Options{TLS: testTLS(t, transport.TLSEnforcing)}, Entry{Code: 1, Handle: echo},
		Entry{Code: 2, Mode: Pooled, Handle: echo}, Entry{Code: 3, Handle: parts})
	cl := tlsClient(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 12 {
				body := big[:(1<<(2*n)+i)%len(big)]
				resp, err := Call(t.Context(), cl, addr, int32(1+n%2), wire.TopicRequest, &wire.TopicHeader{Topic: "T"}, body)
				if err != nil || !bytes.Equal(resp.Body, body) {
					t.Errorf("%d bytes: %v", len(body), err)
				}
			}
		})
	}
	wg.Wait()
	resp, err := Call(t.Context(), cl, addr, 3, wire.TopicRequest, &wire.TopicHeader{}, nil)
	if err != nil || !bytes.Equal(resp.Body, big) {
		t.Errorf("parts: %v", err)
	}
}

// trickle writes to a connection in pieces.
type trickle struct {
	net.Conn
	piece int
}

func (c trickle) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var m int
		m, err = c.Conn.Write(p[:min(c.piece, len(p))])
		n, p = n+m, p[m:]
		time.Sleep(50 * time.Microsecond)
	}
	return n, err
}

// TestTLSInPieces: a handshake and frames that come a few bytes at a time, with both versions.
func TestTLSInPieces(t *testing.T) {
	addr := startServer(t, Options{TLS: testTLS(t, transport.TLSPermissive)}, Entry{Code: 1, Handle: echo})
	want := make([]byte, 7) // the body
	for piece, version := range map[int]uint16{1: tls.VersionTLS13, 2: tls.VersionTLS12, 7: tls.VersionTLS13, 100: tls.VersionTLS12} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		c := tls.Client(trickle{nc, piece}, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		for range 3 {
			if _, err := c.Write(requestFrame(1, 7)); err != nil {
				t.Fatal(err)
			}
			if got := readFrame(t, c); !bytes.HasSuffix(got, want) {
				t.Errorf("%d bytes at a time: %q, want the end %q", piece, got, want)
			}
		}
	}
}

// TestBadHandshakes: garbage behind the first byte, an end in the middle, an old version: the connection is closed, the
// reason is told, and nothing stays counted.
func TestBadHandshakes(t *testing.T) {
	var mu sync.Mutex
	var bad []string
	o := Options{TLS: testTLS(t, transport.TLSPermissive)}
	o.Events.BadFrame = func(_ *Conn, err error) {
		mu.Lock()
		defer mu.Unlock()
		bad = append(bad, err.Error())
	}
	s, addr := serving(t, o, Entry{Code: 1, Handle: echo})
	for _, text := range []string{"\x16\x03\x01\x00\x05hello", "\x16garbage garbage garbage", "\x16\x03\x01\xff\xff"} {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		_ = nc.SetReadDeadline(time.Now().Add(10 * time.Second))
		var ne net.Error
		if _, err := io.Copy(io.Discard, nc); errors.As(err, &ne) && ne.Timeout() {
			t.Errorf("%q: not closed: %v", text, err)
		}
		nc.Close()
	}
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	old := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err := old.Handshake(); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	nc.Close()
	if nc, err = net.Dial("tcp", addr); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Write([]byte{0x16, 3, 1}); err != nil {
		t.Fatal(err)
	}
	nc.Close()
	testutil.WaitFor(t, "the end of all", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return s.Connections() == 0 && s.Figures().Inbound == 0 && len(bad) >= 3 // the old client may leave first
	})
	for _, text := range bad {
		if !strings.HasPrefix(text, "TLS handshake: ") {
			t.Errorf("told %q", text)
		}
	}
}
