package broker

// UPDATE_AND_CREATE_TOPIC (17), UPDATE_AND_CREATE_TOPIC_LIST (18), DELETE_TOPIC_IN_BROKER (215), GET_TOPIC_CONFIG
// (351). Java: AdminBrokerProcessor. Quirk kept: 17 and 18 succeed with the remark "not set any response code".

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"gorocket/broker/cluster"
	"gorocket/broker/meta"
	"gorocket/broker/pop"
	"gorocket/broker/static"
	"gorocket/broker/stats"
	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/timer"
)

// createdRemark is what Java's processors leave in a response that only gets a code.
const createdRemark = "not set any response code"

// topicAdmin handles what administrators do with topics; static ones are in 513_static_topic.go.
type topicAdmin struct {
	liveConfig
	topics       *meta.Topics
	mappings     *static.Service
	pops         *pop.Service
	modes        *meta.Modes
	timerDelays  *stats.PerTopic[stats.Histogram]
	trans        *trans.Service
	offsets      *meta.Offsets
	pulled       *meta.Offsets
	timers       *timer.Timers
	store        *store.Store
	persist      *meta.Persister
	register     *cluster.Registrar
	systemTopics map[string]bool
	log          zerolog.Logger
}

func (t *topicAdmin) entries() []remoting.Entry {
	return append([]remoting.Entry{
		{Code: wire.ReqUpdateAndCreateTopic, Mode: remoting.Blocking,
			Handle: with(wire.CreateTopicRequest, t.updateTopic)},
		{Code: wire.ReqUpdateAndCreateTopicList, Mode: remoting.Blocking, Handle: t.updateTopicList},
		{Code: wire.ReqDeleteTopicInBroker, Mode: remoting.Pooled, Handle: with(wire.TopicRequest, t.deleteTopic)},
		{Code: wire.ReqGetTopicConfig, Mode: remoting.Pooled, Handle: with(wire.MustTopicRequest, t.topicConfig)},
	}, t.staticEntries()...)
}

func (t *topicAdmin) isSystemTopic(topic string) bool {
	return compat.IsSystemTopic(topic) || t.systemTopics[topic]
}

// mayChange checks a topic name for the administration codes.
func (t *topicAdmin) mayChange(topic string) error {
	if err := compat.ValidateTopic(topic); err != nil {
		return err
	}
	if t.cfg().ValidateSystemTopicWhenUpdateTopic && t.isSystemTopic(topic) {
		return errors.New("The topic[" + topic + "] is conflict with system topic.")
	}
	return nil
}

func (t *topicAdmin) updateTopic(ctx *remoting.Context, h *wire.CreateTopicRequestHeader) {
	if err := t.mayChange(h.Topic); err != nil {
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
	if err := meta.CheckTopic(&c, t.cfg().MaxTopicQueueNums); err != nil {
		ctx.Status(wire.InvalidParameter, err.Error())
		return
	}
	if err := t.changeTopics(ctx, c); err != nil {
		fail(ctx, err)
		return
	}
	ctx.Status(wire.Success, createdRemark)
}

// changeTopics stores topics that differ from what is there and tells the NameServers.
func (t *topicAdmin) changeTopics(ctx *remoting.Context, configs ...protocol.TopicConfig) error {
	for _, c := range configs {
		if err := checkFilterType(c.TopicFilterType); err != nil {
			return err
		}
		old := t.topics.Get(c.TopicName)
		if old != nil && sameTopic(old, &c) {
			continue
		}
		if err := t.topics.Update(c); err != nil {
			return err
		}
		t.log.Info().Str("topic", c.TopicName).Str("peer", ctx.Conn().RemoteAddr()).Bool("new", old == nil).
			Int("read", c.ReadQueueNums).Int("write", c.WriteQueueNums).Int("perm", c.Perm).Msg("topic changed")
	}
	t.persist.Now() // Java writes before it answers
	t.register.Settled()
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

func (t *topicAdmin) updateTopicList(ctx *remoting.Context) {
	var l topicList
	if err := decodeBody(ctx, &l); err != nil {
		fail(ctx, err)
		return
	}
	for i := range l.TopicConfigList {
		c := &l.TopicConfigList[i]
		err := t.mayChange(c.TopicName)
		if err == nil {
			err = meta.CheckTopic(c, t.cfg().MaxTopicQueueNums)
		}
		if err != nil {
			ctx.Status(wire.InvalidParameter, err.Error())
			return
		}
	}
	if err := t.changeTopics(ctx, l.TopicConfigList...); err != nil {
		fail(ctx, err)
		return
	}
	ctx.Status(wire.Success, createdRemark)
}

func (t *topicAdmin) deleteTopic(ctx *remoting.Context, h *wire.TopicHeader) {
	if strings.TrimSpace(h.Topic) == "" {
		ctx.Status(wire.InvalidParameter, "The specified topic is blank.")
		return
	}
	if t.cfg().ValidateSystemTopicWhenUpdateTopic && t.isSystemTopic(h.Topic) {
		ctx.Status(wire.InvalidParameter, "The topic["+h.Topic+"] is conflict with system topic.")
		return
	}
	if !compat.IsFolderName(h.Topic) { // longer names than a new topic may have are no reason to keep one
		ctx.Status(wire.InvalidParameter, compat.IllegalTopicRemark(h.Topic))
		return
	}
	peer := ctx.Conn().RemoteAddr()
	for _, topic := range t.withRetries(h.Topic) {
		if err := t.remove(topic, peer); err != nil {
			fail(ctx, err)
			return
		}
	}
	ctx.Status(wire.Success, "")
}

// withRetries is a topic and, with clearRetryTopicWhenDeleteTopic, those where its popped messages come again.
func (t *topicAdmin) withRetries(topic string) []string {
	all := []string{topic}
	if !t.cfg().ClearRetryTopicWhenDeleteTopic {
		return all
	}
	t.offsets.Each(func(k meta.OffsetKey) {
		for _, v2 := range [...]bool{true, false} {
			if name := pop.RetryTopic(topic, k.Group, v2); k.Topic == topic && t.topics.Get(name) != nil {
				all = append(all, name)
			}
		}
	})
	return all
}

// remove deletes a topic with all that is known of it.
func (t *topicAdmin) remove(topic, peer string) error {
	if t.topics.Remove(topic) {
		t.log.Info().Str("topic", topic).Str("peer", peer).Msg("topic deleted")
	}
	t.mappings.Remove(topic)
	t.modes.RemoveTopic(topic)
	t.pops.ForgetTopic(topic)
	t.timerDelays.Forget(topic)
	t.trans.Counts.Forget(topic)
	t.offsets.RemoveTopic(topic)
	t.pulled.RemoveTopic(topic)
	if t.timers != nil {
		t.timers.ForgetTopic(topic)
	}
	return t.store.DeleteTopic(topic)
}

// topicConfig answers with the queue mapping of a static topic when the caller asks for it with lo=true.
func (t *topicAdmin) topicConfig(ctx *remoting.Context, h *wire.TopicHeader) {
	c := t.topics.Get(h.Topic)
	if c == nil {
		ctx.Status(wire.TopicNotExist, "No topic in this broker. topic: "+h.Topic)
		return
	}
	out := protocol.TopicConfigAndQueueMapping{TopicConfig: *c}
	if strings.EqualFold(h.Lo, "true") {
		out.MappingDetail = t.mappings.Of(h.Topic, "")
	}
	respondJSON(ctx, out)
}
