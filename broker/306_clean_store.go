package broker

// Cleaning by hand: CLEAN_EXPIRED_CONSUMEQUEUE (306), CLEAN_UNUSED_TOPIC (316), DELETE_EXPIRED_COMMITLOG (329).
// Java: AdminBrokerProcessor.cleanExpiredConsumeQueue, cleanUnusedTopic, deleteExpiredCommitLog.

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// cleans handles requests to delete what is not needed.
type cleans struct {
	topics *meta.Topics
	store  *store.Store
	log    zerolog.Logger
}

func (c *cleans) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqCleanExpiredConsumequeue, Mode: remoting.Pooled, Handle: c.cleanExpiredQueues},
		{Code: wire.ReqCleanUnusedTopic, Mode: remoting.Blocking, Handle: c.cleanUnusedTopics},
		{Code: wire.ReqDeleteExpiredCommitlog, Mode: remoting.Pooled, Handle: c.deleteExpiredCommitLog},
	}
}

// cleanExpiredQueues deletes queue files whose messages are gone. Java also forgets queues that have no message left:
// their offsets start at 0 again while their groups' progress stays where it was, so they consume nothing until it is
// reset. We keep the offsets.
func (c *cleans) cleanExpiredQueues(ctx *remoting.Context) {
	c.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Msg("clean of expired queue files asked for")
	c.store.CleanNow()
	ctx.Status(wire.Success, "")
}

// cleanUnusedTopics removes the queues of topics that the table does not know any more.
func (c *cleans) cleanUnusedTopics(ctx *remoting.Context) {
	var errs []error
	for _, topic := range c.store.Topics() {
		if !compat.IsFolderName(topic) || c.topics.Get(topic) != nil || compat.IsSystemTopic(topic) || meta.IsLight(topic) {
			continue
		}
		c.log.Info().Str("topic", topic).Str("peer", ctx.Conn().RemoteAddr()).Msg("queues of an unknown topic deleted")
		if err := c.store.DeleteTopic(topic); err != nil {
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
func (c *cleans) deleteExpiredCommitLog(ctx *remoting.Context) {
	c.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Msg("clean of expired commit log files asked for")
	c.store.CleanExpired()
	ctx.Status(wire.Success, "")
}
