package broker

// GET_BROKER_HA_STATUS (907): what a master knows of its slaves, or a slave of itself; mqadmin haStatus. Java:
// AdminBrokerProcessor.getBrokerHaStatus.

import (
	"gorocket/broker/replication"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// haStatus answers from the broker's part in replication.
type haStatus struct{ replica *replication.Service }

func (h *haStatus) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqGetBrokerHaStatus, Mode: remoting.Pooled, Handle: h.answer}}
}

func (h *haStatus) answer(ctx *remoting.Context) { respondJSON(ctx, h.replica.RuntimeInfo()) }
