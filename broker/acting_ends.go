package broker

import (
	"context"
	"errors"
	"time"

	"gorocket/broker/service"
	"gorocket/broker/trans"
	"gorocket/broker/worker"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// A master that is back hears which transactions its slave has ended in its place, so that it does not ask about them,
// nor commit them again: with the answer to 906, before it works (tellSlave), if both are ours; and as rollbacks, one
// by one, which Java's takes, too. A slave forgets an end only once its own log has what its master noted of it: the
// master may be killed before, or the slave may stand in for it once more.

const (
	actedPeriod = 500 * time.Millisecond // between looks, and tries
	actedMargin = time.Second            // beyond transactionOpBatchInterval, until an end is noted in the master's log
)

// endsTransactions tells whether ends of transactions are taken: by a master that is online, or by a slave that stands
// in for one and can store what is committed elsewhere.
func (b *Broker) endsTransactions() bool {
	if c := b.cfg(); c.IsSlave() {
		return c.EnableRemoteEscape && b.members.Acting()
	}
	return !b.hearing.Load()
}

// tellEnds brings what was ended in the master's place to the master, or, on a master, into its own tables.
func (b *Broker) tellEnds(stop <-chan struct{}) {
	ctx, cancel := worker.Until(stop)
	defer cancel()
	for worker.Rest(actedPeriod, stop) {
		ends := b.trans.Acted.List()
		if len(ends) == 0 || b.members.Acting() {
			continue
		}
		n := 0
		for n < len(ends) && ctx.Err() == nil && b.tellEnd(&ends[n]) {
			n++
		}
		if n > 0 && b.endsNoted(ctx, stop) {
			b.trans.Acted.Told(n)
			b.log.Info().Int("transactions", n).Msg("the master's log tells what was ended in its place")
		}
	}
}

// endsNoted waits until this broker's log has what the master noted of the ends that it was told of; false when the
// master is gone before.
func (b *Broker) endsNoted(ctx context.Context, stop <-chan struct{}) bool {
	if !b.cfg().IsSlave() {
		for !b.trans.Noted() {
			if !worker.Rest(actedPeriod, stop) {
				return false
			}
		}
		return true
	}
	if !worker.Rest(ms(b.cfg().TransactionOpBatchInterval)+actedMargin, stop) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	end, err := b.replica.MasterEnd(ctx)
	for err == nil && b.replica.Follows() {
		if b.store.MaxPhyOffset() >= end {
			return true
		}
		if !worker.Rest(actedPeriod, stop) {
			return false
		}
	}
	return false
}

// tellEnd tells of one end; false when it has to be told again. A refusal is an answer: there is no such half message
// any more.
func (b *Broker) tellEnd(e *trans.ActedEnd) bool {
	if !b.cfg().IsSlave() {
		if b.hearing.Load() {
			return false
		}
		return b.services.End.End(&service.End{Group: e.Group, Topic: e.Topic, CommitLogOffset: e.CommitLogOffset,
			QueueOffset: e.QueueOffset, FromCheck: true}) == nil
	}
	master := b.replica.MasterAddr()
	if master == "" || !b.replica.Follows() {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	h := wire.EndTransactionRequestHeader{ProducerGroup: e.Group, Topic: e.Topic, TranStateTableOffset: e.QueueOffset,
		CommitLogOffset: e.CommitLogOffset, CommitOrRollback: wire.TransactionRollback, FromTransactionCheck: true}
	_, err := remoting.Call(ctx, b.client, master, wire.ReqEndTransaction, wire.EndTransactionRequest, &h, nil)
	var refused *remoting.ResponseError
	if errors.As(err, &refused) {
		return refused.Code == wire.SystemError
	}
	return err == nil
}
