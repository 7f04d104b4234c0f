package exporter

import (
	"gorocket/broker/filter"
	"gorocket/broker/meta"
	"gorocket/broker/trans"
	"gorocket/remoting/auth"
)

// sizes lists the tables that grow by what peers send, for the metrics: entries, and the limit, 0 for none of its
// own.
func (d *Deps) sizes(each func(table string, size, limit int64)) {
	c := d.Config.Load()
	each("topics", d.Topics.Len(), int64(c.MaxTopicNum))
	each("groups", d.Groups.Len(), int64(c.MaxSubscriptionGroupNum))
	each("consumer_offsets", d.Committed.Len(), int64(c.MaxConsumerOffsetNum))
	each("pull_offsets", d.Pulled.Len(), int64(c.MaxConsumerOffsetNum))
	each("order_locks", int64(d.Locks.Count()), int64(c.MaxOrderLockNum))
	each("producers", int64(d.Producers.Count()), int64(c.MaxProducerNum))
	each("request_modes", int64(d.Modes.Count()), meta.MaxRequestModes)
	each("group_forbidden", int64(d.Groups.ForbiddenCount()), meta.MaxForbidden)
	each("static_topics", int64(len(d.Mappings.Current())), int64(c.MaxTopicNum))
	users, entries := d.Users.Sizes()
	each("users", int64(users), auth.MaxUsers)
	each("policy_entries", int64(entries), auth.MaxEntries)
	each("filters", int64(d.Filters.Size()), filter.MaxEntries)
	points, waiting, _ := d.Pops.Sizes()
	each("pops", points, 2*int64(c.PopCkMaxBufferSize))
	each("held_pops", waiting, 2*int64(c.MaxPopPollingSize))
	each("half_message_bits", d.Trans.Halves.Span(), trans.MaxHalfSpan)
}
