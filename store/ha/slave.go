package ha

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Target is what a slave writes: store.Store with brokerRole SLAVE. One goroutine of the slave calls it.
type Target interface {
	AppendRaw(at int64, b []byte) error // stores bytes of one file of the master's log
	DropPartial()                       // forgets what is behind the last whole record
	MaxPhyOffset() int64                // offset behind the last whole record; 0: any file may be the first
	SegmentSize() int64                 // bytes of a file
}

// SlaveOptions are fixed.
type SlaveOptions struct {
	Master               string        // host:port of the master's haListenPort; "" until SetMaster says it
	HeartbeatInterval    time.Duration // without a report, between reports (haSendHeartbeatInterval)
	HousekeepingInterval time.Duration // without a byte from the master, until the connection ends
	// Compare runs on each connection before anything is asked for, with what Target has: an error, when the master's
	// log is not this one's, ends the connection, and nothing is appended. nil: nothing is compared.
	Compare func(ctx context.Context, master string) error
	// End asks where the master's log ends. It runs when an empty Target is to begin elsewhere than at 0: what begins
	// behind that end is no log of this master's, and the connection ends, as after an error. nil: any begin will do.
	End func(ctx context.Context, master string) (int64, error)
	// Durable waits until the slave's log is durable up to an offset, before that is reported: what a report has said is
	// not lost with the slave's power. nil: what is in the page cache is reported, as by Java's.
	Durable func(ctx context.Context, offset int64) error
	Switch  *SwitchSlave // nil: the master of this group does not change
	Network Network      // nil: the kernel's
	Shield  Shield       // nil: the connection stays as it is
}

// SlaveEvents are told what happens, by the slave's goroutine. Both fields may be nil.
type SlaveEvents struct {
	Connected    func(master string, from int64) // from: what was asked for
	Disconnected func(master string, why error)  // also when there was no connection; it is tried again
}

// Slave keeps a store the copy of a master's (Java DefaultHAClient). All methods may be called by any goroutine.
type Slave struct {
	opt   SlaveOptions
	store Target
	ev    SlaveEvents

	lifeMu sync.Mutex // Start and Stop
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	master  string        // guarded by mu
	changed chan struct{} // closed when master changes; guarded by mu
	status  status        // guarded by mu

	masterEnd atomic.Int64 // what NoteMasterEnd said last; 0: nothing yet
	lastRead  atomic.Int64 // unix ms
	lastWrite atomic.Int64 // unix ms
	received  meter
}

// status is what State tells of the connection.
type status struct {
	connected bool
	since     time.Time // of the connection
	err       error     // why there is none, or why the last one ended; nil once bytes of the log came in
}

// NewSlave makes a slave that does not run.
func NewSlave(opt SlaveOptions, store Target, ev SlaveEvents) *Slave {
	return &Slave{opt: opt, store: store, ev: ev, master: opt.Master, changed: make(chan struct{})}
}

// SetMaster changes the master's address (host:port of its haListenPort); "" is none. Another one ends the present
// connection.
func (s *Slave) SetMaster(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master == addr {
		return
	}
	s.master = addr
	close(s.changed)
	s.changed = make(chan struct{})
}

// NoteMasterEnd tells where the master's log ends, as far as the caller knows: the protocol does not say. State tells
// how far behind that the slave is.
func (s *Slave) NoteMasterEnd(offset int64) { s.masterEnd.Store(offset) }

// target is the master's address, and what is closed when it changes.
func (s *Slave) target() (addr string, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.master, s.changed
}

// Start begins to follow the master. It may be called again after Stop; the second call in a row does nothing.
func (s *Slave) Start() {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.done = cancel, make(chan struct{})
	go func() { defer close(s.done); s.run(ctx) }()
}

// Stop ends the connection and returns when nothing is appended any more. Calling it again does nothing.
func (s *Slave) Stop() {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.cancel == nil {
		return
	}
	s.cancel()
	<-s.done
	s.cancel = nil
}

// Between two tries to connect.
const (
	retryFirst = 50 * time.Millisecond
	retryMost  = time.Second
	dialLimit  = 5 * time.Second
)

// run connects again and again until ctx ends.
func (s *Slave) run(ctx context.Context) {
	rest := retryFirst
	for ctx.Err() == nil {
		addr, changed := s.target()
		if addr == "" {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		session, end := context.WithCancel(ctx)
		stop := make(chan struct{})
		go func() { // ends the session when the address changes
			defer close(stop)
			select {
			case <-session.Done():
			case <-changed:
				end()
			}
		}()
		served, err := s.follow(session, addr)
		end()
		<-stop
		if ctx.Err() != nil {
			err = ErrStopped
		}
		s.ended(addr, err)
		if rest = min(2*rest, retryMost); served {
			rest = retryFirst
		}
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
		case <-changed:
			rest = retryFirst
		case <-timer.C:
		}
		timer.Stop()
	}
}

// ended notes and tells the end of a connection, or that there was none.
func (s *Slave) ended(addr string, why error) {
	s.mu.Lock()
	s.status.connected = false
	if why != ErrStopped || s.status.err == nil {
		s.status.err = why
	}
	s.mu.Unlock()
	if s.ev.Disconnected != nil {
		s.ev.Disconnected(addr, why)
	}
}

// follow serves one connection; served tells that the master sent something that fits.
func (s *Slave) follow(ctx context.Context, addr string) (served bool, err error) {
	s.store.DropPartial()
	sock, err := s.dial(ctx, addr)
	if err != nil {
		return false, err
	}
	defer sock.Close()
	if s.opt.Compare != nil && !s.opt.Switch.knows() {
		if err := s.opt.Compare(ctx, addr); err != nil {
			return false, err
		}
	}
	unhook := context.AfterFunc(ctx, func() { _ = sock.Close() })
	defer unhook()
	f := follower{s: s, ctx: ctx, raw: sock, addr: addr}
	if f.sock, err = s.opt.Shield.over(ctx, sock); err == nil {
		err = f.run()
	}
	if ctx.Err() != nil {
		err = ErrMoved
	}
	return f.served, err
}

func (s *Slave) dial(ctx context.Context, addr string) (net.Conn, error) {
	if s.opt.Network != nil {
		ctx, cancel := context.WithTimeout(ctx, dialLimit)
		defer cancel()
		return s.opt.Network.Dial(ctx, addr)
	}
	dialer := net.Dialer{Timeout: dialLimit}
	return dialer.DialContext(ctx, "tcp", addr)
}

// ErrMoved ends the connection of a slave whose master is another one now.
var ErrMoved = errors.New("ha: the master's address changed")

// SlaveStatus is what a slave knows of itself (Java HARuntimeInfo.HAClientRuntimeInfo).
type SlaveStatus struct {
	Master         string // its address, "" when it is not known
	Connected      bool
	Since          time.Time // of the connection
	Offset         int64     // end of the slave's log
	Behind         int64     // bytes to the end of the master's log as NoteMasterEnd told it last; -1: not known
	BytesPerSecond int64
	LastRead       time.Time // when the master's last bytes came; zero: none did
	LastWrite      time.Time // of the last report
	Err            error     // why it is not connected, or does not get on; nil when it does
}

// State is what Slave knows now.
func (s *Slave) State() SlaveStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := SlaveStatus{Master: s.master, Connected: s.status.connected, Since: s.status.since, Err: s.status.err,
		Offset: s.store.MaxPhyOffset(), Behind: -1, BytesPerSecond: s.received.rate(), LastRead: stamp(&s.lastRead),
		LastWrite: stamp(&s.lastWrite)}
	if end := s.masterEnd.Load(); end > 0 {
		st.Behind = max(0, end-st.Offset)
	}
	return st
}

func stamp(ms *atomic.Int64) time.Time {
	if v := ms.Load(); v > 0 {
		return time.UnixMilli(v)
	}
	return time.Time{}
}
