package goclient

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/apache/rocketmq-client-go/v2/primitive"
)

// Timer sends messages with the timer properties, which this client knows nothing of, and checks that none comes early.
// The broker needs timerWheelEnable.
func Timer(t testing.TB, e *Env) {
	topic, want := e.Create(t, "timer", 1), numbered("timer", 12)
	var last time.Time
	for i, b := range want {
		delay := time.Duration(1000+200*i) * time.Millisecond
		m := primitive.NewMessage(topic, []byte(b))
		if i%2 == 0 {
			m.WithProperty("TIMER_DELAY_MS", strconv.FormatInt(delay.Milliseconds(), 10))
		} else {
			m.WithProperty("TIMER_DELIVER_MS", strconv.FormatInt(time.Now().Add(delay).UnixMilli(), 10))
		}
		last = time.Now().Add(delay)
		r, err := e.shared.SendSync(context.Background(), m)
		must(t, err)
		if r.Status != primitive.SendOK {
			t.Fatalf("result %v", r)
		}
	}
	begin := time.Now()
	arrive(t, e, topic, want)
	if early := time.Until(last); early > 0 {
		t.Errorf("all %d came %v before the last was due, %v after they were sent", len(want), early, time.Since(begin))
	}
}
