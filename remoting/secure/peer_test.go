package secure

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// newPeer is one with a certificate that proves nothing.
func newPeer(t *testing.T, name, secret string) *Peer {
	t.Helper()
	s := normal(t)
	s.TLSEnable = true
	k, err := New(s, "", noWarning(t))
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Peer(name, secret)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// meet connects two peers over what between makes of two sockets.
func meet(t *testing.T, server, client *Peer, between func(toServer, toClient net.Conn)) (serverErr, clientErr error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	a, a2 := net.Pipe()
	b, b2 := net.Pipe()
	defer a.Close()
	defer b.Close()
	go between(a2, b2)
	done := make(chan error, 1)
	go func() {
		c, err := server.Accept(ctx, a)
		if err == nil {
			_, err = c.Write([]byte("hello"))
		} else {
			_ = a.Close()
		}
		done <- err
	}()
	c, clientErr := client.Dial(ctx, b)
	if clientErr == nil {
		got := make([]byte, 5)
		if _, clientErr = io.ReadFull(c, got); clientErr == nil && string(got) != "hello" {
			t.Errorf("got %q", got)
		}
		_ = c.Close()
	} else {
		_ = b.Close()
	}
	return <-done, clientErr
}

func through(a, b net.Conn) {
	go func() { _, _ = io.Copy(a, b); _ = a.Close() }()
	_, _ = io.Copy(b, a)
	_ = b.Close()
}

// TestPeers: two servers with one secret reach each other; every other pair finds out, on both sides.
func TestPeers(t *testing.T) {
	for _, c := range []struct {
		name           string
		server, client *Peer
		good           bool
	}{
		{"one secret", newPeer(t, "inner", "s"), newPeer(t, "inner", "s"), true},
		{"none", newPeer(t, "", ""), newPeer(t, "", ""), true},
		{"two secrets", newPeer(t, "inner", "s"), newPeer(t, "inner", "x"), false},
		{"two names", newPeer(t, "inner", "s"), newPeer(t, "other", "s"), false},
		{"a client without", newPeer(t, "inner", "s"), newPeer(t, "", ""), false},
		{"a server without", newPeer(t, "", ""), newPeer(t, "inner", "s"), false},
	} {
		serverErr, clientErr := meet(t, c.server, c.client, through)
		if good := serverErr == nil && clientErr == nil; good != c.good || !good && (serverErr == nil || clientErr == nil) {
			t.Errorf("%s: server %v, client %v", c.name, serverErr, clientErr)
		}
		if !c.good && !strings.Contains(serverErr.Error(), "innerClientAuthenticationCredentials") {
			t.Errorf("%s: %v", c.name, serverErr)
		}
	}
}

// TestBetweenTwoPeers: who sits between two servers, with certificates that nobody checks, has a session with each, and
// can pass on what they say, but not as what they show.
func TestBetweenTwoPeers(t *testing.T) {
	server, client, liar := newPeer(t, "inner", "s"), newPeer(t, "inner", "s"), newPeer(t, "", "")
	serverErr, clientErr := meet(t, server, client, func(toServer, toClient net.Conn) {
		in := tls.Server(toClient, liar.tls.Server())
		out := tls.Client(toServer, liar.tls.Client())
		if in.Handshake() == nil && out.Handshake() == nil {
			through(in, out)
		}
		_, _ = toServer.Close(), toClient.Close()
	})
	if serverErr != errStranger || clientErr == nil {
		t.Errorf("server %v, client %v", serverErr, clientErr)
	}
	_, clientErr = meet(t, liar, client, func(toServer, toClient net.Conn) {
		in := tls.Server(toClient, liar.tls.Server())
		if in.Handshake() == nil { // sends back what the client shows
			got := make([]byte, 32)
			_, _ = io.ReadFull(in, got)
			_, _ = in.Write(got)
		}
		_ = toServer.Close()
	})
	if clientErr != errStranger {
		t.Errorf("its own proof is taken: %v", clientErr)
	}
}

// TestPlainPeer: a peer that does not encrypt is named as such; one that says nothing is waited for as long as ctx.
func TestPlainPeer(t *testing.T) {
	p := newPeer(t, "inner", "s")
	a, b := net.Pipe()
	go func() { _, _ = b.Write(make([]byte, 8)); _, _ = io.Copy(io.Discard, b) }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := p.Accept(ctx, a); err == nil || !strings.Contains(err.Error(), "is not encrypted") {
		t.Errorf("%v", err)
	}
	_ = b.Close()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c, d := net.Pipe()
	defer d.Close()
	if _, err := p.Accept(short, c); err == nil {
		t.Error("silence is taken")
	}
	if len(p.slots) != 0 {
		t.Error("it holds a slot")
	}
}

// TestPeerNeeds: settings with which replication cannot be encrypted name their key.
func TestPeerNeeds(t *testing.T) {
	for key, edit := range map[string]func(*Settings){"tls.enable": func(s *Settings) {},
		"tls.server.mode":     func(s *Settings) { s.TLSServerMode, s.TLSEnable = "disabled", true },
		"tls.server.certPath": func(s *Settings) { s.TLSTestMode, s.TLSEnable = false, true }} {
		s := normal(t)
		edit(&s)
		k, err := New(s, "", noWarning(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Peer("", ""); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
