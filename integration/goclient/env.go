// Package goclient holds the cases that Apache's Go client (rocketmq-client-go/v2) runs against a cluster. Names are
// those of the Java client's cases where both can do the same.
package goclient

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

// Case is one client case; it fails t when something is wrong.
type Case struct {
	Name string
	Run  func(t testing.TB, e *Env)
}

// Cases is the whole list.
func Cases() []Case {
	all := append(sendCases(), consumeCases()...)
	return append(append(append(all, groupCases()...), queryCases()...), transactionCases()...)
}

// Env makes producers and consumers for one run; topic and group names are unique per run. Safe for concurrent use.
type Env struct {
	Namesrv string
	Broker  string // address of a broker, for requests that the client has no call for
	As      primitive.Credentials
	run     string
	number  atomic.Int32
	mu      sync.Mutex // guards producer
	shared  rocketmq.Producer
}

// NewEnv prepares a run; t is the test that owns the shared producer.
func NewEnv(t testing.TB, namesrv, broker, run string) *Env {
	return NewEnvAs(t, namesrv, broker, run, primitive.Credentials{})
}

// NewEnvAs is NewEnv of a user who signs.
func NewEnvAs(t testing.TB, namesrv, broker, run string, as primitive.Credentials) *Env {
	level := os.Getenv("GOROCKET_CLIENT_LOG") // debug, info, warn, error
	if level == "" {
		level = "fatal"
	}
	rlog.SetLogLevel(level)
	e := &Env{Namesrv: namesrv, Broker: broker, As: as, run: run}
	e.shared = e.NewProducer(t)
	return e
}

// Topic is the name of a topic of this run; nothing is created.
func (e *Env) Topic(name string) string { return "it_go_" + e.run + "_" + name }

// Group is the name of a consumer group of this run.
func (e *Env) Group(name string) string { return "CG_go_" + e.run + "_" + name }

func (e *Env) resolver() primitive.NsResolver {
	return primitive.NewPassthroughResolver([]string{e.Namesrv})
}

// NewProducer starts a producer that does not retry.
func (e *Env) NewProducer(t testing.TB) rocketmq.Producer {
	t.Helper()
	p, err := rocketmq.NewProducer(producer.WithNsResolver(e.resolver()), producer.WithRetry(0), producer.WithCredentials(e.As),
		producer.WithGroupName("PG_go_"+e.run), producer.WithInstanceName(e.instance()),
		producer.WithQueueSelector(keySelector{producer.NewRoundRobinQueueSelector()}),
		producer.WithSendMsgTimeout(10*time.Second), producer.WithCompressMsgBodyOverHowmuch(64<<20))
	must(t, err)
	must(t, p.Start())
	t.Cleanup(func() { _ = p.Shutdown() })
	return p
}

func (e *Env) instance() string { return fmt.Sprintf("go_%s_%d", e.run, e.number.Add(1)) }

// keySelector sends messages with a sharding key to the queue of the key, others round robin.
type keySelector struct{ producer.QueueSelector }

func (s keySelector) Select(m *primitive.Message, q []*primitive.MessageQueue, last string) *primitive.MessageQueue {
	if m.GetShardingKey() == "" {
		return s.QueueSelector.Select(m, q, last)
	}
	return producer.NewHashQueueSelector().Select(m, q, last)
}

// Create makes a topic at the broker and waits for nothing: the client asks for the route when it sends.
func (e *Env) Create(t testing.TB, name string, queues int) string {
	t.Helper()
	a, err := admin.NewAdmin(admin.WithResolver(e.resolver()), admin.WithCredentials(e.As))
	must(t, err)
	defer a.Close()
	if !e.As.IsEmpty() { // v2.1.2 signs what an admin sends from this call on only
		_, err := a.GetAllSubscriptionGroup(context.Background(), e.Broker, 5*time.Second)
		must(t, err)
	}
	topic := e.Topic(name)
	must(t, a.CreateTopic(context.Background(), admin.WithTopicCreate(topic), admin.WithBrokerAddrCreate(e.Broker),
		admin.WithReadQueueNums(queues), admin.WithWriteQueueNums(queues)))
	awaitRoute(t, e, topic)
	return topic
}

// queues asks the name server for the queues of a topic.
func (e *Env) queues(t testing.TB, topic string) []*primitive.MessageQueue {
	t.Helper()
	a, err := admin.NewAdmin(admin.WithResolver(e.resolver()), admin.WithCredentials(e.As))
	must(t, err)
	defer a.Close()
	queues, err := a.FetchPublishMessageQueues(context.Background(), topic)
	must(t, err)
	return queues
}

// Send sends one message per body to a topic, with tag, and returns the results.
func (e *Env) Send(t testing.TB, topic, tag string, bodies ...string) []*primitive.SendResult {
	t.Helper()
	var out []*primitive.SendResult
	for _, b := range bodies {
		r, err := e.shared.SendSync(context.Background(), primitive.NewMessage(topic,
			[]byte(b)).WithTag(tag).WithKeys([]string{"k"}))
		must(t, err)
		if r.Status != primitive.SendOK {
			t.Fatalf("send to %s: %v", topic, r)
		}
		out = append(out, r)
	}
	return out
}

// handler decides about one message.
type handler func(*primitive.MessageExt) consumer.ConsumeResult

// Consume starts a push consumer from the first message on, in a client of its own.
func (e *Env) Consume(t testing.TB, group, topic, expression string, h handler,
	more ...consumer.Option) rocketmq.PushConsumer {
	t.Helper()
	opts := append([]consumer.Option{consumer.WithNsResolver(e.resolver()), consumer.WithGroupName(group),
		consumer.WithInstance(e.instance()), consumer.WithCredentials(e.As),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset), consumer.WithConsumerModel(consumer.Clustering)},
		more...)
	c, err := rocketmq.NewPushConsumer(opts...)
	must(t, err)
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: expression}
	must(t, c.Subscribe(topic, selector, func(_ context.Context, msgs ...*primitive.MessageExt) (consumer.ConsumeResult,
		error) {
		result := consumer.ConsumeSuccess
		for _, m := range msgs {
			if r := h(m); r != consumer.ConsumeSuccess {
				result = r
			}
		}
		return result, nil
	}))
	must(t, c.Start())
	t.Cleanup(func() { _ = c.Shutdown() })
	return c
}

// Box collects messages. Safe for concurrent use.
type Box struct {
	mu   sync.Mutex
	msgs []*primitive.MessageExt
}

func (b *Box) add(m *primitive.MessageExt) consumer.ConsumeResult {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.msgs = append(b.msgs, m)
	return consumer.ConsumeSuccess
}

// Len is the number of messages so far.
func (b *Box) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.msgs)
}

// Bodies counts each body.
func (b *Box) Bodies() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int{}
	for _, m := range b.msgs {
		out[string(m.Body)]++
	}
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// await fails the test when done does not become true in time.
func await(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// exactly waits for want bodies and checks that each came once and no other came.
func exactly(t testing.TB, b *Box, want []string) {
	t.Helper()
	await(t, 20*time.Second, fmt.Sprintf("%d messages", len(want)), func() bool { return b.Len() >= len(want) })
	time.Sleep(300 * time.Millisecond)
	got := b.Bodies()
	for _, w := range want {
		if got[w] != 1 {
			t.Errorf("message %q came %d times", w, got[w])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d different messages, want %d", len(got), len(want))
	}
}

func numbered(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s %d", prefix, i)
	}
	return out
}
