package admin

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// SendResult is what became of a message that was sent. Java: SendResult.
type SendResult struct {
	Status       string                `json:"sendStatus"` // SEND_OK, FLUSH_DISK_TIMEOUT, FLUSH_SLAVE_TIMEOUT, SLAVE_NOT_AVAILABLE
	ID           string                `json:"msgId"`
	OffsetID     string                `json:"offsetMsgId"`
	Queue        protocol.MessageQueue `json:"messageQueue"`
	QueueOffset  int64                 `json:"queueOffset"`
	RecallHandle string                `json:"recallHandle,omitempty"`
}

// Outgoing is a message to send.
type Outgoing struct {
	Topic      string
	Tags, Keys string            // "": none
	Properties map[string]string // more of them
	Flag       int32
	Body       []byte
}

// WriteQueues lists the queues of a route that take messages, by broker and id. Java: topicRouteData2TopicPublishInfo.
func WriteQueues(topic string, r *protocol.TopicRouteData) (queues []protocol.MessageQueue) {
	for _, q := range r.QueueDatas {
		if q.Perm&protocol.PermWrite == 0 || !hasMaster(r, q.BrokerName) {
			continue
		}
		for id := range q.WriteQueueNums {
			queues = append(queues, protocol.MessageQueue{Topic: topic, BrokerName: q.BrokerName, QueueID: id})
		}
	}
	return queues
}

// ReadQueues lists the queues of a route that may be read. Java: topicRouteData2TopicSubscribeInfo.
func ReadQueues(topic string, r *protocol.TopicRouteData) (queues []protocol.MessageQueue) {
	for _, q := range r.QueueDatas {
		if q.Perm&protocol.PermRead != 0 {
			for id := range q.ReadQueueNums {
				queues = append(queues, protocol.MessageQueue{Topic: topic, BrokerName: q.BrokerName, QueueID: id})
			}
		}
	}
	return queues
}

func hasMaster(r *protocol.TopicRouteData, broker string) bool {
	return NodeOf(r, broker).Addr != ""
}

// NodeOf is the group of a name in a route, with the address of its master; Addr is "" when there is none.
func NodeOf(r *protocol.TopicRouteData, broker string) Node {
	for i := range r.BrokerDatas {
		if b := &r.BrokerDatas[i]; b.BrokerName == broker {
			return Node{Cluster: b.Cluster, Broker: broker, Addr: b.BrokerAddrs[protocol.MasterID]}
		}
	}
	return Node{Broker: broker}
}

// SendRoute is the route for messages to a topic: its own, else, while nobody has it, that of the topics from which
// brokers make new ones.
func (c *Client) SendRoute(ctx context.Context, topic string) (*protocol.TopicRouteData, error) {
	r, err := c.Route(ctx, topic)
	if CodeOf(err) != wire.TopicNotExist {
		return r, err
	}
	auto, autoErr := c.Route(ctx, compat.TopicAutoCreate)
	if autoErr != nil {
		return nil, err
	}
	for i := range auto.QueueDatas {
		q := &auto.QueueDatas[i]
		q.ReadQueueNums, q.WriteQueueNums = min(q.ReadQueueNums, newTopicQueues), min(q.WriteQueueNums, newTopicQueues)
	}
	return auto, nil
}

// newTopicQueues is how many queues a topic gets that the first message to it makes. Java: defaultTopicQueueNums.
const newTopicQueues = 4

// sent counts messages, for their ids.
var sent atomic.Uint32

var started = time.Now()

// NewID is an id for a message: unlike any that this or another process makes. Java: MessageClientIDSetter.
func NewID() string {
	b := make([]byte, 0, 16)
	ip := net.IPv4(127, 0, 0, 1).To4()
	if addrs, err := net.InterfaceAddrs(); err == nil {
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
				ip = n.IP.To4()
				break
			}
		}
	}
	pid, hash := os.Getpid(), compat.HashCode(fmt.Sprint(started.UnixNano()))
	b = append(b, ip...)
	b = append(b, byte(pid>>8), byte(pid), byte(hash>>24), byte(hash>>16), byte(hash>>8), byte(hash))
	ms, n := uint32(time.Since(started).Milliseconds()), sent.Add(1)
	b = append(b, byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms), byte(n>>8), byte(n))
	return string(compat.AppendHex(nil, b))
}

// Send sends a message to a queue of the broker at n (310).
func (c *Client) Send(ctx context.Context, n Node, producer string, queue int, m *Outgoing) (*SendResult, error) {
	id := m.Properties[record.PropUniqKey]
	if id == "" {
		id = NewID()
	}
	var props []byte
	for k, v := range m.Properties {
		if k != record.PropUniqKey && k != record.PropWait {
			props = record.AppendProperty(props, k, v)
		}
	}
	props = record.AppendProperty(props, record.PropUniqKey, id)
	props = record.AppendProperty(props, record.PropWait, "true")
	for _, p := range [][2]string{{record.PropTags, m.Tags}, {record.PropKeys, m.Keys}} {
		if p[1] != "" {
			props = record.SetProperty(nil, props, p[0], p[1])
		}
	}
	h := wire.SendMessageRequestHeader{ProducerGroup: producer, Topic: m.Topic, DefaultTopic: compat.TopicAutoCreate,
		DefaultTopicQueueNums: newTopicQueues, QueueID: int32(queue), BornTimestamp: time.Now().UnixMilli(), Flag: m.Flag,
		Properties: props, MaxReconsumeTimes: -1, BrokerName: n.Broker}
	cn, err := c.client.Conn(ctx, n.Addr)
	if err != nil {
		return nil, &Error{Broker: n.Broker, Addr: n.Addr, Request: wire.ReqSendMessageV2, Code: -1, Cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	resp, err := remoting.Invoke(ctx, cn, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, m.Body)
	if err != nil {
		return nil, &Error{Broker: n.Broker, Addr: n.Addr, Request: wire.ReqSendMessageV2, Code: -1, Cause: err}
	}
	status, ok := sendStatus[resp.Code]
	if !ok {
		return nil, &Error{Broker: n.Broker, Addr: n.Addr, Request: wire.ReqSendMessageV2, Code: resp.Code,
			Remark: resp.Remark}
	}
	var a wire.SendMessageResponseHeader
	if err := wire.SendMessageResponse.Decode(resp, nil, &a); err != nil {
		return nil, err
	}
	return &SendResult{Status: status, ID: id, OffsetID: string(a.MsgID), QueueOffset: a.QueueOffset,
		RecallHandle: a.RecallHandle,
		Queue:        protocol.MessageQueue{Topic: m.Topic, BrokerName: n.Broker, QueueID: int(a.QueueID)}}, nil
}

// sendStatus are the answers that say that a message is stored. Java: SendStatus.
var sendStatus = map[int32]string{wire.Success: "SEND_OK", wire.FlushDiskTimeout: "FLUSH_DISK_TIMEOUT",
	wire.FlushSlaveTimeout: "FLUSH_SLAVE_TIMEOUT", wire.SlaveNotAvailable: "SLAVE_NOT_AVAILABLE"}
