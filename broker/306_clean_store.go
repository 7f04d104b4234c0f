package broker

// Cleaning by hand: CLEAN_EXPIRED_CONSUMEQUEUE (306), CLEAN_UNUSED_TOPIC (316), DELETE_EXPIRED_COMMITLOG (329).
// Java: AdminBrokerProcessor.cleanExpiredConsumeQueue, cleanUnusedTopic, deleteExpiredCommitLog.

import (
	"errors"
	"fmt"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) cleanEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqCleanExpiredConsumequeue, Mode: remoting.Pooled, Handle: b.cleanExpiredQueues},
		{Code: wire.ReqCleanUnusedTopic, Mode: remoting.Blocking, Handle: b.cleanUnusedTopics},
		{Code: wire.ReqDeleteExpiredCommitlog, Mode: remoting.Pooled, Handle: b.deleteExpiredCommitLog},
	}
}

// cleanExpiredQueues deletes queue files whose messages are gone. Java also forgets queues that have no message left:
// their offsets start at 0 again while their groups' progress stays where it was, so they consume nothing until it is
// reset. We keep the offsets.
func (b *Broker) cleanExpiredQueues(ctx *remoting.Context) {
	b.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Msg("clean of expired queue files asked for")
	b.store.CleanNow()
	ctx.Status(wire.Success, "")
}

// cleanUnusedTopics removes the queues of topics that the table does not know any more.
func (b *Broker) cleanUnusedTopics(ctx *remoting.Context) {
	var errs []error
	for _, topic := range b.store.Topics() {
		if !compat.IsFolderName(topic) || b.topics.Get(topic) != nil || compat.IsSystemTopic(topic) || meta.IsLight(topic) {
			continue
		}
		b.log.Info().Str("topic", topic).Str("peer", ctx.Conn().RemoteAddr()).Msg("queues of an unknown topic deleted")
		if err := b.store.DeleteTopic(topic); err != nil {
			errs = append(errs, fmt.Errorf("topic %s: %w", topic, err)) // no reason to keep the others
		}
	}
	if len(errs) > 0 {
		fail(ctx, errors.Join(errs...))
		return
	}
	ctx.Status(wire.Success, "")
}

// deleteExpiredCommitLog deletes expired commit log files now, not at deleteWhen.
func (b *Broker) deleteExpiredCommitLog(ctx *remoting.Context) {
	b.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Msg("clean of expired commit log files asked for")
	b.store.CleanExpired()
	ctx.Status(wire.Success, "")
}
