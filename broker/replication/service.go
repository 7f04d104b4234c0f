package replication

import (
	"cmp"
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
	Lost      func()
	Log       zerolog.Logger
	Throttled *throttle.Log
	Seek      time.Duration // 0: seekPeriod
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
}

// New prepares a Service.
func New(d Deps) *Service {
	d.Seek = cmp.Or(d.Seek, seekPeriod)
	return &Service{d: d}
}

// Start begins what the role asks for. An error: the port of a master cannot be listened on.
func (s *Service) Start() error {
	if s.d.Slave() {
		s.startSlave()
		return nil
	}
	opt := ha.MasterOptions{Listen: s.d.Listen(), MaxConnections: s.d.Settings().MaxHAConnections}
	m := ha.NewMaster(opt, masterSettings(s.d.Settings()), s.d.Store().Log(), s.masterEvents())
	if err := m.Start(); err != nil {
		return err
	}
	s.mu.Lock()
	s.master = m
	s.mu.Unlock()
	s.confirm() // a slave may have reported already
	return nil
}

func (s *Service) startSlave() {
	c := s.d.Settings()
	f := ha.NewSlave(ha.SlaveOptions{Master: c.HAMasterAddress, HeartbeatInterval: ms(c.HASendHeartbeatInterval),
		HousekeepingInterval: ms(c.HAHousekeepingInterval), Compare: s.compare}, s.d.Store(), s.slaveEvents())
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

// Stop ends it and returns when nothing is sent, stored or asked any more.
func (s *Service) Stop() {
	s.loops.Stop()
	s.mu.Lock()
	m, f, t := s.master, s.slave, s.tables
	s.master, s.slave, s.tables = nil, nil, nil
	s.mu.Unlock()
	if m != nil {
		m.Stop()
	}
	if f != nil {
		f.Stop()
		t.Stop()
	}
}

// Reconfigure makes changed settings act.
func (s *Service) Reconfigure() {
	s.mu.Lock()
	m := s.master
	s.mu.Unlock()
	if m != nil {
		m.Configure(masterSettings(s.d.Settings()))
		s.confirm()
	}
}

// Found says where the NameServers know the master of this broker name: its remoting address and that of its
// haListenPort, both host:port. What is empty is not known to them, which changes nothing: a NameServer that has just
// started knows no master yet. A master ignores it.
func (s *Service) Found(addr, haAddr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
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

func (s *Service) masterAddr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

const (
	seekPeriod = 2 * time.Second // how often a slave that does not follow asks where its master is
	sickAfter  = 30 * time.Second
)

// seek asks the NameServers for the master while this slave does not follow one: it may be another machine by now.
func (s *Service) seek(stop <-chan struct{}) {
	t := time.NewTicker(s.d.Seek)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
		}
		s.mu.Lock()
		f := s.slave
		s.mu.Unlock()
		if f == nil {
			return
		}
		lost := !f.State().Connected
		s.mu.Lock()
		switch {
		case !lost:
			s.lostAt = time.Time{}
		case s.lostAt.IsZero():
			s.lostAt = time.Now()
		}
		s.mu.Unlock()
		if lost {
			s.d.Lost()
		}
	}
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
			LastWriteTimestamp: unixMilli(st.LastWrite)}
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
	TablesSynced time.Time // when the tables were the master's the last time; zero: never
}

// Following fills f in on a slave; on a master it stays as it is.
func (s *Service) Following(f *Following) {
	s.mu.Lock()
	l, t := s.slave, s.tables
	s.mu.Unlock()
	if l != nil {
		f.Connected, f.TablesSynced = l.State().Connected, t.State().Synced
	}
}
