package broker

import (
	"context"
	"path"
	"time"

	"gorocket/broker/cluster"
	"gorocket/broker/delay"
	"gorocket/broker/exporter"
	"gorocket/broker/hold"
	"gorocket/broker/pop"
	"gorocket/broker/replication"
	"gorocket/broker/service"
	"gorocket/broker/slave"
	"gorocket/broker/static"
	"gorocket/broker/trans"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// What the rooms of the broker are given of it.

func (b *Broker) newLevels(spec string) (*delay.Levels, error) {
	bits := service.Bits{Config: &b.live, Filters: b.filters.Manager}
	return delay.NewLevels(delay.Deps{Store: b.openedStore, Put: b.put, Now: b.now, FilterBits: bits.Note,
		Throttled: b.throttled}, spec)
}

func (b *Broker) transDeps() trans.Deps {
	return trans.Deps{Settings: b.transSettings, Store: b.openedStore, Now: b.now, Offsets: b.offsets, Topics: b.topics,
		Producers: b.producers, StoreHost: b.storeHost, Log: b.log, Throttled: b.throttled}
}

func (b *Broker) staticDeps() static.Deps {
	return static.Deps{Store: b.openedStore, Peers: func() *cluster.Peers { return b.peers },
		Route: func(ctx context.Context, topic string) *protocol.TopicRouteData {
			return b.register.AskRoute(ctx, topic)
		},
		Offsets: b.offsets,
		PhysicalMin: func(topic string, queue int32) int64 {
			return physicalMin(b.topics, b.store, topic, queue)
		},
		Aside:      b.forwards.answer,
		DeleteWhen: func() string { return b.cfg().DeleteWhen },
		Log:        b.log, Throttled: b.throttled}
}

func (b *Broker) serviceDeps() service.Deps {
	return service.Deps{Config: &b.live, Now: b.now, StoreHost: b.storeHost, Topics: b.topics, Groups: b.groups,
		Committed: b.offsets, Pulled: b.pulled, Consumers: b.consumers, Locks: b.locks, Filters: b.filters.Manager,
		Mappings: &b.mappings.Mappings, Levels: b.schedule, Trans: b.trans, InSync: b.inSync, Put: b.put, Stats: b.stats,
		DeadLetters: &b.deadLetters, Log: b.log, Throttled: b.throttled}
}

func (b *Broker) exporterDeps() exporter.Deps {
	return exporter.Deps{Config: &b.live, Now: b.now, Topics: b.topics, Groups: b.groups, Committed: b.offsets,
		Pulled: b.pulled, Modes: b.modes, Users: b.users, Checked: b.tallies(),
		Consumers: b.consumers, Producers: b.producers, Locks: b.locks,
		Filters: b.filters.Manager, Mappings: &b.mappings.Mappings, Holds: b.holds, Pops: b.pops,
		Trans: b.trans, Stats: b.stats,
		DeadLetters: &b.deadLetters, TimerDelays: &b.timerDelays, Overload: b.overload, Store: b.store,
		Timers: b.timers, Registrar: b.register, Replication: b.replica, Members: b.members,
		Roles: b.roles, Network: b.server, Health: b.whole, Log: b.log}
}

func (b *Broker) holdDeps() hold.Deps {
	return hold.Deps{Store: b.openedStore, Limit: func() int64 { return int64(b.cfg().MaxHeldPulls) }}
}

func (b *Broker) popDeps() pop.Deps {
	return pop.Deps{Config: &b.live, Now: b.now, StoreHost: b.storeHost, Topics: b.topics, Groups: b.groups,
		Committed: b.offsets, Pulled: b.pulled, Filters: b.filters.Manager, Stats: b.stats,
		TopicMade: func() {
			n := newTopics{persist: b.persist, stop: b.stop}
			n.awaitSaved(b.persist.Soon())
		},
		FS: b.fs, Dir: path.Join(b.cfg().StorePathRootDir, "popJournal"),
		SaveOffsets: func() error { return b.persist.Save(popFiles...) },
		Log:         b.log, Throttled: b.throttled}
}

// popFiles are the tables that say what is popped and acknowledged for good.
var popFiles = []string{"consumerOffset.json", "lmqConsumerOffset.json", "consumerOrderInfo.json"}

// discardPopped deletes the journal of POP when it says nothing any more: after a clean stop, and when another broker
// is master.
func (b *Broker) discardPopped() {
	if err := b.pops.Discard(); err != nil {
		b.log.Warn().Err(err).Msg("the journal of POP cannot be deleted")
	}
}

// endPopped deletes the journal of POP behind a stop that has stored everything.
func (b *Broker) endPopped() {
	if b.pops.Settled() && b.persist.Save(popFiles...) == nil {
		b.discardPopped()
	}
}

// openPops gives POP the store and the timers, if there are any. It warns of what Java's second engine has left:
// RocksDB files that nobody here reads.
func (b *Broker) openPops() {
	dir := path.Join(b.cfg().StorePathRootDir, "kvStore")
	if files, err := b.fs.ReadDir(dir); err == nil && len(files) > 0 {
		b.log.Warn().Str("dir", dir).Msg("records of popped messages by Java's popConsumerKVServiceEnable are not read: " +
			"what they hold does not come again; mqadmin exportPopRecord, before Java was stopped, would have moved it")
	}
	if b.cfg().IsSlave() && !b.controlled() { // its master knows what was popped
		b.discardPopped()
	}
	if b.timers == nil {
		b.pops.Open(b.store, nil)
		return
	}
	b.pops.Open(b.store, b.timers)
}

func (b *Broker) transSettings() trans.Settings {
	c := b.cfg()
	return trans.Settings{Slave: c.IsSlave(), Timeout: int64(c.TransactionTimeOut),
		CheckInterval: ms(c.TransactionCheckInterval),
		CheckMax:      c.TransactionCheckMax, OpBatchInterval: ms(c.TransactionOpBatchInterval),
		OpMsgMaxSize: c.TransactionOpMsgMaxSize,
		FileReserved: time.Duration(c.FileReservedTime) * time.Hour, BrokerName: c.BrokerName, Store: &c.Config}
}

func (b *Broker) replicationDeps() replication.Deps {
	tables := slave.Deps{Client: b.client, Topics: b.topics, Groups: b.groups, Offsets: b.offsets, Modes: b.modes,
		Mappings: &b.mappings.Mappings, Delays: b.followDelays, Progress: &b.progress,
		End: b.store.MaxPhyOffset, Log: b.log, Throttled: b.throttled}
	if b.timers != nil {
		tables.Timers = b.timers
	}
	if b.cfg().Credentials() != nil {
		tables.Users = b.users
	}
	d := replication.Deps{Settings: func() *store.Config { return &b.cfg().Config },
		Slave:  func() bool { return b.cfg().IsSlave() },
		Listen: func() string { return b.listen(b.cfg().HAListenPort) }, Store: b.openedStore, Client: b.client,
		Lost: b.askMaster, Joined: b.members.Yield, Needed: b.acksNeeded, Log: b.log, Throttled: b.throttled,
		Tables: tables, Switch: b.replicationSwitch(), Network: b.network}
	if b.haPeer != nil {
		d.Accept, d.Dial = b.haPeer.Accept, b.haPeer.Dial
	}
	return d
}

// acksNeeded is how many brokers have to have what is sent now.
func (b *Broker) acksNeeded() int {
	n, _ := b.cfg().Acks(b.inSync)
	return n
}

// inSync is how many brokers of this name are alive and nearly have the whole log, this one counted.
func (b *Broker) inSync() int {
	if b.controlled() {
		return b.replicas.Set().Size()
	}
	return min(b.members.Alive(), b.replica.InSync())
}

// askMaster finds out where the master is, which a slave follows, or its haListenPort.
func (b *Broker) askMaster() {
	if b.controlled() {
		b.findMaster()
		return
	}
	b.register.AskMaster()
}

// followDelays takes the positions of the delay levels from the master.
func (b *Broker) followDelays(delayOffset []byte) error {
	err := b.schedule.Advance(delayOffset)
	b.schedule.Changed()
	return err
}

// openedStore is the store from Start on.
func (b *Broker) openedStore() *store.Store { return b.store }

// self is what this broker tells the others, as of now.
func (b *Broker) self() *cluster.Self {
	c := b.cfg()
	s := &cluster.Self{
		Identity: wire.BrokerIdentityHeader{BrokerName: c.BrokerName, BrokerAddr: c.Addr(), ClusterName: c.BrokerClusterName,
			BrokerID: c.BrokerID},
		HAAddr: c.HAAddr(), Permission: c.BrokerPermission, RegisterPeriod: ms(c.RegisterNameServerPeriod),
		RegisterTimeout: ms(c.RegisterBrokerTimeoutMills), ForwardTimeout: ms(c.ForwardTimeout),
		Compressed: c.CompressedRegister, Acting: c.EnableSlaveActingMaster,
		AliveTimeout: ms(c.BrokerNotActiveTimeoutMillis), Controlled: c.EnableControllerMode,
	}
	if c.EnableSplitRegistration {
		s.MaxTopics = c.SplitRegistrationSize
	}
	return s
}

func (b *Broker) newRegistrar() *cluster.Registrar {
	addrs, _ := b.cfg().NameServers() // checked by Config.Complete
	return cluster.NewRegistrar(cluster.Deps{Self: b.self, Client: b.client, Topics: b.topics, Static: b.mappings.Infos,
		Log:       b.log,
		Throttled: b.throttled, LookPeriod: b.lookPeriod,
		Master: func(addr, haAddr string) { b.replica.Found(addr, haAddr) }}, addrs)
}

// askQueues finds the readable queues of a topic on all brokers.
func (b *Broker) askQueues(ctx context.Context, topic string) []protocol.MessageQueue {
	return b.register.Queues(ctx, topic)
}

// dialledClosed is called when a connection that this broker opened ends.
func (b *Broker) dialledClosed(c *remoting.Conn, err error) {
	b.log.Debug().Str("peer", c.RemoteAddr()).Str("reason", remoting.CloseReason(err)).Bool("dialled", true).
		Msg(remoting.LogClosed)
	if b.register != nil {
		b.register.Disconnected()
	}
}
