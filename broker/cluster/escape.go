package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// Escape stores messages on other masters of the cluster: what a slave has to write in its master's place
// (enableRemoteEscape). Java: EscapeBridge.
type Escape struct {
	r    *Registrar
	next atomic.Uint32 // queue that gets the next message

	mu     sync.Mutex
	queues map[string]escapeRoute // guarded by mu; by topic, forgotten as a whole when there are too many
}

// escapeRoute is where a topic's messages may go.
type escapeRoute struct {
	queues []escapeQueue
	until  time.Time
}

type escapeQueue struct {
	broker, addr string // a master, host:port
	id           int32
}

const (
	escapeLife    = 5 * time.Second // of a route
	escapeTimeout = 3 * time.Second // Java: SEND_TIMEOUT
	maxEscapes    = 10_000          // routes that are kept
	maxEscapeQ    = 1024            // queues of one topic that are kept
)

// NewEscape finds masters through the NameServers of r.
func NewEscape(r *Registrar) *Escape { return &Escape{r: r, queues: map[string]escapeRoute{}} }

// errNowhere says that no other master has a topic.
var errNowhere = errors.New("no other master of the cluster takes messages of topic")

// Put sends m to a queue of its topic on another master, as a producer of group; m.QueueID does not count. nil: it is
// stored there. Another error than a refusal leaves open whether it is. Not on an event loop.
func (e *Escape) Put(m *record.Message, group string) error {
	ctx, cancel := context.WithTimeout(context.Background(), escapeTimeout)
	defer cancel()
	queues, err := e.find(ctx, m.Topic)
	if err != nil {
		return err
	}
	q := queues[e.next.Add(1)%uint32(len(queues))]
	h := wire.SendMessageRequestHeader{ProducerGroup: group, Topic: m.Topic, DefaultTopic: compat.TopicAutoCreate,
		DefaultTopicQueueNums: 8, QueueID: q.id, SysFlag: m.SysFlag, BornTimestamp: m.BornTimestamp, Flag: m.Flag,
		Properties:     record.SetProperty(nil, m.Properties, record.PropWait, "false"),
		ReconsumeTimes: m.ReconsumeTimes, MaxReconsumeTimes: -1}
	_, err = remoting.Call(ctx, e.r.d.Client, q.addr, wire.ReqSendMessageV2, wire.SendMessageRequestV2, &h, m.Body)
	var answered *remoting.ResponseError
	if errors.As(err, &answered) && (answered.Code == wire.FlushDiskTimeout || answered.Code == wire.FlushSlaveTimeout) {
		return nil // it is stored: Java sends it again
	}
	if err != nil {
		e.forget(m.Topic)
		return fmt.Errorf("to %s of broker %s: %w", q.addr, q.broker, err)
	}
	return nil
}

func (e *Escape) forget(topic string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.queues, topic)
}

// find lists the queues of a topic on other masters.
func (e *Escape) find(ctx context.Context, topic string) ([]escapeQueue, error) {
	e.mu.Lock()
	r := e.queues[topic]
	e.mu.Unlock()
	if time.Now().After(r.until) {
		r = escapeRoute{writable(e.r.AskRoute(ctx, topic), e.r.d.Self().Identity.BrokerName), time.Now().Add(escapeLife)}
		e.mu.Lock()
		if len(e.queues) >= maxEscapes {
			clear(e.queues)
		}
		e.queues[topic] = r
		e.mu.Unlock()
	}
	if len(r.queues) == 0 {
		return nil, fmt.Errorf("%w %s", errNowhere, topic)
	}
	return r.queues, nil
}

// writable are the queues of a route on other masters than that of name own.
func writable(route *protocol.TopicRouteData, own string) (queues []escapeQueue) {
	if route == nil {
		return nil
	}
	masters := map[string]string{}
	for i := range route.BrokerDatas {
		masters[route.BrokerDatas[i].BrokerName] = route.BrokerDatas[i].BrokerAddrs[protocol.MasterID]
	}
	for _, q := range route.QueueDatas {
		addr := masters[q.BrokerName]
		if q.BrokerName == own || addr == "" || q.Perm&protocol.PermWrite == 0 {
			continue
		}
		for id := range min(q.WriteQueueNums, maxEscapeQ-len(queues)) {
			queues = append(queues, escapeQueue{q.BrokerName, addr, int32(id)})
		}
	}
	return queues
}
