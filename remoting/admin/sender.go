package admin

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gorocket/remoting/protocol"
)

// Sender sends messages to topics whose routes it asks for once. For one goroutine, and for a short time: routes
// change.
type Sender struct {
	cl     *Client
	routes map[string]*protocol.TopicRouteData
}

// NewSender makes one.
func (c *Client) NewSender() *Sender {
	return &Sender{cl: c, routes: map[string]*protocol.TopicRouteData{}}
}

// Send sends a message to the i-th of the queues of its topic, counted around.
func (s *Sender) Send(ctx context.Context, i int, m *Outgoing) (*SendResult, error) {
	r := s.routes[m.Topic]
	if r == nil {
		var err error
		if r, err = s.cl.SendRoute(ctx, m.Topic); err != nil {
			return nil, err
		}
		s.routes[m.Topic] = r
	}
	queues := WriteQueues(m.Topic, r)
	if len(queues) == 0 {
		return nil, fmt.Errorf("topic %s has no queue that takes messages", m.Topic)
	}
	q := queues[i%len(queues)]
	return s.cl.Send(ctx, NodeOf(r, q.BrokerName), ProducerName(), q.QueueID, m)
}

// ProducerName is the group of a tool's producer. Java: the time.
func ProducerName() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }
