package broker

import (
	"context"
	"time"

	"gorocket/broker/meta"
	"gorocket/broker/slave"
)

// What a broker makes sure of that starts as master: consumers may have gone on at its slaves while it was away, and
// its log, or that of the slave that it was, may have lost its end.

const (
	progressTimeout = 3 * time.Second // for the NameServers and all slaves together: the start waits for them
	slaveTimeout    = time.Second     // for one
)

// beMaster makes the tables a master's, which are those of a slave if it was one. The store is open.
func (b *Broker) beMaster() {
	b.progress.Clear()
	b.offsets.Bound(b.queueEnd, func(k meta.OffsetKey, queue int32, offset, end int64) {
		b.throttled.Warn("offset.bound").Str("group", k.Group).Str("topic", k.Topic).Int32("queueId", queue).
			Int64("offset", offset).Int64("end", end).
			Msg("a consumer offset is behind the end of its queue, which the log has lost: set back to it")
	})
}

// queueEnd is the end of a queue as consumers count it, -1 when that is not known here: a static topic, or no messages.
func (b *Broker) queueEnd(topic string, queue int32) int64 {
	if end := b.store.MaxOffset(topic, queue); end > 0 && b.mappings.Of(topic, "true") == nil {
		return end
	}
	return -1
}

// takeProgress takes from the slaves, before anybody is served, the offsets that consumers committed there while this
// master was away: else they would go on where this broker stopped. Slaves bring them too, a moment later. Java's
// master goes on with its own, but in acting mode.
func (b *Broker) takeProgress(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, progressTimeout)
	defer cancel()
	c := b.cfg()
	for _, addr := range b.peers.Slaves(ctx, c.BrokerClusterName, c.BrokerName) {
		one, done := context.WithTimeout(ctx, slaveTimeout)
		err := b.takeProgressOf(one, addr)
		done()
		if err != nil {
			b.log.Warn().Err(err).Str("slave", addr).
				Msg("cannot ask a slave what consumers committed there; some may consume again what they had")
		}
	}
}

// takeProgressOf is takeProgress for one slave.
func (b *Broker) takeProgressOf(ctx context.Context, addr string) error {
	table, err := slave.AskProgress(ctx, b.client, addr)
	if err != nil {
		return err
	}
	known := func(k meta.OffsetKey) bool { return b.topics.Get(k.Topic) != nil && b.groups.Get(k.Group) != nil }
	end := func(topic string, queue int32) int64 { return max(0, b.queueEnd(topic, queue)) }
	if n := b.offsets.Advance(table, known, end); n > 0 {
		b.persist.All() // the slave forgets them as soon as it sees them here
		b.log.Info().Str("slave", addr).Int("offsets", n).Msg("consumers went on at a slave: their offsets are taken over")
	}
	return nil
}
