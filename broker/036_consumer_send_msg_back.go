package broker

// CONSUMER_SEND_MSG_BACK (36): a consumer failed on a message and wants it later. Java:
// AbstractSendMessageProcessor.consumerSendMsgBack.
//
// Quirks kept: the limit is compared with >= here and with > for direct sends to the retry topic; retryQueueNums <= 0
// answers success and drops the message. Not kept: the copy never waits for the disk there (WAIT=false), so that a
// power cut loses a message that its consumer has given back; here it is as safe as any other before the answer.
// Nor that a consumer may give back any message of the broker, to find it in its retry topic: see doors.

import (
	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
)

// sendBacks handles messages that consumers want later.
type sendBacks struct {
	sender *service.Sender
	doors
}

func (h *sendBacks) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqConsumerSendMsgBack, Mode: remoting.Pooled,
		Handle: with(wire.ConsumerSendMsgBackRequest, h.sendBack)}}
}

func (h *sendBacks) sendBack(ctx *remoting.Context, q *wire.ConsumerSendMsgBackRequestHeader) {
	err := h.sender.SendBack(&service.Back{Group: q.Group, Offset: q.Offset, DelayLevel: q.DelayLevel,
		MaxReconsume: maxReconsume(ctx, q.MaxReconsumeTimes), Unit: q.UnitMode,
		Refusal: h.refusal(ctx, auth.Sub)})
	if err != nil {
		refuse(&ctx.Replier, err)
		return
	}
	ctx.Status(wire.Success, "")
}
