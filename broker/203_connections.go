package broker

// GET_CONSUMER_CONNECTION_LIST (203) and GET_PRODUCER_CONNECTION_LIST (204): who is connected as a group. Java:
// AdminBrokerProcessor.

import (
	"gorocket/broker/clients"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) connectionEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetConsumerConnectionList, Mode: remoting.Pooled, Handle: with(wire.GetConsumerConnectionRequest,
			b.consumerConnections)},
		{Code: wire.ReqGetProducerConnectionList, Mode: remoting.Pooled, Handle: with(wire.GetProducerConnectionRequest,
			b.producerConnections)},
	}
}

// producerConnection answers 204. Java: ProducerConnection.
type producerConnection struct {
	ConnectionSet []clients.Connection `json:"connectionSet"`
}

func (b *Broker) consumerConnections(ctx *remoting.Context, h *wire.ConsumerGroupHeader) {
	g := b.consumers.Get(h.ConsumerGroup)
	if g == nil {
		ctx.Status(wire.ConsumerNotOnline, "the consumer group["+h.ConsumerGroup+"] not online")
		return
	}
	respondJSON(ctx, g.Connections())
}

func (b *Broker) producerConnections(ctx *remoting.Context, h *wire.ProducerGroupHeader) {
	set := b.producers.Connections(h.ProducerGroup)
	if set == nil {
		ctx.Status(wire.SystemError, "the producer group["+h.ProducerGroup+"] not exist")
		return
	}
	respondJSON(ctx, producerConnection{ConnectionSet: set})
}
