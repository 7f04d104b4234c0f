package broker

// SEND_MESSAGE (10), SEND_MESSAGE_V2 (310), SEND_BATCH_MESSAGE (320). Java: SendMessageProcessor,
// AbstractSendMessageProcessor.
//
// Quirks kept: 10 is read with the V1 header and 310, 320 with the one-letter one, strictly by code, while the header's
// batch flag decides between one message and many; a plain topic's write permission is not checked (clients obey the
// route); a message without a body is code 1, not 13; answers that Java builds after decoding carry MSG_REGION and
// TRACE_ON.

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"gorocket/broker/meta"
	"gorocket/broker/stats"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

func (b *Broker) sendEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqSendMessage, Handle: b.sendMessage},
		{Code: wire.ReqSendMessageV2, Handle: b.sendMessage},
		{Code: wire.ReqSendBatchMessage, Handle: b.sendMessage},
	}
}

// sendState is what one send reuses from the one before. It is owned by the handler until the answer is out.
type sendState struct {
	b       *Broker
	head    wire.SendMessageRequestHeader
	props   sendProps
	record  store.Record
	offsets []int64
	reply   remoting.Replier
	resp    wire.SendMessageResponseHeader
	msgID   []byte
	uniq    []byte
	bits    []byte                          // bit map of the filters
	id      []byte                          // UNIQ_KEY, the transactionId of the answer
	leader  *protocol.LogicQueueMappingItem // static topics: where the logic queue is written; else nil
	logicID int32                           // static topics: the logic queue
	traffic *stats.TopicTraffic             // of the topic that the producer named
	half    bool                            // it is a half message
	began   int64                           // ms since 1970; when what waits for the flusher came
	count   int64                           // messages of what waits for the flusher
}

// sendMessage runs on the event loop: an append is memory only, and where it is not it comes again on a worker. Under
// SYNC_FLUSH the answer follows from the flusher.
func (b *Broker) sendMessage(ctx *remoting.Context) {
	if b.rejects(ctx) {
		return
	}
	s := b.sends.Get().(*sendState)
	if b.trySend(ctx, s) {
		return // the flusher owns s now
	}
	b.recycle(s)
}

func (b *Broker) recycle(s *sendState) {
	s.record, s.head, s.reply, s.leader, s.half = store.Record{}, wire.SendMessageRequestHeader{}, remoting.Replier{}, nil,
		false
	if cap(s.props.text) > 64<<10 {
		s.props.text = nil
	}
	b.sends.Put(s)
}

// trySend does one send; true when the answer is left to the flusher, which then owns s.
func (b *Broker) trySend(ctx *remoting.Context, s *sendState) bool {
	h := &s.head
	ht := wire.SendMessageRequestV1
	if ctx.Req.Code != wire.ReqSendMessage {
		ht = wire.SendMessageRequestV2
	}
	if err := ht.Decode(ctx.Req, ctx.In, h); err != nil {
		ctx.Status(wire.SystemError, err.Error())
		return false
	}
	if len(ctx.Req.Body) == 0 {
		ctx.Status(wire.SystemError, "java.lang.NullPointerException: the message has no body")
		return false
	}
	if d := b.mappings.Of(h.Topic, h.Lo); d != nil && !b.toLeader(ctx, s, d) {
		return false
	}
	entry := b.topicForSend(ctx, h)
	if entry == nil {
		return false
	}
	topic := &entry.TopicConfig
	s.traffic = entry.Traffic
	queue := h.QueueID
	if queue < 0 {
		queue = rand.Int32N(int32(max(1, topic.WriteQueueNums)))
	}
	s.props.parse(h.Properties)
	if s.props.badDelay {
		ctx.Status(wire.SystemError, "java.lang.NumberFormatException: For input string: property DELAY")
		return false
	}
	s.fill(ctx, topic, queue)
	if h.Batch {
		if ctx.OnLoop() && longBatch(ctx.Req.Body) {
			ctx.Offload()
			return false
		}
		return b.appendBatch(ctx, s, topic)
	}
	return b.appendOne(ctx, s, topic)
}

// fill sets what one message and a batch have in common.
func (s *sendState) fill(ctx *remoting.Context, topic *protocol.TopicConfig, queue int32) {
	h := &s.head
	s.record = store.Record{
		Message: record.Message{
			Topic: h.Topic, QueueID: queue, Flag: h.Flag, SysFlag: h.SysFlag,
			BornTimestamp: h.BornTimestamp, BornHost: ctx.Conn().RemoteAddrPort(),
			StoreHost: s.b.storeHost, ReconsumeTimes: h.ReconsumeTimes, Body: ctx.Req.Body,
		},
		NoWait: ctx.OnLoop(), Group: s.b.cfg().FlushDiskType == store.SyncFlush && s.props.wait && !ctx.Oneway(),
	}
	if ctx.OnLoop() {
		s.record.Later = !s.record.Group // written at the end of the loop's turn, before the answers leave
		s.record.Now = ctx.Received
	}
	if topic.TopicFilterType == protocol.MultiTag {
		s.record.SysFlag |= record.SysFlagMultiTags
	}
	s.resp = wire.SendMessageResponseHeader{QueueID: queue, Region: s.b.cfg().RegionID,
		TraceOn: strconv.FormatBool(s.b.cfg().TraceOn)}
}

// setID keeps the unique key for the answer; the frame that it lies in may be gone by then.
func (s *sendState) setID(uniqKey []byte) {
	s.id = append(s.id[:0], uniqKey...)
	s.resp.TransactionID = s.id
}

func (b *Broker) appendOne(ctx *remoting.Context, s *sendState, topic *protocol.TopicConfig) bool {
	r, p := &s.record, &s.props
	if strings.HasPrefix(r.Topic, compat.RetryTopicPrefix) && !b.retryOrDeadLetter(ctx, s) {
		return false
	}
	if r.SysFlag&record.SysFlagInnerBatch != 0 || p.inner {
		b.sendFail(ctx, wire.MessageIllegal, b.illegalRemark())
		return false
	}
	if len(p.uniqKey) == 0 {
		s.uniq = b.uniq.append(s.uniq[:0], time.Now())
		p.uniqKey = s.uniq
		p.text = record.AppendProperty(p.text, record.PropUniqKey, string(s.uniq))
	}
	s.setID(p.uniqKey)
	p.text = append(p.text, b.suffix...)
	r.TagsCode = record.TagsCode(p.tags)
	if p.tran && !(r.ReconsumeTimes > 0 && p.delay > 0) {
		if !b.makeHalf(ctx, s) {
			return false
		}
	} else if !b.delayed(ctx, s) {
		return false
	}
	r.Properties, r.Index = p.text, dispatch.KeysOf(r.Topic, p.uniqKey, p.keys)
	s.bits = b.filterBits(r, s.bits)
	done, err := b.store.Append(r)
	return b.stored(ctx, s, done, err)
}

// delayed parks a message with a delay level or a delivery time; false when it answered. Java:
// HookUtils.handleScheduleMessage.
func (b *Broker) delayed(ctx *remoting.Context, s *sendState) bool {
	p, r := &s.props, &s.record
	if p.timer && p.delay <= 0 {
		topic := r.Topic
		if err := b.parkForTimer(p, r); err != nil {
			code, remark := b.timerRefusal(err)
			b.sendFail(ctx, code, remark)
			return false
		}
		if p.slot > 0 && ctx.Req.Code != wire.ReqSendBatchMessage {
			s.resp.RecallHandle = b.recallHandle(topic, p.slot, p.uniqKey)
		}
	}
	if p.delay > 0 {
		level := min(p.delay, b.schedule.Max())
		p.parkForLevel(r.Topic, r.QueueID, level)
		r.Topic, r.QueueID = dispatch.ScheduleTopic, level-1
	}
	return true
}

func (b *Broker) appendBatch(ctx *remoting.Context, s *sendState, topic *protocol.TopicConfig) bool {
	r, p := &s.record, &s.props
	if strings.HasPrefix(r.Topic, compat.RetryTopicPrefix) {
		b.sendFail(ctx, wire.MessageIllegal, "batch request does not support retry group "+r.Topic)
		return false
	}
	inner := meta.IsBatch(topic) && len(p.uniqKey) > 0
	if p.delay > 0 || r.SysFlag&(record.SysFlagTransaction|record.SysFlagInnerBatch) != 0 || p.inner && !inner {
		b.sendFail(ctx, wire.MessageIllegal, b.illegalRemark())
		return false
	}
	if inner {
		return b.appendInnerBatch(ctx, s)
	}
	// r.Properties stays empty: Java adds nothing to the items' own properties (MessageExtEncoder.encode)
	s.setID(p.uniqKey)
	done, offsets, err := b.store.AppendBatch(r, ctx.Req.Body, s.offsets[:0])
	s.offsets = offsets
	if errors.Is(err, record.ErrBadBatch) {
		ctx.Status(wire.SystemError, "java.nio.BufferUnderflowException: "+err.Error())
		return false
	}
	return b.stored(ctx, s, done, err)
}

// longBatch tells whether a batch has so many messages that it is stored on a worker: more than a millisecond's work,
// for which the loop's other connections need not wait. One that is malformed is not long.
func longBatch(batch []byte) bool { return store.BatchItems(batch, store.LongBatch) > store.LongBatch }

// appendInnerBatch stores a batch as one record, for topics with batch consume queues. Java:
// SendMessageProcessor.sendBatchMessage.
func (b *Broker) appendInnerBatch(ctx *remoting.Context, s *sendState) bool {
	r, p := &s.record, &s.props
	n := 0
	for rest := r.Body; len(rest) > 0; n++ {
		var err error
		if _, rest, err = record.NextBatchItem(rest); err != nil {
			ctx.Status(wire.SystemError, "java.nio.BufferUnderflowException: "+err.Error())
			return false
		}
	}
	if n > math.MaxInt16 { // INNER_NUM is a short
		b.sendFail(ctx, wire.MessageIllegal, b.illegalRemark())
		return false
	}
	s.setID(p.uniqKey)
	s.resp.BatchUniqID = string(s.id)
	p.set(record.PropInnerNum, strconv.Itoa(n))
	p.text = record.AppendProperty(p.text, protocol.PropCluster, b.cfg().BrokerClusterName)
	r.SysFlag |= record.SysFlagInnerBatch | record.SysFlagNeedUnwrap
	r.TagsCode, r.Properties, s.offsets = record.TagsCode(p.tags), p.text, s.offsets[:0]
	done, err := b.store.Append(r)
	return b.stored(ctx, s, done, err)
}

// stored answers a send whose append has ended; true when the flusher will do it.
func (b *Broker) stored(ctx *remoting.Context, s *sendState, done store.Appended, err error) bool {
	if err == store.ErrWouldWait {
		ctx.Offload() // a worker waits, the event loop does not
		return false
	}
	if err != nil {
		b.appendFailed(ctx, err)
		return false
	}
	b.stats.Puts.Add(int64(done.Count))
	b.stats.PutBytes.Add(int64(done.Size))
	s.traffic.Add(s.props.messageType(), int64(done.Count), int64(done.Size))
	if s.half {
		b.trans.Counts.Add(s.head.Topic, 1)
	}
	s.resp.QueueOffset = done.QueueOffset
	if s.leader != nil {
		s.toLogical()
	}
	s.msgID = s.msgID[:0]
	if len(s.offsets) > 0 && s.head.Batch {
		s.msgID = record.AppendMessageIDs(s.msgID, b.storeHost, s.offsets)
	} else {
		s.msgID = record.AppendMessageID(s.msgID, b.storeHost, done.Offset)
	}
	s.resp.MsgID = s.msgID
	if s.record.Group {
		s.began, s.count, s.reply = ctx.Received, int64(done.Count), ctx.Later()
		b.stats.Times.Counted.Add(s.count)
		b.store.WaitDurable(done.End(), s)
		return true
	}
	if s.record.Later {
		ctx.Barrier(done.End())
	} else {
		b.stats.Times.Add(max(0, time.Now().UnixMilli()-ctx.Received), int64(done.Count))
		b.stats.Times.Counted.Add(int64(done.Count))
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.SendMessageResponse, &s.resp, remoting.Body{})
	return false
}

// toLogical makes the answer name the logic queue. The offset of a half message stays: END_TRANSACTION has to repeat
// it, and it belongs to the queue of half messages. (Java rewrites it, and refuses the end of the transaction when the
// piece does not begin at 0.)
func (s *sendState) toLogical() {
	s.resp.QueueID = s.logicID
	if !s.props.tran {
		s.resp.QueueOffset = s.leader.LogicalLoosely(s.resp.QueueOffset)
	}
}

// Durable answers under SYNC_FLUSH once the message is on disk, or not in time. It is called by the store's flusher.
func (s *sendState) Durable(err error) {
	s.b.stats.Times.Add(max(0, time.Now().UnixMilli()-s.began), s.count)
	if err != nil {
		s.b.stats.Times.Failed.Add(1)
	}
	s.b.corks.cork(s.reply.Conn())
	switch {
	case err == nil:
		remoting.Respond(&s.reply, wire.Success, "", wire.SendMessageResponse, &s.resp, remoting.Body{})
	case errors.Is(err, store.ErrFlushTimeout):
		remoting.Respond(&s.reply, wire.FlushDiskTimeout, "", wire.SendMessageResponse, &s.resp, remoting.Body{})
	default:
		s.b.failReply(&s.reply, wire.ServiceNotAvailable, s.b.unavailableRemark(err))
	}
	s.b.recycle(s)
}

// sendFail answers a send that was refused; Java had set MSG_REGION and TRACE_ON by then.
func (b *Broker) sendFail(ctx *remoting.Context, code int32, remark string) {
	b.failReply(&ctx.Replier, code, remark)
}

func (b *Broker) failReply(r *remoting.Replier, code int32, remark string) {
	r.RespondFields(code, remark, []wire.StringField{{Key: protocol.PropRegion, Value: b.cfg().RegionID},
		{Key: protocol.PropTraceOn, Value: strconv.FormatBool(b.cfg().TraceOn)}}, nil)
}

// appendFailed maps an error of the store to Java's PutMessageStatus answers (handlePutMessageResult).
func (b *Broker) appendFailed(ctx *remoting.Context, err error) {
	b.stats.Times.Failed.Add(1)
	switch {
	case errors.Is(err, record.ErrIllegal):
		b.sendFail(ctx, wire.MessageIllegal, b.illegalRemark())
	case errors.Is(err, store.ErrTooManyLightQueues):
		b.sendFail(ctx, wire.SystemError, "[LMQ_CONSUME_QUEUE_NUM_EXCEEDED]broker config enableLmq and enableMultiDispatch, "+
			"lmq consumeQueue num exceed maxLmqConsumeQueueNum config num, default limit 2w.")
	case errors.Is(err, store.ErrNoNextFile):
		b.sendFail(ctx, wire.SystemError, "create mapped file failed, server is busy or broken.")
	case errors.Is(err, store.ErrNotWritable):
		b.sendFail(ctx, wire.ServiceNotAvailable, b.unavailableRemark(err))
	default:
		b.throttled.Warn("append").Err(err).Msg("append failed")
		b.sendFail(ctx, wire.SystemError, "UNKNOWN_ERROR")
	}
}

func (b *Broker) illegalRemark() string {
	return fmt.Sprintf("the message is illegal, maybe msg body or properties length not matched. msg body length limit "+
		"%dB, msg properties length limit 32KB.", b.cfg().MaxMessageSize)
}

func (b *Broker) unavailableRemark(err error) string {
	return fmt.Sprintf("service not available now. It may be caused by one of the following reasons: the broker's disk "+
		"is full [CL: %.2f], messages are put to the slave, message store has been shut down, etc. Cause: %v",
		b.store.DiskRatios().CommitLog, err)
}
