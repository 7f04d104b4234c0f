package broker

// NOTIFY_MIN_BROKER_ID_CHANGE (905): a NameServer says that the smallest id among the brokers of a name changed,
// one-way as a rule. Java: AdminBrokerProcessor.notifyMinBrokerIdChange, which believes it; here the NameServers are
// asked who is alive, so that nobody else can make a slave act.

import (
	"gorocket/broker/members"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// memberNotices hears of changes among the brokers of this name.
type memberNotices struct{ members *members.Service }

func (h *memberNotices) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqNotifyMinBrokerIdChange,
		Handle: with(wire.NotifyMinBrokerIDChange, h.changed)}}
}

func (h *memberNotices) changed(ctx *remoting.Context, _ *wire.NotifyMinBrokerIDChangeHeader) {
	h.members.Look()
	ctx.OK(nil)
}
