package broker

// GET_CONSUMER_LIST_BY_GROUP (38). Java: ConsumerManageProcessor. A group without members is an error answer: clients
// count on it and skip the rebalance.

import (
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) consumerListEntries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqGetConsumerListByGroup, Mode: remoting.Pooled,
		Handle: with(wire.GetConsumerListRequest, b.consumerList)}}
}

func (b *Broker) consumerList(ctx *remoting.Context, h *wire.ConsumerGroupHeader) {
	var ids []string
	if g := b.consumers.Get(h.ConsumerGroup); g != nil {
		ids = g.ClientIDs()
	}
	if len(ids) == 0 {
		ctx.Status(wire.SystemError, "no consumer for this group, "+h.ConsumerGroup)
		return
	}
	respondJSON(ctx, consumerIDs{ConsumerIDList: ids})
}

// respondJSON answers SUCCESS with a body in fastjson's dialect.
func respondJSON(ctx *remoting.Context, v any) {
	data, err := compat.Marshal(v)
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(data)
}
