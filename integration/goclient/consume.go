package goclient

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

func consumeCases() []Case {
	return []Case{{"pushTags", pushTags}, {"pushLongPoll", longPoll}, {"orderlyByKey", orderly}, {"pull", pull},
		{"litePull", poll},
		{"retryThenSuccess", retry}, {"dlqAfterLastRetry", deadLetter}, {"delayLevel", delayLevel}}
}

func pushTags(t testing.TB, e *Env) {
	topic := e.Create(t, "tags", 4)
	want := append(numbered("a", 10), numbered("c", 10)...)
	e.Send(t, topic, "tagA", want[:10]...)
	e.Send(t, topic, "tagB", numbered("b", 10)...)
	e.Send(t, topic, "tagC", want[10:]...)
	var box Box
	e.Consume(t, e.Group("tags"), topic, "tagA || tagC", box.add)
	exactly(t, &box, want)
}

// longPoll checks that a pull that waits at the end of a queue is woken by a new message.
func longPoll(t testing.TB, e *Env) {
	topic := e.Create(t, "poll", 1)
	var box Box
	e.Consume(t, e.Group("poll"), topic, "*", box.add)
	e.Send(t, topic, "t", "first")
	await(t, 15*time.Second, "first message", func() bool { return box.Len() == 1 })
	var worst time.Duration
	for i := 2; i <= 6; i++ {
		time.Sleep(150 * time.Millisecond)
		start := time.Now()
		e.Send(t, topic, "t", fmt.Sprint(i))
		await(t, 10*time.Second, "next message", func() bool { return box.Len() == i })
		worst = max(worst, time.Since(start))
	}
	if worst > 3*time.Second {
		t.Errorf("slowest delivery %v: the waiting pull was not woken", worst)
	}
}

// orderly has one consumer: v2.1.2 never unlocks a queue that it loses, so another member gets it only when the lock
// expires after 60 s. The Java clients' case has two.
func orderly(t testing.TB, e *Env) {
	topic := e.Create(t, "order", 4)
	var mu sync.Mutex
	got, count := map[string][]string{}, 0
	take := func(m *primitive.MessageExt) consumer.ConsumeResult {
		mu.Lock()
		defer mu.Unlock()
		got[m.GetShardingKey()] = append(got[m.GetShardingKey()], string(m.Body))
		count++
		return consumer.ConsumeSuccess
	}
	e.Consume(t, e.Group("order"), topic, "*", take, consumer.WithConsumerOrder(true))
	for i := range 25 {
		for key := range 8 {
			m := primitive.NewMessage(topic, []byte(fmt.Sprint(i))).WithShardingKey(fmt.Sprintf("key%d", key))
			_, err := e.shared.SendSync(context.Background(), m)
			must(t, err)
		}
	}
	t.Cleanup(func() { mu.Lock(); defer mu.Unlock(); t.Logf("%d deliveries", count) })
	await(t, 45*time.Second, "200 messages", func() bool { mu.Lock(); defer mu.Unlock(); return count >= 200 })
	mu.Lock()
	defer mu.Unlock()
	for key, list := range got {
		if len(list) != 25 {
			t.Errorf("%s: %d messages", key, len(list))
		}
		for i, body := range list {
			if body != fmt.Sprint(i) {
				t.Fatalf("%s: %v out of order", key, list)
			}
		}
	}
}

// newPull makes a pull consumer, not started.
func (e *Env) newPull(t testing.TB, group string) rocketmq.PullConsumer {
	t.Helper()
	c, err := rocketmq.NewPullConsumer(consumer.WithNsResolver(e.resolver()), consumer.WithGroupName(group),
		consumer.WithCredentials(e.As),
		consumer.WithInstance(e.instance()),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset))
	must(t, err)
	t.Cleanup(func() { _ = c.Shutdown() })
	return c
}

func pull(t testing.TB, e *Env) {
	topic := e.Create(t, "pull", 2)
	e.Send(t, topic, "t", numbered("p", 50)...)
	c := e.newPull(t, e.Group("pull"))
	must(t, c.Subscribe(topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}))
	must(t, c.Start())
	queues := e.queues(t, topic)
	seen := map[string]bool{}
	for _, q := range queues {
		// this client's pull waits 20 s at the end of a queue: stop before
		for at, end := int64(0), e.offset(t, 30, topic, q.QueueId); at < end; {
			r, err := c.PullFrom(context.Background(), q, at, 10)
			must(t, err)
			if r.Status != primitive.PullFound || r.NextBeginOffset <= at {
				t.Fatalf("pull at %d of %d: %v", at, end, r)
			}
			for _, m := range r.GetMessageExts() {
				seen[string(m.Body)] = true
			}
			at = r.NextBeginOffset
		}
	}
	if len(queues) != 2 || len(seen) != 50 {
		t.Errorf("%d messages from %d queues", len(seen), len(queues))
	}
}

func poll(t testing.TB, e *Env) {
	topic := e.Create(t, "lite", 4)
	e.Send(t, topic, "t", numbered("l", 100)...)
	c := e.newPull(t, e.Group("lite"))
	must(t, c.Subscribe(topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}))
	must(t, c.Start())
	seen := map[string]int{}
	await(t, 20*time.Second, "100 messages", func() bool {
		cr, err := c.Poll(context.Background(), 200*time.Millisecond)
		if err == nil {
			for _, m := range cr.GetMsgList() {
				seen[string(m.Body)]++
			}
			c.ACK(context.Background(), cr, consumer.ConsumeSuccess)
		}
		return len(seen) >= 100
	})
	for body, n := range seen {
		if n > 1 {
			t.Errorf("%s came %d times", body, n)
		}
	}
}

// makeRetryTopic lets the group's retry topic exist before its consumer starts; it would look for it again only after
// 30 s.
func makeRetryTopic(t testing.TB, e *Env, group, other string) {
	t.Helper()
	var box Box
	first := e.Consume(t, group, e.Create(t, other, 1), "*", box.add)
	awaitRoute(t, e, "%RETRY%"+group)
	must(t, first.Shutdown())
}

func retry(t testing.TB, e *Env) {
	topic, group := e.Create(t, "retry", 1), e.Group("retry")
	makeRetryTopic(t, e, group, "retry_first")
	sent := e.Send(t, topic, "tag", "retry")[0]
	var box Box
	e.Consume(t, group, topic, "tag", func(m *primitive.MessageExt) consumer.ConsumeResult {
		box.add(m)
		if box.Len() < 3 {
			return consumer.ConsumeRetryLater
		}
		return consumer.ConsumeSuccess
	})
	t.Cleanup(func() { t.Logf("%d deliveries", box.Len()) })
	await(t, 60*time.Second, "third delivery", func() bool { return box.Len() >= 3 })
	for i, m := range box.msgs {
		if int(m.ReconsumeTimes) != i || m.Topic != topic || m.MsgId != sent.MsgID {
			t.Errorf("delivery %d: reconsumeTimes %d, topic %s, id %s, sent %s", i, m.ReconsumeTimes, m.Topic, m.MsgId,
				sent.MsgID)
		}
	}
}

func deadLetter(t testing.TB, e *Env) {
	topic, group := e.Create(t, "dlq", 1), e.Group("dlq")
	makeRetryTopic(t, e, group, "dlq_first")
	e.Send(t, topic, "t", "dead")
	var tries, dead Box
	e.Consume(t, group, topic, "*", func(m *primitive.MessageExt) consumer.ConsumeResult {
		tries.add(m)
		return consumer.ConsumeRetryLater
	}, consumer.WithMaxReconsumeTimes(1))
	awaitRoute(t, e, "%DLQ%"+group)
	e.Consume(t, e.Group("dlq_reader"), "%DLQ%"+group, "*", dead.add)
	exactly(t, &dead, []string{"dead"})
	time.Sleep(1500 * time.Millisecond) // longer than one delay level: it must not come back
	if n := tries.Len(); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
}

func delayLevel(t testing.TB, e *Env) {
	topic := e.Create(t, "delay", 1)
	var box Box
	e.Consume(t, e.Group("delay"), topic, "*", box.add)
	start := time.Now()
	_, err := e.shared.SendSync(context.Background(), primitive.NewMessage(topic, []byte("later")).WithDelayTimeLevel(1))
	must(t, err)
	await(t, 20*time.Second, "delayed message", func() bool { return box.Len() == 1 })
	if late := time.Since(start); late < 900*time.Millisecond || late > 8*time.Second {
		t.Errorf("came after %v", late)
	}
}
