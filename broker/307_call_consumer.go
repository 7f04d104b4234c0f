package broker

// GET_CONSUMER_RUNNING_INFO (307), CONSUME_MESSAGE_DIRECTLY (309): questions to one consumer, relayed over the
// connection of its heartbeats; the answer is relayed as it is. Java: AdminBrokerProcessor.callConsumer.

import (
	"errors"
	"fmt"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/auth"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/record"
)

// consumerCalls passes requests on to a consumer.
type consumerCalls struct {
	liveConfig
	topics    *meta.Topics
	groups    *meta.Groups
	consumers *clients.Consumers
	store     *store.Store
	doors
}

func (c *consumerCalls) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqGetConsumerRunningInfo, Mode: remoting.Pooled, Handle: with(wire.RunningInfoRequest, c.runningInfo)},
		{Code: wire.ReqConsumeMessageDirectly, Mode: remoting.Pooled, Handle: with(wire.ConsumeDirectlyRequest,
			c.consumeDirectly)},
	}
}

func (c *consumerCalls) runningInfo(ctx *remoting.Context, h *wire.RunningInfoHeader) {
	if m := c.findConsumer(ctx, h.ConsumerGroup, h.ClientID); m != nil {
		relay(ctx, m, h.ConsumerGroup, wire.ReqGetConsumerRunningInfo, wire.RunningInfoRequest, h, nil)
	}
}

func (c *consumerCalls) consumeDirectly(ctx *remoting.Context, h *wire.ConsumeDirectlyHeader) {
	h.BrokerName = c.cfg().BrokerName
	if t := c.topics.Get(h.Topic); t != nil {
		h.TopicSysFlag = int32(t.TopicSysFlag)
	}
	if g := c.groups.Find(h.ConsumerGroup); g != nil {
		h.GroupSysFlag = int32(g.GroupSysFlag)
	}
	_, offset, err := record.ParseMessageID(h.MsgID)
	if err != nil {
		fail(ctx, fmt.Errorf("java.lang.IllegalArgumentException: msgId %q: %w", h.MsgID, err))
		return
	}
	rec, err := c.store.ReadRecord(offset, nil)
	if err != nil {
		fail(ctx, fmt.Errorf("java.lang.NullPointerException: %w", err))
		return
	}
	if !c.mayHave(ctx, rec, auth.Sub) {
		return
	}
	if m := c.findConsumer(ctx, h.ConsumerGroup, h.ClientID); m != nil {
		relay(ctx, m, h.ConsumerGroup, wire.ReqConsumeMessageDirectly, wire.ConsumeDirectlyRequest, h, rec)
	}
}

// findConsumer returns the member of a group with this client id; nil after it answered.
func (c *consumerCalls) findConsumer(ctx *remoting.Context, group, clientID string) *clients.Client {
	for _, m := range c.consumers.MembersOf(group) {
		if m.ID != clientID {
			continue
		}
		if m.Version < versionRunInfo {
			ctx.Status(wire.SystemError, fmt.Sprintf("The Consumer <%s> Version <%s> too low to finish, please upgrade it to "+
				"V3_1_8_SNAPSHOT", clientID, compat.VersionName(int(m.Version))))
			return nil
		}
		return &m
	}
	ctx.Status(wire.SystemError, fmt.Sprintf("The Consumer <%s> <%s> not online", group, clientID))
	return nil
}

// relay sends a request to a client and its answer back. It does not wait: the answer arrives on the client's event
// loop.
func relay[T any](ctx *remoting.Context, m *clients.Client, group string, code int32, ht *wire.HeaderType[T], h *T,
	data []byte) {
	reply, id := ctx.Later(), m.ID
	remoting.Go(m.Conn, callTimeout, code, ht, h, data, func(resp *wire.Command, err error) {
		switch {
		case errors.Is(err, remoting.ErrTimeout):
			reply.Status(wire.ConsumeMsgTimeout, fmt.Sprintf("consumer <%s> <%s> Timeout: %v", group, id, err))
		case err != nil:
			reply.Status(wire.SystemError, fmt.Sprintf("invoke consumer <%s> <%s> Exception: %v", group, id, err))
		default:
			reply.RespondFields(resp.Code, resp.Remark, nil, resp.Body)
		}
	})
}
