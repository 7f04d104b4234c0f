package replication

import (
	"cmp"
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/slave"
	"gorocket/broker/worker"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/ha"
)

// Deps is what a Service needs of its broker.
type Deps struct {
	Settings func() *store.Config
	Slave    func() bool   // the role
	Listen   func() string // host:port of a master's haListenPort
	Store    func() *store.Store
	Client   *remoting.Client
	Tables   slave.Deps
	// Lost asks the NameServers again where the master is; Found hears the answer
	Lost func()
	// Joined runs when a slave is connected to its master's log, before it takes a byte; nil: nothing
	Joined func()
	// Needed is how many brokers, this one counted, have to have a message before a SYNC_MASTER acknowledges it
	Needed    func() int
	Switch    *Switch // nil: the master of this group does not change
	Log       zerolog.Logger
	Throttled *throttle.Log
	Seek      time.Duration // 0: seekPeriod
	Network   ha.Network    // nil: the kernel's
	// Accept and Dial shield connections between master and slave; nil: they stay plain
	Accept, Dial ha.Shield
}

// Service is this broker's part in replication. Start and Stop may be called again; the role is read at Start. All
// methods but these two may be called by any goroutine.
type Service struct {
	d     Deps
	loops worker.Group

	mu       sync.Mutex
	master   *ha.Master     // guarded by mu; nil unless a master runs
	slave    *ha.Slave      // guarded by mu; nil unless a slave runs
	tables   *slave.Sync    // guarded by mu; nil unless a slave runs
	addr     string         // guarded by mu; the master's remoting address
	haAddr   string         // guarded by mu; the master's haListenPort
	diverged *DivergedError // guarded by mu; found when the last connection began
	lostAt   time.Time      // guarded by mu; since when a slave does not follow; zero: it does

	confirming sync.Mutex // held over confirmSet; before mu

	needed int         // guarded by mu; by how many brokers the log is confirmed, see confirm
	fewer  *time.Timer // guarded by mu; runs while fewer would do for what is sent now, else nil
}

// New prepares a Service.
func New(d Deps) *Service {
	d.Seek = cmp.Or(d.Seek, seekPeriod)
	if d.Needed == nil {
		d.Needed = func() int { return d.Settings().InSyncReplicas }
	}
	if d.Joined == nil {
		d.Joined = func() {}
	}
	return &Service{d: d}
}

// Start begins what the role asks for. An error: the port of a master cannot be listened on.
func (s *Service) Start() error {
	if s.d.Slave() {
		s.startSlave()
		return nil
	}
	opt := ha.MasterOptions{Listen: s.d.Listen(), MaxConnections: s.d.Settings().MaxHAConnections,
		Switch: s.switchMaster(), Network: s.d.Network, Shield: s.d.Accept}
	m := ha.NewMaster(opt, masterSettings(s.d.Settings(), s.d.Switch != nil), s.d.Store().Log(), s.masterEvents())
	if err := m.Start(); err != nil {
		return err
	}
	s.mu.Lock()
	s.master = m
	s.mu.Unlock()
	s.Confirm() // a slave may have reported already
	return nil
}

func (s *Service) startSlave() {
	c := s.d.Settings()
	f := ha.NewSlave(ha.SlaveOptions{Master: c.HAMasterAddress, HeartbeatInterval: ms(c.HASendHeartbeatInterval),
		HousekeepingInterval: ms(c.HAHousekeepingInterval), Compare: s.compare, End: s.endOf, Switch: s.switchSlave(),
		Durable: s.durable, Network: s.d.Network, Shield: s.d.Dial}, s.d.Store(), s.slaveEvents())
	d := s.d.Tables
	t := slave.New(d)
	d.Offsets.Committed = t.Progress().Note
	s.mu.Lock()
	s.slave, s.tables, s.lostAt = f, t, time.Now()
	addr, haAddr := s.addr, s.haAddr
	s.mu.Unlock()
	s.Found(addr, haAddr)
	f.Start()
	t.Start()
	s.loops.Start(s.seek)
}

// durable waits until a slave's log is on its disk, with flushDiskType=SYNC_FLUSH.
func (s *Service) durable(ctx context.Context, offset int64) error {
	if s.d.Settings().FlushDiskType != store.SyncFlush {
		return nil
	}
	done := make(chan error, 1)
	s.d.Store().NotifyDurable(offset, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop ends it and returns when nothing is sent, stored or asked any more.
func (s *Service) Stop() {
	s.loops.Stop()
	s.mu.Lock()
	m, f, t := s.master, s.slave, s.tables
	s.master, s.slave, s.tables = nil, nil, nil
	s.forget()
	s.diverged, s.lostAt = nil, time.Time{}
	s.mu.Unlock()
	if m != nil {
		m.Stop()
	}
	if f != nil {
		f.Stop()
		t.Stop()
	}
}

// running is the master that runs, nil on a slave.
func (s *Service) running() *ha.Master {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.master
}

// Reconfigure makes changed settings act.
func (s *Service) Reconfigure() {
	s.mu.Lock()
	m := s.master
	s.forget()
	s.mu.Unlock()
	if m != nil {
		m.Configure(masterSettings(s.d.Settings(), s.d.Switch != nil))
		s.Confirm()
	}
}

// Found says where the NameServers know the master of this broker name: its remoting address and that of its
// haListenPort, both host:port. What is empty is not known to them, which changes nothing: a NameServer that has just
// started knows no master yet. A master ignores it.
func (s *Service) Found(addr, haAddr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.d.Switch != nil && addr != s.addr {
		return // the controllers say who is master
	}
	if addr != "" {
		s.addr = addr
	}
	if haAddr != "" && s.d.Settings().HAMasterAddress == "" {
		s.haAddr = haAddr
	}
	if s.slave == nil {
		return
	}
	s.tables.Follow(s.addr)
	if s.haAddr != "" {
		s.slave.SetMaster(s.haAddr)
	}
}

// Unknown is told of a record of the master's whose topic this slave does not know: one that was made just now. Without
// it the messages could not be read here if the master went away. Any goroutine; it does not block.
func (s *Service) Unknown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables != nil {
		s.tables.Soon()
	}
}

// MasterAddr is the remoting address of a slave's master, host:port; empty while it is not known.
func (s *Service) MasterAddr() string { return s.masterAddr() }

func (s *Service) masterAddr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// RuntimeInfo is what GET_BROKER_HA_STATUS answers. Java: DefaultHAService.getRuntimeInfo.
func (s *Service) RuntimeInfo() protocol.HARuntimeInfo {
	s.mu.Lock()
	m, f := s.master, s.slave
	s.mu.Unlock()
	info := protocol.HARuntimeInfo{Master: f == nil, HAConnectionInfo: []protocol.HAConnectionRuntimeInfo{}}
	if f != nil {
		st := f.State()
		info.HAClientRuntimeInfo = protocol.HAClientRuntimeInfo{MasterAddr: st.Master, MaxOffset: st.Offset,
			TransferredByteInSecond: st.BytesPerSecond, LastReadTimestamp: unixMilli(st.LastRead),
			LastWriteTimestamp: unixMilli(st.LastWrite), MasterFlushOffset: s.d.Store().MasterFlushedOffset()}
	}
	if m == nil {
		return info
	}
	st, gap := m.State(), s.d.Settings().HAMaxGapNotInSync
	info.MasterCommitLogMaxOffset = st.End
	for _, c := range st.Slaves {
		in := c.Behind < gap
		if in {
			info.InSyncSlaveNums++
		}
		info.HAConnectionInfo = append(info.HAConnectionInfo, protocol.HAConnectionRuntimeInfo{Addr: c.Addr, Diff: c.Behind,
			InSync: in, SlaveAckOffset: c.Acked, TransferFromWhere: c.Next, TransferredByteInSecond: c.BytesPerSecond})
	}
	return info
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Err is why this slave does not follow its master, or does not get on; nil when it does, and on a master.
func (s *Service) Err() error {
	s.mu.Lock()
	f := s.slave
	s.mu.Unlock()
	if f == nil {
		return nil
	}
	return f.State().Err
}

// Following is how a slave follows its master.
type Following struct {
	Connected    bool      // to the master's log
	Behind       int64     // bytes to the end of the master's log, as the master said it last; -1: it never did
	TablesSynced time.Time // when the tables were the master's the last time; zero: never
}

// Following fills f in on a slave; on a master it stays as it is.
func (s *Service) Following(f *Following) {
	s.mu.Lock()
	l, t := s.slave, s.tables
	s.mu.Unlock()
	if l != nil {
		st := l.State()
		f.Connected, f.Behind, f.TablesSynced = st.Connected, st.Behind, t.State().Synced
	}
}

// Follows tells whether this slave is connected to its master's log.
func (s *Service) Follows() bool {
	var f Following
	s.Following(&f)
	return f.Connected
}

// Joined tells whether a slave at host follows this master's log.
func (s *Service) Joined(host string) bool {
	return slices.ContainsFunc(s.Slaves(), func(c ha.SlaveState) bool {
		at, _, err := net.SplitHostPort(c.Addr)
		return err == nil && at == host
	})
}
