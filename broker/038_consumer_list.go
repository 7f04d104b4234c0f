package broker

// GET_CONSUMER_LIST_BY_GROUP (38). Java: ConsumerManageProcessor. A group without members is an error answer: clients
// count on it and skip the rebalance.

import (
	"gorocket/broker/clients"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// consumerLists answers who is in a group.
type consumerLists struct {
	consumers *clients.Consumers
}

func (c *consumerLists) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqGetConsumerListByGroup, Mode: remoting.Pooled,
		Handle: with(wire.GetConsumerListRequest, c.consumerList)}}
}

func (c *consumerLists) consumerList(ctx *remoting.Context, h *wire.ConsumerGroupHeader) {
	var ids []string
	if g := c.consumers.Get(h.ConsumerGroup); g != nil {
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
	respondText(ctx, data, err)
}

// respondText answers SUCCESS with a body, or why there is none.
func respondText(ctx *remoting.Context, body []byte, err error) {
	if err != nil {
		fail(ctx, err)
		return
	}
	ctx.OK(body)
}

// consumerIDs answers GET_CONSUMER_LIST_BY_GROUP. Java: GetConsumerListByGroupResponseBody.
type consumerIDs struct {
	ConsumerIDList []string `json:"consumerIdList"`
}
