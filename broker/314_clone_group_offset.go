package broker

// CLONE_GROUP_OFFSET (314): a group starts where another one is. Java: AdminBrokerProcessor.cloneGroupOffset. Without a
// topic Java clones nothing (it passes the request's empty topic on); here all topics of the group are cloned, as the
// command promises.

import (
	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// offsetClones copies the offsets of a group.
type offsetClones struct {
	topics    *meta.Topics
	consumers *clients.Consumers
	offsets   *meta.Offsets
	log       zerolog.Logger
}

func (o *offsetClones) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqCloneGroupOffset, Mode: remoting.Pooled,
		Handle: with(wire.CloneGroupOffsetRequest, o.cloneOffset)}}
}

func (o *offsetClones) cloneOffset(ctx *remoting.Context, h *wire.CloneGroupOffsetHeader) {
	if err := compat.ValidateGroup(h.DestGroup); err != nil {
		ctx.Status(wire.InvalidParameter, err.Error())
		return
	}
	topics := []string{h.Topic}
	if h.Topic == "" {
		topics = o.offsets.TopicsOf(h.SrcGroup)
	}
	for _, topic := range topics {
		if o.topics.Get(topic) == nil || !h.Offline && o.consumers.Get(h.SrcGroup) != nil &&
			o.consumers.Subscribed(h.SrcGroup, topic) == nil {
			continue
		}
		for q, off := range o.offsets.CommittedOf(h.SrcGroup, topic) {
			if err := o.offsets.Commit(h.DestGroup, topic, q, off); err != nil {
				fail(ctx, err)
				return
			}
		}
	}
	o.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("from", h.SrcGroup).Str("group", h.DestGroup).
		Str("topic", h.Topic).Msg("offsets cloned")
	ctx.OK(nil)
}
