package broker

// UPDATE_AND_CREATE_TOPIC (17), UPDATE_AND_CREATE_TOPIC_LIST (18), DELETE_TOPIC_IN_BROKER (215), GET_TOPIC_CONFIG
// (351). Java: AdminBrokerProcessor. Quirk kept: 17 and 18 succeed with the remark "not set any response code".

import (
	"errors"
	"fmt"
	"strings"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// createdRemark is what Java's processors leave in a response that only gets a code.
const createdRemark = "not set any response code"

func (b *Broker) topicEntries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqUpdateAndCreateTopic, Mode: remoting.Blocking,
			Handle: with(wire.CreateTopicRequest, b.updateTopic)},
		{Code: wire.ReqUpdateAndCreateTopicList, Mode: remoting.Blocking, Handle: b.updateTopicList},
		{Code: wire.ReqDeleteTopicInBroker, Mode: remoting.Pooled, Handle: with(wire.TopicRequest, b.deleteTopic)},
		{Code: wire.ReqGetTopicConfig, Mode: remoting.Pooled, Handle: with(wire.MustTopicRequest, b.topicConfig)},
	}
}

func (b *Broker) isSystemTopic(topic string) bool {
	return compat.IsSystemTopic(topic) || b.systemTopics[topic]
}

// mayChange checks a topic name for the administration codes.
func (b *Broker) mayChange(topic string) error {
	if err := compat.ValidateTopic(topic); err != nil {
		return err
	}
	if b.cfg().ValidateSystemTopicWhenUpdateTopic && b.isSystemTopic(topic) {
		return errors.New("The topic[" + topic + "] is conflict with system topic.")
	}
	return nil
}

func (b *Broker) updateTopic(ctx *remoting.Context, h *wire.CreateTopicRequestHeader) {
	if err := b.mayChange(h.Topic); err != nil {
		ctx.Status(wire.InvalidParameter, err.Error())
		return
	}
	attrs, err := meta.ParseAttributes(h.Attributes)
	if err != nil {
		fail(ctx, err)
		return
	}
	c := protocol.TopicConfig{TopicName: strings.Clone(h.Topic), ReadQueueNums: int(h.ReadQueueNums),
		WriteQueueNums: int(h.WriteQueueNums), Perm: int(h.Perm),
		TopicFilterType: h.TopicFilterType, TopicSysFlag: int(h.TopicSysFlag), Order: h.Order, Attributes: attrs}
	if err := b.checkTopicNumbers(&c); err != nil {
		ctx.Status(wire.InvalidParameter, err.Error())
		return
	}
	if err := b.changeTopics(ctx, c); err != nil {
		fail(ctx, err)
		return
	}
	ctx.Status(wire.Success, createdRemark)
}

// changeTopics stores topics that differ from what is there and tells the NameServers.
func (b *Broker) changeTopics(ctx *remoting.Context, configs ...protocol.TopicConfig) error {
	for _, c := range configs {
		if err := checkFilterType(c.TopicFilterType); err != nil {
			return err
		}
		old := b.topics.Get(c.TopicName)
		if old != nil && sameTopic(old, &c) {
			continue
		}
		if err := b.topics.Update(c); err != nil {
			return err
		}
		b.log.Info().Str("topic", c.TopicName).Str("peer", ctx.Conn().RemoteAddr()).Bool("new", old == nil).
			Int("read", c.ReadQueueNums).Int("write", c.WriteQueueNums).Int("perm", c.Perm).Msg("topic changed")
	}
	b.persist.Now() // Java writes before it answers
	b.register.Settled()
	return nil
}

// checkFilterType refuses what is no TopicFilterType, as Java's header check does.
func checkFilterType(text string) error {
	switch text {
	case protocol.SingleTag, protocol.MultiTag:
		return nil
	case "":
		text = "null"
	}
	return fmt.Errorf("org.apache.rocketmq.remoting.exception.RemotingCommandException: topicFilterType = [%s] value "+
		"invalid", text)
}

// sameTopic tells whether a change would change nothing; then the table keeps its version.
func sameTopic(old, c *protocol.TopicConfig) bool {
	return len(c.Attributes) == 0 && old.ReadQueueNums == c.ReadQueueNums && old.WriteQueueNums == c.WriteQueueNums &&
		old.Perm == c.Perm &&
		old.TopicFilterType == c.TopicFilterType && old.TopicSysFlag == c.TopicSysFlag && old.Order == c.Order
}

// topicList is the body of UPDATE_AND_CREATE_TOPIC_LIST. Java: CreateTopicListRequestBody.
type topicList struct {
	TopicConfigList []protocol.TopicConfig `json:"topicConfigList"`
}

func (b *Broker) updateTopicList(ctx *remoting.Context) {
	var l topicList
	if err := decodeBody(ctx, &l); err != nil {
		fail(ctx, err)
		return
	}
	for i := range l.TopicConfigList {
		c := &l.TopicConfigList[i]
		err := b.mayChange(c.TopicName)
		if err == nil {
			err = b.checkTopicNumbers(c)
		}
		if err != nil {
			ctx.Status(wire.InvalidParameter, err.Error())
			return
		}
	}
	if err := b.changeTopics(ctx, l.TopicConfigList...); err != nil {
		fail(ctx, err)
		return
	}
	ctx.Status(wire.Success, createdRemark)
}

func (b *Broker) deleteTopic(ctx *remoting.Context, h *wire.TopicHeader) {
	if strings.TrimSpace(h.Topic) == "" {
		ctx.Status(wire.InvalidParameter, "The specified topic is blank.")
		return
	}
	if b.cfg().ValidateSystemTopicWhenUpdateTopic && b.isSystemTopic(h.Topic) {
		ctx.Status(wire.InvalidParameter, "The topic["+h.Topic+"] is conflict with system topic.")
		return
	}
	if !compat.IsFolderName(h.Topic) { // longer names than a new topic may have are no reason to keep one
		ctx.Status(wire.InvalidParameter, compat.IllegalTopicRemark(h.Topic))
		return
	}
	if b.topics.Remove(h.Topic) {
		b.log.Info().Str("topic", h.Topic).Str("peer", ctx.Conn().RemoteAddr()).Msg("topic deleted")
	}
	b.mappings.Remove(h.Topic)
	b.modes.RemoveTopic(h.Topic)
	b.timerDelays.Forget(h.Topic)
	b.trans.Counts.Forget(h.Topic)
	b.offsets.RemoveTopic(h.Topic)
	b.pulled.RemoveTopic(h.Topic)
	if b.timers != nil {
		b.timers.ForgetTopic(h.Topic)
	}
	if err := b.store.DeleteTopic(h.Topic); err != nil {
		fail(ctx, err)
		return
	}
	ctx.Status(wire.Success, "")
}

// topicConfig answers with the queue mapping of a static topic when the caller asks for it with lo=true.
func (b *Broker) topicConfig(ctx *remoting.Context, h *wire.TopicHeader) {
	c := b.topics.Get(h.Topic)
	if c == nil {
		ctx.Status(wire.TopicNotExist, "No topic in this broker. topic: "+h.Topic)
		return
	}
	out := protocol.TopicConfigAndQueueMapping{TopicConfig: *c}
	if strings.EqualFold(h.Lo, "true") {
		out.MappingDetail = b.mappings.Of(h.Topic, "")
	}
	respondJSON(ctx, out)
}
