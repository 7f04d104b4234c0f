package broker

// SEND_REPLY_MESSAGE (324), SEND_REPLY_MESSAGE_V2 (325): the answer of a request-reply exchange. The broker pushes it
// (326) to the client that asked, over the connection of its producer heartbeats, and stores it in
// <cluster>_REPLY_TOPIC. Java: ReplyMessageProcessor.
//
// Quirks kept: the push decides about the answer, stored or not; the message id is "0" when nothing was stored; the
// stored properties are those of the request, without what the broker adds elsewhere. Differences: it is stored before
// it is pushed, and no thread waits for the client.

import (
	"strconv"
	"time"

	"gorocket/broker/clients"
	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// replies handles the answers of request-reply exchanges.
type replies struct {
	liveConfig
	sender    *service.Sender
	topics    *newTopics
	producers *clients.Producers
	storeHost string
	now       func() time.Time
}

func (h *replies) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqSendReplyMessage, Mode: remoting.Blocking, Handle: h.sendReply},
		{Code: wire.ReqSendReplyMessageV2, Mode: remoting.Blocking, Handle: h.sendReply},
	}
}

func (h *replies) sendReply(ctx *remoting.Context) {
	q, m, c := new(wire.SendMessageRequestHeader), new(service.Send), h.cfg()
	if err := decodeSend(ctx, ctx.Req.Code == wire.ReqSendReplyMessageV2, q); err != nil {
		fail(ctx, err)
		return
	}
	takeSend(ctx, q, m)
	err := h.sender.Reply(m)
	if err == service.ErrNewTopic {
		if h.topics.comesAgain(ctx) {
			return
		}
		m.TopicMade = true
		err = h.sender.Reply(m)
	}
	if err != nil {
		refuseSend(&ctx.Replier, c, err)
		return
	}
	resp := &wire.SendMessageResponseHeader{MsgID: m.MsgID, QueueID: m.QueueID, QueueOffset: m.QueueOffset,
		Region: c.RegionID, TraceOn: strconv.FormatBool(c.TraceOn)}
	stored := m.IsStored()
	h.push(ctx, q, func(reply *remoting.Replier, failure string) {
		switch {
		case failure == "":
			remoting.Respond(reply, wire.Success, "", wire.SendMessageResponse, resp, remoting.Body{})
		case stored:
			remoting.Respond(reply, wire.SystemError, failure, wire.SendMessageResponse, resp, remoting.Body{})
		default:
			sendFail(reply, c, wire.SystemError, failure)
		}
	})
}

// push sends the reply to the client that waits for it. answer is called once, from any goroutine, with what went
// wrong.
func (h *replies) push(ctx *remoting.Context, q *wire.SendMessageRequestHeader,
	answer func(reply *remoting.Replier, failure string)) {
	id, ok := record.Property(q.Properties, protocol.PropReplyClient)
	if !ok {
		answer(&ctx.Replier, "reply message properties["+protocol.PropReplyClient+"] is null")
		return
	}
	sender := string(id)
	conn := h.producers.OfClient(sender)
	if conn == nil {
		answer(&ctx.Replier, "push reply message fail, channel of <"+sender+"> not found.")
		return
	}
	now := h.now().UnixMilli()
	push := wire.ReplyMessageRequestHeader{ProducerGroup: q.ProducerGroup, Topic: q.Topic, DefaultTopic: q.DefaultTopic,
		DefaultTopicQueueNums: q.DefaultTopicQueueNums,
		QueueID:               q.QueueID, SysFlag: q.SysFlag, BornTimestamp: q.BornTimestamp, Flag: q.Flag,
		ReconsumeTimes: q.ReconsumeTimes, UnitMode: q.UnitMode,
		BornHost: ctx.Conn().RemoteAddr(), StoreHost: h.storeHost, StoreTimestamp: now,
		Properties: record.SetProperty(nil, q.Properties, protocol.PropPushTime, strconv.FormatInt(now, 10))}
	reply := ctx.Later()
	remoting.Go(conn, callTimeout, wire.ReqPushReplyMessageToClient, wire.ReplyMessageRequest, &push, ctx.Req.Body,
		func(resp *wire.Command, err error) {
			if err != nil || resp.Code != wire.Success {
				answer(&reply, "push reply message to "+sender+"fail.") // Java's remark has no blank there
				return
			}
			answer(&reply, "")
		})
}
