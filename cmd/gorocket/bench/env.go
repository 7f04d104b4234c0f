package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// target is one broker with the queues of the topic in question.
type target struct {
	name, addr string
	queues     []queueRange // sorted by id
}

// queueRange is one queue and its offsets at the start of the run.
type queueRange struct {
	id       int32
	min, max int64
}

// callLimit bounds each single request outside of a load.
const callLimit = 15 * time.Second

// call asks a server once; the error tells in one line what was tried and why it failed.
func call[T any](ctx context.Context, e *env, addr, doing string, code int32, h *wire.HeaderType[T], v *T,
	payload []byte) (*wire.Command, error) {
	ctx, cancel := context.WithTimeout(ctx, min(callLimit, e.timeout))
	defer cancel()
	resp, err := remoting.Call(ctx, e.cl, addr, code, h, v, payload)
	var refused *remoting.ResponseError
	switch {
	case err == nil:
		return resp, nil
	case errors.As(err, &refused):
		return nil, &refusedError{addr, doing, refused}
	case errors.Is(err, context.Canceled):
		return nil, errInterrupted
	case errors.Is(err, remoting.ErrTimeout):
		return nil, fmt.Errorf("%s: %s: no answer", addr, doing)
	}
	return nil, fmt.Errorf("%s: %w", doing, explainDial(err))
}

// refusedError is an answer with another code than SUCCESS.
type refusedError struct {
	addr, doing string
	answer      *remoting.ResponseError
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s refused to %s: code %d %s: %s", e.addr, e.doing, e.answer.Code, codeName(e.answer.Code),
		clip(firstLine(e.answer.Remark)))
}

func (e *refusedError) Unwrap() error { return e.answer }

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// explainDial says what a failed connect means.
func explainDial(err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		hint = "; raise the limit of open files (ulimit -n)"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		hint = "; one machine has about 28,000 local ports for one server address"
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return fmt.Errorf("cannot connect to %s: %w%s", op.Addr, op.Err, hint)
	}
	return fmt.Errorf("%w%s", err, hint)
}

// nameServers is the addresses of -n.
func (e *env) nameServers() []string {
	return strings.FieldsFunc(e.namesrv, func(r rune) bool { return r == ';' || r == ',' })
}

// brokers returns the masters: that of -b, or all that the first NameServer which answers knows.
func (e *env) brokers(ctx context.Context) ([]target, error) {
	if e.broker != "" {
		return []target{{name: e.broker, addr: e.broker}}, nil
	}
	var first error
	for _, ns := range e.nameServers() {
		resp, err := call(ctx, e, ns, "list the brokers", wire.ReqGetBrokerClusterInfo, wire.None,
			new(wire.NoHeader), nil)
		if err == nil {
			return masters(ns, resp.Body)
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func masters(ns string, text []byte) (all []target, err error) {
	var info protocol.ClusterInfo
	if err := compat.Unmarshal(text, &info); err != nil {
		return nil, fmt.Errorf("%s: list of brokers: %w", ns, err)
	}
	for name, b := range info.BrokerAddrTable {
		if b == nil {
			continue
		}
		if addr := b.BrokerAddrs[protocol.MasterID]; addr != "" {
			all = append(all, target{name: name, addr: addr})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: the NameServer knows no broker that takes messages", ns)
	}
	slices.SortFunc(all, func(a, b target) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

// defaultQueues is how many queues a new topic gets.
const defaultQueues = 8

// topicOn returns the brokers with the queues of a topic; where it is missing it is made, with the admin code that
// mqadmin uses. queues 0: those it has, or defaultQueues.
func (e *env) topicOn(ctx context.Context, topic string, queues int) ([]target, error) {
	all, err := e.brokers(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := e.prepare(ctx, &all[i], topic, queues); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (e *env) prepare(ctx context.Context, t *target, topic string, queues int) error {
	err := e.readQueues(ctx, t, topic)
	var refused *remoting.ResponseError
	if errors.As(err, &refused) && refused.Code == wire.TopicNotExist {
		if queues == 0 {
			queues = defaultQueues
		}
		if err := e.createTopic(ctx, t.addr, topic, queues); err != nil {
			return err
		}
		err = e.readQueues(ctx, t, topic)
	}
	if err != nil {
		return err
	}
	if len(t.queues) == 0 { // bench echo knows no topics
		for q := range max(1, queues) {
			t.queues = append(t.queues, queueRange{id: int32(q)})
		}
	}
	if queues > len(t.queues) {
		return fmt.Errorf("topic %s has %s on %s, not %d: change it with mqadmin updateTopic, or leave --queues out", topic,
			plural(len(t.queues), "queue"), t.addr, queues)
	}
	if queues > 0 {
		t.queues = t.queues[:queues]
	}
	return nil
}

// createTopic is UPDATE_AND_CREATE_TOPIC (17).
func (e *env) createTopic(ctx context.Context, addr, topic string, queues int) error {
	h := newTopic(topic, queues)
	_, err := call(ctx, e, addr, "create topic "+topic, wire.ReqUpdateAndCreateTopic, wire.CreateTopicRequest, &h, nil)
	return err
}

func newTopic(topic string, queues int) wire.CreateTopicRequestHeader {
	return wire.CreateTopicRequestHeader{Topic: topic, DefaultTopic: compat.TopicAutoCreate,
		ReadQueueNums: int32(queues), WriteQueueNums: int32(queues),
		Perm: protocol.PermRead | protocol.PermWrite, TopicFilterType: protocol.SingleTag}
}

// readQueues is GET_TOPIC_STATS_INFO (202): every broker since 3.0 has it, and it tells queues and offsets.
func (e *env) readQueues(ctx context.Context, t *target, topic string) error {
	resp, err := call(ctx, e, t.addr, "tell the queues of topic "+topic, wire.ReqGetTopicStatsInfo, wire.TopicRequest,
		&wire.TopicHeader{Topic: topic}, nil)
	if err != nil {
		return err
	}
	t.queues, err = parseStats(resp.Body)
	if err != nil {
		return fmt.Errorf("%s: queues of topic %s: %w", t.addr, topic, err)
	}
	return nil
}

// maxQueues is how many queues of a topic on one broker are looked at.
const maxQueues = 1 << 16

// parseStats reads the body of 202, whose keys are objects; an empty one has no queues.
func parseStats(text []byte) (queues []queueRange, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	var stats protocol.TopicStatsTable
	if err := compat.Unmarshal(text, &stats); err != nil {
		return nil, err
	}
	if len(stats.OffsetTable) > maxQueues {
		return nil, fmt.Errorf("%d queues, the limit is %d", len(stats.OffsetTable), maxQueues)
	}
	for q, o := range stats.OffsetTable {
		queues = append(queues, queueRange{id: int32(q.QueueID), min: o.MinOffset, max: o.MaxOffset})
	}
	slices.SortFunc(queues, func(a, b queueRange) int { return int(a.id) - int(b.id) })
	return queues, nil
}
