package broker

// SEND_MESSAGE (10), SEND_MESSAGE_V2 (310), SEND_BATCH_MESSAGE (320). Java: SendMessageProcessor,
// AbstractSendMessageProcessor.
//
// Quirks kept: 10 is read with the V1 header and 310, 320 with the one-letter one, strictly by code, while the header's
// batch flag decides between one message and many; a plain topic's write permission is not checked (clients obey the
// route); a message without a body is code 1, not 13; answers that Java builds after decoding carry MSG_REGION and
// TRACE_ON.

import (
	"strconv"
	"sync"

	"gorocket/broker/overload"
	"gorocket/broker/service"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// sends handles requests of producers that store messages.
type sends struct {
	liveConfig
	sender   *service.Sender
	overload *overload.Guard
	topics   *newTopics
	pool     sync.Pool // *sendState
}

func (h *sends) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqSendMessage, Handle: h.sendMessage},
		{Code: wire.ReqSendMessageV2, Handle: h.sendMessage},
		{Code: wire.ReqSendBatchMessage, Handle: h.sendMessage},
	}
}

// sendState is what one send reuses from the one before.
type sendState struct {
	h     *sends
	head  wire.SendMessageRequestHeader
	send  service.Send
	resp  wire.SendMessageResponseHeader
	batch bool // it came as SEND_BATCH_MESSAGE, whose answers have no recall handle
}

// sendMessage runs on the event loop: an append is memory only, and where it is not it comes again on a worker.
func (h *sends) sendMessage(ctx *remoting.Context) {
	if h.overload.Rejects(ctx) {
		return
	}
	s, _ := h.pool.Get().(*sendState)
	if s == nil {
		s = &sendState{h: h}
	}
	s.try(ctx)
	s.send.Reset()
	s.head = wire.SendMessageRequestHeader{}
	h.pool.Put(s)
}

// try does one send.
func (s *sendState) try(ctx *remoting.Context) {
	h := s.h
	if err := decodeSend(ctx, ctx.Req.Code != wire.ReqSendMessage, &s.head); err != nil {
		fail(ctx, err)
		return
	}
	s.batch = ctx.Req.Code == wire.ReqSendBatchMessage
	takeSend(ctx, &s.head, &s.send)
	err := h.sender.Send(&s.send)
	if err == service.ErrNewTopic {
		if h.topics.comesAgain(ctx) {
			return
		}
		takeSend(ctx, &s.head, &s.send)
		s.send.TopicMade = true
		err = h.sender.Send(&s.send)
	}
	switch {
	case err == service.ErrWouldWait:
		ctx.Offload() // a worker waits, the event loop does not
	case err != nil:
		refuseSend(&ctx.Replier, h.cfg(), err)
	default:
		if s.send.NoWait && !s.send.Sync {
			ctx.Barrier(s.send.End) // slaves, too, get only what is written
		}
		s.answer(&ctx.Replier)
	}
}

func decodeSend(ctx *remoting.Context, v2 bool, h *wire.SendMessageRequestHeader) error {
	if v2 {
		return wire.SendMessageRequestV2.Decode(ctx.Req, ctx.In, h)
	}
	return wire.SendMessageRequestV1.Decode(ctx.Req, ctx.In, h)
}

// takeSend fills the input of a send.
func takeSend(ctx *remoting.Context, h *wire.SendMessageRequestHeader, m *service.Send) {
	m.Record.Message = record.Message{Topic: h.Topic, QueueID: h.QueueID, Flag: h.Flag, SysFlag: h.SysFlag,
		BornTimestamp: h.BornTimestamp, BornHost: ctx.Conn().RemoteAddrPort(), ReconsumeTimes: h.ReconsumeTimes,
		Body: ctx.Req.Body}
	m.Properties, m.DefaultTopic, m.DefaultQueues = h.Properties, h.DefaultTopic, h.DefaultTopicQueueNums
	m.Lo, m.Unit, m.Batch, m.TopicMade = h.Lo, h.UnitMode, h.Batch, false
	m.MaxReconsume = maxReconsume(ctx, h.MaxReconsumeTimes)
	m.NoWait, m.NoPromise, m.Received = ctx.OnLoop(), ctx.Oneway(), ctx.Received
}

// maxReconsume is how many attempts a client allows before the dead letters, -1 when it does not say: brokers ignore
// what clients before 3.4.9 say.
func maxReconsume(ctx *remoting.Context, asked int32) int32 {
	if ctx.Req.Version < compat.VersionV3_4_9 {
		return -1
	}
	return asked
}

// answer says where a message was stored, once what the mode promises has come true.
func (s *sendState) answer(r *remoting.Replier) {
	m, c := &s.send, s.h.cfg()
	s.resp = wire.SendMessageResponseHeader{MsgID: m.MsgID, QueueID: m.QueueID, QueueOffset: m.QueueOffset,
		TransactionID: m.UniqKey, BatchUniqID: m.BatchUniqKey, Region: c.RegionID,
		TraceOn: strconv.FormatBool(c.TraceOn)}
	if !s.batch {
		s.resp.RecallHandle = m.RecallHandle
	}
	if m.Sync || m.Replicas {
		remoting.RespondAck(r, remoting.Ack(m.Promise()), wire.SendMessageResponse, &s.resp)
		return
	}
	remoting.Respond(r, wire.Success, "", wire.SendMessageResponse, &s.resp, remoting.Body{})
}
