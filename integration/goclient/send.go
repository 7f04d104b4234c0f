package goclient

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/apache/rocketmq-client-go/v2/primitive"
)

func sendCases() []Case {
	return []Case{{"sendSync", sendSync}, {"sendAsync", sendAsync}, {"sendOneway", sendOneway}, {"sendBatch", sendBatch},
		{"body4MiB", largeBody}, {"unicode", unicode}, {"bulk10000", bulk}}
}

// sendSync sends to a topic that does not exist yet.
func sendSync(t testing.TB, e *Env) {
	topic, want := e.Topic("sync"), numbered("sync", 20)
	for _, r := range e.Send(t, topic, "t", want...) {
		if len(r.OffsetMsgID) != 32 || r.QueueOffset < 0 || r.MessageQueue.QueueId >= 4 {
			t.Errorf("result %v", r)
		}
	}
	arrive(t, e, topic, want)
}

func arrive(t testing.TB, e *Env, topic string, want []string) {
	t.Helper()
	var box Box
	e.Consume(t, e.Group("of_"+topic), topic, "*", box.add)
	exactly(t, &box, want)
}

func sendAsync(t testing.TB, e *Env) {
	topic, want := e.Create(t, "async", 4), numbered("async", 50)
	var wg sync.WaitGroup
	for _, b := range want {
		wg.Add(1)
		must(t, e.shared.SendAsync(context.Background(), func(_ context.Context, r *primitive.SendResult, err error) {
			defer wg.Done()
			if err != nil || r.Status != primitive.SendOK {
				t.Errorf("callback: %v %v", r, err)
			}
		}, primitive.NewMessage(topic, []byte(b))))
	}
	wg.Wait()
	arrive(t, e, topic, want)
}

func sendOneway(t testing.TB, e *Env) {
	topic, want := e.Create(t, "oneway", 4), numbered("oneway", 20)
	for _, b := range want {
		must(t, e.shared.SendOneWay(context.Background(), primitive.NewMessage(topic, []byte(b))))
	}
	arrive(t, e, topic, want)
}

func sendBatch(t testing.TB, e *Env) {
	topic, want := e.Create(t, "batch", 4), numbered("batch", 32)
	var batch []*primitive.Message
	for _, b := range want {
		m := primitive.NewMessage(topic, []byte(b)).WithTag("t").WithKeys([]string{"k"})
		m.WithProperty("p", "значение")
		batch = append(batch, m)
	}
	r, err := e.shared.SendSync(context.Background(), batch...)
	must(t, err)
	if r.Status != primitive.SendOK {
		t.Fatalf("batch: %v", r)
	}
	arrive(t, e, topic, want)
}

func largeBody(t testing.TB, e *Env) {
	topic := e.Create(t, "large", 1)
	body := make([]byte, 4<<20)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range body {
		body[i] = byte(rng.Uint32())
	}
	_, err := e.shared.SendSync(context.Background(), primitive.NewMessage(topic, body))
	must(t, err)
	var box Box
	e.Consume(t, e.Group("large"), topic, "*", box.add)
	await(t, 20*time.Second, "the large message", func() bool { return box.Len() == 1 })
	if !bytes.Equal(box.msgs[0].Body, body) {
		t.Error("body differs")
	}
}

// unicode has an ASCII tag: this client's tag hash is not Java's outside ASCII, so such a tag cannot be subscribed to.
func unicode(t testing.TB, e *Env) {
	topic, text := e.Create(t, "unicode", 1), "消息 сообщение μήνυμα 🚀 \x00 end"
	m := primitive.NewMessage(topic, []byte(text)).WithTag("tag").WithKeys([]string{"ключ🚀"})
	m.WithProperty("имя", "значение 值 🚀")
	_, err := e.shared.SendSync(context.Background(), m)
	must(t, err)
	e.Send(t, topic, "other", "other")
	var box Box
	e.Consume(t, e.Group("unicode"), topic, "tag", box.add)
	exactly(t, &box, []string{text})
	got := box.msgs[0]
	if got.GetTags() != "tag" || got.GetKeys() != "ключ🚀" || got.GetProperty("имя") != "значение 值 🚀" {
		t.Errorf("tag %q, key %q, properties %v", got.GetTags(), got.GetKeys(), got.GetProperties())
	}
}

// bulk sends 10,000 messages by four senders; none may be lost or come twice.
func bulk(t testing.TB, e *Env) {
	topic, want := e.Create(t, "bulk", 8), numbered("bulk", 10000)
	var box Box
	e.Consume(t, e.Group("bulk"), topic, "*", box.add)
	var wg sync.WaitGroup
	for s := range 4 {
		wg.Go(func() {
			for i := s; i < len(want); i += 4 {
				r, err := e.shared.SendSync(context.Background(), primitive.NewMessage(topic, []byte(want[i])))
				if err != nil || r.Status != primitive.SendOK {
					t.Errorf("send %d: %v %v", i, r, err)
					return
				}
			}
		})
	}
	wg.Wait()
	exactly(t, &box, want)
}
