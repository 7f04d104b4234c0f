package bench

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// maxInFlight bounds the requests in flight on one connection.
const maxInFlight = 1 << 16

// Inbound buffers of connections at first, in bytes. They grow up to one frame and inboundSpare.
const (
	sendInbound  = 16 << 10
	pullInbound  = 256 << 10 // a few answers of 32 KiB each
	inboundSpare = 16 << 10
)

// job is what a connection is there for. Its methods run on the worker's goroutine.
type job interface {
	// more may stage requests: at the start, after answers, and when a full socket takes bytes again.
	more(c *conn, now int64) error
	// answer sees each answer; the recorder is locked. begun is when the request was meant to leave. An error ends the
	// run.
	answer(c *conn, slot int32, a *answer, begun, now int64) error
}

// conn is one connection with a number of slots for requests in flight. A slot's number travels in the opaque. Worker's
// goroutine only.
type conn struct {
	w     *worker
	addr  string
	fd    int
	tag   int32 // index in the worker's list
	job   job
	ring  *ring // nil when the job encodes its requests itself
	ended bool

	secured *secured // nil: plain

	in       []byte // inbound bytes: in[at:have] is not looked at yet
	at, have int
	out      []byte // what the socket did not take yet; nothing is sent meanwhile
	slots    []int64
	free     []int32 // numbers of free slots, a stack
	batch    []byte  // requests that wait for the end of the turn; jobs without a ring
	parser   parser
	got      answer
}

// dial connects and returns a non-blocking socket of its own, with TCP_NODELAY, and its encryption.
func dial(addr string, e *env) (int, *secured, error) {
	d := net.Dialer{Timeout: e.timeout}
	nc, err := d.Dial("tcp", addr)
	if err != nil {
		return 0, nil, explainDial(err)
	}
	defer nc.Close()
	s, err := encrypt(nc, e.tls, e.timeout)
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", addr, err)
	}
	fd, err := ownSocket(nc.(*net.TCPConn))
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", addr, explainDial(err))
	}
	if s != nil {
		s.fd = fd
	}
	return fd, s, nil
}

// ownSocket returns a second descriptor of nc's socket, which stays open when nc is closed and which Go's runtime does
// not watch.
func ownSocket(nc *net.TCPConn) (fd int, err error) {
	raw, err := nc.SyscallConn()
	if err != nil {
		return 0, err
	}
	dup := func(n uintptr) { fd, err = unix.FcntlInt(n, unix.F_DUPFD_CLOEXEC, 0) }
	if failed := raw.Control(dup); failed != nil {
		return 0, failed
	}
	return fd, err
}

func newConn(addr string, inFlight, inbound int, e *env) (*conn, error) {
	fd, s, err := dial(addr, e)
	if err != nil {
		return nil, err
	}
	c := &conn{addr: addr, fd: fd, secured: s, in: make([]byte, inbound), slots: make([]int64, inFlight)}
	for i := inFlight - 1; i >= 0; i-- {
		c.free = append(c.free, int32(i))
	}
	return c, nil
}

func (c *conn) close() {
	if !c.ended {
		c.ended = true
		if c.w != nil {
			c.w.poll.drop(c.fd)
		}
		_ = unix.Close(c.fd)
	}
}

// room tells whether one more request may be staged now.
func (c *conn) room() bool { return len(c.free) > 0 && len(c.out) == 0 && !c.ended }

// take gives a free slot to a request that was meant to leave at begun (ns, not 0). There must be one. The slots come
// in order at first; later the one that was freed last comes first, so a job that takes one inside of answer gets the
// same again.
func (c *conn) take(begun int64) int32 {
	last := len(c.free) - 1
	slot := c.free[last]
	c.free = c.free[:last]
	c.slots[slot] = begun
	c.w.outstanding++
	return slot
}

// send writes b; what the socket does not take waits in c.out, so b must not change until that is empty.
func (c *conn) send(b []byte) error {
	if c.ended {
		return nil
	}
	if c.secured != nil {
		return c.sendSecured(b)
	}
	if len(c.out) > 0 {
		c.out = append(c.out[:len(c.out):len(c.out)], b...)
		return nil
	}
	n, err := c.write(b)
	if err != nil {
		return err
	}
	if n < len(b) {
		c.out = b[n:]
		return c.w.poll.wantWrite(c.fd, c.tag, true)
	}
	return nil
}

// flushBatch sends what a job has put into c.batch.
func (c *conn) flushBatch() error {
	if len(c.batch) == 0 {
		return nil
	}
	err := c.send(c.batch)
	if len(c.out) > 0 && c.secured == nil {
		c.batch = nil // c.out refers to its memory
	} else {
		c.batch = c.batch[:0]
	}
	return err
}

func (c *conn) write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := unix.Write(c.fd, b)
	switch err {
	case nil:
		return n, nil
	case unix.EAGAIN, unix.EINTR:
		return 0, nil
	}
	return 0, &lostError{c.addr, err}
}

// resume goes on with c.out.
func (c *conn) resume(now int64) error {
	n, err := c.write(c.out)
	if err != nil {
		return err
	}
	if c.out = c.out[n:]; len(c.out) > 0 {
		return nil
	}
	c.out = nil
	if err := c.w.poll.wantWrite(c.fd, c.tag, false); err != nil {
		return err
	}
	return c.job.more(c, now)
}

// receive reads once and hands the whole frames to the job.
func (c *conn) receive() error {
	if c.secured != nil {
		return c.receiveSecured()
	}
	n, err := unix.Read(c.fd, c.in[c.have:])
	if err == unix.EAGAIN || err == unix.EINTR {
		return nil
	}
	if err != nil {
		return &lostError{c.addr, err}
	}
	if n == 0 {
		return &lostError{c.addr, nil}
	}
	c.have += n
	return c.consume(c.w.clock.now())
}

// consume walks over the whole frames in the inbound buffer.
func (c *conn) consume(now int64) error {
	rec := c.w.rec
	rec.mu.Lock()
	err := c.walk(now)
	rec.mu.Unlock()
	if err != nil {
		return err
	}
	return c.job.more(c, now)
}

func (c *conn) walk(now int64) error {
	for {
		b := c.in[c.at:c.have]
		n, err := frameSize(b)
		if err != nil {
			return fmt.Errorf("%s: %w", c.addr, err)
		}
		if n == 0 || n > len(b) {
			c.makeRoom(n)
			return nil
		}
		if err := c.frame(b[:n], now); err != nil {
			return err
		}
		c.at += n
	}
}

// makeRoom moves what is left to the start of the buffer, which becomes large enough for a frame of n bytes.
func (c *conn) makeRoom(n int) {
	rest := c.in[c.at:c.have]
	if n > len(c.in) {
		c.in = make([]byte, n+inboundSpare)
		c.have, c.at = copy(c.in, rest), 0
		return
	}
	if c.at > 0 {
		c.have, c.at = copy(c.in, rest), 0
	}
}

func (c *conn) frame(frame []byte, now int64) error {
	mine, err := c.parser.parse(frame, &c.got)
	if err != nil {
		return fmt.Errorf("%s: %w", c.addr, err)
	}
	if !mine {
		return nil
	}
	slot := int64(c.got.opaque) - opaqueBase
	if slot < 0 || slot >= int64(len(c.slots)) || c.slots[slot] == 0 {
		return fmt.Errorf("%s: answer to a request that was not sent: opaque %d, code %d %s", c.addr, c.got.opaque,
			c.got.code, clip(c.got.remark))
	}
	begun := c.slots[slot]
	c.slots[slot] = 0
	c.free = append(c.free, int32(slot))
	c.w.outstanding--
	return c.job.answer(c, int32(slot), &c.got, begun, now)
}
