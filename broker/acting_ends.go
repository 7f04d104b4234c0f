package broker

import (
	"context"
	"errors"
	"time"

	"gorocket/broker/service"
	"gorocket/broker/trans"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// A master that is back hears which transactions its slave has ended in its place: as rollbacks, so that it does not
// ask about them, nor commit them again. Java's takes them, too.

const (
	actedPeriod = 500 * time.Millisecond // between tries
	actedBatch  = 1000                   // ends between two notes of what was told
)

// endsTransactions tells whether ends of transactions are taken: by a master that is online, or by a slave that stands
// in for one and can store what is committed elsewhere.
func (b *Broker) endsTransactions() bool {
	if c := b.cfg(); c.IsSlave() {
		return c.EnableRemoteEscape && b.members.Acting()
	}
	return !b.hearing.Load()
}

// tellEnds brings what was ended in the master's place to the master, or, on one that has become master itself, into
// its own tables.
func (b *Broker) tellEnds(stop <-chan struct{}) {
	t := time.NewTicker(actedPeriod)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
		}
		ends := b.trans.Acted.List()
		if len(ends) == 0 || b.members.Acting() {
			continue
		}
		ends = ends[:min(len(ends), actedBatch)]
		n := 0
		for n < len(ends) && b.tellEnd(&ends[n]) {
			n++
		}
		if n > 0 {
			b.trans.Acted.Told(n)
			b.log.Info().Int("transactions", n).Msg("the master knows what was ended in its place")
		}
	}
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
