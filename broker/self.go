package broker

import (
	"context"

	"gorocket/broker/cluster"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// self is what this broker tells the others, as of now.
func (b *Broker) self() *cluster.Self {
	c := b.cfg()
	s := &cluster.Self{
		Identity: wire.BrokerIdentityHeader{BrokerName: c.BrokerName, BrokerAddr: c.Addr(), ClusterName: c.BrokerClusterName,
			BrokerID: c.BrokerID},
		HAAddr: c.HAAddr(), Permission: c.BrokerPermission, RegisterPeriod: ms(c.RegisterNameServerPeriod),
		RegisterTimeout: ms(c.RegisterBrokerTimeoutMills), ForwardTimeout: ms(c.ForwardTimeout),
		Compressed: c.CompressedRegister,
	}
	if c.EnableSplitRegistration {
		s.MaxTopics = c.SplitRegistrationSize
	}
	return s
}

func (b *Broker) newRegistrar() *cluster.Registrar {
	addrs, _ := b.cfg().NameServers() // checked by Config.Complete
	return cluster.NewRegistrar(cluster.Deps{Self: b.self, Client: b.client, Topics: b.topics, Static: b.mappings.Infos,
		Log:       b.log,
		Throttled: b.throttled, LookPeriod: b.lookPeriod}, addrs)
}

// askQueues finds the readable queues of a topic on all brokers.
func (b *Broker) askQueues(ctx context.Context, topic string) []protocol.MessageQueue {
	return b.register.Queues(ctx, topic)
}

// dialledClosed is called when a connection that this broker opened ends.
func (b *Broker) dialledClosed(c *remoting.Conn, err error) {
	b.log.Debug().Str("peer", c.RemoteAddr()).Str("reason", remoting.CloseReason(err)).Bool("dialled", true).
		Msg(remoting.LogClosed)
	if b.register != nil {
		b.register.Disconnected()
	}
}
