package broker

// RECALL_MESSAGE (370): a producer takes a timer message back. Java: RecallMessageProcessor, RecallMessageHandle.
//
// Quirks kept: the recall is a timer message itself, a mark that deletes the other one when their slot is due; so a
// message that does not exist is recalled with success, and so is one twice. recallMessageEnable is false by default.

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// recallTag is the TAGS of a recall mark. Java: RecallMessageProcessor.RECALL_MESSAGE_TAG.
const recallTag = "_RECALL_TAG_"

const recallUnavailable = "recall failed, broker service not available"

func (b *Broker) recallEntries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqRecallMessage, Mode: remoting.Pooled,
		Handle: with(wire.RecallMessageRequest, b.recallMessage)}}
}

func (b *Broker) recallMessage(ctx *remoting.Context, h *wire.RecallMessageRequestHeader) {
	refuse := func(code int32, remark string) {
		ctx.RespondFields(code, remark, []wire.StringField{{Key: protocol.PropRegion, Value: b.cfg().RegionID}}, nil)
	}
	switch {
	case !b.cfg().RecallMessageEnable:
		refuse(wire.NoPermission, "recall failed, operation is forbidden")
		return
	case b.now().UnixMilli() < b.cfg().StartAcceptSendRequestTime, b.cfg().BrokerPermission&protocol.PermWrite == 0 &&
		!b.cfg().AllowRecallWhenBrokerNotWriteable:
		refuse(wire.ServiceNotAvailable, recallUnavailable)
		return
	case b.topics.Get(h.Topic) == nil:
		refuse(wire.TopicNotExist, "recall failed, the topic["+h.Topic+"] not exist")
		return
	case compat.IsSendForbidden(h.Topic): // no client's message lies there
		refuse(wire.IllegalOperation, "recall failed, topic not match")
		return
	}
	handle, at, err := b.checkHandle(h)
	if err != nil {
		refuse(wire.IllegalOperation, err.Error())
		return
	}
	if b.storeMark(ctx, h, &handle, at) != nil {
		refuse(wire.SystemError, "recall failed, execute error")
		return
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.RecallMessageResponse,
		&wire.RecallMessageResponseHeader{MsgID: handle.uniqKey, Region: b.cfg().RegionID}, remoting.Body{})
}

// recallHandleV1 is a decoded handle.
type recallHandleV1 struct{ topic, broker, timestamp, uniqKey string }

var errBadHandle = errors.New("recall handle is invalid")

// decodeHandle reads base64("v1 topic broker timestamp key"). Java: RecallMessageHandle.decodeHandle, whose decoder
// takes the text with or without padding.
func decodeHandle(text string) (h recallHandleV1, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if text == "" || err != nil {
		return h, errBadHandle
	}
	items := strings.Split(string(raw), " ")
	if len(items) < 5 || items[0] != "v1" {
		return h, errBadHandle
	}
	return recallHandleV1{items[1], items[2], items[3], items[4]}, nil
}

// checkHandle decodes the handle of a request and compares it with topic, broker and time. at is its timestamp in ms.
func (b *Broker) checkHandle(h *wire.RecallMessageRequestHeader) (handle recallHandleV1, at int64, err error) {
	if handle, err = decodeHandle(h.RecallHandle); err != nil {
		return handle, 0, err
	}
	if handle.topic != h.Topic {
		return handle, 0, errors.New("recall failed, topic not match")
	}
	if handle.broker != b.cfg().BrokerName {
		return handle, 0, errors.New(recallUnavailable)
	}
	at, err = strconv.ParseInt(handle.timestamp, 10, 64)
	left := at - b.now().UnixMilli()
	if err != nil || left <= 0 || left >= int64(b.cfg().TimerMaxDelaySec)*1000 {
		return handle, 0, errors.New("recall failed, timestamp invalid")
	}
	return handle, at, nil
}

// storeMark stores the message that deletes the other one. Under SYNC_FLUSH it is on disk when this returns.
func (b *Broker) storeMark(ctx *remoting.Context, h *wire.RecallMessageRequestHeader, handle *recallHandleV1,
	at int64) error {
	now := b.now().UnixMilli()
	p := sendProps{timer: true, timerDel: true, timerDeliver: strconv.AppendInt(nil, at, 10)}
	for _, f := range [][2]string{
		{record.PropTags, recallTag}, {timer.PropDelKey, timer.DeleteKey(handle.topic, handle.uniqKey,
			b.cfg().AppendTopicForTimerDeleteKey)}, {record.PropUniqKey, handle.uniqKey},
		{protocol.PropTimerDeliverMs, handle.timestamp}, {protocol.PropBornTimestamp, strconv.FormatInt(now, 10)},
		{protocol.PropProducerGroup, h.ProducerGroup},
	} {
		if f[1] != "" {
			p.text = record.AppendProperty(p.text, f[0], f[1])
		}
	}
	r := store.Record{
		Message: record.Message{
			Topic: handle.topic, BornTimestamp: now, BornHost: ctx.Conn().RemoteAddrPort(),
			StoreHost: b.storeHost, Body: []byte("0"),
		},
		TagsCode: record.TagsCode([]byte(recallTag)),
	}
	if err := b.parkForTimer(&p, &r); err != nil {
		return err
	}
	r.Properties = p.text
	done, err := b.store.Append(&r)
	if err == nil && b.cfg().FlushDiskType == store.SyncFlush {
		err = b.waitDurable(done.End())
	}
	return err
}

// waitDurable blocks until the log is on disk up to end. A disk that is too slow counts as done, as in Java's answer to
// FLUSH_DISK_TIMEOUT.
func (b *Broker) waitDurable(end int64) error {
	done := make(chan error, 1)
	b.store.NotifyDurable(end, func(err error) { done <- err })
	if err := <-done; err != nil && !errors.Is(err, store.ErrFlushTimeout) {
		return err
	}
	return nil
}
