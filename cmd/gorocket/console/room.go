package console

import (
	"net"
	"sync"
)

// room is a listener that takes only so many connections at a time; those behind them wait in the kernel.
type room struct {
	net.Listener
	seats chan struct{}
}

func newRoom(l net.Listener, most int) *room { return &room{l, make(chan struct{}, most)} }

// Accept waits for a connection, and before for a seat: as long as others keep theirs, whose idle time is bounded.
func (r *room) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	if err != nil {
		return nil, err
	}
	r.seats <- struct{}{}
	return &guest{Conn: c, leave: sync.OnceFunc(func() { <-r.seats })}, nil
}

// guest is a connection with a seat.
type guest struct {
	net.Conn
	leave func()
}

// Close gives the seat back.
func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
}
