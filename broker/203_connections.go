package broker

// GET_CONSUMER_CONNECTION_LIST (203) and GET_PRODUCER_CONNECTION_LIST (204): who is connected as a group. Java: AdminBrokerProcessor.

import (
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) connectionEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetConsumerConnectionList, Mode: remoting.Pooled, Handle: with(wire.GetConsumerConnectionRequest, b.consumerConnections)},
		{Code: wire.ReqGetProducerConnectionList, Mode: remoting.Pooled, Handle: with(wire.GetProducerConnectionRequest, b.producerConnections)},
	}
}

// connection is one client of a group. Java: Connection.
type connection struct {
	ClientAddr string `json:"clientAddr"` // ip:port
	ClientID   string `json:"clientId"`
	Language   string `json:"language"`
	Version    int32  `json:"version"` // MQVersion ordinal
}

// consumerConnection answers 203. Java: ConsumerConnection.
type consumerConnection struct {
	ConnectionSet     []connection                 `json:"connectionSet"`
	ConsumeFromWhere  string                       `json:"consumeFromWhere"`
	ConsumeType       string                       `json:"consumeType"`
	MessageModel      string                       `json:"messageModel"`
	SubscriptionTable map[string]*subscriptionData `json:"subscriptionTable"`
}

// producerConnection answers 204. Java: ProducerConnection.
type producerConnection struct {
	ConnectionSet []connection `json:"connectionSet"`
}

func (c *client) connection() connection {
	return connection{ClientAddr: c.conn.RemoteAddr(), ClientID: c.id, Language: c.language.String(), Version: c.version}
}

func (b *Broker) consumerConnections(ctx *remoting.Context, h *wire.ConsumerGroupHeader) {
	g := b.consumers.get(h.ConsumerGroup)
	if g == nil {
		ctx.Status(wire.ConsumerNotOnline, "the consumer group["+h.ConsumerGroup+"] not online")
		return
	}
	respondJSON(ctx, g.connections())
}

func (g *consumerGroup) connections() consumerConnection {
	g.mu.RLock()
	defer g.mu.RUnlock()
	c := consumerConnection{ConnectionSet: []connection{}, ConsumeFromWhere: g.fromWhere, ConsumeType: g.consumeType, MessageModel: g.model, SubscriptionTable: map[string]*subscriptionData{}}
	for _, m := range g.members {
		c.ConnectionSet = append(c.ConnectionSet, m.connection())
	}
	for topic, s := range g.subs {
		c.SubscriptionTable[topic] = &s.subscriptionData
	}
	return c
}

func (b *Broker) producerConnections(ctx *remoting.Context, h *wire.ProducerGroupHeader) {
	set := b.producers.connections(h.ProducerGroup)
	if set == nil {
		ctx.Status(wire.SystemError, "the producer group["+h.ProducerGroup+"] not exist")
		return
	}
	respondJSON(ctx, producerConnection{ConnectionSet: set})
}

// connections lists the live producers of a group, nil when there are none.
func (t *producerTable) connections(group string) (set []connection) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, m := range t.groups[group] {
		set = append(set, m.connection())
	}
	return set
}
