package service

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"gorocket/broker/config"
	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Send is one message, or a batch of them, on its way into the store. The caller owns it until it has answered, and may
// use it again after Reset.
type Send struct {
	// Record.Message is what the producer sends: Topic, QueueID (negative: any queue), Flag, SysFlag, BornTimestamp,
	// BornHost, ReconsumeTimes, Body. All else of Record is set by Sender.Send.
	Record        store.Record
	Properties    []byte // in text form, as the producer wrote them; may die after the call
	DefaultTopic  string // a new topic becomes as this one
	DefaultQueues int32  // a new topic has as many queues, if the default topic has
	MaxReconsume  int32  // attempts before the dead letters; -1: as the group says
	Lo            string // "false": another broker has turned a logic queue into Record's physical one
	Unit          bool   // UNIT_MODE of the producer
	Batch         bool   // Body holds many messages in the form of a client's batch
	TopicMade     bool   // the caller does not wait for the topic that ErrNewTopic told of
	NoWait        bool   // on an event loop: ErrWouldWait instead of waiting, and the log is written at Publish
	NoPromise     bool   // nobody waits for the answer, so none for the disk
	Received      int64  // ms since 1970; when it came in

	Stored

	props   properties
	offsets []int64
	uniq    []byte
	bits    []byte                          // bit map of the filters
	topic   string                          // that the producer named
	leader  *protocol.LogicQueueMappingItem // static topics: where the logic queue is written; else nil
	logicID int32                           // static topics: the logic queue
	traffic *stats.TopicTraffic             // of topic
	half    bool                            // it is a half message
	hashed  string                          // the topic that hash is record.TopicHash of; kept for the next send
	hash    int32
	count   int64 // messages stored
}

// Stored is the outcome of a send that was not refused.
type Stored struct {
	QueueID      int32
	QueueOffset  int64  // of the first message; 0 for half messages
	MsgID        []byte // offset message ids, with commas between for a batch; dies with the next send
	UniqKey      []byte // UNIQ_KEY of the message; dies with the next send
	BatchUniqKey string // of a batch that is one record
	RecallHandle string // what a timer message can be taken back with
	// End is the position of the log up to which it has to be written before anybody is told: Store.Publish, when the
	// caller said NoWait, else it is.
	End int64
	// Sync and Replicas: nobody is told before Promise has come true, the disk, slaves. Without Sync the log is to be
	// written up to End all the same, as slaves get only what is.
	Sync, Replicas bool
}

// Reset drops what the last send refers to and keeps the memory for the next one.
func (m *Send) Reset() {
	m.Record, m.Properties, m.DefaultTopic, m.Lo = store.Record{}, nil, "", ""
	m.leader, m.half, m.topic, m.TopicMade, m.traffic = nil, false, "", false, nil
	if cap(m.props.text) > 64<<10 {
		m.props.text = nil
	}
}

// Sender stores messages. Java: SendMessageProcessor, AbstractSendMessageProcessor, HookUtils.
type Sender struct {
	*base
	uniq   *uniqIDs
	suffix []byte // the properties that every stored message gets; immutable
}

func newSender(b *base) *Sender {
	return &Sender{base: b, uniq: newUniqIDs(b.StoreHost.Addr()), suffix: fixedProperties(b.cfg())}
}

// fixedProperties are those that the broker sets on every message. Java: buildMsgContext, sendMessage.
func fixedProperties(c *config.Config) []byte {
	p := record.AppendProperty(nil, protocol.PropRegion, c.RegionID)
	p = record.AppendProperty(p, protocol.PropTraceOn, strconv.FormatBool(c.TraceOn))
	return record.AppendProperty(p, protocol.PropCluster, c.BrokerClusterName)
}

// Send stores a message or a batch. Errors are ErrWouldWait, ErrNewTopic and *Refusal.
func (s *Sender) Send(m *Send) error {
	r := &m.Record
	if len(r.Body) == 0 {
		return refuse(NoBody, "java.lang.NullPointerException: the message has no body")
	}
	m.Stored, m.offsets = Stored{MsgID: m.MsgID[:0], UniqKey: m.UniqKey[:0]}, m.offsets[:0]
	m.topic, m.leader, m.half = r.Topic, nil, false
	if d := s.Mappings.Of(r.Topic, m.Lo); d != nil {
		if err := m.toLeader(d); err != nil {
			return err
		}
	}
	entry, err := s.topicFor(m)
	if err != nil {
		return err
	}
	m.traffic = entry.Traffic
	if r.QueueID < 0 {
		r.QueueID = rand.Int32N(int32(max(1, entry.WriteQueueNums)))
	}
	m.props.parse(m.Properties)
	if m.props.badDelay {
		return refuse(BadProperty, "java.lang.NumberFormatException: For input string: property DELAY")
	}
	s.fill(m, &entry.TopicConfig)
	if m.Batch {
		return s.batch(m, &entry.TopicConfig)
	}
	return s.one(m, &entry.TopicConfig)
}

// fill sets what one message and a batch have in common.
func (s *Sender) fill(m *Send, topic *protocol.TopicConfig) {
	r := &m.Record
	r.StoreHost, r.Index, r.FilterBits, r.TagsCode, r.Now = s.StoreHost, dispatch.Keys{}, nil, 0, 0
	r.NoWait = m.NoWait
	r.Group = m.props.wait && !m.NoPromise && s.syncFlush()
	r.Later = false
	if m.NoWait {
		r.Later = !r.Group // written at the end of the loop's turn, before the answers leave
		r.Now = m.Received
	}
	if topic.TopicFilterType == protocol.MultiTag {
		r.SysFlag |= record.SysFlagMultiTags
	}
	m.QueueID = r.QueueID
}

func (s *Sender) one(m *Send, topic *protocol.TopicConfig) error {
	r, p := &m.Record, &m.props
	if strings.HasPrefix(r.Topic, compat.RetryTopicPrefix) {
		if err := s.retryOrDeadLetter(m); err != nil {
			return err
		}
	}
	if r.SysFlag&record.SysFlagInnerBatch != 0 || p.inner {
		return s.illegal()
	}
	if p.priority >= 0 && m.leader == nil {
		m.prioritize(topic)
	}
	if len(p.uniqKey) == 0 {
		m.uniq = s.uniq.append(m.uniq[:0], time.Now())
		p.uniqKey = m.uniq
		p.text = record.AppendProperty(p.text, record.PropUniqKey, string(m.uniq))
	}
	m.UniqKey = append(m.UniqKey, p.uniqKey...)
	p.text = append(p.text, s.suffix...)
	r.TagsCode = record.TagsCode(p.tags)
	if p.tran && !(r.ReconsumeTimes > 0 && p.delay > 0) {
		if err := s.makeHalf(m); err != nil {
			return err
		}
	} else if err := s.delayed(m); err != nil {
		return err
	}
	if r.Topic != m.hashed {
		m.hashed, m.hash = r.Topic, record.TopicHash(r.Topic)
	}
	r.Properties, r.Index = p.text, dispatch.KeysOf(m.hash, p.uniqKey, p.keys)
	m.bits = s.bits.Note(r, m.bits)
	if err := s.wantsReplicas(m); err != nil {
		return err
	}
	done, err := s.store.Append(r)
	return s.stored(m, done, err)
}

// prioritize puts a message into the queue of its priority, if nothing else decides about its queue or its time. Java:
// SendMessageProcessor.sendMessage, TopicMessageType.parseFromMessageProperty.
func (m *Send) prioritize(topic *protocol.TopicConfig) {
	if m.props.messageType() != stats.NormalMessage {
		m.props.drop(protocol.PropPriority)
		return
	}
	m.Record.QueueID = max(0, min(m.props.priority, int32(topic.WriteQueueNums)-1))
	m.QueueID = m.Record.QueueID
}

// delayed parks a message with a delay level or a delivery time. Java: HookUtils.handleScheduleMessage.
func (s *Sender) delayed(m *Send) error {
	p, r := &m.props, &m.Record
	if p.timer && p.delay <= 0 {
		topic := r.Topic
		if err := s.parkForTimer(p, r); err != nil {
			return s.timerRefusal(err)
		}
		if p.slot > 0 {
			m.RecallHandle = s.recallHandle(topic, p.slot, p.uniqKey)
		}
	}
	if p.delay > 0 {
		level := min(p.delay, s.Levels.Max())
		p.parkForLevel(r.Topic, r.QueueID, level)
		r.Topic, r.QueueID = dispatch.ScheduleTopic, level-1
	}
	return nil
}

// stored counts what was appended and tells where it is.
func (s *Sender) stored(m *Send, done store.Appended, err error) error {
	if err == store.ErrWouldWait {
		return ErrWouldWait
	}
	if err != nil {
		return s.appendFailed(err)
	}
	m.count = int64(done.Count)
	s.Stats.Puts.Add(m.count)
	s.Stats.PutBytes.Add(int64(done.Size))
	m.traffic.Add(m.props.messageType(), m.count, int64(done.Size))
	if m.half {
		s.Trans.Counts.Add(m.topic, 1)
	}
	m.QueueOffset = done.QueueOffset
	if m.leader != nil {
		m.toLogical()
	}
	if len(m.offsets) > 0 && m.Batch {
		m.MsgID = record.AppendMessageIDs(m.MsgID, s.StoreHost, m.offsets)
	} else {
		m.MsgID = record.AppendMessageID(m.MsgID, s.StoreHost, done.Offset)
	}
	m.End, m.Sync = done.End(), m.Record.Group
	s.alsoReplicas(m)
	switch {
	case m.Sync || m.Replicas:
		s.Stats.Times.Counted.Add(m.count)
	case !m.Record.Later:
		s.Stats.Times.Add(max(0, time.Now().UnixMilli()-m.Received), m.count)
		s.Stats.Times.Counted.Add(m.count)
	}
	return nil
}

// appendFailed says why the store did not take a message. Java: handlePutMessageResult.
func (s *Sender) appendFailed(err error) error {
	s.Stats.Times.Failed.Add(1)
	switch {
	case errors.Is(err, record.ErrIllegal):
		return s.illegal()
	case errors.Is(err, store.ErrTooManyLightQueues):
		return refuse(NoRoom, "[LMQ_CONSUME_QUEUE_NUM_EXCEEDED]broker config enableLmq and enableMultiDispatch, "+
			"lmq consumeQueue num exceed maxLmqConsumeQueueNum config num, default limit 2w.")
	case errors.Is(err, store.ErrNoNextFile):
		return refuse(NoRoom, "create mapped file failed, server is busy or broken.")
	case errors.Is(err, store.ErrNotWritable):
		return s.unavailable(err)
	}
	s.Throttled.Warn("append").Err(err).Msg("append failed")
	return refuse(Failed, "UNKNOWN_ERROR")
}

func (b *base) illegal() *Refusal {
	return refuse(IllegalMessage, fmt.Sprintf("the message is illegal, maybe msg body or properties length not matched. "+
		"msg body length limit %dB, msg properties length limit 32KB.", b.cfg().MaxMessageSize))
}

// errFenced is why a master, whose store is that of a slave meanwhile, takes no messages.
var errFenced = errors.New("this master takes no messages now: no controller that leads answers it, or it hands over " +
	"to another broker")

func (b *base) unavailable(err error) *Refusal {
	if errors.Is(err, store.ErrSlave) && !b.cfg().IsSlave() {
		err = errFenced
	}
	return refuse(Unavailable, fmt.Sprintf("service not available now. It may be caused by one of the following "+
		"reasons: the broker's disk is full [CL: %.2f], messages are put to the slave, message store has been shut "+
		"down, etc. Cause: %v", b.store.DiskRatios().CommitLog, err))
}
