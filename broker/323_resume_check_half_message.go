package broker

// RESUME_CHECK_HALF_MESSAGE (323): a half message that was given up comes back and its producer is asked again. Java:
// AdminBrokerProcessor.resumeCheckHalfMessage.
//
// Differences: a message that does not lie among the half messages, or among those that were given up, is refused; Java
// puts it among the half messages, where it fails for ever, or is committed to whatever its sender wrote into
// REAL_TOPIC. And the topic of the message that is there has to be allowed, whatever topic the request names.

import (
	"errors"

	"github.com/rs/zerolog"

	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
)

// errNotStored says that the store refused, or that the message was no half message.
var errNotStored = errors.New("not stored")

// halfMessages handles what administrators do with half messages that were given up.
type halfMessages struct {
	store *store.Store
	trans *trans.Service
	log   zerolog.Logger
	doors
}

func (h *halfMessages) entries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqResumeCheckHalfMessage, Mode: remoting.Pooled,
		Handle: with(wire.ResumeCheckHalfMessageRequest, h.resumeCheck)}}
}

func (h *halfMessages) resumeCheck(ctx *remoting.Context, q *wire.ResumeCheckHalfMessageRequestHeader) {
	_, offset, err := record.ParseMessageID(q.MsgID)
	if err == nil {
		refusal := h.refusal(ctx, auth.Update)
		err = h.store.WithRecord(offset, func(rec []byte) error { return h.resumeHalf(rec, refusal) })
	}
	var refused *auth.Refusal
	if errors.As(err, &refused) {
		refuseAuth(ctx, refused)
		return
	}
	switch err {
	case nil:
		h.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("msgId", q.MsgID).
			Msg("a half message will be checked again")
		ctx.Status(wire.Success, "")
	case errNotStored:
		ctx.Status(wire.SystemError, "Put message back to RMQ_SYS_TRANS_HALF_TOPIC failed.")
	default:
		ctx.Status(wire.SystemError, "Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.")
	}
}

// resumeHalf stores a given up half message again, as never asked about, unless refusal has something against its
// topic; nil: nobody is asked.
func (h *halfMessages) resumeHalf(rec []byte, refusal func(topic string) string) error {
	m, err := record.Decode(rec)
	if err != nil {
		return err
	}
	if at := string(m.Topic); at != compat.TopicTransCheckMax && at != compat.TopicTransHalf {
		return errNotStored
	}
	topic, ok := m.Property(record.PropRealTopic)
	if _, group := m.Property(protocol.PropProducerGroup); !ok || !group {
		return errNotStored
	}
	if refusal != nil {
		if why := refusal(string(topic)); why != "" {
			return &auth.Refusal{Text: why}
		}
	}
	if _, ok := h.trans.Put(trans.CopyOf(&m, compat.TopicTransHalf,
		record.SetProperty(nil, m.Properties, protocol.PropCheckTimes, "0"))); !ok {
		return errNotStored
	}
	if string(m.Topic) == compat.TopicTransCheckMax {
		h.trans.Counts.Add(string(topic), 1)
	}
	return nil
}
