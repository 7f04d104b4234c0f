package broker

import (
	"slices"

	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// handlers is a family of request codes: a struct with what its handlers need, in the file that is named after the
// smallest code.
type handlers interface{ entries() []remoting.Entry }

// entries is the broker's dispatch table: one row per request code. Codes without a row are answered as Java answers an
// unknown one. The handlers are given what is open by now.
func (b *Broker) entries() (all []remoting.Entry) {
	for _, h := range slices.Concat(b.messageHandlers(), b.offsetHandlers(), b.clientHandlers(), b.adminHandlers()) {
		all = append(all, h.entries()...)
	}
	return all
}

// messageHandlers store and read messages: each a decoder of its requests in front of a service.
func (b *Broker) messageHandlers() []handlers {
	topics := &newTopics{b.persist, b.register, b.forwards, b.stop}
	return []handlers{
		&sends{liveConfig: b.config(), sender: b.services.Send, overload: b.overload, topics: topics},
		&pulls{puller: b.services.Pull, holds: b.holds, mappings: b.mappings, forwards: b.forwards, cold: b.cold,
			rules: b.rules},
		&queries{b.services.Query, b.doors()}, &sendBacks{b.services.Send, b.doors()},
		&ends{liveConfig: b.config(), ender: b.services.End, serves: b.endsTransactions, throttled: b.throttled,
			doors: b.doors()},
		&halfMessages{b.store, b.trans, b.log, b.doors()},
		&replies{b.config(), b.services.Send, topics, b.producers, b.storeHost.String(), b.now},
		&recalls{b.config(), b.services.Send, b.topics, b.now},
		&popMessages{liveConfig: b.config(), pops: b.pops, store: b.store, cold: b.cold, rules: b.rules},
		&popAcks{b.pops, b.store},
	}
}

// offsetHandlers handle where groups stand and where queues begin and end.
func (b *Broker) offsetHandlers() []handlers {
	return []handlers{
		&consumerOffsets{liveConfig: b.config(), topics: b.topics, groups: b.groups, offsets: b.offsets,
			mappings: b.mappings, store: b.store, throttled: b.throttled},
		&queueOffsets{topics: b.topics, mappings: b.mappings, store: b.store},
		&consumeStats{liveConfig: b.config(), topics: b.topics, groups: b.groups, consumers: b.consumers,
			offsets: b.offsets, pulled: b.pulled, mappings: b.mappings, windows: &b.windows, store: b.store},
		&resets{liveConfig: b.config(), topics: b.topics, groups: b.groups, consumers: b.consumers,
			offsets: b.offsets, store: b.store, log: b.log},
		&offsetClones{topics: b.topics, consumers: b.consumers, offsets: b.offsets, log: b.log},
	}
}

// clientHandlers handle who is connected, and what that entitles to.
func (b *Broker) clientHandlers() []handlers {
	return []handlers{
		&heartbeats{liveConfig: b.config(), topics: b.topics, groups: b.groups, consumers: b.consumers,
			producers: b.producers, expressions: b.filters, register: b.register, forwards: b.forwards, now: b.now,
			log: b.log, throttled: b.throttled, doors: b.doors()},
		&consumerLists{consumers: b.consumers},
		&orderLocks{liveConfig: b.config(), locks: b.locks, throttled: b.throttled},
		&connections{consumers: b.consumers, producers: b.producers},
		&groupQueries{liveConfig: b.config(), topics: b.topics, groups: b.groups, consumers: b.consumers,
			producers: b.producers, offsets: b.offsets, store: b.store, now: b.now, log: b.log},
		&consumerCalls{liveConfig: b.config(), topics: b.topics, groups: b.groups, consumers: b.consumers,
			store: b.store, doors: b.doors()},
		&assigns{liveConfig: b.config(), topics: b.topics, groups: b.groups, consumers: b.consumers,
			modes: b.modes, routes: b.routes, log: b.log},
	}
}

// adminHandlers serve tools and slaves.
func (b *Broker) adminHandlers() []handlers {
	return []handlers{
		&topicAdmin{liveConfig: b.config(), topics: b.topics, mappings: b.mappings, modes: b.modes, pops: b.pops,
			timerDelays: &b.timerDelays, trans: b.trans, offsets: b.offsets, pulled: b.pulled, timers: b.timers,
			store: b.store, persist: b.persist, register: b.register, systemTopics: b.systemTopics, log: b.log},
		&tableCopies{liveConfig: b.config(), progress: &b.progress, topics: b.topics, groups: b.groups,
			offsets: b.offsets, mappings: b.mappings, schedule: b.schedule},
		b.settings(),
		&runtimeInfo{liveConfig: b.config(), stats: b.stats, store: b.store, schedule: b.schedule,
			timers: b.timers, fs: b.fs, started: b.started},
		&timerQueries{b.config(), b.timers, b.hearing.Load}, &memberNotices{b.members},
		&replicaInfos{b.config(), b.replicas, b.epochs, b.store},
		&haInfos{b.config(), b.replica, b.members, b.store, b.trans}, &haStatus{b.replica},
		&groupAdmin{liveConfig: b.config(), groups: b.groups, pops: b.pops, offsets: b.offsets, pulled: b.pulled,
			deadLetters: &b.deadLetters, persist: b.persist, log: b.log},
		b.counters(), new(coldData), &timerEngines{b.config()}, rocksExports{},
		&topicStats{liveConfig: b.config(), topics: b.topics, windows: &b.windows, store: b.store},
		&topicLists{liveConfig: b.config(), consumers: b.consumers, offsets: b.offsets,
			systemTopics: b.systemTopics},
		&userAdmin{b.config(), b.accounts()}, &aclAdmin{b.accounts()}, &accountAdmin{b.config(), b.plain, b.log},
		&cleans{topics: b.topics, store: b.store, log: b.log},
		&queueEntries{topics: b.topics, consumers: b.consumers, filters: b.filters, puller: b.services.Pull,
			store: b.store},
	}
}

// counters are what is sampled for the codes that tell of the last minute, hour and day.
func (b *Broker) counters() *counters {
	return &counters{liveConfig: b.config(), windows: &b.windows, totals: b.stats, topics: b.topics, pulled: b.pulled}
}

// Codes lists the request codes that the broker serves, for docs/support.md.
func Codes() []int32 {
	var codes []int32
	for _, e := range (&Broker{services: new(service.Services)}).entries() {
		codes = append(codes, e.Code)
	}
	return codes
}

// fail answers a request whose header or body does not decode: Java's handler throws, which is code 1.
func fail(ctx *remoting.Context, err error) { ctx.Status(wire.SystemError, err.Error()) }

// with makes a table entry's handler of one that wants the request's header decoded.
func with[T any](ht *wire.HeaderType[T], handle func(*remoting.Context, *T)) func(*remoting.Context) {
	return func(ctx *remoting.Context) {
		h := new(T)
		if err := ht.Decode(ctx.Req, ctx.In, h); err != nil {
			fail(ctx, err)
			return
		}
		handle(ctx, h)
	}
}
