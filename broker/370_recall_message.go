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
	"time"

	"gorocket/broker/meta"
	"gorocket/broker/service"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

const recallUnavailable = "recall failed, broker service not available"

// recalls handles requests to take timer messages back.
type recalls struct {
	liveConfig
	sender *service.Sender
	topics *meta.Topics
	now    func() time.Time
}

func (h *recalls) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqRecallMessage, Mode: remoting.Pooled,
		Handle: with(wire.RecallMessageRequest, h.recallMessage)}}
}

func (h *recalls) recallMessage(ctx *remoting.Context, q *wire.RecallMessageRequestHeader) {
	refuse := func(code int32, remark string) {
		ctx.RespondFields(code, remark, []wire.StringField{{Key: protocol.PropRegion, Value: h.cfg().RegionID}}, nil)
	}
	switch {
	case !h.cfg().RecallMessageEnable:
		refuse(wire.NoPermission, "recall failed, operation is forbidden")
		return
	case h.now().UnixMilli() < h.cfg().StartAcceptSendRequestTime, h.cfg().BrokerPermission&protocol.PermWrite == 0 &&
		!h.cfg().AllowRecallWhenBrokerNotWriteable:
		refuse(wire.ServiceNotAvailable, recallUnavailable)
		return
	case h.topics.Get(q.Topic) == nil:
		refuse(wire.TopicNotExist, "recall failed, the topic["+q.Topic+"] not exist")
		return
	case compat.IsSendForbidden(q.Topic): // no client's message lies there
		refuse(wire.IllegalOperation, "recall failed, topic not match")
		return
	}
	handle, at, err := h.checkHandle(q)
	if err != nil {
		refuse(wire.IllegalOperation, err.Error())
		return
	}
	mark := service.Mark{Topic: handle.topic, UniqKey: handle.uniqKey, At: at, Group: q.ProducerGroup,
		BornHost: ctx.Conn().RemoteAddrPort()}
	if h.sender.Recall(&mark) != nil {
		refuse(wire.SystemError, "recall failed, execute error")
		return
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.RecallMessageResponse,
		&wire.RecallMessageResponseHeader{MsgID: handle.uniqKey, Region: h.cfg().RegionID}, remoting.Body{})
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
func (h *recalls) checkHandle(q *wire.RecallMessageRequestHeader) (handle recallHandleV1, at int64, err error) {
	if handle, err = decodeHandle(q.RecallHandle); err != nil {
		return handle, 0, err
	}
	if handle.topic != q.Topic {
		return handle, 0, errors.New("recall failed, topic not match")
	}
	if handle.broker != h.cfg().BrokerName {
		return handle, 0, errors.New(recallUnavailable)
	}
	at, err = strconv.ParseInt(handle.timestamp, 10, 64)
	left := at - h.now().UnixMilli()
	if err != nil || left <= 0 || left >= int64(h.cfg().TimerMaxDelaySec)*1000 {
		return handle, 0, errors.New("recall failed, timestamp invalid")
	}
	return handle, at, nil
}
