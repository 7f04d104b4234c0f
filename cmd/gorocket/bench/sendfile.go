package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"

	"golang.org/x/sys/unix"

	"gorocket/remoting/wire"
)

// sendfileServer answers pulls from a messageFile with as little as can be done: one thread, one read, the header and
// one sendfile. It is the floor for pulls as the echo server is for sends, and shares no code with the broker's event
// loop.
type sendfileServer struct {
	messages *messageFile
	listener *net.TCPListener
	poll     *poller
	conns    map[int32]*sendfileConn // by descriptor; run's goroutine only
}

// sendfileConn is one connection. Its requests are answered in order.
type sendfileConn struct {
	fd   int
	in   []byte // in[:have] is not answered yet
	have int
	out  []byte // rest of an answer's header
	at   int64  // rest of its messages in the file
	left int64
	want bool // the poller looks for room to write, not for requests
	cmd  wire.Command
}

// pullFrames bounds the requests of one connection that wait, in bytes.
const pullFrames = 64 << 10

func startSendfile(listen string, m *messageFile) (*sendfileServer, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		p.close()
		return nil, err
	}
	s := &sendfileServer{messages: m, listener: l.(*net.TCPListener), poll: p, conns: map[int32]*sendfileConn{}}
	go s.accept()
	return s, nil
}

// accept hands connections to the poller until the listener is closed.
func (s *sendfileServer) accept() {
	for {
		nc, err := s.listener.AcceptTCP()
		if err != nil {
			return
		}
		if fd, err := ownSocket(nc); err == nil && s.poll.add(fd, int32(fd)) != nil {
			_ = unix.Close(fd)
		}
		_ = nc.Close()
	}
}

// run serves until ctx ends. It closes everything but the messages.
func (s *sendfileServer) run(ctx context.Context) error {
	defer s.close()
	for ctx.Err() == nil {
		events, err := s.poll.wait(0, int64(tick))
		if err != nil {
			return err
		}
		for i := range events {
			s.serve(events[i].Fd, events[i].Events)
		}
	}
	return nil
}

func (s *sendfileServer) close() {
	_ = s.listener.Close()
	for _, c := range s.conns {
		_ = unix.Close(c.fd)
	}
	s.poll.close()
}

func (s *sendfileServer) serve(fd int32, events uint32) {
	c := s.conns[fd]
	if c == nil {
		c = &sendfileConn{fd: int(fd), in: make([]byte, pullFrames)}
		s.conns[fd] = c
	}
	err := c.write(s.messages)
	if err == nil && events&^writable != 0 && !c.busy() {
		err = c.read()
	}
	if err == nil {
		err = s.answer(c)
	}
	if err == nil && c.want != c.busy() {
		err = s.await(c)
	}
	if err != nil {
		delete(s.conns, fd)
		s.poll.drop(c.fd)
		_ = unix.Close(c.fd)
	}
}

// await lets the poller look for room to write or for requests, not for both: requests that nobody reads yet would wake
// it again and again.
func (s *sendfileServer) await(c *sendfileConn) error {
	events := uint32(readable)
	if c.want = c.busy(); c.want {
		events = writable
	}
	return s.poll.await(c.fd, int32(c.fd), events)
}

// busy tells that the socket has not taken the whole answer.
func (c *sendfileConn) busy() bool { return len(c.out) > 0 || c.left > 0 }

var errPeerClosed = errors.New("closed by the peer")

func (c *sendfileConn) read() error {
	n, err := unix.Read(c.fd, c.in[c.have:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case err != nil:
		return err
	case n == 0:
		return errPeerClosed
	}
	c.have += n
	return nil
}

// answer answers the requests that have come, as far as the socket takes it.
func (s *sendfileServer) answer(c *sendfileConn) error {
	at := 0
	for !c.busy() {
		n, err := frameSize(c.in[at:c.have])
		if err != nil || n > len(c.in) {
			return fmt.Errorf("a request of %d bytes: %w", n, err)
		}
		if n == 0 || n > c.have-at {
			break
		}
		if err := wire.Decode(c.in[at:at+n], &c.cmd); err != nil {
			return err
		}
		s.stage(c)
		if err := c.write(s.messages); err != nil {
			return err
		}
		at += n
	}
	c.have = copy(c.in, c.in[at:c.have])
	return nil
}

// stage prepares the answer to c.cmd.
func (s *sendfileServer) stage(c *sendfileConn) {
	code, body := wire.Success, ""
	offset, _ := strconv.ParseInt(c.cmd.GetString("queueOffset"), 10, 64)
	most, _ := strconv.ParseInt(c.cmd.GetString("maxMsgNums"), 10, 64)
	switch {
	case c.cmd.Code == wire.ReqGetTopicStatsInfo:
		body = fmt.Sprintf(`{"offsetTable":{{"brokerName":"sendfile","queueId":0,"topic":%q}:{"lastUpdateTimestamp":0,"maxOffset":%d,"minOffset":0}}}`, defaultTopic, s.messages.count)
	case c.cmd.Code != wire.ReqPullMessage:
	case offset < 0 || offset >= s.messages.count:
		code, offset = wire.PullNotFound, s.messages.count
	default:
		c.at, c.left = s.messages.span(offset, most)
	}
	c.out = s.head(c.out[:0], &c.cmd, code, offset+c.left/int64(s.messages.record), int64(len(body))+c.left)
	c.out = append(c.out, body...)
}

// head appends the head of a frame whose body has size bytes.
func (s *sendfileServer) head(dst []byte, req *wire.Command, code int32, next, size int64) []byte {
	begin := len(dst)
	dst = append(dst, make([]byte, frameHead)...)
	dst = fmt.Appendf(dst, `{"code":%d,"extFields":{"suggestWhichBrokerId":"0","nextBeginOffset":"%d","minOffset":"0","maxOffset":"%d"},"flag":1,"language":"GO","opaque":%d,"serializeTypeCurrentRPC":"JSON","version":%d}`,
		code, next, s.messages.count, req.Opaque, wire.CurrentVersion)
	header := len(dst) - begin - frameHead
	binary.BigEndian.PutUint32(dst[begin:], uint32(lengthWord+int64(header)+size))
	binary.BigEndian.PutUint32(dst[begin+lengthWord:], uint32(header))
	return dst
}

// write goes on with the answer: the header first, which waits for the messages to make full packets, then those.
func (c *sendfileConn) write(m *messageFile) error {
	for len(c.out) > 0 {
		n, err := sendHead(c.fd, c.out, c.left > 0)
		if err != nil {
			return unlessFull(err)
		}
		c.out = c.out[n:]
	}
	for c.left > 0 {
		n, err := sendFile(c.fd, int(m.file.Fd()), &c.at, int(c.left))
		if err != nil {
			return unlessFull(err)
		}
		if n == 0 {
			return fmt.Errorf("the file of messages ends at %d", c.at)
		}
		c.left -= int64(n)
	}
	return nil
}

func unlessFull(err error) error {
	if err == unix.EAGAIN || err == unix.EINTR {
		return nil
	}
	return err
}

// serveSendfile is `bench echo --sendfile`; ready is called when it listens.
func serveSendfile(ctx context.Context, listen string, size int, count int64, ready func()) error {
	m, err := newMessageFile(size, count)
	if err != nil {
		return err
	}
	defer m.close()
	s, err := startSendfile(listen, m)
	if err != nil {
		return err
	}
	ready()
	return s.run(ctx)
}
