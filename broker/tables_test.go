package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

func TestLockTable(t *testing.T) {
	now := time.UnixMilli(0)
	l := newLockTable()
	l.now = func() time.Time { return now }
	q := func(ids ...int) (out []protocol.MessageQueue) {
		for _, id := range ids {
			out = append(out, protocol.MessageQueue{BrokerName: "b", Topic: "t", QueueID: id})
		}
		return out
	}
	step := func(what string, got, want []protocol.MessageQueue) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	lock := func(group, client string, queues []protocol.MessageQueue) []protocol.MessageQueue {
		held, _ := l.lock(group, client, queues)
		return held
	}
	step("first client takes two", lock("g", "c1", q(0, 1)), q(0, 1))
	step("second client gets the free one", lock("g", "c2", q(0, 1, 2)), q(2))
	now = now.Add(59 * time.Second)
	step("renewed at 59 s", lock("g", "c1", q(0)), q(0))
	now = now.Add(2 * time.Second)
	step("taken over at 61 s", lock("g", "c2", q(0, 1)), q(1))
	l.unlock("g", "c2", q(0, 1, 2))
	step("another's lock stays", lock("g", "c3", q(0, 1)), q(1))
	if !l.anyLive("g") || l.anyLive("other") {
		t.Error("anyLive")
	}
	now = now.Add(2 * time.Minute)
	if l.anyLive("g") {
		t.Error("all locks have expired")
	}
}

func TestLockBatchBody(t *testing.T) {
	var l lockBatch
	if err := compat.Unmarshal([]byte(`{"consumerGroup":"g","clientId":"c","mqSet":[{"topic":"t","brokerName":"b","queueId":2}]}`), &l); err != nil {
		t.Fatal(err)
	}
	want := []protocol.MessageQueue{{BrokerName: "b", QueueID: 2, Topic: "t"}}
	if diff := cmp.Diff(want, l.MQSet); diff != "" {
		t.Error(diff)
	}
	data, err := compat.Marshal(lockedQueues{LockOKMQSet: want})
	if err != nil || string(data) != `{"lockOKMQSet":[{"brokerName":"b","queueId":2,"topic":"t"}]}` {
		t.Errorf("%s %v", data, err)
	}
}

func TestSubscription(t *testing.T) {
	parse := func(expr, kind string) *subscription {
		s, ok := parseSubscription("t", expr, kind)
		if !ok {
			t.Fatalf("%q does not parse", expr)
		}
		return s
	}
	for _, expr := range []string{"", "*"} {
		if s := parse(expr, ""); !s.MatchTagsCode(12345) {
			t.Errorf("%q must match everything", expr)
		}
	}
	s := parse(" TagA || Aa ||", "TAG")
	for tag, want := range map[string]bool{"TagA": true, "Aa": true, "BB": true, "TagB": false} { // "Aa" and "BB" have one hash: clients decide
		if got := s.MatchTagsCode(int64(compat.HashCode(tag))); got != want {
			t.Errorf("tag %s: %v, want %v", tag, got, want)
		}
	}
	if s.MatchTagsCode(0) {
		t.Error("a message without tags matches no tag")
	}
	if _, ok := parseSubscription("t", " || ", "TAG"); ok {
		t.Error("only bars must not parse")
	}
}

func TestHeartbeatOfGoClient(t *testing.T) {
	var h heartbeatData
	text := `{"clientID":"c","producerDataSet":[],"consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"topic":"t","subString":"A","tagsSet":["A"],"codeSet":["65"," -3"],"subVersion":1},{"topic":"u","codeSet":[65, 66]},{"topic":"v","codeSet":[]},{"topic":"w","codeSet":null}]}]}`
	if err := compat.Unmarshal([]byte(text), &h); err != nil {
		t.Fatal(err)
	}
	subs := h.ConsumerDataSet[0].SubscriptionDataSet
	if diff := cmp.Diff([]codeSet{{65, -3}, {65, 66}, nil, nil}, []codeSet{subs[0].CodeSet, subs[1].CodeSet, subs[2].CodeSet, subs[3].CodeSet}); diff != "" {
		t.Error(diff)
	}
	if err := compat.Unmarshal([]byte(`{"consumerDataSet":[{"subscriptionDataSet":[{"codeSet":["x"]}]}]}`), &h); err == nil {
		t.Error("a code that is no number is accepted")
	}
}

func TestSendProperties(t *testing.T) {
	var p sendProps
	p.parse([]byte("TAGS\x01a\x02KEYS\x01k1 k2\x02POP_CK\x01x\x02\x01v\x02n\x01\x02WAIT\x01FALSE\x02DELAY\x013\x02CLUSTER\x01old\x02UNIQ_KEY\x01U1"))
	if want := "TAGS\x01a\x02KEYS\x01k1 k2\x02WAIT\x01FALSE\x02DELAY\x013\x02UNIQ_KEY\x01U1\x02"; string(p.text) != want {
		t.Errorf("text %q, want %q", p.text, want)
	}
	if string(p.tags) != "a" || string(p.uniqKey) != "U1" || p.wait || p.delay != 3 || p.badDelay || p.tran || p.timer {
		t.Errorf("%+v", p)
	}
	p.parkForLevel("T", 7, 2)
	for _, want := range []string{"REAL_TOPIC\x01T\x02", "REAL_QID\x017\x02", "DELAY\x012\x02"} {
		if !strings.Contains(string(p.text), want) {
			t.Errorf("%q lacks %q", p.text, want)
		}
	}
	p.parse([]byte("DELAY\x01x\x02TRAN_MSG\x01TRUE\x02TIMER_DELAY_MS\x015\x02INNER_NUM\x012\x02"))
	if !p.badDelay || !p.tran || !p.timer || !p.inner || !p.wait {
		t.Errorf("%+v", p)
	}
}

func TestDelayLevels(t *testing.T) {
	s, err := newScheduler(nil, DefaultConfig().MessageDelayLevel)
	if err != nil || s.maxLevel() != 18 || s.levels[4].delay != time.Minute || s.levels[17].delay != 2*time.Hour {
		t.Fatalf("%v %+v", err, s)
	}
	for _, bad := range []string{"", "1x", "s", "1s -1s", "1 s"} {
		if _, err := newScheduler(nil, bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if err := s.load([]byte(`{"dataVersion":{"counter":3},"offsetTable":{1:5,18:9,99:1}}`)); err != nil || s.levels[0].offset.Load() != 5 || s.levels[17].offset.Load() != 9 {
		t.Errorf("delayOffset.json: %v", err)
	}
	f := dueFilter{delay: 1000, now: 10_000}
	for at, want := range map[int64]bool{9_999: true, 10_000: true, 12_000: true} { // 12,000 is beyond now+delay: the clock went back
		if f.next = 0; f.MatchTagsCode(at) != want {
			t.Errorf("deliver at %d: %v", at, !want)
		}
	}
	if f.MatchTagsCode(10_500) || f.next != 10_500 || f.MatchTagsCode(1) {
		t.Error("the first that is not due stops the scan")
	}
}

func TestConfigErrorsNameFileKeyAndValue(t *testing.T) {
	c := DefaultConfig()
	p, err := compat.ParseProperties([]byte("listenPort=abc\nnoSuchKey=1\nflushDiskType=ASYNC_FLUSH\n"))
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := c.Bind(p)
	if err == nil || !strings.Contains(err.Error(), "listenPort") || !strings.Contains(err.Error(), "abc") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff([]string{"noSuchKey"}, unknown); diff != "" {
		t.Error(diff)
	}
	for key, set := range map[string]func(*Config){
		"namesrvAddr=x":    func(c *Config) { c.NamesrvAddr = "x" },
		"brokerRole=SLAVE": func(c *Config) { c.BrokerRole = "SLAVE" }, "flushDiskType=NO": func(c *Config) { c.FlushDiskType = "NO" },
		"listenPort=2": func(c *Config) { c.ListenPort = 2 }, "storeType=defaultRocksDB": func(c *Config) { c.StoreType = "defaultRocksDB" },
	} {
		c := DefaultConfig()
		set(&c)
		name, value, _ := strings.Cut(key, "=")
		if err := c.Complete(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("config key %s: value %q", name, value)) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
