package clients

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

func TestLockTable(t *testing.T) {
	now := time.UnixMilli(0)
	l := NewOrderLocks()
	l.Now = func() time.Time { return now }
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
		held, _ := l.Lock(group, client, queues)
		return held
	}
	step("first client takes two", lock("g", "c1", q(0, 1)), q(0, 1))
	step("second client gets the free one", lock("g", "c2", q(0, 1, 2)), q(2))
	now = now.Add(59 * time.Second)
	step("renewed at 59 s", lock("g", "c1", q(0)), q(0))
	now = now.Add(2 * time.Second)
	step("taken over at 61 s", lock("g", "c2", q(0, 1)), q(1))
	l.Unlock("g", "c2", q(0, 1, 2))
	step("another's lock stays", lock("g", "c3", q(0, 1)), q(1))
	if !l.AnyLive("g") || l.AnyLive("other") {
		t.Error("anyLive")
	}
	now = now.Add(2 * time.Minute)
	if l.AnyLive("g") {
		t.Error("all locks have expired")
	}
}

func TestSubscription(t *testing.T) {
	parse := func(expr, kind string) *Subscription {
		s, ok := ParseSubscription("t", expr, kind)
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
	// "Aa" and "BB" have one hash: clients decide
	for tag, want := range map[string]bool{"TagA": true, "Aa": true, "BB": true, "TagB": false} {
		if got := s.MatchTagsCode(int64(compat.HashCode(tag))); got != want {
			t.Errorf("tag %s: %v, want %v", tag, got, want)
		}
	}
	if s.MatchTagsCode(0) {
		t.Error("a message without tags matches no tag")
	}
	if _, ok := ParseSubscription("t", " || ", "TAG"); ok {
		t.Error("only bars must not parse")
	}
}

func TestHeartbeatOfGoClient(t *testing.T) {
	var h Heartbeat
	text := `{"clientID":"c","producerDataSet":[],"consumerDataSet":[{"groupName":"g","subscriptionDataSet":[{"topic":"t","subString":"A","tagsSet":["A"],"codeSet":["65"," -3"],"subVersion":1},{"topic":"u","codeSet":[65, 66]},{"topic":"v","codeSet":[]},{"topic":"w","codeSet":null}]}]}`
	if err := compat.Unmarshal([]byte(text), &h); err != nil {
		t.Fatal(err)
	}
	subs := h.ConsumerDataSet[0].SubscriptionDataSet
	if diff := cmp.Diff([]CodeSet{{65, -3}, {65, 66}, nil, nil}, []CodeSet{subs[0].CodeSet, subs[1].CodeSet,
		subs[2].CodeSet, subs[3].CodeSet}); diff != "" {
		t.Error(diff)
	}
	if err := compat.Unmarshal([]byte(`{"consumerDataSet":[{"subscriptionDataSet":[{"codeSet":["x"]}]}]}`),
		&h); err == nil {
		t.Error("a code that is no number is accepted")
	}
}

func TestLocksExpireAndHaveALimit(t *testing.T) {
	l := NewOrderLocks()
	now := time.UnixMilli(0)
	l.Now, l.Limit = func() time.Time { return now }, func() int { return 3 }
	queues := make([]protocol.MessageQueue, 5)
	for i := range queues {
		queues[i] = protocol.MessageQueue{Topic: "T", QueueID: i}
	}
	if held, full := l.Lock("g", "c", queues); len(held) != 3 || !full {
		t.Errorf("%d held, full %v", len(held), full)
	}
	if held, full := l.Lock("g", "c", queues[:3]); len(held) != 3 || full {
		t.Errorf("renewal: %d held, full %v", len(held), full)
	}
	if held, _ := l.Lock("other", "c", queues); len(held) != 0 || len(l.groups) != 1 {
		t.Errorf("%d held, %d groups", len(held), len(l.groups))
	}
	l.Unlock("g", "c", queues[:1])
	l.Unlock("g", "c", queues[:1])
	if l.Count() != 2 {
		t.Errorf("%d", l.Count())
	}
	now = now.Add(lockLiveTime)
	l.Lock("g", "c", queues[1:2])
	now = now.Add(time.Second)
	if l.Expire(); l.Count() != 1 || len(l.groups["g"]) != 1 {
		t.Errorf("%d behind a minute", l.Count())
	}
	now = now.Add(2 * lockLiveTime)
	if l.Expire(); l.Count() != 0 || len(l.groups) != 0 {
		t.Errorf("%d, %d groups", l.Count(), len(l.groups))
	}
}

func TestProducersHaveALimit(t *testing.T) {
	p := NewProducers()
	p.Limit = func() int { return MaxProducersOfConn + 10 }
	a, b := new(remoting.Conn), new(remoting.Conn)
	for i := range MaxProducersOfConn + 100 {
		_ = p.Register(fmt.Sprint("g", i), Client{Conn: a, ID: fmt.Sprint("id", i)})
	}
	if p.Count() != MaxProducersOfConn {
		t.Errorf("%d groups of one connection", p.Count())
	}
	for i := range 100 {
		_ = p.Register(fmt.Sprint("h", i), Client{Conn: b, ID: "b"})
	}
	if p.Count() != MaxProducersOfConn+10 || len(p.groups) != p.Count() {
		t.Errorf("%d producers, %d groups", p.Count(), len(p.groups))
	}
	if p.Register(strings.Repeat("n", MaxProducerGroup+1), Client{Conn: b, ID: "b"}) == nil {
		t.Error("a long name was taken")
	}
	for i := range 100 {
		_ = p.Register("g0", Client{Conn: a, ID: fmt.Sprint("changing", i)})
	}
	if len(p.byClient) > p.Count() {
		t.Errorf("%d client ids for %d producers", len(p.byClient), p.Count())
	}
	p.Closed(a)
	p.Closed(b)
	if p.Count() != 0 || len(p.groups)+len(p.byConn)+len(p.byClient) != 0 {
		t.Errorf("left: %d, %d, %d, %d", p.Count(), len(p.groups), len(p.byConn), len(p.byClient))
	}
}
