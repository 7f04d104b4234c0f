package broker

// SEND_REPLY_MESSAGE (324), SEND_REPLY_MESSAGE_V2 (325): the answer of a request-reply exchange. The broker pushes it
// (326) to the client that asked, over the connection of its producer heartbeats, and stores it in
// <cluster>_REPLY_TOPIC. Java: ReplyMessageProcessor.
//
// Quirks kept: the push decides about the answer, stored or not; the message id is "0" when nothing was stored; the
// stored properties are those of the request, without what the broker adds elsewhere. Differences: it is stored before
// it is pushed, and no thread waits for the client.

import (
	"math/rand/v2"
	"strconv"

	"gorocket/broker/meta"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
)

func (b *Broker) replyEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqSendReplyMessage, Mode: remoting.Blocking, Handle: b.sendReply},
		{Code: wire.ReqSendReplyMessageV2, Mode: remoting.Blocking, Handle: b.sendReply},
	}
}

func (b *Broker) sendReply(ctx *remoting.Context) {
	ht, h := wire.SendMessageRequestV1, new(wire.SendMessageRequestHeader)
	if ctx.Req.Code == wire.ReqSendReplyMessageV2 {
		ht = wire.SendMessageRequestV2
	}
	if err := ht.Decode(ctx.Req, ctx.In, h); err != nil {
		fail(ctx, err)
		return
	}
	topic := b.topicForSend(ctx, h)
	if topic == nil {
		return
	}
	queue := h.QueueID
	if queue < 0 {
		queue = rand.Int32N(int32(max(1, topic.WriteQueueNums)))
	}
	resp := &wire.SendMessageResponseHeader{MsgID: []byte("0"), QueueID: queue, Region: b.cfg().RegionID,
		TraceOn: strconv.FormatBool(b.cfg().TraceOn)}
	stored := b.storeReply(ctx, topic, h, resp)
	b.pushReply(ctx, h, func(reply *remoting.Replier, failure string) {
		switch {
		case failure == "":
			remoting.Respond(reply, wire.Success, "", wire.SendMessageResponse, resp, remoting.Body{})
		case stored:
			remoting.Respond(reply, wire.SystemError, failure, wire.SendMessageResponse, resp, remoting.Body{})
		default:
			b.failReply(reply, wire.SystemError, failure)
		}
	})
}

// storeReply keeps the reply; a failure is only logged, as in Java. Under SYNC_FLUSH it waits for the disk.
func (b *Broker) storeReply(ctx *remoting.Context, t *meta.Topic, h *wire.SendMessageRequestHeader,
	resp *wire.SendMessageResponseHeader) bool {
	if !b.cfg().StoreReplyMessageEnable || len(ctx.Req.Body) == 0 {
		return false
	}
	var p sendProps
	p.parse(h.Properties)
	done, err := b.store.Append(&store.Record{
		Message: record.Message{
			Topic: h.Topic, QueueID: resp.QueueID, Flag: h.Flag,
			SysFlag:       h.SysFlag &^ (record.SysFlagTransaction | record.SysFlagInnerBatch),
			BornTimestamp: h.BornTimestamp, BornHost: ctx.Conn().RemoteAddrPort(),
			StoreHost: b.storeHost, ReconsumeTimes: h.ReconsumeTimes, Body: ctx.Req.Body,
			Properties: withoutOffsets(h.Properties),
		},
		TagsCode: record.TagsCode(p.tags),
	})
	if err == nil && b.cfg().FlushDiskType == store.SyncFlush && p.wait {
		flushed := make(chan error, 1)
		b.store.NotifyDurable(done.End(), func(err error) { flushed <- err })
		err = <-flushed
	}
	if err != nil {
		b.throttled.Warn("storeReply").Err(err).Str("topic", h.Topic).Msg("reply is not stored")
	}
	if done.Size == 0 {
		return false
	}
	b.stats.Puts.Add(1)
	b.stats.PutBytes.Add(int64(done.Size))
	t.Traffic.Add(p.messageType(), 1, int64(done.Size))
	resp.MsgID, resp.QueueOffset = record.AppendMessageID(nil, b.storeHost, done.Offset), done.QueueOffset
	return true
}

// pushReply sends the reply to the client that waits for it. answer is called once, from any goroutine, with what went
// wrong.
func (b *Broker) pushReply(ctx *remoting.Context, h *wire.SendMessageRequestHeader,
	answer func(reply *remoting.Replier, failure string)) {
	id, ok := record.Property(h.Properties, protocol.PropReplyClient)
	if !ok {
		answer(&ctx.Replier, "reply message properties["+protocol.PropReplyClient+"] is null")
		return
	}
	sender := string(id)
	conn := b.producers.OfClient(sender)
	if conn == nil {
		answer(&ctx.Replier, "push reply message fail, channel of <"+sender+"> not found.")
		return
	}
	now := b.now().UnixMilli()
	push := wire.ReplyMessageRequestHeader{ProducerGroup: h.ProducerGroup, Topic: h.Topic, DefaultTopic: h.DefaultTopic,
		DefaultTopicQueueNums: h.DefaultTopicQueueNums,
		QueueID:               h.QueueID, SysFlag: h.SysFlag, BornTimestamp: h.BornTimestamp, Flag: h.Flag,
		ReconsumeTimes: h.ReconsumeTimes, UnitMode: h.UnitMode,
		BornHost: ctx.Conn().RemoteAddr(), StoreHost: b.storeHost.String(), StoreTimestamp: now,
		Properties: record.SetProperty(nil, h.Properties, protocol.PropPushTime, strconv.FormatInt(now, 10))}
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
