package ha

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Why connections end, but for what the network says.
var (
	ErrStopped  = errors.New("ha: stopped")
	errTooMany  = errors.New("ha: too many connections")
	errMadeRoom = errors.New("ha: others need the room, and it asked for nothing, or its machine has the most connections")
	errSilent   = errors.New("ha: nothing came for haHousekeepingInterval")
)

// ReportError says that a peer reported what no slave of this log can have.
type ReportError struct {
	Got      int64 // the report
	Min, Max int64 // what may be reported: for the first one the log, then what was sent
}

func (e *ReportError) Error() string {
	if e.Got >= 0 && e.Got < e.Min {
		return fmt.Sprintf("ha: the slave wants the log from %d on, but it begins at %d here", e.Got, e.Min)
	}
	return fmt.Sprintf("ha: the peer says its log ends at %d, but it can end at %d at most: it has another log, or is "+
		"no slave", e.Got, e.Max)
}

// conn is a connection from a slave (Java DefaultHAConnection). Two goroutines serve it: one reads reports, one sends.
type conn struct {
	m    *Master
	raw  net.Conn  // immutable
	sock net.Conn  // what is spoken over raw; set before the two goroutines run
	addr string    // of the peer; immutable
	host string    // of addr; immutable
	came time.Time // immutable

	hello atomic.Pointer[hello] // what a slave of a switching group said first; nil: nothing yet
	asked atomic.Int64          // the first report; -1 until then
	next  atomic.Int64          // offset of the next block: what the peer may have; written by the sender, before it sends
	acked atomic.Int64          // newest report; written by the reader
	sent  meter                 // bytes; added to by the sender

	greet chan struct{} // capacity 1: the slave of a switching group has said hello
	start chan int64    // capacity 1: where the sender begins

	caught atomic.Int64 // when the slave last had all there was, ns since came; written by the reader
	ahead  lastSent     // what had been sent then

	gathering atomic.Bool   // the sender waits for an acknowledgement
	idle      chan struct{} // capacity 1: one has come

	out       output               // the sender's
	head      [switchHeadSize]byte // of the present block; the sender's
	confirmed int64                // confirm offset of the newest head; the sender's

	mu  sync.Mutex
	why error // why it ends; guarded by mu
}

func newConn(m *Master, sock net.Conn) *conn {
	peer := sock.RemoteAddr().(*net.TCPAddr)
	c := &conn{m: m, raw: sock, addr: peer.String(), host: peer.IP.String(), came: time.Now(),
		greet: make(chan struct{}, 1), start: make(chan int64, 1), idle: make(chan struct{}, 1)}
	c.asked.Store(-1)
	c.acked.Store(-1)
	return c
}

// run serves the connection until it ends.
func (c *conn) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := c.open(ctx); err != nil {
		c.end(err)
	} else {
		var sender sync.WaitGroup
		sender.Go(func() { c.end(c.send(ctx)) })
		c.end(c.read())
		cancel()
		sender.Wait()
	}
	c.m.remove(c, c.reason())
}

// open waits until the peer has shown who it is, if it has to.
func (c *conn) open(ctx context.Context) (err error) {
	if c.sock, err = c.m.opt.Shield.over(ctx, c.raw); err != nil {
		return err
	}
	return c.out.init(c.sock)
}

// end closes the connection; the first reason stays. Any goroutine.
func (c *conn) end(why error) {
	c.mu.Lock()
	if c.why == nil {
		c.why = why
	}
	c.mu.Unlock()
	_ = c.raw.Close() // at once: what shields it would say farewell to a peer that may not read
}

func (c *conn) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why
}

// read takes reports until the connection ends.
func (c *conn) read() error {
	in := inbox(new(reports))
	if c.m.opt.Switch != nil {
		in = new(acks)
	}
	for {
		since := time.Now()
		if c.asked.Load() < 0 { // pieces of a report keep nobody here
			since = c.came
		}
		if err := c.sock.SetReadDeadline(since.Add(c.m.settings.Load().HousekeepingInterval)); err != nil {
			return err
		}
		n, err := c.sock.Read(in.room())
		news, wrong := in.took(n)
		if wrong == nil && news.hello != nil {
			wrong = c.greeted(news.hello)
		}
		if wrong == nil && news.reported {
			wrong = c.reported(news.offset)
		}
		if wrong != nil {
			return wrong
		}
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return errSilent
		}
		if err != nil {
			return err
		}
		if pace := c.m.settings.Load().Pace; pace > 0 {
			time.Sleep(reportsPace * pace)
		}
	}
}

// reportsPace is how many times rarer a master looks at reports than it sends, when nobody waits for them.
const reportsPace = 10

// reported takes a report: the first one asks for the log, each acknowledges what is below.
func (c *conn) reported(offset int64) error {
	if c.asked.Load() < 0 {
		if err := c.begin(offset); err != nil {
			return err
		}
	} else if most := c.next.Load(); offset < 0 || offset > most {
		return &ReportError{Got: offset, Max: most}
	}
	c.catchUp(offset)
	if offset > c.acked.Load() {
		c.acked.Store(offset)
		if c.gathering.Load() {
			select {
			case c.idle <- struct{}{}:
			default:
			}
		}
		if c.m.ev.Acknowledged != nil {
			c.m.ev.Acknowledged()
		}
	}
	return nil
}

// begin lets the sender begin where the first report says.
func (c *conn) begin(asked int64) error {
	least, end, size := c.m.log.Min(), c.m.log.End(), c.m.log.SegmentSize()
	from, last := asked, c.m.settings.Load().FromLastFile
	if c.m.opt.Switch != nil {
		h := c.hello.Load()
		if h == nil {
			return errNoHello
		}
		last = h.lastFile
	}
	switch {
	case asked == 0 && last:
		from = end - end%size
	case asked == 0:
		from = least
	case asked < least || asked > end:
		return &ReportError{asked, least, end}
	}
	c.next.Store(from)
	c.asked.Store(asked)
	c.start <- from
	if c.m.ev.Connected != nil {
		c.m.ev.Connected(c.addr, asked, from)
	}
	return nil
}
