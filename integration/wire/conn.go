package wire

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// ErrClosed says that the server closed the connection instead of answering.
var ErrClosed = errors.New("wire: closed by the server")

// ErrNoAnswer says that nothing came within the time limit.
var ErrNoAnswer = errors.New("wire: no answer")

// Conn is one client connection; one goroutine at a time.
type Conn struct {
	net.Conn
	opaque int32
	// Pushed holds requests that the server sent while Call waited for its answer, oldest first.
	Pushed []Response
}

// Dial connects within 3 s.
func Dial(addr string) (*Conn, error) { return DialFrom("", addr) }

// DialFrom connects from an address of this machine, such as 127.0.0.2; "": any.
func DialFrom(from, addr string) (*Conn, error) {
	d := net.Dialer{Timeout: 3 * time.Second}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Conn{Conn: c}, nil
}

// Call sends r and waits for the answer with the same opaque. Errors: ErrClosed, ErrNoAnswer, or a decoding error.
func (c *Conn) Call(r Request, wait time.Duration) (Response, error) {
	c.opaque++
	frame, err := Encode(r, c.opaque)
	if err != nil {
		return Response{}, err
	}
	return c.Exchange(frame, c.opaque, wait)
}

// Exchange sends bytes as they are and waits for the answer with that opaque.
func (c *Conn) Exchange(raw []byte, opaque int32, wait time.Duration) (Response, error) {
	deadline := time.Now().Add(wait)
	if err := c.SetDeadline(deadline); err != nil {
		return Response{}, err
	}
	if _, err := c.Write(raw); err != nil {
		return Response{}, fmt.Errorf("%w (%v)", ErrClosed, err)
	}
	for {
		got, err := c.next()
		if err != nil {
			return Response{}, err
		}
		if got.IsResponse() && got.Opaque == opaque {
			return got, nil
		}
		c.Pushed = append(c.Pushed, got)
	}
}

func (c *Conn) next() (Response, error) {
	frame, err := ReadRaw(c)
	var ne net.Error
	switch {
	case err == nil:
		return Decode(frame)
	case errors.As(err, &ne) && ne.Timeout():
		return Response{}, ErrNoAnswer
	default:
		return Response{}, fmt.Errorf("%w (%v)", ErrClosed, err)
	}
}

// Call opens a connection, asks once and closes.
func Call(addr string, r Request, wait time.Duration) (Response, error) {
	c, err := Dial(addr)
	if err != nil {
		return Response{}, err
	}
	defer c.Close()
	return c.Call(r, wait)
}
