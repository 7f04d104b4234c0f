package broker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/broker/config"
	"gorocket/broker/replicas"
	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store/vfs"
)

// council is a controller that elects whom the test says, and agrees to every set.
type council struct {
	t    *testing.T
	addr string

	mu       sync.Mutex
	addrs    map[int64]string // guarded by mu; of the brokers, by id
	master   int64            // guarded by mu; 0: nobody
	epoch    int32            // guarded by mu
	set      []int64          // guarded by mu
	setEpoch int32            // guarded by mu
	fixed    bool             // guarded by mu; it agrees to no other set
}

func startCouncil(t *testing.T) *council {
	c := &council{t: t, addrs: map[int64]string{}}
	c.addr = remotingtest.Serve(t,
		remoting.Entry{Code: wire.ReqControllerGetMetadataInfo, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			remoting.Respond(&ctx.Replier, wire.Success, "", wire.ControllerMetadataResponse,
				&wire.ControllerMetadataHeader{LeaderAddress: c.addr}, remoting.Body{})
		}},
		remoting.Entry{Code: wire.ReqControllerGetNextBrokerId, Mode: remoting.Pooled, Handle: c.nextID},
		remoting.Entry{Code: wire.ReqControllerApplyBrokerId, Mode: remoting.Pooled, Handle: c.applyID},
		remoting.Entry{Code: wire.ReqControllerRegisterBroker, Mode: remoting.Pooled, Handle: c.register},
		remoting.Entry{Code: wire.ReqControllerGetReplicaInfo, Mode: remoting.Pooled, Handle: c.info},
		remoting.Entry{Code: wire.ReqControllerAlterSyncStateSet, Mode: remoting.Pooled, Handle: c.alter},
		remoting.Entry{Code: wire.ReqControllerElectMaster, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			ctx.Status(wire.ControllerElectMasterFailed, "the test elects")
		}},
		remoting.Entry{Code: wire.ReqBrokerHeartbeat, Mode: remoting.Pooled, Handle: func(*remoting.Context) {}})
	return c
}

func (c *council) nextID(ctx *remoting.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := int64(1)
	for id := range c.addrs {
		next = max(next, id+1)
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.NextBrokerIDResponse,
		&wire.NextBrokerIDResponseHeader{NextBrokerID: next}, remoting.Body{})
}

func (c *council) applyID(ctx *remoting.Context) {
	h, _ := remoting.Header(ctx, wire.ApplyBrokerIDRequest)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addrs[h.BrokerID], _, _ = strings.Cut(h.CheckCode, ";")
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.ApplyBrokerIDResponse, &wire.ApplyBrokerIDResponseHeader{},
		remoting.Body{})
}

func (c *council) register(ctx *remoting.Context) {
	h, _ := remoting.Header(ctx, wire.RegisterToControllerRequest)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addrs[h.BrokerID] = h.BrokerAddress
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.RegisterToControllerResponse,
		&wire.RegisterToControllerResponseHeader{ElectMasterResponseHeader: wire.ElectMasterResponseHeader{
			MasterBrokerID: c.master, MasterAddress: c.addrs[c.master], MasterEpoch: c.epoch,
			SyncStateSetEpoch: c.setEpoch}}, c.body())
}

func (c *council) info(ctx *remoting.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.ReplicaInfoResponse, &wire.ReplicaInfoResponseHeader{
		MasterBrokerID: c.master, MasterAddress: c.addrs[c.master], MasterEpoch: c.epoch}, c.body())
}

func (c *council) alter(ctx *remoting.Context) {
	h, _ := remoting.Header(ctx, wire.AlterSyncStateSetRequest)
	var set protocol.SyncStateSet
	if err := compat.Unmarshal(ctx.Req.Body, &set); err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case h.MasterBrokerID != c.master || h.MasterEpoch != c.epoch:
		ctx.Status(wire.ControllerInvalidMaster, "another one is master")
	case set.SyncStateSetEpoch != c.setEpoch:
		ctx.Status(wire.ControllerFencedSyncStateSetEpoch, "another set")
	case c.fixed:
		ctx.Status(wire.ControllerAlterSyncStateSetFailed, "the test does not want to")
	default:
		c.set, c.setEpoch = set.SyncStateSet, c.setEpoch+1
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.AlterSyncStateSetResponse,
			&wire.AlterSyncStateSetResponseHeader{NewSyncStateSetEpoch: c.setEpoch}, c.body())
	}
}

// body is the sync state set. Caller holds mu.
func (c *council) body() remoting.Body {
	b, err := compat.Marshal(protocol.SyncStateSet{SyncStateSet: c.set, SyncStateSetEpoch: c.setEpoch})
	if err != nil {
		c.t.Error(err)
	}
	return remoting.Body{Bytes: b}
}

// elect makes a broker master, of a set of its own; it need not be there.
func (c *council) elect(id int64, set ...int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.addrs[id] == "" {
		c.addrs[id] = "127.0.0.1:1"
	}
	c.master, c.epoch, c.set, c.setEpoch = id, c.epoch+1, append(set, id), c.setEpoch+1
}

// fix says whether it agrees to other sets.
func (c *council) fix(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fixed = on
}

// now is who is master.
func (c *council) now() replicas.Master {
	c.mu.Lock()
	defer c.mu.Unlock()
	return replicas.Master{ID: c.master, Addr: c.addrs[c.master], Epoch: c.epoch}
}

// members is the sync state set.
func (c *council) members() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(slices.Values(c.set))
}

// ids are those of all brokers.
func (c *council) ids() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.addrs))
}

// seat is a broker of a council on a disk in memory, which is opened anew when its log has to be truncated.
type seat struct {
	*rig
	c    *council
	host *Host
	mem  *vfs.Mem
	cfg  config.Config
	id   int64
}

// seat makes one broker more, and waits until it has its id.
func (c *council) seat(edit ...func(*config.Config)) *seat {
	c.t.Helper()
	s := &seat{c: c, mem: newMem(c.t), cfg: testConfig(c.t, memRoot), rig: &rig{t: c.t, cl: remotingtest.Client(c.t)}}
	s.cfg.EnableControllerMode, s.cfg.ControllerAddr, s.cfg.BrokerHeartbeatInterval = true, c.addr, 10
	s.cfg.SyncBrokerMetadataPeriod, s.cfg.CheckSyncStateSetPeriod, s.cfg.MappedFileSizeCommitLog = 10, 50, 1<<20
	s.cfg.HASendHeartbeatInterval, s.cfg.SlaveReadEnable = 50, true
	for _, e := range edit {
		e(&s.cfg)
	}
	s.addr = s.cfg.Addr()
	had := c.ids()
	s.open()
	testutil.WaitFor(c.t, "the broker has an id", func() bool { return s.host.Broker().replicas.ID() > 0 })
	s.id = s.host.Broker().replicas.ID()
	if slices.Contains(had, s.id) {
		c.t.Fatalf("broker %d is there already", s.id)
	}
	c.t.Cleanup(s.stop)
	return s
}

func (s *seat) log() zerolog.Logger {
	return zerolog.New(zerolog.NewTestWriter(s.t)).Level(zerolog.ErrorLevel)
}

// open starts it, also again after stop.
func (s *seat) open() {
	s.t.Helper()
	h, err := NewHost(s.cfg, s.log(), Options{FS: s.mem})
	if err == nil {
		err = h.Start(context.Background())
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.host, s.b = h, h.Broker()
}

func (s *seat) stop() {
	if err := s.host.Stop(context.Background()); err != nil {
		s.t.Error(err)
	}
	select {
	case err := <-s.host.Failed():
		s.t.Error(err)
	default:
	}
}

// leads and follows wait until it is that.
func (s *seat) leads() {
	s.t.Helper()
	testutil.WaitFor(s.t, "it leads", func() bool {
		b := s.host.Broker()
		return b.replicas.Master() == s.c.now() && !b.cfg().IsSlave() && b.store.Writable() == nil
	})
	s.b = s.host.Broker()
}

func (s *seat) follows(m *seat) {
	s.t.Helper()
	testutil.WaitFor(s.t, fmt.Sprintf("broker %d has all of broker %d", s.id, m.id), func() bool {
		b := s.host.Broker()
		return b.replica.Follows() && b.store.MaxPhyOffset() == m.host.Broker().store.MaxPhyOffset()
	})
	s.b = s.host.Broker()
}
