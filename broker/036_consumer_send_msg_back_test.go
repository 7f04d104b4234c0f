package broker

import (
	"fmt"
	"gorocket/compat/testutil"
	"strings"
	"testing"
	"time"

	"gorocket/remoting/wire"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

func TestDelayAndRetryAndDeadLetter(t *testing.T) {
	stalls := testutil.WatchStalls(t)
	r := startRig(t, testConfig(t, t.TempDir()))
	begin := time.Now()
	r.send("D", "DELAY\x011\x02TAGS\x01A\x02", "later")
	if code, _, _ := r.pull("g", "D", 0, "*", 0); code != wire.PullNotFound {
		t.Errorf("delayed message is there at once: %d", code)
	}
	code, _, bodies := r.pull("g", "D", 0, "A", 8000)
	if took := time.Since(begin); code != 0 || len(bodies) != 1 || took < time.Second ||
		took > 2500*time.Millisecond+stalls.Lost() {
		t.Errorf("code %d, %v after %v, want one after 1 s", code, bodies, took)
	}
	sent := r.send("R", "", "retry me")
	_, off, err := record.ParseMessageID(string(sent.MsgID))
	if err != nil {
		t.Fatal(err)
	}
	back := wire.ConsumerSendMsgBackRequestHeader{Offset: off, Group: "g", OriginTopic: "R", MaxReconsumeTimes: 1}
	if _, err := call(r, wire.ReqConsumerSendMsgBack, wire.ConsumerSendMsgBackRequest, &back, nil); err != nil {
		t.Fatal(err)
	}
	if code, _, bodies := r.pull("g", "%RETRY%g", 0, "*", 8000); code != 0 || strings.Join(bodies, "") != "retry me" {
		t.Errorf("retry topic: %d %v", code, bodies)
	}
	back.MaxReconsumeTimes = 0
	if _, err := call(r, wire.ReqConsumerSendMsgBack, wire.ConsumerSendMsgBackRequest, &back, nil); err != nil {
		t.Fatal(err)
	}
	if code, _, bodies := r.pull("g", "%DLQ%g", 0, "*", 0); code != 0 || strings.Join(bodies, "") != "retry me" {
		t.Errorf("dead letters: %d %v", code, bodies)
	}
}

// TestSendBackBoundary: a message goes to the dead letters when it has been consumed as often as the group, or the
// request, allows; not one attempt before.
func TestSendBackBoundary(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqUpdateAndCreateSubscriptiongroup, "", `{"groupName":"g","retryMaxTimes":2,"retryQueueNums":1}`).is(t, 0,
		"")
	r.send("T", "", "first")
	sent := func(times int) int64 {
		t.Helper()
		f := strings.Replace(sendFields("T", 1), "reconsumeTimes=0", fmt.Sprint("reconsumeTimes=", times), 1)
		_, at, err := record.ParseMessageID(r.ask(wire.ReqSendMessage, f, fmt.Sprint("tried ", times)).is(t, 0,
			"").ext["msgId"])
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	back := func(times, level int, more string) string {
		t.Helper()
		dead, parked := r.b.store.MaxOffset("%DLQ%g", 0), queueEnds(r, dispatch.ScheduleTopic)
		r.ask(wire.ReqConsumerSendMsgBack, fmt.Sprintf("offset=%d&group=g&delayLevel=%d%s", sent(times), level, more),
			"").is(t, 0, "")
		if r.b.store.MaxOffset("%DLQ%g", 0) > dead {
			return "dead"
		}
		if queueEnds(r, dispatch.ScheduleTopic) > parked {
			return "retry"
		}
		return "nowhere"
	}
	for _, c := range []struct {
		times, level int
		more, want   string
	}{{1, 0, "", "retry"}, {2, 0, "", "dead"}, {0, -1, "", "dead"}, {0, 2, "", "retry"}, {2, 0, "&maxReconsumeTimes=3",
		"retry"}, {3, 0, "&maxReconsumeTimes=3", "dead"}, {2, 0, "&maxReconsumeTimes=-1", "dead"}} {
		if got := back(c.times, c.level, c.more); got != c.want {
			t.Errorf("consumed %d times, level %d%s: %s, want %s", c.times, c.level, c.more, got, c.want)
		}
	}
	m := r.record("%DLQ%g", 0, 0)
	if m.ReconsumeTimes != 3 || propMap(m.Properties)["RETRY_TOPIC"] != "T" ||
		propMap(m.Properties)["ORIGIN_MESSAGE_ID"] == "" {
		t.Errorf("dead letter: %d times, %q", m.ReconsumeTimes, m.Properties)
	}
}

// queueEnds sums the ends of a topic's queues.
func queueEnds(r *rig, topic string) (n int64) {
	for q := range int32(18) {
		n += r.b.store.MaxOffset(topic, q)
	}
	return n
}

// TestSendBackRefusals: unknown groups and messages, permissions, and the group without retry queues that loses
// messages.
func TestSendBackRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	_, at, err := record.ParseMessageID(string(r.send("T", "", "first").MsgID))
	if err != nil {
		t.Fatal(err)
	}
	back := func(group string, offset int64) answer {
		return r.ask(wire.ReqConsumerSendMsgBack, fmt.Sprintf("offset=%d&group=%s&delayLevel=0", offset, group), "")
	}
	back("no%20group", at).is(t, 26, "subscription group not exist, no group ")
	back("g", at+1).is(t, 1, fmt.Sprint("look message by offset failed, ", at+1))
	r.ask(wire.ReqConsumerSendMsgBack, "group=g", "").is(t, 1, "")
	r.ask(wire.ReqUpdateAndCreateSubscriptiongroup, "", `{"groupName":"drop","retryQueueNums":0}`).is(t, 0, "")
	before := queueEnds(r, dispatch.ScheduleTopic)
	back("drop", at).is(t, 0, "")
	if queueEnds(r, dispatch.ScheduleTopic) != before {
		t.Error("a group without retry queues got a copy")
	}
	r.ask(wire.ReqUpdateBrokerConfig, "", "brokerPermission=4").is(t, 0, "")
	back("g", at).is(t, 16, "the broker[127.0.0.1] sending message is forbidden")
}
