package trans

import (
	"math"
	"strconv"
	"time"

	"gorocket/broker/worker"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
)

// Limits of one round of checks.
const (
	// roundLimit is how long a round may take. Java: MAX_PROCESS_TIME_LIMIT.
	roundLimit = 60 * time.Second
	// producerBacklog is how many bytes may wait for a producer before it is asked about more.
	producerBacklog = 1 << 20
	// noteProgress is how often a long round notes how far it came: what lies behind the note is stored once more after
	// a kill.
	noteProgress = time.Second
	// busyWait is how long the round waits for a producer to read, or for somebody who ends the same half message.
	busyWait = 5 * time.Millisecond
)

// checkRound is one look at the half messages that wait. It is reused from round to round.
type checkRound struct {
	began int64 // ms since 1970; what is stored later waits for the next round
	cfg   Settings
	asked int
	pace  questionPace
	res   store.GetResult
	text  []byte
	body  []byte
}

// verdict says how a round goes on behind a half message.
type verdict int

const (
	pass  verdict = iota // nothing is left to do for it
	again                // look at it once more, in a moment
	halt                 // too young, or the store takes nothing: it and all behind it wait for the next round
)

// check asks about every half message that is old enough and gives up those that were asked about too often. It goes
// through the queue in order and stops at the first one that is too young. Java:
// TransactionalMessageServiceImpl.check.
func (t *Service) check(stop <-chan struct{}) {
	r := &t.round
	r.began, r.cfg, r.asked = t.d.Now().UnixMilli(), t.d.Settings(), 0
	at := t.position(compat.TopicTransHalf)
	if at < t.Halves.start() { // somebody reset the offsets
		t.rewind(at)
		t.replay(stop)
	}
	until, noted := time.Now().Add(roundLimit), time.Now()
	for time.Now().Before(until) && !worker.Stopped(stop) {
		end := t.d.Store().MaxOffset(compat.TopicTransHalf, 0)
		if at = t.Halves.NextOpen(at, end); at >= end {
			break
		}
		next, v := t.checkSome(r, at)
		at = next
		if v == halt || v == again && !worker.Rest(busyWait, stop) {
			break
		}
		if time.Since(noted) > noteProgress {
			t.advance(at)
			noted = time.Now()
		}
	}
	t.advance(at)
	if r.asked > 0 {
		t.d.Log.Info().Int("asked", r.asked).Int64("progress", at).Msg("producers were asked about their transactions")
	}
}

// checkSome looks at the half messages from at on that lie side by side, and returns the first that it is not done
// with.
func (t *Service) checkSome(r *checkRound, at int64) (next int64, v verdict) {
	t.d.Store().Get(&store.GetQuery{Topic: compat.TopicTransHalf, Offset: at, MaxCount: 32}, &r.res)
	defer r.res.Release()
	if len(r.res.Slices) == 0 {
		if r.res.NextBeginOffset > at { // deleted with its file
			return r.res.NextBeginOffset, pass
		}
		return at, halt
	}
	for i, rec := range r.res.Slices {
		offset := r.res.QueueOffsets[i]
		if offset > at && t.Halves.NextOpen(at, offset) == at {
			at = offset // its record is gone
		}
		if offset < t.Halves.NextOpen(at, offset+1) {
			at = offset + 1
			continue
		}
		if v := t.checkOne(r, rec, offset); v != pass {
			return offset, v
		}
		at = offset + 1
	}
	return at, pass
}

// checkOne decides about one half message.
func (t *Service) checkOne(r *checkRound, rec []byte, offset int64) verdict {
	m, err := record.Decode(rec)
	if err != nil {
		t.d.Throttled.Warn("transRecord").Err(err).Int64("offset", offset).Msg("half message is passed over")
		return pass
	}
	times := checkTimes(&m)
	age := r.began - m.BornTimestamp
	if times >= r.cfg.CheckMax || age > r.cfg.FileReserved.Milliseconds() {
		return t.withClaim(offset, func() (int64, bool) { return -1, t.discard(&m) })
	}
	if m.StoreTimestamp >= r.began {
		return halt
	}
	limit, custom := Immunity(&m, r.cfg.Timeout)
	if custom && age <= limit {
		return t.withClaim(offset, func() (int64, bool) {
			done, ok := t.storeAgain(r, &m, offset, 0)
			return done.QueueOffset, ok
		})
	}
	if age >= 0 && age <= limit {
		return halt
	}
	return t.ask(r, &m, offset, times+1)
}

// ask stores a half message again, with the number of the question, and asks a producer of its group. Nobody there
// counts as asked, as in Java.
func (t *Service) ask(r *checkRound, m *record.View, offset int64, times int) verdict {
	group, _ := m.Property(protocol.PropProducerGroup)
	topic, _ := m.Property(record.PropRealTopic)
	conn, busy := t.d.Producers.Pick(string(group), string(topic), t.d.Now().UnixMilli(), producerBacklog)
	if busy || conn != nil && !r.pace.mayAsk(t.answered.Load(), time.Now()) {
		return again
	}
	var copied store.Appended
	v := t.withClaim(offset, func() (to int64, ok bool) {
		copied, ok = t.storeAgain(r, m, offset, times)
		return copied.QueueOffset, ok
	})
	if copied.Size == 0 {
		return v
	}
	r.asked++
	if conn == nil {
		t.d.Throttled.Warn("transNobody").Bytes("producerGroup",
			group).Msg("nobody to ask about a transaction: no producer of its group is connected")
		return v
	}
	r.pace.sent++
	t.sendCheck(r, conn, m, copied)
	return v
}

// withClaim runs do while nobody can end the half message at offset. do returns the place of its new copy, -1 for
// none, and whether it worked.
func (t *Service) withClaim(offset int64, do func() (to int64, ok bool)) verdict {
	switch at, c := t.Halves.Claim(offset); {
	case c == ClaimEnded:
		return pass
	case c == ClaimIsBusy:
		return again
	case at != offset: // cannot be: only older places have a newer one, and the round is behind them
		t.Halves.Release(at, false)
		return pass
	}
	to, ok := do()
	if ok && to >= 0 {
		t.Halves.moved(offset, to)
	} else {
		t.Halves.Release(offset, false) // one that was given up may still be committed
	}
	if !ok {
		return halt
	}
	return pass
}

// storeAgain puts a copy behind the other half messages; times > 0 is the number of the question. Java:
// putBackHalfMsgQueue, putImmunityMsgBackToHalfQueue.
func (t *Service) storeAgain(r *checkRound, m *record.View, offset int64, times int) (store.Appended, bool) {
	if times > 0 {
		r.text = record.SetProperty(r.text[:0], m.Properties, protocol.PropCheckTimes, strconv.Itoa(times))
	} else {
		r.text = append(r.text[:0], m.Properties...)
		if _, ok := m.Property(protocol.PropPreparedQueue); !ok {
			r.text = record.AppendProperty(r.text, protocol.PropPreparedQueue, strconv.FormatInt(offset, 10))
		}
	}
	return t.Put(CopyOf(m, compat.TopicTransHalf, r.text))
}

// discard gives a half message up: it goes where operators find it, and 323 brings it back. Java:
// DefaultTransactionalMessageCheckListener.
func (t *Service) discard(m *record.View) bool {
	t.d.Topics.Ensure(compat.TopicTransCheckMax, 1, false, 0)
	_, ok := t.Put(CopyOf(m, compat.TopicTransCheckMax, m.Properties))
	if ok {
		topic, _ := m.Property(record.PropRealTopic)
		t.Counts.Add(string(topic), -1)
		id, _ := m.Property(record.PropUniqKey)
		t.d.Throttled.Warn("transDiscard").Bytes("topic", topic).Bytes("uniqKey",
			id).Msg("half message without an answer goes to TRANS_CHECK_MAX_TIME_TOPIC")
	}
	return ok
}

// CopyOf is a half message for queue 0 of another or the same topic.
func CopyOf(m *record.View, topic string, properties []byte) *store.Record {
	tags, _ := m.Property(record.PropTags)
	return &store.Record{
		Message: record.Message{
			Topic: topic, Flag: m.Flag, SysFlag: m.SysFlag, BornTimestamp: m.BornTimestamp,
			BornHost: m.BornHost, StoreHost: m.StoreHost, ReconsumeTimes: m.ReconsumeTimes,
			Body: m.Body, Properties: properties,
		},
		TagsCode: record.TagsCode(tags),
	}
}

// Put stores a copy of a half message, logging why not. Blocking workers and goroutines of the service only.
func (t *Service) Put(r *store.Record) (store.Appended, bool) {
	done, err := t.d.Store().Append(r)
	if err != nil {
		t.d.Throttled.Warn("transPut").Err(err).Str("topic",
			r.Topic).Msg("cannot store a half message again; trying in the next round")
	}
	return done, err == nil
}

// sendCheck asks a producer; it answers with END_TRANSACTION. Java:
// AbstractTransactionalMessageCheckListener.sendCheckMessage.
func (t *Service) sendCheck(r *checkRound, conn *remoting.Conn, m *record.View, at store.Appended) {
	topic, _ := m.Property(record.PropRealTopic)
	queueText, _ := m.Property(record.PropRealQueue)
	queue, err := strconv.ParseInt(string(queueText), 10, 32)
	if err != nil {
		return // Java's task throws
	}
	rec := CopyOf(m, string(topic), r.text)
	rec.QueueID = int32(queue)
	place := record.Stamp{QueueOffset: at.QueueOffset, Offset: at.Offset, StoreTime: m.StoreTimestamp}
	if r.body, err = r.cfg.Store.RecordLimits().Append(r.body[:0], &rec.Message, place); err != nil {
		return
	}
	id, _ := m.Property(record.PropUniqKey)
	h := wire.CheckTransactionStateRequestHeader{Topic: compat.TopicTransHalf, TranStateTableOffset: at.QueueOffset,
		CommitLogOffset: at.Offset, MsgID: string(id),
		TransactionID: string(id), OffsetMsgID: string(record.AppendMessageID(nil, m.StoreHost,
			at.Offset)), BrokerName: r.cfg.BrokerName}
	_ = remoting.Notify(conn, wire.ReqCheckTransactionState, wire.CheckTransactionStateRequest, &h, r.body)
}

// checkTimes is how often a half message was asked about.
func checkTimes(m *record.View) int {
	text, ok := m.Property(protocol.PropCheckTimes)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil {
		return -1 // Java's getInt
	}
	return int(n)
}

// Immunity is how long after its birth nobody asks about a half message, in ms, and whether the message says so
// itself. A value that is no number counts as timeout. Java: TransactionalMessageServiceImpl.getImmunityTime.
func Immunity(m *record.View, timeout int64) (limit int64, custom bool) {
	text, ok := m.Property(protocol.PropImmunity)
	if !ok {
		return timeout, false
	}
	seconds, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || seconds == -1 {
		return timeout, true
	}
	return min(seconds, math.MaxInt64/2000) * 1000, true
}
