package broker

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gorocket/broker/config"
	"gorocket/broker/trans"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// TestUnroll: a timer message that goes on is parked anew by the other broker, for the same time and topic; what has no
// usable time or topic is none that anybody could store.
func TestUnroll(t *testing.T) {
	r := store.Record{Message: record.Message{Topic: timer.Topic,
		Properties: []byte("REAL_TOPIC\x01T\x02REAL_QID\x013\x02" +
			"TIMER_OUT_MS\x011000\x02TIMER_DELAY_SEC\x015\x02TIMER_DELAY_MS\x016\x02TAGS\x01a\x02")}}
	if err := unroll(&r); err != nil || r.Topic != "T" {
		t.Fatalf("%q, %v", r.Topic, err)
	}
	p := propMap(r.Properties)
	if len(p) != 2 || p["TIMER_DELIVER_MS"] != "1001" || p["TAGS"] != "a" {
		t.Errorf("%v", p)
	}
	for _, bad := range []string{"", "REAL_TOPIC\x01T\x02", "TIMER_OUT_MS\x011000\x02",
		"REAL_TOPIC\x01\x02TIMER_OUT_MS\x011\x02",
		"REAL_TOPIC\x01T\x02TIMER_OUT_MS\x01x\x02"} {
		r := store.Record{Message: record.Message{Topic: timer.Topic, Properties: []byte(bad)}}
		if err := unroll(&r); !errors.Is(err, record.ErrIllegal) || r.Topic != timer.Topic {
			t.Errorf("%q: %v, topic %q", bad, err, r.Topic)
		}
	}
}

// TestSlaveMayNotWrite: what is due on a slave that stands in for its master goes nowhere while enableRemoteEscape is
// off, and its log stays as it is; a timer message without a time is never tried again.
func TestSlaveMayNotWrite(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	due := func() *store.Record {
		return &store.Record{Message: record.Message{Topic: "T", Body: []byte("x"), StoreHost: r.b.storeHost,
			BornHost: r.b.storeHost}}
	}
	if err := r.b.put(due()); err != nil || r.b.store.MaxOffset("T", 0) != 1 {
		t.Errorf("a master: %v", err)
	}
	r.change(func(c *config.Config) { c.BrokerRole, c.BrokerID = "SLAVE", 1 })
	if err := r.b.put(due()); err == nil || r.b.store.MaxOffset("T", 0) != 1 {
		t.Errorf("a slave: %v", err)
	}
	r.change(func(c *config.Config) { c.EnableRemoteEscape = true })
	bad := due()
	bad.Topic = timer.Topic
	if err := r.b.put(bad); !errors.Is(err, record.ErrIllegal) {
		t.Errorf("a timer message without a time: %v", err)
	}
	r.change(func(c *config.Config) { c.BrokerRole, c.BrokerID = "ASYNC_MASTER", 0 })
}

// TestMissingTopics: of topics that a slave has not heard of those are made when it becomes master that got messages
// since its tables came over, with as many queues as there are; no others, and none twice.
func TestMissingTopics(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	put := func(topic string, queue int32) {
		t.Helper()
		if _, err := r.b.store.Append(&store.Record{Message: record.Message{Topic: topic, QueueID: queue, Body: []byte("x"),
			StoreHost: r.b.storeHost, BornHost: r.b.storeHost}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.b.topics.Update(protocol.TopicConfig{TopicName: "Known", ReadQueueNums: 2, WriteQueueNums: 2,
		Perm: 6}); err != nil {
		t.Fatal(err)
	}
	put("Known", 6)
	put("Few", 1)
	put("Many", 19)
	for name := range r.b.systemTopics {
		put(name, 0)
		r.b.missing.note(name)
	}
	for _, name := range []string{"Known", "Few", "Many", "Empty", "bad name"} {
		r.b.missing.note(name)
	}
	before := r.b.topics.Len()
	r.b.makeMissing(time.Now())
	queues := func(name string) int {
		c := r.b.topics.Get(name)
		if c == nil {
			return 0
		}
		if c.ReadQueueNums != c.WriteQueueNums || c.Perm != protocol.PermRead|protocol.PermWrite || c.Order {
			t.Errorf("%s is made as %+v", name, c)
		}
		return c.ReadQueueNums
	}
	least := r.b.cfg().DefaultTopicQueueNums
	for name, want := range map[string]int{"Known": 2, "Few": least, "Many": 20, "Empty": 0, "bad name": 0} {
		if got := queues(name); got != want {
			t.Errorf("%s has %d queues, want %d", name, got, want)
		}
	}
	if n := r.b.topics.Len(); n != before+2 {
		t.Errorf("%d topics are made", n-before)
	}
	put("Late", 0)
	r.b.missing.note("Late")
	r.b.makeMissing(time.Now().Add(time.Minute)) // the tables came over behind its last message
	if r.b.topics.Get("Late") != nil {
		t.Error("a topic is made that was deleted")
	}
	r.b.makeMissing(time.Now()) // it was taken
	if r.b.topics.Get("Late") != nil {
		t.Error("what was taken is kept")
	}
	var m missingTopics
	for i := range maxMissing + 1 {
		m.note(fmt.Sprintf("T%05d", i))
	}
	m.note("T00000")
	got := m.take(time.Now().Add(-time.Minute))
	if len(got) != maxMissing || !slices.IsSorted(got) || slices.Contains(got, fmt.Sprintf("T%05d", maxMissing)) {
		t.Errorf("%d are kept, in order %v", len(got), slices.IsSorted(got))
	}
	if compat.ValidateTopic("bad name") == nil {
		t.Error("the test has no bad name")
	}
}

// TestEndsNoted: a master has noted its ends when op messages name them; who stops, or loses its master, does not wait.
func TestEndsNoted(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.TransactionOpBatchInterval = 3_600_000
	r := startRig(t, cfg)
	waitFor(t, "the op queue is read", r.b.trans.Noted)
	stopped, open := make(chan struct{}), make(chan struct{})
	close(stopped)
	if !r.b.endsNoted(t.Context(), stopped) {
		t.Error("nothing has ended, and that is waited for")
	}
	r.b.trans.Ended("T", 7, 7, true, 1, 4096)
	if r.b.endsNoted(t.Context(), stopped) {
		t.Error("noted before an op message names it")
	}
	done := make(chan bool, 1)
	go func() { done <- r.b.endsNoted(t.Context(), open) }()
	select {
	case <-done:
		t.Error("it does not wait")
	case <-time.After(50 * time.Millisecond):
	}
	r.change(func(c *config.Config) { c.TransactionOpBatchInterval = 1 })
	r.b.trans.Ended("T", 8, 8, true, 1, 3) // an op message is full: it is written
	if !<-done {
		t.Error("what is noted is not seen")
	}
	r.change(func(c *config.Config) {
		c.BrokerRole, c.BrokerID, c.TransactionOpBatchInterval = "SLAVE", 1, 1
	})
	if r.b.endsNoted(t.Context(), open) {
		t.Error("a slave without a master hears that its ends are noted")
	}
	if r.b.endsNoted(t.Context(), stopped) {
		t.Error("one that stops hears that its ends are noted")
	}
	if r.b.tellEnd(&trans.ActedEnd{Group: "g", Topic: "T"}) {
		t.Error("nobody was told, and it counts as told")
	}
	r.change(func(c *config.Config) { c.BrokerRole, c.BrokerID = "ASYNC_MASTER", 0 })
	r.b.hearing.Store(true)
	if r.b.tellEnd(&trans.ActedEnd{Group: "g", Topic: "T"}) {
		t.Error("a master that still hears what was ended ends something")
	}
	r.b.hearing.Store(false)
}
