package broker

import (
	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// entries is the broker's dispatch table: one row per request code, each written in the file that is named after the
// code. Codes without a row are answered as Java answers an unknown one. The handlers are made of what is open by now.
func (b *Broker) entries() []remoting.Entry {
	topics := &newTopics{b.persist, b.register, b.forwards, b.stop}
	var all []remoting.Entry
	for _, rows := range [][]remoting.Entry{
		(&sends{liveConfig: b.config(), sender: b.services.Send, overload: b.overload, topics: topics,
			corks: &b.corks}).entries(),
		(&pulls{puller: b.services.Pull, holds: b.holds, mappings: b.mappings, forwards: b.forwards,
			cold: b.cold}).entries(),
		(&queries{b.services.Query}).entries(), b.committedOffsetEntries(), b.queueOffsetEntries(),
		b.heartbeatEntries(), (&sendBacks{b.services.Send}).entries(),
		b.consumerListEntries(), b.lockEntries(), b.topicEntries(), b.staticTopicEntries(),
		b.groupEntries(), b.syncEntries(),
		b.connectionEntries(), b.topicListEntries(), b.topicStatsEntries(), b.consumeStatsEntries(),
		b.configEntries(), b.runtimeInfoEntries(), b.resetEntries(), b.groupQueryEntries(), b.callConsumerEntries(),
		b.cloneOffsetEntries(),
		b.brokerConsumeStatsEntries(), b.queryConsumeQueueEntries(), b.assignmentEntries(), b.cleanEntries(),
		b.timerEntries(), (&recalls{b.config(), b.services.Send, b.topics, b.now}).entries(),
		(&ends{liveConfig: b.config(), ender: b.services.End, throttled: b.throttled}).entries(),
		(&halfMessages{b.store, b.trans, b.log}).entries(),
		(&replies{b.config(), b.services.Send, topics, b.producers, b.storeHost.String(), b.now}).entries(),
	} {
		all = append(all, rows...)
	}
	return all
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
