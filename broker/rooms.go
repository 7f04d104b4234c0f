package broker

import (
	"context"
	"time"

	"gorocket/broker/cluster"
	"gorocket/broker/config"
	"gorocket/broker/delay"
	"gorocket/broker/hold"
	"gorocket/broker/service"
	"gorocket/broker/static"
	"gorocket/broker/trans"
	"gorocket/remoting/protocol"
	"gorocket/store"
)

// What the rooms of the broker are given of it.

func (b *Broker) newLevels(spec string) (*delay.Levels, error) {
	bits := service.Bits{Config: &b.live, Filters: b.filters}
	return delay.NewLevels(delay.Deps{Store: b.openedStore, Now: b.now, FilterBits: bits.Note, Throttled: b.throttled},
		spec)
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
		Offsets: b.offsets, PhysicalMin: b.physicalMin, Aside: b.forwards.answer,
		DeleteWhen: func() string { return b.cfg().DeleteWhen },
		Log:        b.log, Throttled: b.throttled}
}

func (b *Broker) serviceDeps() service.Deps {
	return service.Deps{Config: &b.live, Now: b.now, StoreHost: b.storeHost, Topics: b.topics, Groups: b.groups,
		Committed: b.offsets, Pulled: b.pulled, Consumers: b.consumers, Locks: b.locks, Filters: b.filters,
		Mappings: &b.mappings.Mappings, Levels: b.schedule, Trans: b.trans, Stats: b.stats,
		DeadLetters: &b.deadLetters, Log: b.log, Throttled: b.throttled}
}

func (b *Broker) holdDeps() hold.Deps {
	return hold.Deps{Store: b.openedStore, Limit: func() int64 { return int64(b.cfg().MaxHeldPulls) }}
}

func (b *Broker) transSettings() trans.Settings {
	c := b.cfg()
	return trans.Settings{Slave: isSlave(c), Timeout: int64(c.TransactionTimeOut),
		CheckInterval: ms(c.TransactionCheckInterval),
		CheckMax:      c.TransactionCheckMax, OpBatchInterval: ms(c.TransactionOpBatchInterval),
		OpMsgMaxSize: c.TransactionOpMsgMaxSize,
		FileReserved: time.Duration(c.FileReservedTime) * time.Hour, BrokerName: c.BrokerName, Store: &c.Config}
}

// isSlave tells whether another broker ends transactions and asks about them.
func isSlave(c *config.Config) bool { return c.BrokerRole == "SLAVE" }

// openedStore is the store from Start on.
func (b *Broker) openedStore() *store.Store { return b.store }
