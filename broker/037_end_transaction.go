package broker

// END_TRANSACTION (37): a producer commits or rolls back, by itself or because it was asked (39). Java:
// EndTransactionProcessor.
//
// Quirks kept: "unknown" is not answered at all; the wrong group or offset is code 1; an end that comes later than
// CHECK_IMMUNITY_TIME_IN_SECONDS allows is 604 without a remark; the committed message keeps TRAN_MSG and loses
// REAL_TOPIC and REAL_QID; the answer waits for disk and slaves as the mode says, for a client that waits for it, and
// is SUCCESS when they are late. Differences: what ended already is SUCCESS and nothing is
// stored (Java delivers again); a commit log offset that no entry of the half queue points to is code 1 (Java copies
// any bytes that look like a message), and so is a half message whose REAL_TOPIC and REAL_QID clients may not send to.

import (
	"errors"
	"sync"

	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// ends handles the ends of transactions.
type ends struct {
	liveConfig
	ender     *service.Ender
	serves    func() bool // a master that is online, or who stands in for one
	throttled *throttle.Log
	pool      sync.Pool // *endState
	doors
}

func (h *ends) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqEndTransaction, Handle: h.endTransaction}}
}

// endState is what one end reuses from the one before.
type endState struct {
	head wire.EndTransactionRequestHeader
	end  service.End
}

// endTransaction runs on the event loop; when the half message may have to be read from disk, or the commit would wait,
// it comes again on a worker.
func (h *ends) endTransaction(ctx *remoting.Context) {
	s, _ := h.pool.Get().(*endState)
	if s == nil {
		s = new(endState)
	}
	h.try(ctx, s)
	s.head, s.end.Refusal = wire.EndTransactionRequestHeader{}, nil
	h.pool.Put(s)
}

func (h *ends) try(ctx *remoting.Context, s *endState) {
	q := &s.head
	if err := wire.EndTransactionRequest.Decode(ctx.Req, ctx.In, q); err != nil {
		fail(ctx, err)
		return
	}
	if !h.serves() {
		ctx.Status(wire.SlaveNotAvailable, "")
		return
	}
	if q.FromTransactionCheck && ctx.OnLoop() {
		h.ender.Answered()
	}
	switch q.CommitOrRollback {
	case wire.TransactionUnknown:
		return // the producer does not know yet: nobody waits for an answer
	case wire.TransactionCommit, wire.TransactionRollback:
	default:
		fail(ctx, errors.New("org.apache.rocketmq.remoting.exception.RemotingCommandException: commitOrRollback field wrong"))
		return
	}
	e := &s.end
	e.Group, e.Topic = q.ProducerGroup, q.Topic
	e.CommitLogOffset, e.QueueOffset = q.CommitLogOffset, q.TranStateTableOffset
	e.Commit, e.FromCheck, e.NoWait = q.CommitOrRollback == wire.TransactionCommit, q.FromTransactionCheck, ctx.OnLoop()
	e.Refusal = h.refusal(ctx, auth.Pub) // whatever topic the request claims, if any: clients of 4.x name none
	switch err := h.ender.End(e); err {
	case nil:
		if e.Waits && !ctx.Oneway() {
			r := ctx.Later()
			h.ender.Promised(e, func() { r.Status(wire.Success, "") })
			return
		}
		ctx.Status(wire.Success, "")
	case service.ErrWouldWait:
		ctx.Offload()
	default:
		h.refuse(ctx, q, err)
	}
}

// refuse answers and logs: ends are one-way requests, the log is the only place where anybody sees it.
func (h *ends) refuse(ctx *remoting.Context, q *wire.EndTransactionRequestHeader, err error) {
	why, code := refusal(err)
	h.throttled.Warn("endTransaction").Str("peer", ctx.Conn().RemoteAddr()).Str("group", q.ProducerGroup).
		Int64("commitLogOffset", q.CommitLogOffset).Int32("code", code).Str("remark", why.Text).
		Msg("transaction not ended")
	ctx.Status(code, why.Text)
}
