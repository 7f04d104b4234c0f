package secure

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"time"

	"gorocket/remoting/transport"
)

// Peer encrypts connections between two servers of one cluster that are none of remoting: replication. Both show that
// they know the cluster's secret, for this session: who sits between two of them, which certificates that prove nothing
// allow, has another session with each, and can pass nothing on. Safe for concurrent use.
type Peer struct {
	tls    *transport.TLS
	name   string
	secret []byte        // nil: certificates are all that is asked for
	slots  chan struct{} // of handshakes that compute at the same time
}

// Peer is what connections are encrypted with that use the keeper's certificates, and the secret of the user name, ""
// for none.
func (k *Keeper) Peer(name, secret string) (*Peer, error) {
	t := k.TLS()
	switch {
	case t.Mode == transport.TLSDisabled:
		return nil, errors.New("config key haTlsEnable: value \"true\": not with tls.server.mode=disabled")
	case t.Server() == nil:
		return nil, errors.New("config key haTlsEnable: value \"true\": needs tls.server.certPath and tls.server.keyPath")
	case t.Client() == nil:
		return nil, errors.New("config key haTlsEnable: value \"true\": needs tls.enable=true")
	}
	p := &Peer{tls: t, name: name, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	if secret != "" {
		p.secret = []byte(secret)
	}
	return p, nil
}

// The two sides of a session, as their proofs name them: neither can send the other's back.
const (
	dials   = "dials"
	accepts = "accepts"
)

// Accept shields a connection that somebody has made. ctx has to have an end.
func (p *Peer) Accept(ctx context.Context, sock net.Conn) (net.Conn, error) {
	conf := p.tls.Server()
	if conf == nil {
		return nil, transport.ErrNoTLS
	}
	wire := &polite{sock, p.slots}
	conn := tls.Server(wire, conf)
	p.slots <- struct{}{}
	err := conn.HandshakeContext(ctx)
	<-p.slots
	wire.slots = nil
	if odd := (tls.RecordHeaderError{}); errors.As(err, &odd) {
		return nil, fmt.Errorf("the connection is not encrypted: %w", err)
	}
	if err != nil {
		return nil, err
	}
	c := &opened{conn, sock}
	if err = p.check(ctx, c, dials); err == nil {
		err = p.prove(c, accepts)
	}
	return c, err
}

// Dial shields a connection that was made. ctx has to have an end.
func (p *Peer) Dial(ctx context.Context, sock net.Conn) (net.Conn, error) {
	conf := p.tls.Client()
	if conf == nil {
		return nil, transport.ErrNoTLS
	}
	conn := tls.Client(sock, conf)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("the other side does not encrypt, or not as it has to: %w", err)
	}
	c := &opened{conn, sock}
	err := p.prove(c, dials)
	if err == nil {
		err = p.check(ctx, c, accepts)
	}
	return c, err
}

// label names what is exported from a session for the proofs. RFC 5705.
const label = "EXPORTER-gorocket-replication"

// proof is what one side of a session sends: of nothing, zeros, where there is no secret.
func (p *Peer) proof(c *opened, side string) ([]byte, error) {
	if p.secret == nil {
		return make([]byte, sha256.Size), nil
	}
	state := c.ConnectionState()
	session, err := state.ExportKeyingMaterial(label, nil, sha256.Size)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, p.secret)
	for _, part := range [][]byte{[]byte(side), {0}, []byte(p.name), {0}, session} {
		h.Write(part)
	}
	return h.Sum(nil), nil
}

func (p *Peer) prove(c *opened, side string) error {
	b, err := p.proof(c, side)
	if err == nil {
		_, err = c.Write(b)
	}
	return err
}

// errStranger says that the other side does not know the secret.
var errStranger = errors.New("the other side does not know the secret of innerClientAuthenticationCredentials")

// check reads the proof of the other side.
func (p *Peer) check(ctx context.Context, c *opened, side string) error {
	want, err := p.proof(c, side)
	if err != nil {
		return err
	}
	if until, ends := ctx.Deadline(); ends {
		if err := c.SetReadDeadline(until); err != nil {
			return err
		}
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("the other side has not shown that it knows the secret: %w", err)
	}
	if !hmac.Equal(got, want) {
		return errStranger
	}
	return c.SetReadDeadline(time.Time{})
}

// opened is an encrypted connection that ends at once: a peer that does not read keeps nobody.
type opened struct {
	*tls.Conn
	sock net.Conn
}

// Close closes the connection without a farewell.
func (c *opened) Close() error { return c.sock.Close() }

// polite gives its slot away while a handshake waits for the peer.
type polite struct {
	net.Conn
	slots chan struct{} // nil: the handshake is over; of its goroutine until then
}

// Read implements net.Conn.
func (c *polite) Read(b []byte) (int, error) {
	if c.slots == nil {
		return c.Conn.Read(b)
	}
	<-c.slots
	defer func() { c.slots <- struct{}{} }()
	return c.Conn.Read(b)
}
