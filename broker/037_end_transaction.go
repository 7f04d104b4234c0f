package broker

// END_TRANSACTION (37): a producer commits or rolls back, by itself or because it was asked (39). Java:
// EndTransactionProcessor.
//
// Quirks kept: "unknown" is not answered at all; the wrong group or offset is code 1; an end that comes later than
// CHECK_IMMUNITY_TIME_IN_SECONDS allows is 604 without a remark; the committed message keeps TRAN_MSG and loses
// REAL_TOPIC and REAL_QID; it never waits for the disk. Differences: what ended already is SUCCESS and nothing is
// stored (Java delivers again); a commit log offset that no entry of the half queue points to is code 1 (Java copies
// any bytes that look like a message), and so is a half message whose REAL_TOPIC and REAL_QID clients may not send to.

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorocket/broker/meta"
	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

func (b *Broker) transactionEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqEndTransaction, Handle: b.endTransaction},
		{Code: wire.ReqResumeCheckHalfMessage, Mode: remoting.Pooled, Handle: with(wire.ResumeCheckHalfMessageRequest,
			b.resumeCheck)},
	}
}

// endState is what one end reuses from the one before.
type endState struct {
	b      *Broker
	ctx    *remoting.Context
	head   wire.EndTransactionRequestHeader
	props  sendProps
	record store.Record
	visit  func([]byte) error // end, bound once
	code   int32              // the answer
	remark string
}

func (b *Broker) newEndState() any {
	s := &endState{b: b}
	s.visit = s.end
	return s
}

const noHalf = "Find prepared transaction message failed"

// endWait is how long a worker waits for whoever has the same half message this moment.
const endWait = time.Second

// endTransaction runs on the event loop; when the half message may have to be read from disk, or the commit would wait,
// it comes again on a worker.
func (b *Broker) endTransaction(ctx *remoting.Context) {
	s := b.ends.Get().(*endState)
	s.ctx = ctx
	s.handle()
	s.ctx, s.record, s.head = nil, store.Record{}, wire.EndTransactionRequestHeader{}
	b.ends.Put(s)
}

func (s *endState) handle() {
	ctx, b := s.ctx, s.b
	if err := wire.EndTransactionRequest.Decode(ctx.Req, ctx.In, &s.head); err != nil {
		fail(ctx, err)
		return
	}
	if b.isSlave() {
		ctx.Status(wire.SlaveNotAvailable, "")
		return
	}
	if s.head.FromTransactionCheck && ctx.OnLoop() {
		b.trans.Answered()
	}
	switch s.head.CommitOrRollback {
	case wire.TransactionUnknown:
		return // the producer does not know yet: nobody waits for an answer
	case wire.TransactionCommit, wire.TransactionRollback:
	default:
		fail(ctx, errors.New("org.apache.rocketmq.remoting.exception.RemotingCommandException: commitOrRollback field wrong"))
		return
	}
	s.code, s.remark = wire.Success, ""
	var err error
	if ctx.OnLoop() {
		err = b.store.WithHotRecord(s.head.CommitLogOffset, s.visit)
	} else {
		err = b.store.WithRecord(s.head.CommitLogOffset, s.visit)
	}
	switch {
	case err == store.ErrWouldWait:
		ctx.Offload()
		return
	case err != nil:
		s.refuse(wire.SystemError, noHalf)
	}
	s.answer()
}

func (s *endState) answer() {
	if s.code != wire.Success { // ends are one-way requests: the log is the only place where anybody sees it
		s.b.throttled.Warn("endTransaction").Str("peer", s.ctx.Conn().RemoteAddr()).Str("group",
			s.head.ProducerGroup).Int64("commitLogOffset", s.head.CommitLogOffset).
			Int32("code", s.code).Str("remark", s.remark).Msg("transaction not ended")
	}
	s.ctx.Status(s.code, s.remark)
}

func (s *endState) refuse(code int32, remark string) { s.code, s.remark = code, remark }

// end commits or rolls back the half message rec. ErrWouldWait asks for a worker.
func (s *endState) end(rec []byte) error {
	m, err := record.Decode(rec)
	if err != nil || string(m.Topic) != compat.TopicTransHalf {
		s.refuse(wire.SystemError, noHalf)
		return nil
	}
	if !s.check(&m) {
		return nil
	}
	at, c := s.claim(m.QueueOffset)
	switch c {
	case trans.ClaimEnded:
		return nil
	case trans.ClaimIsBusy:
		if s.ctx.OnLoop() {
			return store.ErrWouldWait
		}
		s.refuse(wire.SystemError, "the half message is being ended or asked about")
		return nil
	case trans.ClaimTooFar:
		s.refuse(wire.SystemError, fmt.Sprintf("more than %d half messages wait before this one", trans.MaxHalfSpan))
		return nil
	}
	if s.head.CommitOrRollback == wire.TransactionCommit {
		err = s.commit(&m)
	}
	ended := err == nil && s.code == wire.Success
	s.b.trans.Halves.Release(at, ended)
	if ended {
		s.note(&m, at)
	}
	return err
}

// isSlave tells whether another broker ends transactions and asks about them.
func (b *Broker) isSlave() bool { return b.cfg().BrokerRole == "SLAVE" }

// claim waits on a worker, but not on the event loop.
func (s *endState) claim(offset int64) (int64, trans.Claim) {
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		at, c := s.b.trans.Halves.Claim(offset)
		if c != trans.ClaimIsBusy || s.ctx.OnLoop() || time.Since(began) > endWait {
			return at, c
		}
	}
}

// check compares the request with the half message. Java: rejectCommitOrRollback, checkPrepareMessage.
func (s *endState) check(m *record.View) bool {
	timeout := int64(s.b.cfg().TransactionTimeOut)
	if limit, custom := trans.Immunity(m, timeout); custom && !s.head.FromTransactionCheck &&
		s.b.now().UnixMilli()-m.BornTimestamp > max(limit, timeout) {
		s.refuse(wire.IllegalOperation, "")
		return false
	}
	group, ok := m.Property(protocol.PropProducerGroup)
	switch {
	case !ok:
		s.refuse(wire.SystemError, "java.lang.NullPointerException: the half message has no PGROUP")
	case string(group) != s.head.ProducerGroup:
		s.refuse(wire.SystemError, "The producer group wrong")
	case m.QueueOffset != s.head.TranStateTableOffset:
		s.refuse(wire.SystemError, "The transaction state table offset wrong")
	default:
		return true
	}
	return false
}

// commit stores the message where it belongs. Java: endMessageTransaction, sendFinalMessage.
func (s *endState) commit(m *record.View) error {
	topic, queue, ok := s.rebuild(m)
	if !ok {
		s.refuse(wire.SystemError,
			"java.lang.NumberFormatException: the half message has no usable REAL_TOPIC or REAL_QID")
		return nil
	}
	p, r := &s.props, &s.record
	*r = store.Record{
		Message: record.Message{
			Topic: s.ctx.In.String(topic), QueueID: queue, Flag: m.Flag,
			SysFlag:       m.SysFlag&^record.SysFlagTransaction | record.SysFlagCommit,
			BornTimestamp: m.BornTimestamp, BornHost: m.BornHost, StoreHost: m.StoreHost,
			ReconsumeTimes: m.ReconsumeTimes, PreparedTransactionOffset: s.head.CommitLogOffset,
			Body: m.Body,
		},
		TagsCode: record.TagsCode(p.tags), NoWait: s.ctx.OnLoop(),
	}
	if p.timer && p.delay <= 0 { // counted from now on: a half message has no delay
		if err := s.b.parkForTimer(p, r); err != nil {
			s.refuse(s.b.timerRefusal(err))
			return nil
		}
	}
	if p.delay > 0 {
		level := min(p.delay, s.b.schedule.Max())
		p.drop(protocol.PropTranMsg)
		p.parkForLevel(r.Topic, r.QueueID, level)
		r.Topic, r.QueueID = dispatch.ScheduleTopic, level-1
	}
	r.Properties = p.text
	done, err := s.b.store.Append(r)
	switch {
	case err == store.ErrWouldWait:
		return err
	case err != nil:
		s.commitFailed(err)
	default:
		s.b.stats.Puts.Add(1)
		s.b.stats.PutBytes.Add(int64(done.Size))
	}
	return nil
}

// rebuild copies the properties without REAL_TOPIC and REAL_QID and returns those; ok tells whether a client may send
// there.
func (s *endState) rebuild(m *record.View) (topic []byte, queue int32, ok bool) {
	p := &s.props
	*p = sendProps{text: p.text[:0]}
	var queueText []byte
	for src := m.Properties; ; {
		name, value, rest, more := record.NextProperty(src)
		if !more {
			break
		}
		src = rest
		switch string(name) {
		case record.PropRealTopic:
			topic = value
			continue
		case record.PropRealQueue:
			queueText = value
			continue
		}
		p.note(name, value)
		p.text = append(append(append(append(p.text, name...), 1), value...), 2)
	}
	n, err := strconv.ParseInt(string(queueText), 10, 32)
	return topic, int32(n), err == nil && meta.MayHold(s.ctx.In.String(topic), n)
}

// commitFailed maps an error of the store to the answers of Java's sendFinalMessage.
func (s *endState) commitFailed(err error) {
	switch {
	case errors.Is(err, record.ErrIllegal):
		s.refuse(wire.MessageIllegal, fmt.Sprintf("The message is illegal, maybe msg body or properties length not matched. "+
			"msg body length limit %dB, msg properties length limit 32KB.", s.b.cfg().MaxMessageSize))
	case errors.Is(err, store.ErrNoNextFile):
		s.refuse(wire.SystemError, "Create mapped file failed.")
	case errors.Is(err, store.ErrNotWritable):
		s.refuse(wire.ServiceNotAvailable, "Service not available now.")
	default:
		s.refuse(wire.SystemError, "UNKNOWN_ERROR")
	}
}

// note writes the end down for the op queue and counts it.
func (s *endState) note(m *record.View, at int64) {
	topic, _ := m.Property(record.PropRealTopic)
	s.b.trans.Ended(s.ctx.In.String(topic), m.QueueOffset, at, s.head.CommitOrRollback == wire.TransactionCommit,
		s.b.now().UnixMilli()-m.BornTimestamp, s.b.cfg().TransactionOpMsgMaxSize)
}
