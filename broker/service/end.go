package service

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorocket/broker/meta"
	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// End is the end of a transaction. The caller owns it and may use it again after the call.
type End struct {
	Group           string // the producer's
	Topic           string // that the producer named; may be empty
	CommitLogOffset int64  // of the half message
	QueueOffset     int64  // of the half message, as the send's answer told
	Commit          bool   // else the half message is rolled back
	FromCheck       bool   // it answers a question of the broker's
	NoWait          bool   // on an event loop: ErrWouldWait instead of waiting
	// Refusal tells why the producer may not end a transaction of that topic, "" when it may; nil: it may end all.
	Refusal func(topic string) string

	// Waits says that a committed message is in the log and not all of the mode's promise has come true yet: Promised.
	Waits bool

	stored  int64 // end of the committed message in the log
	s       *Ender
	props   properties
	record  store.Record
	refusal *Refusal
	topic   string             // the one that the last message was for: most are for the same
	visit   func([]byte) error // end, bound once
}

// Ender ends transactions. Java: EndTransactionProcessor.
type Ender struct{ *base }

// endWait is how long a caller that may wait does so for whoever has the same half message this moment.
const endWait = time.Second

const noHalf = "Find prepared transaction message failed"

// End commits or rolls back a half message; what has ended already is no error, and nothing is stored. It does not wait
// for the promise of the mode, see e.Waits. Errors are ErrWouldWait and *Refusal.
func (s *Ender) End(e *End) error {
	if e.NoWait && (s.cfg().IsSlave() || s.Trans.Replaying()) { // another broker is asked
		return ErrWouldWait
	}
	for began := time.Now(); s.Trans.Replaying(); time.Sleep(time.Millisecond) {
		if time.Since(began) > endWait { // its producer will be asked
			return refuse(Unavailable, "it is not known yet which transactions have ended")
		}
	}
	if e.visit == nil {
		e.visit = e.end
	}
	e.s, e.refusal, e.Waits = s, nil, false
	var err error
	if e.NoWait {
		err = s.store.WithHotRecord(e.CommitLogOffset, e.visit)
	} else {
		err = s.store.WithRecord(e.CommitLogOffset, e.visit)
	}
	e.s, e.record = nil, store.Record{}
	switch {
	case err == store.ErrWouldWait:
		return ErrWouldWait
	case err != nil:
		return refuse(UnknownOffset, noHalf)
	case e.refusal != nil:
		return e.refusal
	}
	return nil
}

// Promised has done called, at once or from any goroutine, when what the mode promises of the message that e committed
// has come true, or not in time: Java answers success to both.
func (s *Ender) Promised(e *End, done func()) {
	end := e.stored
	replicas := func(error) {
		if sync, _ := s.syncReplicas(); sync {
			s.store.NotifyReplicated(end, func(error) { done() })
			return
		}
		done()
	}
	if s.syncFlush() {
		s.store.NotifyDurable(end, replicas)
		return
	}
	replicas(nil)
}

// Answered notes that a producer has answered a question, with an end or with "unknown".
func (s *Ender) Answered() { s.Trans.Answered() }

func (e *End) refuse(why Reason, text string) { e.refusal = refuse(why, text) }

// end commits or rolls back the half message rec. store.ErrWouldWait asks for a caller that may wait.
func (e *End) end(rec []byte) error {
	m, err := record.Decode(rec)
	if err != nil || string(m.Topic) != compat.TopicTransHalf {
		e.refuse(UnknownOffset, noHalf)
		return nil
	}
	if !e.check(&m) {
		return nil
	}
	if e.Refusal != nil {
		topic, _ := m.Property(record.PropRealTopic)
		if why := e.Refusal(string(topic)); why != "" {
			e.refuse(NotPermitted, why)
			return nil
		}
	}
	if e.s.Trans.Halves.Passed(m.QueueOffset) { // it has ended, or was given up: then it may still be committed
		switch {
		case e.s.cfg().IsSlave():
			return nil
		case e.Commit && e.NoWait:
			return store.ErrWouldWait
		case e.Commit && e.s.Trans.CommittedBefore(&m):
			return nil
		}
	}
	at, c := e.claim(m.QueueOffset)
	switch c {
	case trans.ClaimEnded:
		return nil
	case trans.ClaimIsBusy:
		if e.NoWait {
			return store.ErrWouldWait
		}
		e.refuse(Unavailable, "the half message is being ended or asked about")
		return nil
	case trans.ClaimTooFar:
		e.refuse(NoRoom, fmt.Sprintf("more than %d half messages wait before this one", trans.MaxHalfSpan))
		return nil
	}
	if e.Commit {
		err = e.commit(&m)
	}
	ended := err == nil && e.refusal == nil
	e.s.Trans.Halves.Release(at, ended)
	if ended {
		e.note(&m, at)
	}
	return err
}

// claim waits where that is allowed.
func (e *End) claim(offset int64) (int64, trans.Claim) {
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		at, c := e.s.Trans.Halves.Claim(offset)
		if c != trans.ClaimIsBusy || e.NoWait || time.Since(began) > endWait {
			return at, c
		}
	}
}

// check compares the request with the half message. Java: rejectCommitOrRollback, checkPrepareMessage.
func (e *End) check(m *record.View) bool {
	timeout := int64(e.s.cfg().TransactionTimeOut)
	if limit, custom := trans.Immunity(m, timeout); custom && !e.FromCheck &&
		e.s.Now().UnixMilli()-m.BornTimestamp > max(limit, timeout) {
		e.refuse(Expired, "")
		return false
	}
	group, ok := m.Property(protocol.PropProducerGroup)
	switch {
	case !ok:
		e.refuse(BadProperty, "java.lang.NullPointerException: the half message has no PGROUP")
	case string(group) != e.Group:
		e.refuse(Mismatch, "The producer group wrong")
	case m.QueueOffset != e.QueueOffset:
		e.refuse(Mismatch, "The transaction state table offset wrong")
	default:
		return true
	}
	return false
}

// commit stores the message where it belongs. Java: endMessageTransaction, sendFinalMessage.
func (e *End) commit(m *record.View) error {
	topic, queue, ok := e.rebuild(m)
	if !ok {
		e.refuse(BadProperty, "java.lang.NumberFormatException: the half message has no usable REAL_TOPIC or REAL_QID")
		return nil
	}
	p, r := &e.props, &e.record
	*r = store.Record{
		Message: record.Message{
			Topic: topic, QueueID: queue, Flag: m.Flag,
			SysFlag:       m.SysFlag&^record.SysFlagTransaction | record.SysFlagCommit,
			BornTimestamp: m.BornTimestamp, BornHost: m.BornHost, StoreHost: m.StoreHost,
			ReconsumeTimes: m.ReconsumeTimes, PreparedTransactionOffset: e.CommitLogOffset,
			Body: m.Body,
		},
		TagsCode: record.TagsCode(p.tags), NoWait: e.NoWait,
	}
	if e.s.cfg().IsSlave() {
		return e.commitElsewhere()
	}
	if p.timer && p.delay <= 0 { // counted from now on: a half message has no delay
		if err := e.s.parkForTimer(p, r); err != nil {
			e.refusal = e.s.timerRefusal(err)
			return nil
		}
	}
	if p.delay > 0 {
		level := min(p.delay, e.s.Levels.Max())
		p.drop(protocol.PropTranMsg)
		p.parkForLevel(r.Topic, r.QueueID, level)
		r.Topic, r.QueueID = dispatch.ScheduleTopic, level-1
	}
	r.Properties = p.text
	sync := false
	if p.wait {
		var err error
		if sync, err = e.s.syncReplicas(); err != nil {
			errors.As(err, &e.refusal)
			return nil
		}
	}
	done, err := e.s.store.Append(r)
	switch {
	case err == store.ErrWouldWait:
		return err
	case err != nil:
		e.commitFailed(err)
	default:
		e.s.Stats.Puts.Add(1)
		e.s.Stats.PutBytes.Add(int64(done.Size))
		if p.wait && !sync { // see alsoReplicas
			sync, _ = e.s.syncReplicas()
		}
		e.stored, e.Waits = done.End(), p.wait && (sync || e.s.syncFlush())
	}
	return nil
}

// commitElsewhere stores the message on another master, in the place of this slave's, which delays it if it is to be.
func (e *End) commitElsewhere() error {
	r := &e.record
	r.Properties = e.props.text
	err := e.s.Trans.Acted.Room()
	if err == nil {
		err = e.s.Put(r)
	}
	if err != nil {
		e.refuse(Unavailable, "Service not available now. Cause: "+err.Error())
	}
	return nil
}

// rebuild copies the properties without REAL_TOPIC and REAL_QID and returns those; ok tells whether a client may send
// there.
func (e *End) rebuild(m *record.View) (topic string, queue int32, ok bool) {
	p := &e.props
	*p = properties{text: p.text[:0], wait: true}
	var topicText, queueText []byte
	for src := m.Properties; ; {
		name, value, rest, more := record.NextProperty(src)
		if !more {
			break
		}
		src = rest
		switch string(name) {
		case record.PropRealTopic:
			topicText = value
			continue
		case record.PropRealQueue:
			queueText = value
			continue
		}
		p.note(name, value)
		p.text = append(append(append(append(p.text, name...), 1), value...), 2)
	}
	n, err := strconv.ParseInt(string(queueText), 10, 32)
	topic = e.topicOf(topicText)
	return topic, int32(n), err == nil && meta.MayHold(topic, n)
}

// topicOf is name as a string that outlives the record, made anew only when the topic changes.
func (e *End) topicOf(name []byte) string {
	switch {
	case e.topic == string(name):
	case e.Topic == string(name):
		e.topic = e.Topic
	default:
		e.topic = string(name)
	}
	return e.topic
}

// commitFailed maps an error of the store to the answers of Java's sendFinalMessage.
func (e *End) commitFailed(err error) {
	switch {
	case errors.Is(err, record.ErrIllegal):
		e.refuse(IllegalMessage, fmt.Sprintf("The message is illegal, maybe msg body or properties length not matched. "+
			"msg body length limit %dB, msg properties length limit 32KB.", e.s.cfg().MaxMessageSize))
	case errors.Is(err, store.ErrNoNextFile):
		e.refuse(NoRoom, "Create mapped file failed.")
	case errors.Is(err, store.ErrNotWritable):
		e.refuse(Unavailable, "Service not available now.")
	default:
		e.refuse(Failed, "UNKNOWN_ERROR")
	}
}

// note writes the end down for the op queue and counts it.
func (e *End) note(m *record.View, at int64) {
	topic, _ := m.Property(record.PropRealTopic)
	if e.s.cfg().IsSlave() {
		e.s.Trans.EndedInPlace(trans.ActedEnd{Group: e.Group, Topic: e.topicOf(topic), CommitLogOffset: e.CommitLogOffset,
			QueueOffset: m.QueueOffset}, e.Commit, e.s.Now().UnixMilli()-m.BornTimestamp)
		return
	}
	e.s.Trans.Ended(e.topicOf(topic), m.QueueOffset, at, e.Commit, e.s.Now().UnixMilli()-m.BornTimestamp,
		e.s.cfg().TransactionOpMsgMaxSize)
}
