package ha

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/commitlog"
)

// Source is the log that a master sends: commitlog.Log. Its methods may be called by any goroutine.
type Source interface {
	Min() int64                            // offset of the oldest byte
	End() int64                            // offset behind the last byte that may be sent
	SegmentSize() int64                    // bytes of a file
	Lease(offset int64) *commitlog.Segment // the file that holds offset, leased; nil when it is gone
	Moved() <-chan struct{}                // closed when End moves next
}

// MasterOptions are fixed while a master runs.
type MasterOptions struct {
	Listen string // host:port; port 0: any free one (haListenPort)
	// MaxConnections is the most there are at once, 0: DefaultMaxConnections. When there are so many, one that has not
	// asked for anything yet makes room for the next; then one of the machine that has the most, if the next one's has
	// fewer than that even with it.
	MaxConnections int
	Switch         *SwitchMaster // nil: the master of this group does not change
	Network        Network       // nil: the kernel's
	Shield         Shield        // nil: slaves connect as they are
}

// Network is what connections run over instead of the kernel's TCP: one in memory, for a simulation. Its connections
// have *net.TCPAddr for addresses.
type Network interface {
	Listen(addr string) (net.Listener, error)
	Dial(ctx context.Context, addr string) (net.Conn, error)
}

// DefaultMaxConnections is the most connections of a master if nothing else is said.
const DefaultMaxConnections = 64

// MasterSettings may change while a master runs (Java MessageStoreConfig).
type MasterSettings struct {
	HeartbeatInterval    time.Duration // without a block, between heartbeats (haSendHeartbeatInterval)
	HousekeepingInterval time.Duration // without a report, until a connection ends (haHousekeepingInterval)
	BatchSize            int           // bytes of a block at most, but see conn.largest (haTransferBatchSize)
	FlowControl          bool          // haFlowControlEnable
	MaxBytesPerSecond    int64         // to one slave, with FlowControl (maxHaTransferByteInSecond)
	// Pace is the time between blocks that are smaller than they may be, and ten times that between looks at a slave's
	// reports, when nobody waits for what it has (ASYNC_MASTER). 0: somebody may.
	Pace         time.Duration
	FromLastFile bool // a new slave gets the last file only, as from Java, and not the whole log
}

// MasterEvents are told what happens, by the goroutines of connections, without a lock. Every field may be nil.
type MasterEvents struct {
	// Connected runs when a slave has asked for the log from an offset on, and gets it from another one: for a new
	// slave they differ.
	Connected func(addr string, asked, from int64)
	// Disconnected runs when a connection ends, with the reason.
	Disconnected func(addr string, why error)
	// Acknowledged runs when a slave has more than before: once for all that it reported together.
	Acknowledged func()
	// CaughtUp runs when a slave of a switching group has all there is for the first time on its connection.
	CaughtUp func(id int64)
	// Failed runs when no connection could be accepted; it is tried again.
	Failed func(err error)
}

// Master sends a log to whoever connects (Java DefaultHAService, AcceptSocketService). All methods may be called by any
// goroutine.
type Master struct {
	opt      MasterOptions
	log      Source
	ev       MasterEvents
	settings atomic.Pointer[MasterSettings]

	lifeMu  sync.Mutex // Start and Stop
	cancel  context.CancelFunc
	workers sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // guarded by mu; nil while it does not run
	conns    []*conn      // in the order in which they came; guarded by mu
	refused  int64        // connections that were no slave's, see MasterState; guarded by mu
}

// NewMaster makes a master that does not run.
func NewMaster(opt MasterOptions, set MasterSettings, log Source, ev MasterEvents) *Master {
	opt.MaxConnections = cmp.Or(opt.MaxConnections, DefaultMaxConnections)
	m := &Master{opt: opt, log: log, ev: ev}
	m.Configure(set)
	return m
}

// Configure replaces the settings; they act at once.
func (m *Master) Configure(set MasterSettings) {
	set.BatchSize = max(1, set.BatchSize)
	m.settings.Store(&set)
}

// Start listens. It may be called again after Stop.
func (m *Master) Start() error {
	m.lifeMu.Lock()
	defer m.lifeMu.Unlock()
	if m.cancel != nil {
		return errors.New("ha: the master runs already")
	}
	l, err := m.listen()
	if err != nil {
		return fmt.Errorf("ha: haListenPort: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.mu.Lock()
	m.listener = l
	m.mu.Unlock()
	m.cancel = cancel
	m.workers.Go(func() { m.accept(ctx, l) })
	return nil
}

func (m *Master) listen() (net.Listener, error) {
	if m.opt.Network != nil {
		return m.opt.Network.Listen(m.opt.Listen)
	}
	return net.Listen("tcp", m.opt.Listen)
}

// Stop ends all connections and returns when their goroutines have ended. Calling it again does nothing.
func (m *Master) Stop() {
	m.lifeMu.Lock()
	defer m.lifeMu.Unlock()
	if m.cancel == nil {
		return
	}
	m.cancel()
	m.mu.Lock()
	_ = m.listener.Close()
	m.listener = nil
	for _, c := range m.conns {
		c.end(ErrStopped)
	}
	m.mu.Unlock()
	m.workers.Wait()
	m.cancel = nil
}

// Addr is where it listens, nil while it does not run.
func (m *Master) Addr() net.Addr {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listener == nil {
		return nil
	}
	return m.listener.Addr()
}

// acceptPause is how long a failed accept waits before the next.
const acceptPause = 100 * time.Millisecond

func (m *Master) accept(ctx context.Context, l net.Listener) {
	for {
		sock, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = sock.Close()
			}
			return
		}
		if err != nil {
			if m.ev.Failed != nil {
				m.ev.Failed(err)
			}
			time.Sleep(acceptPause)
			continue
		}
		m.serve(ctx, sock)
	}
}

// serve starts the goroutines of a connection, if there is room for it.
func (m *Master) serve(ctx context.Context, sock net.Conn) {
	if err := m.add(ctx, newConn(m, sock)); err != nil {
		_ = sock.Close()
		m.gone(sock.RemoteAddr().String(), err)
	}
}

// add makes a connection one of the master's.
func (m *Master) add(ctx context.Context, c *conn) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ErrStopped
	}
	if len(m.conns) >= m.opt.MaxConnections {
		i := m.leaves(c.host)
		if i < 0 {
			m.refused++
			return errTooMany
		}
		m.conns[i].end(errMadeRoom)
		m.conns = slices.Delete(m.conns, i, i+1)
	}
	m.conns = append(m.conns, c)
	m.workers.Go(func() { c.run(ctx) })
	return nil
}

// leaves is the connection that makes room for one more from a machine; -1: none does. Caller holds mu.
func (m *Master) leaves(host string) int {
	if i := slices.IndexFunc(m.conns, func(c *conn) bool { return c.asked.Load() < 0 }); i >= 0 {
		return i
	}
	have, most := map[string]int{}, ""
	for _, c := range m.conns {
		if have[c.host]++; have[c.host] > have[most] {
			most = c.host
		}
	}
	if have[most] <= have[host]+1 {
		return -1
	}
	last := -1 // of the machine with the most: who has the least of the log
	for i, c := range m.conns {
		if c.host == most && (last < 0 || c.acked.Load() < m.conns[last].acked.Load()) {
			last = i
		}
	}
	return last
}

// remove forgets a connection that has ended; stranger tells that it was no slave's.
func (m *Master) remove(c *conn, why error) {
	m.mu.Lock()
	if i := slices.Index(m.conns, c); i >= 0 {
		m.conns = slices.Delete(m.conns, i, i+1)
	}
	if c.asked.Load() < 0 || errors.As(why, new(*ReportError)) {
		m.refused++
	}
	m.mu.Unlock()
	m.gone(c.addr, why)
}

func (m *Master) gone(addr string, why error) {
	if m.ev.Disconnected != nil {
		m.ev.Disconnected(addr, why)
	}
}
