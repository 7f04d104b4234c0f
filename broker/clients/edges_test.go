package clients

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gorocket/broker/filter"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/store/record"
)

// TestDue: a group is told at once, then when its time has come, to the moment; the wait is that of the first one.
func TestDue(t *testing.T) {
	n, now := NewNotices(func() bool { return true }), time.UnixMilli(1000)
	if groups, wait := n.due(now); len(groups) != 0 || wait != noticeIdle {
		t.Errorf("nothing changed: %q after %v", groups, wait)
	}
	n.next["soon"], n.next["later"], n.next["past"] = now.Add(1), now.Add(time.Second), now.Add(-1)
	for _, g := range []string{"soon", "later", "past", "new", "new"} {
		n.Change(g)
	}
	for _, step := range []struct {
		at   time.Duration
		want []string
		wait time.Duration
	}{{0, []string{"new", "past"}, 1}, {1, []string{"soon"}, time.Second - 1}, {time.Second - 1, nil, 1},
		{time.Second, []string{"later"}, noticeIdle}, {time.Second, nil, noticeIdle}} {
		groups, wait := n.due(now.Add(step.at))
		if slices.Sort(groups); !slices.Equal(groups, step.want) || wait != step.wait {
			t.Errorf("after %v: %q, then %v", step.at, groups, wait)
		}
	}
}

// TestDueForgets: times that are over are forgotten when there are many, others never.
func TestDueForgets(t *testing.T) {
	now := time.UnixMilli(1000)
	for more, want := range []int{forgetNotices, 1} {
		n := NewNotices(func() bool { return true })
		for i := range forgetNotices + more - 1 {
			n.next[fmt.Sprint("g", i)] = now
		}
		n.next["ahead"] = now.Add(1)
		if n.due(now); len(n.next) != want {
			t.Errorf("of %d times %d are left, not %d", forgetNotices+more, len(n.next), want)
		}
	}
}

// TestClosedLeave: a connection that was closed leaves both tables, and its group is told, again only when its gap is
// over; nobody is told when the broker does not want it, or while the notices are stopped.
func TestClosedLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		n := NewNotices(func() bool {
			asked++
			return false
		})
		consumers, producers := NewConsumers(n.Change, 10), NewProducers()
		c := new(remoting.Conn)
		join := func() {
			consumers.Register(Client{Conn: c, ID: "id"}, &ConsumerData{GroupName: "g"}, false, true)
			if err := producers.Register("p", Client{Conn: c, ID: "id"}); err != nil {
				t.Fatal(err)
			}
		}
		join()
		n.Start(consumers, producers)
		synctest.Wait()
		if asked != 1 {
			t.Errorf("asked %d times for a new member", asked)
		}
		n.Left(c)
		synctest.Wait()
		if consumers.Get("g") != nil || producers.Count() != 0 {
			t.Error("a closed connection stays")
		}
		n.Stop()
		join()
		n.Left(c)
		synctest.Wait()
		if consumers.Get("g") == nil || producers.Count() != 1 {
			t.Error("it leaves while the notices are stopped")
		}
		n.Start(consumers, producers)
		synctest.Wait()
		if consumers.Get("g") != nil || producers.Count() != 0 {
			t.Error("what was noted meanwhile is lost")
		}
		n.Stop()
	})
}

// TestHeartbeatCheck: a client needs a name unless it says nothing, and none of its groups may lack one.
func TestHeartbeatCheck(t *testing.T) {
	consumer, producer := []ConsumerData{{GroupName: "g"}}, []ProducerData{{GroupName: "p"}}
	for _, c := range []struct {
		what string
		h    Heartbeat
		want error
	}{
		{"nothing", Heartbeat{}, nil},
		{"a consumer", Heartbeat{ClientID: "c", ConsumerDataSet: consumer}, nil},
		{"a consumer of nobody", Heartbeat{ConsumerDataSet: consumer}, errNoClientID},
		{"a producer of nobody", Heartbeat{ProducerDataSet: producer}, errNoClientID},
		{"both of nobody", Heartbeat{ConsumerDataSet: consumer, ProducerDataSet: producer}, errNoClientID},
		{"no group", Heartbeat{ClientID: "c", ConsumerDataSet: []ConsumerData{{GroupName: "g"}, {}}}, errNoGroup},
		{"the longest name", Heartbeat{ClientID: strings.Repeat("c", MaxClientID)}, nil},
		{"a longer name", Heartbeat{ClientID: strings.Repeat("c", MaxClientID+1)}, errClientID},
	} {
		if got := c.h.Check(); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

// TestParseSubscription: what an expression of each kind subscribes to.
func TestParseSubscription(t *testing.T) {
	for _, c := range []struct {
		expression, kind string
		ok, all          bool
		tags             int
	}{{"", "", true, true, 0}, {"*", "TAG", true, true, 0}, {"a || b", "TAG", true, false, 2}, {"||", "TAG", false, false, 0},
		{"a > 1", "SQL92", true, true, 0}, {"", "SQL92", false, false, 0}} {
		s, ok := ParseSubscription("t", c.expression, c.kind)
		if ok != c.ok {
			t.Errorf("%+v: %v", c, ok)
			continue
		}
		if ok && (s.All != c.all || len(s.TagsSet) != c.tags || len(s.CodeSet) != c.tags || s.Topic != "t") {
			t.Errorf("%+v: %+v", c, s)
		}
	}
	if s := NewSubscription(SubscriptionData{SubString: "a", ClassFilterMode: true}); !s.All || !s.MatchTagsCode(1) {
		t.Error("a class filter looks at tags")
	}
}

// TestMatchRecord: without an expression everything matches; with one a record that can not be read does not.
func TestMatchRecord(t *testing.T) {
	rec := func(props string) []byte {
		b, err := record.Limits{MaxBody: 10}.Append(nil, &record.Message{Topic: "t", Properties: []byte(props)}, record.Stamp{})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	plain := &Subscription{}
	if !plain.MatchRecord(nil) || !plain.MatchBitMap(1, nil) {
		t.Error("no expression, and something does not match")
	}
	m, err := filter.NewManager(filter.Config{MaxErrorRateOfBloomFilter: 20, ExpectConsumerNumUseFilter: 32, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.Build("g", filter.Subscription{Topic: "t", Expression: "a = '1'", Type: "SQL92"})
	if err != nil {
		t.Fatal(err)
	}
	expr := m.NewFilter("t", d, false)
	s := &Subscription{Expr: &expr}
	if !s.MatchRecord(rec("a\x011\x02")) || s.MatchRecord(rec("a\x012\x02")) || s.MatchRecord(rec("")[:50]) ||
		!s.MatchBitMap(1, nil) {
		t.Error("an expression is not asked, or for what is no record")
	}
}

// TestProducerNames: the longest name of a group is taken, one byte more is not.
func TestProducerNames(t *testing.T) {
	p, c := NewProducers(), new(remoting.Conn)
	for n, ok := range map[int]bool{MaxProducerGroup: true, MaxProducerGroup + 1: false} {
		if err := p.Register(strings.Repeat("n", n), Client{Conn: c, ID: "c"}); (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestExpiredToTheMillisecond: a heartbeat as old as the bound counts.
func TestExpiredToTheMillisecond(t *testing.T) {
	p, list := NewProducers(), conns(3)
	for i, c := range list {
		if err := p.Register("g", Client{Conn: c, ID: fmt.Sprint(i), LastSeen: int64(99 + i)}); err != nil {
			t.Fatal(err)
		}
	}
	if old := p.Expired(100); len(old) != 1 || old[0] != list[0] {
		t.Errorf("%d are too old", len(old))
	}
}

// TestOrderLocksExpire: a lock that was renewed lockLiveTime ago stays, an older one goes, and its group with the last.
func TestOrderLocksExpire(t *testing.T) {
	now := time.UnixMilli(0)
	l := NewOrderLocks()
	l.Now = func() time.Time { return now }
	l.Lock("g", "c", []protocol.MessageQueue{{Topic: "t", QueueID: 0}})
	now = now.Add(1)
	l.Lock("g", "c", []protocol.MessageQueue{{Topic: "t", QueueID: 1}})
	for _, step := range []struct {
		at           time.Duration
		locks, group int
	}{{lockLiveTime, 2, 1}, {lockLiveTime + 1, 1, 1}, {lockLiveTime + 2, 0, 0}} {
		now = time.UnixMilli(0).Add(step.at)
		if l.Expire(); l.Count() != step.locks || len(l.groups) != step.group {
			t.Errorf("after %v: %d locks in %d groups", step.at, l.Count(), len(l.groups))
		}
	}
}

// TestExpiredOfAllGroups: connections that are silent are found in every group, and those that are not are not.
func TestExpiredOfAllGroups(t *testing.T) {
	list := conns(4)
	c := NewConsumers(func(string) {}, 100)
	for i, conn := range list {
		who := Client{Conn: conn, ID: "c", LastSeen: int64(10 * i)}
		if !c.Register(who, &ConsumerData{GroupName: fmt.Sprint("g", i)}, false, false) {
			t.Fatal("not registered")
		}
	}
	for ms, want := range map[int64]int{0: 0, 1: 1, 10: 1, 11: 2, 30: 3, 31: 4} {
		if got := c.Expired(ms); len(got) != want {
			t.Errorf("before %d: %d connections, want %d", ms, len(got), want)
		}
	}
	if got := c.Names(); len(got) != 4 {
		t.Errorf("%d groups", len(got))
	}
}

// TestCodeSets: lists of numbers, as numbers or as texts; nothing else is a list.
func TestCodeSets(t *testing.T) {
	for text, want := range map[string]string{"null": "[]", "[]": "[]", " [ ] ": "[]", "[1,2]": "[1 2]", `["3", 4]`: "[3 4]",
		"[-5]": "[-5]", "1": "error", "[1": "error", "1]": "error", "[x]": "error", "": "error"} {
		var c CodeSet
		got := "error"
		if err := c.UnmarshalJSON([]byte(text)); err == nil {
			got = fmt.Sprint([]int32(c))
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
