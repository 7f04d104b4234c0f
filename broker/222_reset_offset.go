package broker

// INVOKE_BROKER_TO_RESET_OFFSET (222): reset a group, kept at the broker and told with the next pull (5.x), or pushed
// to the members (4.x, useServerSideResetOffset=false). INVOKE_BROKER_TO_GET_CONSUMER_STATUS (223): where each member
// is. Java: AdminBrokerProcessor, Broker2Client.

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// resets handles offsets that administrators set.
type resets struct {
	liveConfig
	topics    *meta.Topics
	groups    *meta.Groups
	consumers *clients.Consumers
	offsets   *meta.Offsets
	store     *store.Store
	log       zerolog.Logger
}

func (r *resets) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqInvokeBrokerToResetOffset, Mode: remoting.Blocking,
			Handle: with(wire.ResetOffsetRequest, r.resetOffset)},
		{Code: wire.ReqInvokeBrokerToGetConsumerStatus, Mode: remoting.Blocking,
			Handle: with(wire.ConsumerStatusRequest, r.consumerStatus)},
	}
}

// MQVersion ordinals of clients that understand what we push. Java: MQVersion.Version.
const (
	versionReset    = 28 // V3_0_7_SNAPSHOT
	versionRunInfo  = 62 // V3_1_8_SNAPSHOT
	statusTimeout   = 5 * time.Second
	callTimeout     = 10 * time.Second
	languageCPlus   = "CPP"
	olderThanNeeded = "the client does not support this feature. version="
)

// resetOffsetBody tells queues and their new offsets; its keys are printed as objects. Java: ResetOffsetBody.
type resetOffsetBody struct {
	OffsetTable map[protocol.MessageQueue]int64 `json:"offsetTable"`
}

// resetOffsetBodyC is the list form for C++ clients. Java: ResetOffsetBodyForC, MessageQueueForC.
type resetOffsetBodyC struct {
	OffsetTable []queueOffsetC `json:"offsetTable"`
}

type queueOffsetC struct {
	BrokerName string `json:"brokerName"`
	Offset     int64  `json:"offset"`
	QueueID    int    `json:"queueId"`
	Topic      string `json:"topic"`
}

func (r *resets) resetOffset(ctx *remoting.Context, h *wire.ResetOffsetRequestHeader) {
	if r.cfg().UseServerSideResetOffset {
		r.resetAtBroker(ctx, h)
		return
	}
	r.resetAtClients(ctx, h)
}

func (r *resets) logReset(ctx *remoting.Context, h *wire.ResetOffsetRequestHeader) {
	r.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("topic", h.Topic).Str("group", h.Group).
		Int32("queueId", h.QueueID).Int64("timestamp", h.Timestamp).Int64("offset", h.Offset).
		Bool("force", h.IsForce).Msg("offset reset")
}

// resetAtBroker is Java's resetOffsetInner.
func (r *resets) resetAtBroker(ctx *remoting.Context, h *wire.ResetOffsetRequestHeader) {
	topic := r.topics.Get(h.Topic)
	switch {
	case topic == nil:
		ctx.Status(wire.TopicNotExist, "Topic "+h.Topic+" does not exist")
		return
	case r.groups.Get(h.Group) == nil:
		ctx.Status(wire.SubscriptionGroupNotExist, "Group "+h.Group+" does not exist")
		return
	}
	offsets := map[int32]int64{}
	if h.QueueID >= 0 {
		if !hasQueue(r.store, topic, h.QueueID) {
			ctx.Status(wire.InvalidParameter, fmt.Sprintf("queueId[%d] is illegal, %s", h.QueueID, meta.DescribeTopic(topic)))
			return
		}
		off := h.Offset
		if off == -1 {
			off = r.offsetAt(h.Topic, h.QueueID, h.Timestamp)
		} else if lo, hi := r.store.MinOffset(h.Topic, h.QueueID), r.store.MaxOffset(h.Topic, h.QueueID); lo >= 0 &&
			off < lo || off > hi+1 {
			ctx.Status(wire.SystemError, fmt.Sprintf("Target offset %d not in consume queue range [%d-%d]", off, lo, hi))
			return
		}
		offsets[h.QueueID] = off
	} else {
		for q := range int32(topic.ReadQueueNums) {
			offsets[q] = r.offsetAt(h.Topic, q, h.Timestamp)
		}
	}
	if len(offsets) == 0 {
		ctx.Status(wire.SystemError, "No queues to reset.")
		return
	}
	done := resetOffsetBody{OffsetTable: map[protocol.MessageQueue]int64{}}
	for q, off := range offsets {
		if err := r.offsets.AssignReset(h.Group, h.Topic, q, off); err != nil {
			fail(ctx, err)
			return
		}
		done.OffsetTable[queueOf(r.cfg(), h.Topic, q)] = off
	}
	r.logReset(ctx, h)
	respondJSON(ctx, done)
}

// offsetAt is the offset of a time, of the end for a negative one.
func (r *resets) offsetAt(topic string, queue int32, timestamp int64) int64 {
	if timestamp < 0 {
		return max(0, r.store.MaxOffset(topic, queue))
	}
	return r.store.OffsetByTime(topic, queue, timestamp, store.Lower)
}

// resetAtClients is Java's Broker2Client.resetOffset: the members get a table and set their offsets themselves.
func (r *resets) resetAtClients(ctx *remoting.Context, h *wire.ResetOffsetRequestHeader) {
	topic := r.topics.Get(h.Topic)
	if topic == nil {
		ctx.Status(wire.TopicNotExist, "[reset-offset] reset offset failed, no topic in this broker. topic="+h.Topic)
		return
	}
	table := resetOffsetBody{OffsetTable: map[protocol.MessageQueue]int64{}}
	for q := range int32(topic.WriteQueueNums) {
		committed := r.offsets.Query(h.Group, h.Topic, q)
		if committed == -1 {
			ctx.Status(wire.SystemError, "THe consumer group <"+h.Group+"> not exist")
			return
		}
		off := max(0, r.offsetAt(h.Topic, q, h.Timestamp))
		if !h.IsForce {
			off = min(off, committed)
		}
		table.OffsetTable[queueOf(r.cfg(), h.Topic, q)] = off
	}
	push := wire.ResetOffsetRequestHeader{Topic: h.Topic, Group: h.Group, Timestamp: h.Timestamp, QueueID: -1, Offset: -1}
	data, err := pushedTable(table, ctx.Req.Language.String() == languageCPlus)
	if err != nil {
		fail(ctx, err)
		return
	}
	members := r.consumers.MembersOf(h.Group)
	if len(members) == 0 {
		ctx.Status(wire.ConsumerNotOnline, fmt.Sprintf("Consumer not online, so can not reset offset, Group: %s Topic: %s "+
			"Timestamp: %d", h.Group, h.Topic, h.Timestamp))
		return
	}
	for _, m := range members {
		if m.Version < versionReset {
			ctx.Status(wire.SystemError, olderThanNeeded+compat.VersionName(int(m.Version)))
			return
		}
		_ = remoting.Notify(m.Conn, wire.ReqResetConsumerClientOffset, wire.ResetOffsetRequest, &push, data)
	}
	r.logReset(ctx, h)
	respondJSON(ctx, table)
}

func pushedTable(table resetOffsetBody, forC bool) ([]byte, error) {
	if !forC {
		return compat.Marshal(table)
	}
	var list resetOffsetBodyC
	for mq, off := range table.OffsetTable {
		list.OffsetTable = append(list.OffsetTable, queueOffsetC{BrokerName: mq.BrokerName, Offset: off, QueueID: mq.QueueID,
			Topic: mq.Topic})
	}
	return compat.Marshal(list)
}

// consumerStatusBody says how far clients are. Java: GetConsumerStatusBody.
type consumerStatusBody struct {
	ConsumerTable     map[string]map[protocol.MessageQueue]int64 `json:"consumerTable"`
	MessageQueueTable map[protocol.MessageQueue]int64            `json:"messageQueueTable"`
}

func (r *resets) consumerStatus(ctx *remoting.Context, h *wire.ConsumerStatusRequestHeader) {
	members := r.consumers.MembersOf(h.Group)
	if len(members) == 0 {
		ctx.Status(wire.SystemError, "No Any Consumer online in the consumer group: ["+h.Group+"]")
		return
	}
	all := consumerStatusBody{ConsumerTable: map[string]map[protocol.MessageQueue]int64{},
		MessageQueueTable: map[protocol.MessageQueue]int64{}}
	for _, m := range members {
		if m.Version < versionReset {
			ctx.Status(wire.SystemError, olderThanNeeded+compat.VersionName(int(m.Version)))
			return
		}
		if strings.TrimSpace(h.ClientAddr) != "" && h.ClientAddr != m.ID {
			continue
		}
		if table := r.askStatus(m, *h); table != nil {
			all.ConsumerTable[m.ID] = table
		}
	}
	respondJSON(ctx, all)
}

// askStatus asks one client; nil when it does not answer.
func (r *resets) askStatus(m clients.Client, h wire.ConsumerStatusRequestHeader) map[protocol.MessageQueue]int64 {
	ctx, cancel := context.WithTimeout(context.Background(), statusTimeout)
	defer cancel()
	h.ClientAddr = ""
	resp, err := remoting.Invoke(ctx, m.Conn, wire.ReqGetConsumerStatusFromClient, wire.ConsumerStatusRequest, &h, nil)
	if err != nil || resp.Code != wire.Success || len(resp.Body) == 0 {
		return nil
	}
	var got consumerStatusBody
	if compat.Unmarshal(resp.Body, &got) != nil || got.MessageQueueTable == nil {
		return map[protocol.MessageQueue]int64{}
	}
	return got.MessageQueueTable
}
