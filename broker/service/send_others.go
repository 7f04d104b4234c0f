package service

import (
	"math/rand/v2"
	"net/netip"
	"strconv"

	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// Reply stores the answer of a request-reply exchange as it stands, without what the broker adds elsewhere; the outcome
// is in m. Only the checks of the topic, whose errors are those of Send, refuse it: one that is not stored, or not on
// disk under SYNC_FLUSH, is logged, and MsgID is "0" when there is nothing in the log. It may wait. Java:
// ReplyMessageProcessor.handlePutMessageResult.
func (s *Sender) Reply(m *Send) error {
	r := &m.Record
	t, err := s.topicFor(m)
	if err != nil {
		return err
	}
	if r.QueueID < 0 {
		r.QueueID = rand.Int32N(int32(max(1, t.WriteQueueNums)))
	}
	m.Stored, m.count = Stored{MsgID: []byte("0"), QueueID: r.QueueID}, 0
	if !s.cfg().StoreReplyMessageEnable || len(r.Body) == 0 {
		return nil
	}
	m.props.parse(m.Properties)
	r.SysFlag &^= record.SysFlagTransaction | record.SysFlagInnerBatch
	r.StoreHost, r.Properties, r.TagsCode = s.StoreHost, withoutOffsets(m.Properties), record.TagsCode(m.props.tags)
	err = s.wantsReplicas(m)
	var done store.Appended
	if err == nil {
		done, err = s.store.Append(r)
	}
	if err == nil && m.props.wait {
		err = s.promised(done.End())
	}
	if err != nil {
		s.Throttled.Warn("storeReply").Err(err).Str("topic", r.Topic).Msg("reply is not stored")
	}
	if done.Size == 0 {
		return nil
	}
	m.count = 1
	s.Stats.Puts.Add(1)
	s.Stats.PutBytes.Add(int64(done.Size))
	t.Traffic.Add(m.props.messageType(), 1, int64(done.Size))
	m.MsgID, m.QueueOffset = record.AppendMessageID(nil, s.StoreHost, done.Offset), done.QueueOffset
	return nil
}

// IsStored tells whether the last send, or reply, is in the log.
func (m *Send) IsStored() bool { return m.count > 0 }

// recallTag is the TAGS of a recall mark. Java: RecallMessageProcessor.RECALL_MESSAGE_TAG.
const recallTag = "_RECALL_TAG_"

// Mark is what takes a timer message back: a timer message itself, which deletes the other one when it is due.
type Mark struct {
	Topic    string // of the message
	UniqKey  string // of the message
	At       int64  // ms since 1970; when the message is due, within timerMaxDelaySec
	Group    string // the producer's
	BornHost netip.AddrPort
}

// Recall stores a mark. Under SYNC_FLUSH it is on disk when this returns; a disk that is too slow counts as done, as in
// Java's answer to FLUSH_DISK_TIMEOUT. It may wait.
func (s *Sender) Recall(k *Mark) error {
	now := s.Now().UnixMilli()
	at := strconv.FormatInt(k.At, 10)
	p := properties{timer: true, timerDel: true, timerDeliver: []byte(at)}
	for _, f := range [][2]string{
		{record.PropTags, recallTag}, {timer.PropDelKey, timer.DeleteKey(k.Topic, k.UniqKey,
			s.cfg().AppendTopicForTimerDeleteKey)}, {record.PropUniqKey, k.UniqKey},
		{protocol.PropTimerDeliverMs, at}, {protocol.PropBornTimestamp, strconv.FormatInt(now, 10)},
		{protocol.PropProducerGroup, k.Group},
	} {
		if f[1] != "" {
			p.text = record.AppendProperty(p.text, f[0], f[1])
		}
	}
	r := store.Record{
		Message: record.Message{Topic: k.Topic, BornTimestamp: now, BornHost: k.BornHost, StoreHost: s.StoreHost,
			Body: []byte("0")},
		TagsCode: record.TagsCode([]byte(recallTag)),
	}
	if err := s.parkForTimer(&p, &r); err != nil {
		return s.timerRefusal(err)
	}
	r.Properties = p.text
	if _, err := s.syncReplicas(); err != nil {
		return err
	}
	done, err := s.store.Append(&r)
	if err == nil {
		err = s.promised(done.End())
	}
	if err == nil || isLate(err) {
		return nil
	}
	return refuse(Failed, err.Error())
}
