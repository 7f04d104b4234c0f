package main

import (
	"errors"
	"net"
	"sync"

	"gorocket/integration/wire"
)

// proxy forwards connections and shows every frame, unchanged, to a sink.
type proxy struct {
	peer   byte // 'N' or 'B': what stands behind
	target string
	sink   *sink
	listen net.Listener
	wg     sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
	done  bool       // guarded by mu
}

// startProxy listens on addr until close.
func startProxy(addr, target string, peer byte, s *sink) (*proxy, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	p := &proxy{peer: peer, target: target, sink: s, listen: l}
	p.wg.Go(p.accept)
	return p, nil
}

func (p *proxy) accept() {
	for {
		in, err := p.listen.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.target)
		if err != nil {
			in.Close()
			continue
		}
		if !p.keep(in, out) {
			return
		}
		id := p.sink.newConn()
		p.wg.Go(func() { p.copy(in, out, id, "C>"+string(p.peer)) })
		p.wg.Go(func() { p.copy(out, in, id, string(p.peer)+">C") })
	}
}

func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conns...)
	if p.done {
		for _, c := range conns {
			c.Close()
		}
	}
	return !p.done
}

func (p *proxy) copy(from, to net.Conn, id int, dir string) {
	defer from.Close()
	defer to.Close()
	for {
		frame, err := wire.ReadRaw(from)
		if err != nil {
			return
		}
		p.sink.add(id, dir, frame)
		if _, err := to.Write(frame); err != nil {
			return
		}
	}
}

// close ends the listener and every connection and waits for the goroutines.
func (p *proxy) close() error {
	p.mu.Lock()
	p.done = true
	conns := p.conns
	p.mu.Unlock()
	err := p.listen.Close()
	for _, c := range conns {
		c.Close()
	}
	p.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
