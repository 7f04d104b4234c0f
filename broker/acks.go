package broker

import (
	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// acks tells the network when acknowledgements may leave, which wait for the disk or for slaves.
type acks struct{ b *Broker }

// Waits passes on what has begun to wait.
func (a acks) Waits(w transport.Waits) (over bool) {
	return a.b.services.Send.Awaits(w.OnDisk, w.Disk, w.Replicas)
}

// Settle decides about an acknowledgement.
func (a acks) Settle(k *remoting.Ack, now int64) remoting.Outcome {
	done, err := a.b.services.Send.Kept((*service.Promise)(k), now)
	o := remoting.Outcome{Done: done, Code: wire.Success}
	switch err {
	case nil:
	case service.ErrFlushTimeout:
		o.Code = wire.FlushDiskTimeout // it is stored: the answer says where, all the same
	case service.ErrReplicaTimeout:
		o.Code = wire.FlushSlaveTimeout
	default:
		why, code := refusal(err)
		o.Code, o.Remark, o.Fields = code, why.Text, fixedFields(a.b.cfg())
	}
	return o
}

// settle has the network ask again. The store calls it.
func (b *Broker) settle() {
	if s := b.asking.Load(); s != nil {
		s.SettleAcks()
	}
}
