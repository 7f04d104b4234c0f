package broker

// LOCK_BATCH_MQ (41) and UNLOCK_BATCH_MQ (42). Java: AdminBrokerProcessor.lockBatchMQ, unlockBatchMQ.

import (
	"errors"

	"gorocket/broker/meta"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

func (b *Broker) lockEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqLockBatchMq, Mode: remoting.Pooled, Handle: b.lockBatch},
		{Code: wire.ReqUnlockBatchMq, Mode: remoting.Pooled, Handle: b.unlockBatch},
	}
}

func (b *Broker) lockBatch(ctx *remoting.Context) {
	var l lockBatch
	if err := decodeBody(ctx, &l); err != nil {
		fail(ctx, err)
		return
	}
	held, full := b.locks.Lock(l.ConsumerGroup, l.ClientID, l.MQSet)
	if full {
		b.tableFull(&meta.TableFullError{What: "order locks", Key: "maxOrderLockNum", Limit: int64(b.cfg().MaxOrderLockNum)})
	}
	respondJSON(ctx, lockedQueues{LockOKMQSet: held})
}

func (b *Broker) unlockBatch(ctx *remoting.Context) {
	var l lockBatch
	if err := decodeBody(ctx, &l); err != nil {
		fail(ctx, err)
		return
	}
	if l.ConsumerGroup == "" {
		fail(ctx, errors.New("java.lang.NullPointerException: consumerGroup is null"))
		return
	}
	b.locks.Unlock(l.ConsumerGroup, l.ClientID, l.MQSet)
	ctx.Status(wire.Success, "")
}
