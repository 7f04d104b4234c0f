package broker

// LOCK_BATCH_MQ (41) and UNLOCK_BATCH_MQ (42). Java: AdminBrokerProcessor.lockBatchMQ, unlockBatchMQ.

import (
	"errors"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// orderLocks handles the locks of consumers that read in order.
type orderLocks struct {
	liveConfig
	locks     *clients.OrderLocks
	throttled *throttle.Log
}

func (o *orderLocks) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqLockBatchMq, Mode: remoting.Pooled, Handle: o.lockBatch},
		{Code: wire.ReqUnlockBatchMq, Mode: remoting.Pooled, Handle: o.unlockBatch},
	}
}

func (o *orderLocks) lockBatch(ctx *remoting.Context) {
	var l lockBatch
	if err := decodeBody(ctx, &l); err != nil {
		fail(ctx, err)
		return
	}
	held, full := o.locks.Lock(l.ConsumerGroup, l.ClientID, l.MQSet)
	if full {
		tableFull(o.throttled, &meta.TableFullError{What: "order locks", Key: "maxOrderLockNum",
			Limit: int64(o.cfg().MaxOrderLockNum)})
	}
	respondJSON(ctx, lockedQueues{LockOKMQSet: held})
}

func (o *orderLocks) unlockBatch(ctx *remoting.Context) {
	var l lockBatch
	if err := decodeBody(ctx, &l); err != nil {
		fail(ctx, err)
		return
	}
	if l.ConsumerGroup == "" {
		fail(ctx, errors.New("java.lang.NullPointerException: consumerGroup is null"))
		return
	}
	o.locks.Unlock(l.ConsumerGroup, l.ClientID, l.MQSet)
	ctx.Status(wire.Success, "")
}

// lockBatch is the body of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ. Java: LockBatchRequestBody.
type lockBatch struct {
	ClientID       string                  `json:"clientId"`
	ConsumerGroup  string                  `json:"consumerGroup"`
	MQSet          []protocol.MessageQueue `json:"mqSet"`
	OnlyThisBroker bool                    `json:"onlyThisBroker"`
}

// lockedQueues answers LOCK_BATCH_MQ. Java: LockBatchResponseBody.
type lockedQueues struct {
	LockOKMQSet []protocol.MessageQueue `json:"lockOKMQSet"`
}
