package broker

// QUERY_MESSAGE (12) by key and VIEW_MESSAGE_BY_ID (33) by commit log offset. Java: QueryMessageProcessor.
// The index knows hashes only: a client filters again by the key's text. Whoever asks for a place in the log or for a
// hash has to be allowed to read the topic of the message that is there (authorizationStrictMode); in Java whatever the
// request says its topic is.

import (
	"slices"

	"gorocket/broker/service"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// queries handles requests for single messages.
type queries struct {
	query *service.Query
	doors
}

func (h *queries) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqQueryMessage, Mode: remoting.Pooled, Handle: with(wire.QueryMessageRequest, h.queryMessage)},
		{Code: wire.ReqViewMessageById, Mode: remoting.Pooled, Handle: with(wire.ViewMessageRequest, h.viewMessage)},
	}
}

func (h *queries) queryMessage(ctx *remoting.Context, q *wire.QueryMessageRequestHeader) {
	found, err := h.query.ByKey(&service.ByKey{Topic: q.Topic, Key: q.Key, MaxCount: int(q.MaxNum),
		Unique: q.UniqueKeyQuery == "true", Begin: q.BeginTimestamp, End: q.EndTimestamp})
	if err != nil {
		fail(ctx, err)
		return
	}
	found.Records = h.permitted(ctx, q.Topic, found.Records)
	resp := wire.QueryMessageResponseHeader{IndexLastUpdateTimestamp: found.IndexLastUpdateTime,
		IndexLastUpdatePhyOffset: found.IndexLastUpdateOffset}
	if len(found.Records) == 0 {
		remoting.Respond(&ctx.Replier, wire.QueryNotFound, "can not find message, maybe time range not correct",
			wire.QueryMessageResponse, &resp, remoting.Body{})
		return
	}
	remoting.Respond(&ctx.Replier, wire.Success, "", wire.QueryMessageResponse, &resp, remoting.Body{Parts: found.Records})
}

// permitted keeps the records of a topic that its sender may read, and of others what it may have: the index knows
// hashes only, and somebody can choose a key whose hash is that of a key of any other topic.
func (h *queries) permitted(ctx *remoting.Context, topic string, records [][]byte) [][]byte {
	refusal := h.refusal(ctx, auth.Get)
	if refusal == nil {
		return records
	}
	return slices.DeleteFunc(records, func(rec []byte) bool {
		m, err := record.Decode(rec)
		return err != nil || string(m.Topic) != topic && refusal(string(m.Topic)) != ""
	})
}

func (h *queries) viewMessage(ctx *remoting.Context, q *wire.ViewMessageRequestHeader) {
	rec, err := h.query.ByOffset(q.Offset)
	if err != nil {
		fail(ctx, err)
		return
	}
	if h.mayHave(ctx, rec, auth.Get) {
		ctx.OK(rec)
	}
}
