package clients

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// conns are connections that stay open.
func conns(n int) (list []*remoting.Conn) {
	for range n {
		list = append(list, new(remoting.Conn))
	}
	return list
}

// TestProducersModel: heartbeats and leaves in any order against plain maps.
func TestProducersModel(t *testing.T) {
	for seed := range uint64(10) {
		rnd, list := rand.New(rand.NewPCG(seed, 1)), conns(4)
		p, model := NewProducers(), map[string]map[*remoting.Conn]Client{}
		p.Limit = func() int { return 7 }
		count := func() (n int) {
			for _, m := range model {
				n += len(m)
			}
			return n
		}
		for step := range int64(200) {
			group, i := fmt.Sprint("g", rnd.IntN(4)), rnd.IntN(4)
			conn, id := list[i], fmt.Sprint("client", i, "@", rnd.IntN(2))
			switch rnd.IntN(5) {
			case 0, 1, 2:
				_, had := model[group][conn]
				room := had || count() < 7
				who := Client{Conn: conn, ID: id, LastSeen: step, Language: wire.Language(i % 2), Version: int32(i / 2)}
				if err := p.Register(group, who); (err == nil) != room {
					t.Fatalf("seed %d: %s of %d, room %v: %v", seed, group, i, room, err)
				}
				if room {
					if model[group] == nil {
						model[group] = map[*remoting.Conn]Client{}
					}
					model[group][conn] = who
				}
			case 3:
				p.Unregister(group, conn)
				delete(model[group], conn)
			case 4:
				if rnd.IntN(4) == 0 {
					p.Closed(conn)
					for _, m := range model {
						delete(m, conn)
					}
				}
			}
			checkProducers(t, p, model, list, step)
			if p.Count() != count() {
				t.Fatalf("seed %d: %d producers, want %d", seed, p.Count(), count())
			}
		}
	}
}

// checkProducers asks for what can be asked for. A client id that a connection has in one of its groups leads to it.
func checkProducers(t *testing.T, p *Producers, model map[string]map[*remoting.Conn]Client, list []*remoting.Conn,
	now int64) {
	t.Helper()
	kinds, groups, ids := map[Kind]int{}, map[*remoting.Conn][]string{}, map[string]*remoting.Conn{}
	expired := 0
	for group, m := range model {
		if conn, busy := p.Pick(group, "T", now, 1<<20); (conn != nil) != (len(m) > 0) || busy ||
			conn != nil && m[conn].Conn == nil {
			t.Fatalf("picked %p of %d members of %s, busy %v", conn, len(m), group, busy)
		}
		for conn, c := range m {
			kinds[Kind{c.Language, c.Version}]++
			groups[conn] = append(groups[conn], group)
			ids[c.ID] = conn
			if c.LastSeen < now-10 {
				expired++
			}
		}
	}
	if !maps.Equal(p.Kinds(), kinds) || len(p.Expired(now-10)) != expired || len(p.groups) > len(model) {
		t.Fatalf("kinds %v, want %v; %d expired, want %d", p.Kinds(), kinds, len(p.Expired(now-10)), expired)
	}
	for i, conn := range list {
		want := slices.Sorted(slices.Values(groups[conn]))
		if got := p.GroupsOf(conn); !slices.Equal(got, want) {
			t.Fatalf("groups %v, want %v", got, want)
		}
		for k := range 2 {
			if id := fmt.Sprint("client", i, "@", k); p.OfClient(id) != ids[id] {
				t.Fatalf("%s, with groups %v, leads elsewhere", id, want)
			}
		}
	}
}

// TestTwoProducersOfAProcess: when one of them leaves, replies and questions still find the other.
func TestTwoProducersOfAProcess(t *testing.T) {
	p, conn := NewProducers(), new(remoting.Conn)
	for _, group := range []string{"g", "h"} {
		if err := p.Register(group, Client{Conn: conn, ID: "me"}); err != nil {
			t.Fatal(err)
		}
	}
	p.Unregister("g", conn)
	if p.OfClient("me") != conn {
		t.Error("the other producer of the process is not found any more")
	}
	if p.Unregister("h", conn); p.OfClient("me") != nil {
		t.Error("it is found though both have left")
	}
}

// TestPickPrefersTheLiving: one with a recent heartbeat, to the millisecond, as long as there is one.
func TestPickPrefersTheLiving(t *testing.T) {
	for _, c := range []struct {
		age   int64
		fresh bool
	}{{freshProducer, true}, {freshProducer + 1, false}} {
		p, list := NewProducers(), conns(10)
		const now = 1_000_000
		for _, conn := range list[1:] {
			_ = p.Register("g", Client{Conn: conn, ID: fmt.Sprintf("%p", conn), LastSeen: now - freshProducer - 1})
		}
		_ = p.Register("g", Client{Conn: list[0], ID: "one", LastSeen: now - c.age})
		seen := map[*remoting.Conn]bool{}
		for range 300 {
			conn, busy := p.Pick("g", "T", now, 0)
			if seen[conn] = true; busy {
				t.Fatal("busy")
			}
		}
		if c.fresh && (len(seen) != 1 || !seen[list[0]]) || !c.fresh && len(seen) < 5 {
			t.Errorf("%+v: %d of 10 picked", c, len(seen))
		}
	}
	if conn, busy := NewProducers().Pick("g", "T", 0, 0); conn != nil || busy {
		t.Error("somebody, or busy, and nobody is there")
	}
}

// TestConsumersModel: heartbeats and leaves in any order against plain maps, and who is told.
func TestConsumersModel(t *testing.T) {
	for seed := range uint64(10) {
		rnd, list := rand.New(rand.NewPCG(seed, 2)), conns(4)
		var told, gone []string
		c := NewConsumers(func(group string) { told = append(told, group) }, 3)
		c.Gone = func(group string) { gone = append(gone, group) }
		members, subs, model := map[string]map[*remoting.Conn]bool{}, map[string]map[string]bool{}, map[string]string{}
		in := func(conn *remoting.Conn) (groups []string) {
			for group, m := range members {
				if m[conn] {
					groups = append(groups, group)
				}
			}
			return slices.Sorted(slices.Values(groups))
		}
		leave := func(group string, conn *remoting.Conn) (left, last bool) {
			left = members[group][conn]
			delete(members[group], conn)
			if last = left && len(members[group]) == 0; last {
				delete(members, group)
				delete(subs, group)
			}
			return left, last
		}
		for step := range 200 {
			group, conn := fmt.Sprint("g", rnd.IntN(5)), list[rnd.IntN(4)]
			told, gone = nil, nil
			var wantTold, wantGone []string
			may := rnd.IntN(4) > 0
			switch rnd.IntN(6) {
			case 0, 1, 2, 3:
				d := ConsumerData{GroupName: group, MessageModel: []string{ModelClustering, ModelBroadcasting}[rnd.IntN(2)],
					ConsumeType: ConsumePassively}
				topics := map[string]bool{}
				for range rnd.IntN(3) {
					topics[fmt.Sprint("t", rnd.IntN(3))] = true
				}
				for topic := range topics {
					d.SubscriptionDataSet = append(d.SubscriptionDataSet, SubscriptionData{Topic: topic, SubString: "*"})
				}
				keep, had := rnd.IntN(3) == 0, members[group][conn]
				room := had || len(in(conn)) < 3
				if got := c.Register(Client{Conn: conn, ID: "me"}, &d, keep, may); got != room {
					t.Fatalf("seed %d step %d: taken %v, want %v", seed, step, got, room)
				}
				if !room {
					break
				}
				changed := !had || !keep && !maps.Equal(subs[group], topics)
				if members[group] == nil {
					members[group], subs[group] = map[*remoting.Conn]bool{}, map[string]bool{}
				}
				members[group][conn], model[group] = true, d.MessageModel
				if !keep {
					subs[group] = topics
				}
				if changed && may && d.MessageModel == ModelClustering {
					wantTold = []string{group}
				}
			case 4:
				c.Unregister(group, conn, may)
				left, last := leave(group, conn)
				if last {
					wantGone = []string{group}
				}
				if left && may && model[group] == ModelClustering {
					wantTold = []string{group}
				}
			case 5:
				c.Closed(conn)
				for _, g := range in(conn) {
					if _, last := leave(g, conn); last {
						wantGone = append(wantGone, g)
					}
					if model[g] == ModelClustering {
						wantTold = append(wantTold, g)
					}
				}
			}
			slices.Sort(told)
			slices.Sort(gone)
			if !slices.Equal(told, wantTold) || !slices.Equal(gone, wantGone) {
				t.Fatalf("seed %d step %d: told %v, want %v; gone %v, want %v", seed, step, told, wantTold, gone, wantGone)
			}
			if names := slices.Sorted(slices.Values(c.Names())); !slices.Equal(names, slices.Sorted(maps.Keys(members))) {
				t.Fatalf("seed %d step %d: groups %v, want %v", seed, step, names, members)
			}
			for _, conn := range list {
				if got := c.GroupsOf(conn); !slices.Equal(got, in(conn)) {
					t.Fatalf("seed %d step %d: a connection is in %v, want %v", seed, step, got, in(conn))
				}
			}
			for group, m := range members {
				g := c.Get(group)
				mode, kinds := c.Kinds(group)
				if len(g.Conns()) != len(m) || len(g.ClientIDs()) != len(m) || len(c.MembersOf(group)) != len(m) ||
					g.Broadcasting() != (model[group] == ModelBroadcasting) || mode != "push" || kinds[Kind{}] != len(m) {
					t.Fatalf("seed %d step %d: %s: %d members, want %d", seed, step, group, len(g.Conns()), len(m))
				}
				for i := range 3 {
					topic := fmt.Sprint("t", i)
					if got := c.Subscribed(group, topic) != nil; got != subs[group][topic] {
						t.Fatalf("seed %d step %d: %s reads %s: %v", seed, step, group, topic, got)
					}
				}
			}
		}
	}
}

// TestNewerSubscriptionCounts: an older version of a subscription replaces none; the set of topics is that of the last
// heartbeat.
func TestNewerSubscriptionCounts(t *testing.T) {
	c, conn := NewConsumers(func(string) {}, 10), new(remoting.Conn)
	for _, s := range []struct {
		version int64
		want    string
	}{{5, "5"}, {4, "5"}, {5, "5"}, {6, "6"}} {
		_ = c.Register(Client{Conn: conn, ID: "me", LastSeen: s.version}, &ConsumerData{GroupName: "g",
			SubscriptionDataSet: []SubscriptionData{{Topic: "t", SubString: fmt.Sprint(s.version), SubVersion: s.version}}},
			false, true)
		if got := c.Subscribed("g", "t"); got == nil || got.SubString != s.want {
			t.Errorf("version %d: %+v, want %s", s.version, got, s.want)
		}
		if old := c.Expired(s.version); len(old) != 0 {
			t.Error("a heartbeat of just now is old")
		}
		if old := c.Expired(s.version + 1); len(old) != 1 || old[0] != conn {
			t.Errorf("%d are old", len(old))
		}
	}
	if c.Subscribed("nobody", "t") != nil || c.Subscribed("g", "u") != nil {
		t.Error("a subscription of nobody")
	}
	for i, want := range []bool{false, false, true, true, false} {
		if got := c.SwapFingerprint("g", []int32{7, 7, 8, 7, 7}[i]); got != want {
			t.Errorf("fingerprint %d: another one %v", i, got)
		}
	}
	if c.SwapFingerprint("nobody", 1) {
		t.Error("the fingerprint of nobody")
	}
}

// TestOrderLocksToTheEdge: a lock of 60 s is one still, a moment later it is anybody's.
func TestOrderLocksToTheEdge(t *testing.T) {
	for over, free := range map[time.Duration]bool{0: false, 1: true} {
		now := time.UnixMilli(0)
		l, q := NewOrderLocks(), []protocol.MessageQueue{{Topic: "t"}}
		l.Now = func() time.Time { return now }
		if l.Lock("g", "first", q); l.Count() != 1 {
			t.Fatal("not locked")
		}
		now = now.Add(lockLiveTime + over)
		if l.AnyLive("g") == free {
			t.Errorf("%v over: live %v", over, !free)
		}
		if held, _ := l.Lock("g", "second", q); (len(held) == 1) != free {
			t.Errorf("%v over: taken over %v", over, !free)
		}
		now = now.Add(lockLiveTime + over)
		if l.Expire(); (l.Count() == 0) != free && over > 0 {
			t.Errorf("%v over: %d locks", over, l.Count())
		}
	}
}
