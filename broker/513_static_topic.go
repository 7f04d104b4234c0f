package broker

// UPDATE_AND_CREATE_STATIC_TOPIC (513). Java: AdminBrokerProcessor.updateAndCreateStaticTopic, 5.0 and later. What
// mqadmin updateStaticTopic and remappingStaticTopic send to every broker of the topic: the topic's physical queues in
// the header, the logic queues in the body.
//
// Quirks kept: success carries the remark "not set any response code"; a request without a body makes an ordinary
// topic. Stricter than Java: a mapping for another broker or topic is refused (Java stores it, and only an assertion
// says that it should not), and a mapping is checked before the topic is changed.

import (
	"fmt"
	"strings"

	"gorocket/broker/meta"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

func (t *topicAdmin) staticEntries() []remoting.Entry {
	return []remoting.Entry{{Code: wire.ReqUpdateAndCreateStaticTopic, Mode: remoting.Blocking,
		Handle: with(wire.CreateTopicRequest, t.updateStaticTopic)}}
}

func (t *topicAdmin) updateStaticTopic(ctx *remoting.Context, h *wire.CreateTopicRequestHeader) {
	var d *protocol.TopicQueueMappingDetail
	if len(ctx.Req.Body) > 0 {
		d = new(protocol.TopicQueueMappingDetail)
		if err := decodeBody(ctx, d); err != nil {
			fail(ctx, err)
			return
		}
	}
	if err := t.mayChange(h.Topic); err != nil {
		ctx.Status(wire.InvalidParameter, err.Error())
		return
	}
	c := protocol.NewTopicConfig(strings.Clone(h.Topic))
	c.ReadQueueNums, c.WriteQueueNums, c.Perm = int(h.ReadQueueNums), int(h.WriteQueueNums), int(h.Perm)
	c.TopicFilterType, c.TopicSysFlag = h.TopicFilterType, int(h.TopicSysFlag)
	if err := meta.CheckTopic(&c, t.cfg().MaxTopicQueueNums); err != nil {
		ctx.Status(wire.InvalidParameter, err.Error())
		return
	}
	if err := t.changeStaticTopic(ctx, c, d, h.Force); err != nil {
		fail(ctx, err)
		return
	}
	ctx.Status(wire.Success, createdRemark)
}

// changeStaticTopic stores mapping and topic and tells the NameServers. The topic counts as changed even when only its
// mapping is: that makes the NameServers take it.
func (t *topicAdmin) changeStaticTopic(ctx *remoting.Context, c protocol.TopicConfig,
	d *protocol.TopicQueueMappingDetail,
	force bool) error {
	if err := checkFilterType(c.TopicFilterType); err != nil {
		return err
	}
	if d != nil {
		if d.Topic != c.TopicName || d.Bname != t.cfg().BrokerName {
			return fmt.Errorf("the mapping is for topic %.255q on broker %.255q, not for %s on %s", d.Topic, d.Bname,
				c.TopicName, t.cfg().BrokerName)
		}
		if err := meta.CheckMapping(d); err != nil {
			return err
		}
		if err := t.topics.MayCreate(c.TopicName); err != nil {
			return err
		}
		if err := t.mappings.Update(d, force); err != nil {
			return err
		}
		t.log.Info().Str("topic", c.TopicName).Str("peer", ctx.Conn().RemoteAddr()).Int64("epoch", d.Epoch).
			Int("totalQueues", d.TotalQueues).Int("hosted", len(d.HostedQueues)).Bool("force", force).
			Msg("static topic changed")
	}
	if err := t.topics.Update(c); err != nil {
		return err
	}
	t.persist.Now() // a broker that forgot its mapping would take the logic queues for physical ones
	t.register.Settled()
	return nil
}
