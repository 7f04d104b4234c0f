package broker

// QUERY_ASSIGNMENT (400), SET_MESSAGE_REQUEST_MODE (401), GET_ALL_MESSAGE_REQUEST_MODE (402). Java:
// QueryAssignmentProcessor, MessageRequestModeManager.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/cluster"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// assigns tells consumers which queues are theirs.
type assigns struct {
	liveConfig
	topics    *meta.Topics
	groups    *meta.Groups
	consumers *clients.Consumers
	modes     *meta.Modes
	routes    *cluster.Routes
	log       zerolog.Logger
}

func (x *assigns) entries() []remoting.Entry {
	return []remoting.Entry{
		{Code: wire.ReqQueryAssignment, Mode: remoting.Blocking, Handle: x.queryAssignment},
		{Code: wire.ReqSetMessageRequestMode, Mode: remoting.Pooled, Handle: x.setRequestMode},
		{Code: wire.ReqGetAllMessageRequestMode, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			respondJSON(ctx,
				x.modes.Wrapper())
		}},
	}
}

// assignmentRequest is the body of 400. Java: QueryAssignmentRequestBody.
type assignmentRequest struct {
	ClientID      string `json:"clientId"`
	ConsumerGroup string `json:"consumerGroup"`
	MessageModel  string `json:"messageModel" enum:"BROADCASTING,CLUSTERING"`
	StrategyName  string `json:"strategyName"`
	Topic         string `json:"topic"`
}

// assignment is one queue for a client. Java: MessageQueueAssignment.
type assignment struct {
	MessageQueue protocol.MessageQueue `json:"messageQueue"`
	Mode         string                `json:"mode"`
}

// assignments answers 400; no list at all means that the client keeps what it has. Java: QueryAssignmentResponseBody.
type assignments struct {
	MessageQueueAssignments *[]assignment `json:"messageQueueAssignments,omitempty"`
}

func (x *assigns) queryAssignment(ctx *remoting.Context) {
	var q assignmentRequest
	if err := compat.Unmarshal(ctx.Req.Body, &q); err != nil {
		fail(ctx, err)
		return
	}
	mode := x.modeOf(q.Topic, q.ConsumerGroup)
	queues, known := x.assign(&q, &mode)
	var a assignments
	if known {
		list := make([]assignment, 0, len(queues))
		for _, mq := range queues {
			list = append(list, assignment{mq, mode.Mode})
		}
		a.MessageQueueAssignments = &list
	}
	respondJSON(ctx, a)
}

// modeOf is how a group consumes a topic, by 401 or by default.
func (x *assigns) modeOf(topic, group string) meta.Mode {
	if m, ok := x.modes.Get(topic, group); ok {
		return m
	}
	c := x.cfg()
	m := meta.Mode{Topic: topic, ConsumerGroup: group, Mode: meta.ModePull}
	if c.DefaultMessageRequestMode == meta.ModePop && !strings.HasPrefix(topic, compat.RetryTopicPrefix) {
		m.Mode, m.PopShareQueueNum = meta.ModePop, c.DefaultPopShareQueueNum
	}
	return m
}

// assign gives a client its queues; false when that is not known now. Java: doLoadBalance.
func (x *assigns) assign(q *assignmentRequest, mode *meta.Mode) ([]protocol.MessageQueue, bool) {
	if q.MessageModel != clients.ModelBroadcasting && q.MessageModel != clients.ModelClustering {
		return nil, false
	}
	queues := x.routes.Readable(q.Topic)
	if queues == nil {
		return nil, false
	}
	if q.MessageModel == clients.ModelBroadcasting || !x.cfg().ServerLoadBalancerEnable {
		return queues, true
	}
	g := x.consumers.Get(q.ConsumerGroup)
	if g == nil {
		return nil, false
	}
	ids := g.ClientIDs()
	slices.Sort(ids)
	slices.SortFunc(queues, compareQueues)
	if mode.Mode == meta.ModePop {
		return allocatePop(q.StrategyName, queues, ids, q.ClientID, mode.PopShareQueueNum)
	}
	return allocate(q.StrategyName, queues, ids, q.ClientID)
}

// allQueues is the queue id that means all queues of a broker.
const allQueues = -1

// allocatePop is allocate for clients that pop, who share queues: each has its own and those of the next share clients,
// or all queues of all brokers. Java: allocate4Pop.
func allocatePop(strategy string, queues []protocol.MessageQueue, ids []string, id string, share int) (
	list []protocol.MessageQueue, ok bool) {
	if _, ok = allocate(strategy, nil, ids, id); !ok {
		return nil, false
	}
	me := slices.Index(ids, id)
	switch {
	case share <= 0 || share >= len(ids)-1:
		for _, mq := range queues {
			mq.QueueID = allQueues
			list = append(list, mq)
		}
	case len(ids) > len(queues) && (me < 0 || len(queues) == 0):
	case len(ids) > len(queues):
		list = append(list, queues[me%len(queues)])
	default:
		for i := range share + 1 {
			if me >= 0 {
				mine, _ := allocate(strategy, queues, ids, ids[(me+i)%len(ids)])
				list = append(list, mine...)
			}
		}
	}
	slices.SortFunc(list, compareQueues)
	return slices.Compact(list), true
}

// compareQueues orders queues as Java's MessageQueue.compareTo does.
func compareQueues(a, b protocol.MessageQueue) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.BrokerName, b.BrokerName),
		cmp.Compare(a.QueueID, b.QueueID))
}

// allocate shares queues among clients; false for an unknown strategy. A client that is not in the list gets nothing.
// Java: AllocateMessageQueueAveragely, AllocateMessageQueueAveragelyByCircle.
func allocate(strategy string, queues []protocol.MessageQueue, ids []string, id string) ([]protocol.MessageQueue,
	bool) {
	me := slices.Index(ids, id)
	switch strategy {
	case "AVG":
		if me < 0 {
			return nil, true
		}
		share, more := len(queues)/len(ids), len(queues)%len(ids)
		from := me*share + min(me, more)
		if me < more {
			share++
		}
		return queues[from : from+share], true
	case "AVG_BY_CIRCLE":
		var mine []protocol.MessageQueue
		for i := me; me >= 0 && i < len(queues); i += len(ids) {
			mine = append(mine, queues[i])
		}
		return mine, true
	}
	return nil, false
}

func (x *assigns) setRequestMode(ctx *remoting.Context) {
	var m meta.Mode
	if err := compat.Unmarshal(ctx.Req.Body, &m); err != nil {
		fail(ctx, err)
		return
	}
	switch {
	case strings.HasPrefix(m.Topic, compat.RetryTopicPrefix):
		ctx.Status(wire.NoPermission, "retry topic is not allowed to set mode")
	case m.PopShareQueueNum < -1 || m.PopShareQueueNum > meta.MaxQueueNumber:
		fail(ctx, fmt.Errorf("popShareQueueNum=%d is not within -1..%d", m.PopShareQueueNum, meta.MaxQueueNumber))
	case x.topics.Get(m.Topic) == nil:
		ctx.Status(wire.TopicNotExist, "topic["+m.Topic+"] not exist")
	case x.groups.Find(m.ConsumerGroup) == nil:
		ctx.Status(wire.SubscriptionGroupNotExist, "subscription group does not exist")
	default:
		if m.Mode != meta.ModePop {
			m.Mode = meta.ModePull
		}
		if err := x.modes.Set(m); err != nil {
			fail(ctx, err)
			return
		}
		x.log.Info().Str("peer", ctx.Conn().RemoteAddr()).Str("topic", m.Topic).Str("group", m.ConsumerGroup).
			Str("mode", m.Mode).Msg("message request mode changed")
		ctx.OK(nil)
	}
}
