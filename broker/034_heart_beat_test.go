package broker

import (
	"fmt"
	"strings"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// beatBody is a heartbeat of one consumer and one producer group.
func beatBody(client, group, topic string, fingerprint int, without bool) string {
	return fmt.Sprintf(`{"clientID":%q,"heartbeatFingerprint":%d,"withoutSub":%v,"producerDataSet":[{"groupName":"pg"}],"consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","consumeType":"CONSUME_PASSIVELY","groupName":%q,"messageModel":"CLUSTERING","subscriptionDataSet":[{"topic":%q,"subString":"*","subVersion":1}]}]}`,
		client, fingerprint, without, group, topic)
}

// TestHeartbeat: a member is known with its topics and its retry topic, a producer with its group, until they leave or
// their connection ends.
func TestHeartbeat(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	a := r.ask(wire.ReqHeartBeat, "", beatBody("c1", "g", "T", 0, false)).is(t, 0, "")
	if a.ext["IS_SUPPORT_HEART_BEAT_V2"] != "true" || a.ext["IS_SUB_CHANGE"] != "true" {
		t.Errorf("fields %v", a.ext)
	}
	if c := r.b.topics.Get("%RETRY%g"); c == nil || c.ReadQueueNums != 1 {
		t.Errorf("retry topic %+v", c)
	}
	if g := r.b.consumers.Get("g"); g == nil || g.Subscription("T") == nil || len(g.ClientIDs()) != 1 {
		t.Fatalf("group %+v", g)
	}
	if r.b.producers.OfClient("c1") == nil || r.b.producers.Count() != 1 {
		t.Errorf("%d producers", r.b.producers.Count())
	}
	r.ask(wire.ReqUnregisterClient, "clientID=c1&producerGroup=pg&consumerGroup=other", "").is(t, 0, "")
	if r.b.producers.Count() != 0 || r.b.consumers.Get("g") == nil {
		t.Error("unregister took another group, or not the producer")
	}
	r.ask(wire.ReqUnregisterClient, "clientID=c1&consumerGroup=g", "").is(t, 0, "")
	if r.b.consumers.Get("g") != nil {
		t.Error("the group is still there")
	}
	r.ask(wire.ReqHeartBeat, "", beatBody("c1", "g", "T", 0, false)).is(t, 0, "")
	r.conn.Close()
	testutil.WaitFor(t, "a closed connection leaves", func() bool {
		return r.b.consumers.Get("g") == nil &&
			r.b.producers.Count() == 0
	})
}

// TestHeartbeatV2: without subscriptions those of the last full one stay; another fingerprint is told.
func TestHeartbeatV2(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	beat := func(topic string, fingerprint int, without bool) string {
		t.Helper()
		return r.ask(wire.ReqHeartBeat, "", beatBody("c1", "g", topic, fingerprint, without)).is(t, 0,
			"").ext["IS_SUB_CHANGE"]
	}
	for i, c := range []struct {
		topic       string
		fingerprint int
		without     bool
		change      string
		subscribed  string
	}{{"A", 5, false, "false", "A"}, {"B", 5, true, "false", "A"}, {"B", 6, false, "true", "B"}, {"C", 6, true, "false",
		"B"}, {"C", 0, false, "true", "C"}} {
		if got := beat(c.topic, c.fingerprint, c.without); got != c.change {
			t.Errorf("beat %d: IS_SUB_CHANGE=%s, want %s", i, got, c.change)
		}
		if r.b.consumers.Get("g").Subscription(c.subscribed) == nil {
			t.Errorf("beat %d: not subscribed to %s", i, c.subscribed)
		}
	}
}

// TestHeartbeatRefusals: what Java throws on, and the limits on names.
func TestHeartbeatRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for text, remark := range map[string]string{
		"":     "java.lang.NullPointerException: the request has no body",
		"null": "java.lang.NullPointerException: the request has no body", "{": "",
		`{"clientID":"c","consumerDataSet":[{"messageModel":"CLUSTERING"}]}`: "java.lang.NullPointerException: groupName is " +
			"null",
		`{"producerDataSet":[{"groupName":"p"}]}`:               "java.lang.NullPointerException: clientID is null",
		beatBody(strings.Repeat("c", 1025), "g", "T", 0, false): "clientID is longer than 1024 bytes",
	} {
		r.ask(wire.ReqHeartBeat, "", text).is(t, 1, remark)
	}
	r.ask(wire.ReqHeartBeat, "", beatBody(strings.Repeat("c", 1024), "g", "T", 0, false)).is(t, 0, "")
	r.ask(wire.ReqHeartBeat, "", beatBody("c", "no group", "T", 0, false)).is(t, 0, "") // passed over, as in Java
	if r.b.consumers.Get("no group") != nil {
		t.Error("an illegal group has a member")
	}
}

// TestCheckClientConfig: an expression is compiled, a tag is not.
func TestCheckClientConfig(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	check := func(kind, expr string) answer {
		return r.ask(wire.ReqCheckClientConfig, "",
			fmt.Sprintf(`{"clientId":"c","group":"g","subscriptionData":{"topic":"T","expressionType":%q,"subString":%q}}`,
				kind, expr))
	}
	check("TAG", "a ||").is(t, 0, "")
	r.ask(wire.ReqCheckClientConfig, "", "").is(t, 0, "")
	check("SQL92", "a > 1").is(t, 1, "The broker does not support consumer to filter message by SQL92")
	r.ask(wire.ReqUpdateBrokerConfig, "", "enablePropertyFilter=true").is(t, 0, "")
	check("SQL92", "a > 1").is(t, 0, "")
	check("SQL92", "a >").is(t, wire.SubscriptionParseFailed, "")
}
