package broker

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// entries is the broker's dispatch table: one row per request code, each written in the file that is named after the
// code. Codes without a row are answered as Java answers an unknown one.
func (b *Broker) entries() []remoting.Entry {
	var all []remoting.Entry
	for _, rows := range [][]remoting.Entry{
		b.sendEntries(), b.pullEntries(), b.queryEntries(), b.committedOffsetEntries(), b.queueOffsetEntries(),
		b.heartbeatEntries(),
		b.sendBackEntries(), b.consumerListEntries(), b.lockEntries(), b.topicEntries(), b.staticTopicEntries(),
		b.groupEntries(), b.syncEntries(),
		b.connectionEntries(), b.topicListEntries(), b.topicStatsEntries(), b.consumeStatsEntries(),
		b.configEntries(), b.runtimeInfoEntries(), b.resetEntries(), b.groupQueryEntries(), b.callConsumerEntries(),
		b.cloneOffsetEntries(),
		b.brokerConsumeStatsEntries(), b.queryConsumeQueueEntries(), b.assignmentEntries(), b.cleanEntries(),
		b.timerEntries(), b.recallEntries(),
		b.transactionEntries(), b.replyEntries(),
	} {
		all = append(all, rows...)
	}
	return all
}

// Codes lists the request codes that the broker serves, for docs/support.md.
func Codes() []int32 {
	var codes []int32
	for _, e := range new(Broker).entries() {
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
