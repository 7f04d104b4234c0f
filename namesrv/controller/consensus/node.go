package consensus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	"github.com/rs/zerolog"
)

// ErrNotLeader says that another member, or none, decides at the moment.
var ErrNotLeader = errors.New("consensus: not the leader")

// Machine is what the members agree on. Its methods, but for Check, are called by one goroutine; Apply's result goes to
// who proposed.
type Machine interface {
	Apply(command []byte) any
	Snapshot() ([]byte, error)
	Restore(snapshot []byte) error
	// Check tells whether Restore would take a snapshot; it changes nothing. Any goroutine.
	Check(snapshot []byte) error
}

// Config is what a member needs. All fields but Join and Stores are required, and Dir only without Stores.
type Config struct {
	Group, Self string
	Peers       []Peer // the group at its first start; later the log says who belongs to it
	Dir         string
	Stores      *Stores // instead of files below Dir; nil: those
	Transport   *Transport
	Machine     Machine
	Log         zerolog.Logger
	Join        bool // the group is there already and adds this member: it does not found one
	// Timeout is how long a follower waits for its leader before it wants to be elected.
	Timeout time.Duration

	disk *diskOf // of tests; nil: the operating system's
}

// Node is one running member.
type Node struct {
	self   string // id; immutable
	raft   *raft.Raft
	stores stores
	log    zerolog.Logger

	leading atomic.Bool // leads, and has applied all that earlier leaders had committed
	changes chan bool
	ended   chan struct{} // closed when raft has ended
	changed func(leading bool)
	workers sync.WaitGroup

	asked  atomic.Int64 // futures that raft has not answered
	ending atomic.Bool  // Close runs: raft is asked for nothing any more
	once   sync.Once
	closed error // set by once
}

// Open starts the member. changed is told, by a goroutine of its own, when this member begins to lead, with all that
// was committed before applied, and when it ends to. Errors name the folder.
func Open(cfg Config, changed func(leading bool)) (*Node, error) {
	logger := newLogger(cfg.Log)
	var st stores
	if cfg.Stores != nil {
		st.Stores = *cfg.Stores
	} else {
		if err := claim(cfg.Dir, cfg.Group, cfg.Self); err != nil {
			return nil, err
		}
		var err error
		if st, err = openStores(cfg.Dir, logger, cfg.disk); err != nil {
			return nil, err
		}
	}
	n := &Node{self: cfg.Self, stores: st, log: cfg.Log, changes: make(chan bool, 64), ended: make(chan struct{}),
		changed: changed}
	if err := n.open(&cfg, logger); err != nil {
		return nil, errors.Join(fmt.Errorf("controller: folder %s: %w", cfg.Dir, err), st.close())
	}
	n.workers.Go(n.watch)
	return n, nil
}

func (n *Node) open(cfg *Config, logger logger) error {
	c := raft.DefaultConfig()
	c.LocalID, c.Logger, c.NotifyCh = raft.ServerID(cfg.Self), logger, n.changes
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = cfg.Timeout, cfg.Timeout, cfg.Timeout/2
	c.SnapshotThreshold, c.TrailingLogs = 4096, 4096
	if !cfg.Join {
		if err := n.found(c, cfg); err != nil {
			return err
		}
	}
	return n.run(c, cfg)
}

// found notes who founds the group, unless that has been done. A founding that was interrupted, between the term and
// the entry of the members, is completed: raft takes it for done, and then nobody would ever be elected.
func (n *Node) found(c *raft.Config, cfg *Config) error {
	has, err := raft.HasExistingState(n.stores.Log, n.stores.Stable, n.stores.Snapshots)
	if err != nil {
		return err
	}
	var group raft.Configuration
	for _, p := range cfg.Peers {
		group.Servers = append(group.Servers, raft.Server{ID: raft.ServerID(p.ID), Address: raft.ServerAddress(p.Addr)})
	}
	if !has {
		return raft.BootstrapCluster(c, n.stores.Log, n.stores.Stable, n.stores.Snapshots, cfg.Transport, group)
	}
	last, err := n.stores.Log.LastIndex()
	if err != nil || last > 0 {
		return err
	}
	if snapshots, err := n.stores.Snapshots.List(); err != nil || len(snapshots) > 0 {
		return err
	}
	return n.stores.Log.StoreLog(&raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration,
		Data: raft.EncodeConfiguration(group)})
}

// run starts raft, and lets others' requests in.
func (n *Node) run(c *raft.Config, cfg *Config) (err error) {
	n.raft, err = newRaft(c, machine{cfg.Machine}, n.stores.Stores, cfg.Transport)
	if err == nil {
		if n.stores.log != nil {
			n.stores.log.runs.Store(true)
		}
		cfg.Transport.open(&known{n.raft.CurrentTerm, n.raft.LastIndex, cfg.Machine.Check, n.waits})
	}
	return err
}

// newRaft starts raft. That panics, before it has begun anything, of what it does not find in its files.
func newRaft(c *raft.Config, m machine, s Stores, t *Transport) (r *raft.Raft, err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("the log, the votes or the snapshots cannot be read: %v; while a majority of the others runs, "+
				"take this member out of the group (gorocket controller remove) and add it again under a new id, with an "+
				"empty folder", why)
		}
	}()
	return raft.NewRaft(c, m, s.Log, s.Stable, s.Snapshots, t)
}

// watch follows raft's word about leadership until Close.
func (n *Node) watch() {
	for leads := range n.changes {
		if leads {
			leads = n.caughtUp()
		}
		if n.leading.Swap(leads) != leads {
			n.changed(leads)
		}
	}
}

// caughtUp waits until the state holds all that was committed before; false when the leadership is lost meanwhile.
func (n *Node) caughtUp() bool {
	for {
		err := n.barrier()
		if err == nil {
			return true
		}
		if n.raft.State() != raft.Leader {
			return false
		}
		n.log.Warn().Err(err).Msg("the new leader cannot commit yet")
		time.Sleep(barrierPause)
	}
}

// Propose has the group agree on a command and returns what the machine made of it. ErrNotLeader: another member leads;
// the command may still come to be when this one lost its place meanwhile.
func (n *Node) Propose(ctx context.Context, command []byte) (any, error) {
	if !n.leading.Load() {
		return nil, ErrNotLeader
	}
	f, done := ask(n, func() raft.ApplyFuture { return n.raft.Apply(command, proposeTimeout) })
	select {
	case err := <-done:
		if err != nil {
			return nil, notLeading(err)
		}
		return f.Response(), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("consensus: no majority in time: %w", ctx.Err())
	}
}

// notLeading makes an ErrNotLeader of raft's errors that mean one.
func notLeading(err error) error {
	if errors.Is(err, raft.ErrNotLeader) || errors.Is(err, raft.ErrLeadershipLost) ||
		errors.Is(err, raft.ErrLeadershipTransferInProgress) {
		return fmt.Errorf("%w: %w", ErrNotLeader, err)
	}
	return err
}

// Leading tells that this member decides, with all that was committed before applied.
func (n *Node) Leading() bool { return n.leading.Load() }

// waits is why this member does nothing at all.
func (n *Node) waits() error {
	if n.stores.log == nil {
		return nil
	}
	return n.stores.log.waits()
}

// Err is why this member keeps nothing of what the group agrees on, such as a full disk; nil when it does.
func (n *Node) Err() error {
	if n.stores.log == nil {
		return nil
	}
	return n.stores.log.Err()
}

// Leader is who leads as far as this member knows; empty when nobody does.
func (n *Node) Leader() Peer {
	addr, id := n.raft.LeaderWithID()
	return Peer{string(id), string(addr)}
}

// Members are the group's, as the log has it, in the order of their ids.
func (n *Node) Members() []Peer {
	f := n.raft.GetConfiguration()
	if f.Error() != nil {
		return nil
	}
	var list []Peer
	for _, s := range f.Configuration().Servers {
		list = append(list, Peer{string(s.ID), string(s.Address)})
	}
	return Sorted(list)
}

// Sorted orders members by their ids, n2 before n10, in place.
func Sorted(list []Peer) []Peer {
	slices.SortFunc(list, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Close hands the leadership over if this member has it, and ends. Calling it again returns the first result.
func (n *Node) Close() error {
	n.once.Do(func() { n.closed = n.close() })
	return n.closed
}

func (n *Node) close() error {
	n.ending.Store(true)
	n.settle()
	if n.raft.State() == raft.Leader && len(n.Members()) > 1 {
		if err := n.raft.LeadershipTransfer().Error(); err != nil {
			n.log.Warn().Err(err).Msg("could not hand the leadership over; the others will elect one")
		}
	}
	if n.stores.log != nil {
		n.stores.log.end()
	}
	err := n.raft.Shutdown().Error()
	close(n.ended)
	close(n.changes)
	n.workers.Wait()
	return errors.Join(err, n.stores.close())
}
