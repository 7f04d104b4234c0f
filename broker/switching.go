package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorocket/broker/exporter"
	"gorocket/broker/replicas"
	"gorocket/broker/replication"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/epoch"
	"gorocket/store/ha"
)

// A broker of a group whose master controllers decide (enableControllerMode) changes its role while it runs: what
// broker/replicas has it do is here. It starts as a slave without a master, known to no NameServer.

// controlled tells whether controllers decide.
func (b *Broker) controlled() bool { return b.replicas != nil }

// openReplicas prepares the part in the broker set; store and client are there. Errors name a file.
func (b *Broker) openReplicas() (err error) {
	c := b.cfg()
	if !c.EnableControllerMode {
		return b.retireEpochs()
	}
	if b.epochs, err = epoch.Open(b.fs, c.StorePathEpochFile); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	b.powerLost.Store(!b.store.Report().Clean && !b.store.Report().Intact)
	b.replicas = replicas.New(replicas.Deps{Settings: b.replicaSettings, FS: b.fs, File: c.StorePathBrokerIdentity,
		Client: b.client, Role: role{b}, Log: b.log, Throttled: b.throttled})
	if err = b.replicas.Open(); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	return nil
}

// retireEpochs forgets who wrote the log, as this start goes on with it without controllers. When they are back, a log
// that has grown without an epoch would be cut where the epochs part, or lead for one that it had once.
func (b *Broker) retireEpochs() error {
	name := b.cfg().StorePathEpochFile
	was, err := epoch.Retire(b.fs, name)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if was {
		b.log.Warn().Str("file", name).Str("kept", name+".old").
			Msg("the log goes on without controllers: who wrote it before is moved aside")
	}
	return nil
}

func (b *Broker) replicaSettings() replicas.Settings {
	c := b.cfg()
	addrs, _ := c.Controllers() // checked by Config.Complete
	return replicas.Settings{Cluster: c.BrokerClusterName, Broker: c.BrokerName, Addr: c.Addr(), Controllers: addrs,
		ByName: c.FetchControllerAddrByDNSLookup, Beat: ms(c.BrokerHeartbeatInterval),
		Timeout: ms(c.ControllerHeartBeatTimeoutMills), Poll: ms(c.SyncBrokerMetadataPeriod),
		Check: ms(c.CheckSyncStateSetPeriod), FindLeader: ms(c.SyncControllerMetadataPeriod),
		NotCaughtUp: ms(c.HAMaxTimeSlaveNotCatchup), Priority: int32(c.BrokerElectionPriority), Learner: c.AsyncLearner,
		AllAck: c.AllAckInSyncStateSet}
}

// replicationSwitch is what replication is given of it; nil without controllers.
func (b *Broker) replicationSwitch() *replication.Switch {
	if !b.controlled() {
		return nil
	}
	return &replication.Switch{ID: b.replicas.ID, Epochs: b.epochs, Others: b.replicas.Others, Look: b.replicas.Look,
		Truncate: b.truncate}
}

// handOver lets another broker be master before this one stops: it takes no more messages, lets its slaves have what
// there is, and leaves the controllers, who elect then at once.
func (b *Broker) handOver() {
	if !b.controlled() {
		return
	}
	b.replicas.Stop()
	if !b.cfg().IsSlave() {
		_ = b.store.BecomeSlave()
		limit := time.Now().Add(handOverLimit)
		for !b.replica.AllHave(b.store.MaxPhyOffset()) && time.Now().Before(limit) {
			time.Sleep(time.Millisecond)
		}
	}
	b.replicas.Leave()
}

// handOverLimit bounds how long a master that stops waits for its slaves.
const handOverLimit = 500 * time.Millisecond

// truncation is why the broker has to be stopped, have its log truncated, and be opened anew; see Host.
type truncation struct {
	*ha.TruncateError
	turn int64 // Broker.turns then: under another master, or as one, nothing has to go
}

// truncate asks whoever runs this broker to open it anew with a shorter log. It does not block. The slave's goroutine
// calls it, which has ended when the role changes.
func (b *Broker) truncate(why *ha.TruncateError) {
	select {
	case b.again <- truncation{why, b.turns.Load()}:
	default:
	}
}

// took notes that the broker has another master, or is one.
func (b *Broker) took() {
	b.turns.Add(1)
	b.changes.Changes.Add(1)
}

// roles is what metrics tell of this broker's part in the group.
func (b *Broker) roles() (r exporter.Roles, ok bool) {
	if !b.controlled() {
		return r, false
	}
	r = exporter.Roles{Roles: b.changes, Epoch: b.epochs.List().Last()}
	if !b.cfg().IsSlave() {
		r.InSync, r.Fenced = b.replicas.Set().Size(), b.replicas.Fenced()
	}
	return r, true
}

// role is the broker as broker/replicas sees it.
type role struct{ b *Broker }

// State implements replicas.Role.
func (r role) State() replicas.State {
	b := r.b
	return replicas.State{Epoch: b.epochs.List().Last(), End: b.store.MaxPhyOffset(), Confirmed: b.store.Confirmed(),
		PowerLost: b.powerLost.Load(), Sick: errors.Is(b.store.Writable(), store.ErrSyncFailed) ||
			b.store.PageCacheLockTime() > int64(b.cfg().ControllerHeartBeatTimeoutMills)}
}

// Slaves implements replicas.Role.
func (r role) Slaves() []ha.SlaveState { return r.b.replica.Slaves() }

// Counted implements replicas.Role.
func (r role) Counted() { r.b.replica.Confirm() }

// Fence implements replicas.Role.
func (r role) Fence(on bool) error {
	if on {
		return r.b.store.BecomeSlave()
	}
	err := r.b.store.BecomeMaster()
	r.b.replica.Confirm()
	return err
}

// Lead implements replicas.Role. The epoch is on disk before the first byte of it.
func (r role) Lead(m replicas.Master) error {
	b := r.b
	was := !b.cfg().IsSlave()
	var followed replication.Following
	b.replica.Following(&followed)
	if was {
		if err := b.store.BecomeSlave(); err != nil { // what is sent now is of the old epoch
			return err
		}
	} else {
		b.replica.Stop()
	}
	b.took()
	if err := b.beginEpoch(m.Epoch); err != nil {
		return err
	}
	b.setRole("SYNC_MASTER", 0) // before the first message: it says who has to have it
	if err := b.store.BecomeMaster(); err != nil {
		if !was {
			b.setRole("SLAVE", b.replicas.ID())
		}
		return err
	}
	b.powerLost.Store(false)
	if was {
		b.announce(m.Epoch)
		return nil
	}
	b.missing.leading.Store(true)
	err := b.replica.Start()
	b.missing.leading.Store(false)
	if err != nil {
		_ = r.Follow(replicas.Master{})
		return fmt.Errorf("haListenPort=%d: %w", b.cfg().HAListenPort, err)
	}
	b.makeMissing(followed.TablesSynced) // now that all is shown which is confirmed
	b.beMaster()
	b.work()
	b.mappings.Start()
	b.announce(m.Epoch)
	return nil
}

// beginEpoch notes that what follows is of an epoch. A broker that goes on as the master that it was, without having
// lost anything, has noted that already.
func (b *Broker) beginEpoch(number int32) error {
	list := b.epochs.List()
	if list.Last() == number {
		return nil
	}
	start := b.store.MaxPhyOffset()
	if len(list) == 0 { // a store of the time before: all of it is this master's
		start = b.store.MinPhyOffset()
	}
	return b.epochs.Begin(epoch.Entry{Epoch: number, Start: start})
}

// Follow implements replicas.Role. Who waits for an acknowledgement is told first.
func (r role) Follow(m replicas.Master) error {
	b := r.b
	err := b.store.BecomeSlave()
	b.store.GiveUp()
	if was := !b.cfg().IsSlave(); was {
		b.act(false)
		b.mappings.Stop()
	}
	b.replica.Stop()
	b.took()
	b.setRole("SLAVE", b.replicas.ID())
	if m.ID == 0 {
		return err
	}
	b.discardPopped()
	b.replica.Follow(m.Addr)
	err = errors.Join(err, b.replica.Start())
	b.announce(m.Epoch)
	b.findMaster()
	return err
}

// setRole makes the configuration say what the broker is.
func (b *Broker) setRole(name string, id int64) {
	b.confMu.Lock()
	defer b.confMu.Unlock()
	next := *b.cfg()
	next.BrokerRole, next.BrokerID = name, id
	if err := b.store.Reconfigure(next.Config); err != nil {
		b.log.Error().Err(err).Msg("the store does not take its role") // it is what it was, but for the role
	}
	b.live.Store(&next)
}

// announce tells the NameServers what the broker is now; the first time it becomes known to them.
func (b *Broker) announce(number int32) {
	b.register.Outdate(int64(number))
	if b.known.CompareAndSwap(false, true) {
		b.register.Start()
		return
	}
	b.register.Anew()
}

// findMaster asks the master where its haListenPort is, soon and in the background; the NameServers know it too, but
// later. One question at a time.
func (b *Broker) findMaster() {
	addr := b.replica.MasterAddr()
	if addr == "" || !b.finding.CompareAndSwap(false, true) {
		return
	}
	b.wg.Go(func() {
		defer b.finding.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), findTimeout)
		defer cancel()
		h, err := remoting.AskHeader(ctx, b.client, addr, wire.ReqExchangeBrokerHaInfo, wire.HAInfoResponse)
		if err == nil && h.HAAddr != "" && b.replica.MasterAddr() == addr {
			b.replica.Found(addr, h.HAAddr)
		}
	})
}

// findTimeout bounds the question.
const findTimeout = 3 * time.Second
