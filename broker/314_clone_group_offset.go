package broker

// CLONE_GROUP_OFFSET (314): a group starts where another one is. Java: AdminBrokerProcessor.cloneGroupOffset. Without a
// topic Java clones nothing (it passes the request's empty topic on); here all topics of the group are cloned, as the
// command promises.

import (
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) cloneOffsetEntries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqCloneGroupOffset, Mode: remoting.Pooled,
		Handle: with(wire.CloneGroupOffsetRequest, b.cloneOffset)}}
}

func (b *Broker) cloneOffset(ctx *remoting.Context, h *wire.CloneGroupOffsetHeader) {
	if err := compat.ValidateGroup(h.DestGroup); err != nil {
		ctx.Status(wire.InvalidParameter, err.Error())
		return
	}
	topics := []string{h.Topic}
	if h.Topic == "" {
		topics = b.topicsOf(h.SrcGroup)
	}
	for _, topic := range topics {
		if b.topics.Get(topic) == nil || !h.Offline && b.consumers.Get(h.SrcGroup) != nil &&
			b.liveSubscription(h.SrcGroup, topic) == nil {
			continue
		}
		for q, off := range b.offsets.CommittedOf(h.SrcGroup, topic) {
			if err := b.offsets.Commit(h.DestGroup, topic, q, off); err != nil {
				fail(ctx, err)
				return
			}
		}
	}
	b.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("from", h.SrcGroup).Str("group", h.DestGroup).
		Str("topic", h.Topic).Msg("offsets cloned")
	ctx.OK(nil)
}
