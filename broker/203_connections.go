package broker

// GET_CONSUMER_CONNECTION_LIST (203) and GET_PRODUCER_CONNECTION_LIST (204): who is connected as a group. Java:
// AdminBrokerProcessor.

import (
	"gorocket/broker/clients"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// connections answers with the connections of a group.
type connections struct {
	consumers *clients.Consumers
	producers *clients.Producers
}

func (c *connections) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetConsumerConnectionList, Mode: remoting.Pooled, Handle: with(wire.GetConsumerConnectionRequest,
			c.consumerConnections)},
		{Code: wire.ReqGetProducerConnectionList, Mode: remoting.Pooled, Handle: with(wire.GetProducerConnectionRequest,
			c.producerConnections)},
	}
}

// producerConnection answers 204. Java: ProducerConnection.
type producerConnection struct {
	ConnectionSet []clients.Connection `json:"connectionSet"`
}

func (c *connections) consumerConnections(ctx *remoting.Context, h *wire.ConsumerGroupHeader) {
	g := c.consumers.Get(h.ConsumerGroup)
	if g == nil {
		ctx.Status(wire.ConsumerNotOnline, "the consumer group["+h.ConsumerGroup+"] not online")
		return
	}
	respondJSON(ctx, g.Connections())
}

func (c *connections) producerConnections(ctx *remoting.Context, h *wire.ProducerGroupHeader) {
	set := c.producers.Connections(h.ProducerGroup)
	if set == nil {
		ctx.Status(wire.SystemError, "the producer group["+h.ProducerGroup+"] not exist")
		return
	}
	respondJSON(ctx, producerConnection{ConnectionSet: set})
}
