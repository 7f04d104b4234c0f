package goclient

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

func transactionCases() []Case {
	return []Case{{"transaction", transaction}}
}

// listener does what the body says; "unknown-commit" is nothing at first and a commit when asked.
type listener struct {
	mu    sync.Mutex
	asked map[string]int // guarded by mu; questions by body
}

func (l *listener) ExecuteLocalTransaction(m *primitive.Message) primitive.LocalTransactionState {
	return state(string(m.Body))
}

func (l *listener) CheckLocalTransaction(m *primitive.MessageExt) primitive.LocalTransactionState {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[string(m.Body)]++
	return state(strings.TrimPrefix(string(m.Body), "unknown-"))
}

func (l *listener) bodies() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]int{}
	for b, n := range l.asked {
		all[b] = n
	}
	return all
}

func state(body string) primitive.LocalTransactionState {
	switch what, _, _ := strings.Cut(body, " "); what {
	case "commit":
		return primitive.CommitMessageState
	case "rollback":
		return primitive.RollbackMessageState
	}
	return primitive.UnknowState
}

// transaction sends half messages that are committed, rolled back and asked about.
func transaction(t testing.TB, e *Env) {
	topic := e.Create(t, "transaction", 4)
	l := &listener{asked: map[string]int{}}
	p, err := rocketmq.NewTransactionProducer(l, producer.WithNsResolver(e.resolver()), producer.WithCredentials(e.As),
		producer.WithGroupName("PGT_go_"+e.run),
		producer.WithInstanceName(e.instance()), producer.WithRetry(0), producer.WithSendMsgTimeout(10*time.Second))
	must(t, err)
	must(t, p.Start())
	defer func() { _ = p.Shutdown() }()
	var want []string
	for _, what := range []string{"commit", "rollback", "unknown-commit", "unknown-rollback"} {
		for _, body := range numbered(what, 10) {
			r, err := p.SendMessageInTransaction(context.Background(), primitive.NewMessage(topic,
				[]byte(body)).WithTag("t").WithKeys([]string{"k"}))
			must(t, err)
			if r.Status != primitive.SendOK {
				t.Fatalf("half message: %v", r)
			}
			if strings.HasSuffix(what, "commit") {
				want = append(want, body)
			}
		}
	}
	var box Box
	e.Consume(t, e.Group("of_"+topic), topic, "*", box.add)
	await(t, 50*time.Second, "committed messages", func() bool { return box.Len() >= len(want) })
	await(t, 50*time.Second, "questions", func() bool { return len(l.bodies()) >= 20 })
	time.Sleep(2 * time.Second) // more would come now
	exactly(t, &box, want)
	for body, n := range l.bodies() {
		if !strings.HasPrefix(body, "unknown-") || n > 3 {
			t.Errorf("asked %d times about %s", n, body)
		}
	}
}
