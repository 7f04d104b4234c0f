package goclient

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"

	"gorocket/integration/wire"
)

// The Go client has no call for queries: requests 12, 29, 33 and 105 are written by hand, its decoder reads the
// answers.
func queryCases() []Case {
	return []Case{{"queryByKey", queryByKey}, {"viewById", viewByID}, {"searchByTime", searchByTime}}
}

// awaitRoute waits until the name server knows the topic at the broker of the test.
func awaitRoute(t testing.TB, e *Env, topic string) {
	t.Helper()
	await(t, 30*time.Second, "route of "+topic, func() bool {
		r, err := wire.Call(e.Namesrv, wire.Request{Code: 105, Ext: map[string]any{"topic": topic}}, 3*time.Second)
		return err == nil && r.Code == 0 && bytes.Contains(r.Body, []byte(e.Broker))
	})
}

// offset asks for the max (30) or min (31) offset of a queue.
func (e *Env) offset(t testing.TB, code int, topic string, queue int) int64 {
	t.Helper()
	r, err := wire.Call(e.Broker, wire.Request{Code: code, Ext: map[string]any{"topic": topic,
		"queueId": fmt.Sprint(queue)}}, 5*time.Second)
	must(t, err)
	n, err := strconv.ParseInt(r.Ext["offset"], 10, 64)
	must(t, err)
	return n
}

func queryByKey(t testing.TB, e *Env) {
	topic := e.Create(t, "bykey", 4)
	for i := range 10 {
		keys := []string{"odd"}
		if i%2 == 0 {
			keys = []string{"even", "other"}
		}
		_, err := e.shared.SendSync(context.Background(), primitive.NewMessage(topic, []byte("q")).WithKeys(keys))
		must(t, err)
	}
	for key, want := range map[string]int{"odd": 5, "even": 5, "other": 5} {
		await(t, 10*time.Second, fmt.Sprintf("%d messages with key %s", want, key), func() bool {
			return len(e.query(t, topic, key, false)) == want
		})
	}
	if n := len(e.query(t, topic, "none", false)); n != 0 {
		t.Errorf("%d messages with an unknown key", n)
	}
}

func (e *Env) query(t testing.TB, topic, key string, unique bool) []*primitive.MessageExt {
	t.Helper()
	r, err := wire.Call(e.Broker, wire.Request{Code: 12, Ext: map[string]any{"topic": topic, "key": key, "maxNum": "32",
		"beginTimestamp": "0",
		"endTimestamp":   "9999999999999", "_UNIQUE_KEY_QUERY": strconv.FormatBool(unique)}}, 5*time.Second)
	must(t, err)
	return primitive.DecodeMessage(r.Body)
}

func viewByID(t testing.TB, e *Env) {
	topic := e.Create(t, "byid", 4)
	sent := e.Send(t, topic, "t", "view me")[0]
	raw, err := hex.DecodeString(sent.OffsetMsgID)
	must(t, err)
	offset, _ := strconv.ParseInt(hex.EncodeToString(raw[8:]), 16, 64)
	r, err := wire.Call(e.Broker, wire.Request{Code: 33, Ext: map[string]any{"offset": fmt.Sprint(offset)}}, 5*time.Second)
	must(t, err)
	found := primitive.DecodeMessage(r.Body)
	if len(found) != 1 || string(found[0].Body) != "view me" || found[0].QueueOffset != sent.QueueOffset ||
		found[0].Topic != topic {
		t.Errorf("by offset id: code %d, %v", r.Code, found)
	}
	await(t, 10*time.Second, "the message by its unique id", func() bool {
		found := e.query(t, topic, sent.MsgID, true)
		return len(found) == 1 && string(found[0].Body) == "view me"
	})
}

func searchByTime(t testing.TB, e *Env) {
	topic := e.Create(t, "bytime", 1)
	var times [6]int64
	for i := range times {
		e.Send(t, topic, "t", fmt.Sprint(i))
		time.Sleep(30 * time.Millisecond)
	}
	c := e.newPull(t, e.Group("bytime"))
	must(t, c.Subscribe(topic, consumer.MessageSelector{Type: consumer.TAG, Expression: "*"}))
	must(t, c.Start())
	queues := e.queues(t, topic)
	await(t, 10*time.Second, "6 messages", func() bool {
		r, err := c.PullFrom(context.Background(), queues[0], 0, 32)
		must(t, err)
		for _, m := range r.GetMessageExts() {
			times[m.QueueOffset] = m.StoreTimestamp
		}
		return len(r.GetMessageExts()) == 6
	})
	for at, want := range map[int64]int64{times[3]: 3, times[3] + 1: 4, times[0] - 10_000: 0, times[5] + 10_000: 6} {
		r, err := wire.Call(e.Broker, wire.Request{Code: 29, Ext: map[string]any{"topic": topic, "queueId": "0",
			"timestamp": fmt.Sprint(at)}}, 5*time.Second)
		must(t, err)
		if got := r.Ext["offset"]; got != fmt.Sprint(want) {
			t.Errorf("offset at first message %+d ms = %q, want %d", at-times[0], got, want)
		}
	}
}
