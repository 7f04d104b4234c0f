package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/integration/harness"
	"gorocket/integration/statictopic"
	"gorocket/integration/wire"
)

// TestStaticTopicAnswers asks a NameServer and two brokers that share a static topic: Java's, ours, and mixtures answer
// the same.
func TestStaticTopicAnswers(t *testing.T) {
	t.Parallel() // waits for JVMs most of the time
	harness.Count(t)
	want := staticAnswers(t, harness.Java, harness.Java, harness.Java)
	for _, m := range []struct {
		name        string
		names, a, b harness.Kind
	}{{"all ours", harness.Go, harness.Go, harness.Go}, {"a ours", harness.Java, harness.Go, harness.Java},
		{"b ours", harness.Go, harness.Java, harness.Go}} {
		t.Run(m.name, func(t *testing.T) {
			got := staticAnswers(t, m.names, m.a, m.b)
			for i := range max(len(got), len(want)) {
				switch {
				case i >= len(got) || i >= len(want):
					t.Fatalf("%d answers, Java %d", len(got), len(want))
				case better[want[i]] != "" && better[want[i]] == got[i]:
				case got[i] != want[i]:
					t.Errorf("\n   %s\nJava %s", got[i], want[i])
				}
			}
		})
	}
}

// better are answers that are right here and wrong in Java, by Java's answer: a search for a time behind everything
// ends at the end of the oldest piece there.
var better = map[string]string{
	`search b/2 9999999999999: code 0 remark "" offset=3`: `search b/2 9999999999999: code 0 remark "" offset=2003`,
}

func staticAnswers(t *testing.T, names, a, b harness.Kind) []string {
	t.Helper()
	c := harness.New(t)
	ns := c.Namesrv(names, nil)
	s := statictopic.Script{Namesrv: ns.Addr(), A: c.Broker(a, "broker-a", nil).Addr(),
		B: c.Broker(b, "broker-b", nil).Addr()}
	lines, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestStaticTopicMQAdmin makes a static topic with Apache's mqadmin, moves it to another broker, and finds it unchanged
// after both brokers have started again.
func TestStaticTopicMQAdmin(t *testing.T) {
	t.Parallel() // waits for JVMs most of the time
	harness.Count(t)
	c := harness.New(t)
	ns := c.Namesrv(own(harness.Go), nil)
	a, b := c.Broker(own(harness.Go), "broker-a", nil), c.Broker(own(harness.Go), "broker-b", nil)
	const topic = "StaticByAdmin"
	admin := func(args ...string) {
		t.Helper()
		if out := c.MQAdmin(args...); strings.Contains(out, "Exception") {
			t.Fatalf("mqadmin %v:\n%s", args, out)
		}
	}
	admin("updateStaticTopic", "-t", topic, "-qn", "3", "-b", "broker-a")
	send := func(addr string, queue, n int) {
		t.Helper()
		for range n {
			r, err := wire.Call(addr, wire.Request{Code: 310, Ext: map[string]any{"a": "p", "b": topic, "c": "TBW102", "d": "4",
				"e": fmt.Sprint(queue), "f": "0", "g": "1700000000000", "h": "0", "i": "", "j": "0", "k": "false", "m": "false"},
				Body: []byte("x")}, 5*time.Second)
			if err != nil || r.Code != 0 {
				t.Fatalf("send: %v, code %d %s", err, r.Code, r.Remark)
			}
		}
	}
	send(a.Addr(), 1, 5)
	admin("remappingStaticTopic", "-t", topic, "-b", "broker-b")
	send(b.Addr(), 1, 2)
	const block = 10_000 // TopicQueueMappingUtils.DEFAULT_BLOCK_SEQ_SIZE
	ask := func(addr string, code, want int, field string, value int64, ext map[string]any) {
		t.Helper()
		ext["topic"] = topic
		r, err := wire.Call(addr, wire.Request{Code: code, Ext: ext}, 5*time.Second)
		if err != nil || r.Code != want || r.Ext[field] != fmt.Sprint(value) && want == 0 {
			t.Errorf("code %d: %v, %d %s %v; want %d, %s=%d", code, err, r.Code, r.Remark, r.Ext, want, field, value)
		}
	}
	check := func() {
		t.Helper()
		ask(b.Addr(), 30, 0, "offset", block+2, map[string]any{"queueId": "1"})
		ask(b.Addr(), 31, 0, "offset", 0, map[string]any{"queueId": "1"})
		ask(a.Addr(), 30, 501, "", 0, map[string]any{"queueId": "1"})
		pull := map[string]any{"consumerGroup": "g", "queueId": "1", "queueOffset": "3", "maxMsgNums": "32", "sysFlag": "4",
			"commitOffset": "0", "suspendTimeoutMillis": "0", "subscription": "*", "subVersion": "1", "expressionType": "TAG"}
		ask(b.Addr(), 11, 0, "nextBeginOffset", 5, pull)
	}
	check()
	for _, s := range []*harness.Server{a, b} {
		if _, err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	check()
	route, err := wire.Call(ns.Addr(), wire.Request{Code: 105, Ext: map[string]any{"topic": topic}}, 5*time.Second)
	if err != nil || !strings.Contains(string(route.Body), `"currIdMap":{"0":`) {
		t.Errorf("%v: the route has no mapping: %s", err, route.Body)
	}
}

// TestStaticTopicHandedOver: a broker's directory keeps its static topic when it goes from Java to ours and back.
func TestStaticTopicHandedOver(t *testing.T) {
	t.Parallel() // waits for JVMs most of the time
	harness.Count(t)
	c := harness.New(t)
	c.Namesrv(own(harness.Go), nil)
	config := func(s *harness.Server) string {
		t.Helper()
		r, err := wire.Call(s.Addr(), wire.Request{Code: 351, Ext: map[string]any{"topic": "Handed", "lo": "true"}},
			5*time.Second)
		if err != nil || r.Code != 0 {
			t.Fatalf("351: %v, code %d %s", err, r.Code, r.Remark)
		}
		return string(r.Body)
	}
	var first string
	for i, kind := range []harness.Kind{harness.Java, own(harness.Go), harness.Java} {
		s := c.Broker(kind, "broker-a", nil)
		if i == 0 {
			m := `{"bname":"broker-a","currIdMap":{},"dirty":false,"epoch":5,"hostedQueues":{"0":[{"bname":"broker-b","endOffset":5,"gen":0,"logicOffset":0,"queueId":2,"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1},{"bname":"broker-a","endOffset":-1,"gen":1,"logicOffset":1000,"queueId":1,"startOffset":0,"timeOfEnd":-1,"timeOfStart":-1}]},"scope":"__global__","topic":"Handed","totalQueues":1}`
			ext := map[string]any{"topic": "Handed", "defaultTopic": "TBW102", "readQueueNums": "4", "writeQueueNums": "4",
				"perm": "6", "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false"}
			if r, err := wire.Call(s.Addr(), wire.Request{Code: 513, Ext: ext, Body: []byte(m)}, 5*time.Second); err != nil ||
				r.Code != 0 {
				t.Fatalf("513: %v, code %d %s", err, r.Code, r.Remark)
			}
			first = config(s)
		}
		if got := config(s); got != first || !strings.Contains(got, `"logicOffset":1000`) {
			t.Errorf("%s: %s, want %s", kind, got, first)
		}
		r, err := wire.Call(s.Addr(), wire.Request{Code: 30, Ext: map[string]any{"topic": "Handed", "queueId": "0"}},
			5*time.Second)
		if err != nil || r.Code != 0 || r.Ext["offset"] != "1000" {
			t.Errorf("%s: max offset %v, code %d %s %v", kind, err, r.Code, r.Remark, r.Ext)
		}
		if kind == harness.Java {
			s.Kill() // its tables are written at once, and its stop takes 17 s
		} else if _, err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}
