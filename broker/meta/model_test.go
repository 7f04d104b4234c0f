package meta

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// The tables against plain maps: random operations, and after each of them what can be asked.

// full tells whether an operation was refused for want of room.
func full(err error) bool { return errors.As(err, new(*TableFullError)) }

// pick is one of a few names, so that operations meet.
func pick(rnd *rand.Rand, kind string) string { return fmt.Sprint(kind, rnd.IntN(4)) }

// offsetModel is what Offsets should hold.
type offsetModel struct {
	committed, reset map[OffsetKey]map[int32]int64
}

func put(m map[OffsetKey]map[int32]int64, k OffsetKey, queue int32, v int64) {
	if m[k] == nil {
		m[k] = map[int32]int64{}
	}
	m[k][queue] = v
}

func (m *offsetModel) count() (n int64) {
	for _, queues := range m.committed {
		n += int64(len(queues))
	}
	return n
}

// TestOffsetsModel: commits, pulls, resets and deletions in any order, with a limit that is met all the time.
func TestOffsetsModel(t *testing.T) {
	for seed := range uint64(5) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		o, m, changed := NewOffsets(), offsetModel{map[OffsetKey]map[int32]int64{}, map[OffsetKey]map[int32]int64{}}, 0
		o.Limit, o.Changed = func() int { return 20 }, func() { changed++ }
		var told []string
		o.Committed = func(k OffsetKey, queue int32, offset int64) { told = append(told, fmt.Sprint(k, queue, offset)) }
		for range 400 {
			k, queue, offset := OffsetKey{pick(rnd, "g"), pick(rnd, "t")}, rnd.Int32N(4), rnd.Int64N(100)
			_, had := m.committed[k][queue]
			room, before := had || m.count() < 20, changed
			told = nil
			var err error
			op := rnd.IntN(8)
			switch op {
			case 0, 1:
				err = o.Commit(k.Group, k.Topic, queue, offset)
			case 2, 3:
				err = o.Pulled(k.Group, k.Topic, queue, offset, 1, 10)
			case 4:
				if err = o.AssignReset(k.Group, k.Topic, queue, offset); room {
					put(m.reset, k, queue, offset)
				}
			case 5:
				got, ok := o.TakeReset(k.Group, k.Topic, queue)
				if want, has := m.reset[k][queue]; ok != has || got != want {
					t.Fatalf("seed %d: reset of %v %d: %d %v, want %d %v", seed, k, queue, got, ok, want, has)
				}
				delete(m.reset[k], queue)
			case 6:
				o.RemoveTopic(k.Topic)
				for x := range m.committed {
					if x.Topic == k.Topic {
						delete(m.committed, x)
						delete(m.reset, x)
					}
				}
			case 7:
				o.RemoveGroup(k.Group)
				for x := range m.committed {
					if x.Group == k.Group {
						delete(m.committed, x)
						delete(m.reset, x)
					}
				}
			}
			if op < 5 {
				if full(err) == room || err != nil && room || (changed == before+1) != room {
					t.Fatalf("seed %d: %v %d, room %v: %v, changed %d times", seed, k, queue, room, err, changed-before)
				}
				if room {
					put(m.committed, k, queue, offset)
				}
				if want := op < 2 && room; (len(told) == 1) != want || want && told[0] != fmt.Sprint(k, queue, offset) {
					t.Fatalf("seed %d: the commit of %v %d was told as %q", seed, k, queue, told)
				}
			}
			m.check(t, o, seed)
		}
		m.checkFile(t, o, seed)
	}
}

// check asks everything.
func (m *offsetModel) check(t *testing.T, o *Offsets, seed uint64) {
	t.Helper()
	if o.Len() != m.count() {
		t.Fatalf("seed %d: %d offsets, want %d", seed, o.Len(), m.count())
	}
	least := map[string]int64{}
	topics := map[string][]string{}
	for g := range 4 {
		for p := range 4 {
			k := OffsetKey{fmt.Sprint("g", g), fmt.Sprint("t", p)}
			if got := o.CommittedOf(k.Group, k.Topic); !maps.Equal(got, m.committed[k]) {
				t.Fatalf("seed %d: %v has %v, want %v", seed, k, got, m.committed[k])
			}
			if len(m.committed[k]) > 0 {
				topics[k.Group] = append(topics[k.Group], k.Topic)
			}
			for queue := range int32(4) {
				want := int64(-1)
				if off, ok := m.committed[k][queue]; ok {
					want = off
					name := fmt.Sprint(k.Topic, " ", queue)
					if have, ok := least[name]; !ok || off < have {
						least[name] = off
					}
				}
				off, waits := m.reset[k][queue]
				if waits {
					want = off
				}
				if got := o.Query(k.Group, k.Topic, queue); got != want || o.HasReset(k.Group, k.Topic, queue) != waits {
					t.Fatalf("seed %d: %v %d is %d, want %d, reset %v", seed, k, queue, got, want, waits)
				}
			}
		}
	}
	got := map[string]int64{}
	o.EachLeast(func(topic string, queue int32, offset int64) bool {
		got[fmt.Sprint(topic, " ", queue)] = offset
		return true
	})
	if !maps.Equal(got, least) {
		t.Fatalf("seed %d: least %v, want %v", seed, got, least)
	}
	for g := range 4 {
		name := fmt.Sprint("g", g)
		if by := slices.Sorted(slices.Values(o.ByGroup()[name])); !slices.Equal(o.TopicsOf(name), topics[name]) ||
			!slices.Equal(by, topics[name]) {
			t.Fatalf("seed %d: topics of %s: %v, want %v", seed, name, by, topics[name])
		}
	}
}

// checkFile writes the table and reads it again: offsets stay, resets do not, and the version goes on.
func (m *offsetModel) checkFile(t *testing.T, o *Offsets, seed uint64) {
	t.Helper()
	first := o.Wrapper(false).DataVersion.Counter
	data, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again := NewOffsets()
	if err := again.Load(data); err != nil || again.Wrapper(false).DataVersion.Counter != first+1 {
		t.Fatalf("seed %d: %v, version %+v behind %d", seed, err, again.Wrapper(false).DataVersion, first)
	}
	m.reset = map[OffsetKey]map[int32]int64{}
	m.check(t, again, seed)
}

// TestOffsetsEnd: a walk over the least offsets ends when it is told to, what is counted of pulls is kept by group and
// topic, and a reset below zero is none.
func TestOffsetsEnd(t *testing.T) {
	o := NewOffsets()
	for i := range int32(5) {
		_ = o.Pulled("g", "t", i, 1, 2, 30)
	}
	_ = o.Commit("h", "t", 0, 1) // handed out nothing
	n := 0
	if o.EachLeast(func(string, int32, int64) bool { n++; return n < 2 }); n != 2 {
		t.Errorf("visited %d times", n)
	}
	var seen []string
	o.EachTraffic(func(k OffsetKey, messages, bytes int64) { seen = append(seen, fmt.Sprint(k, messages, bytes)) })
	if !slices.Equal(seen, []string{"{g t} 10 150"}) {
		t.Errorf("traffic %v", seen)
	}
	for _, c := range []struct {
		queue  int32
		offset int64
	}{{-1, 5}, {7, -1}} {
		if err := o.AssignReset("g", "t", c.queue, c.offset); err != nil || o.HasReset("g", "t", c.queue) || o.Len() != 6 {
			t.Errorf("reset of queue %d to %d: %v", c.queue, c.offset, err)
		}
	}
	_ = o.AssignReset("g", "t", 0, 0)
	if !o.HasReset("g", "t", 0) || o.Query("g", "t", 0) != 0 {
		t.Error("a reset to 0 is one")
	}
}

// TestGroupsModel: groups and forbidden topics in any order, with a limit.
func TestGroupsModel(t *testing.T) {
	for seed := range uint64(5) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		auto, changed := true, 0
		g := NewGroups(func() bool { return auto })
		g.Limit, g.Changed = func() int { return len(SystemGroups) + 3 }, func() { changed++ }
		groups, forbidden := map[string]int{}, map[string]bool{} // retries by name; group@topic
		for range 300 {
			name, topic, n := pick(rnd, "g"), pick(rnd, "t"), rnd.IntN(100)
			_, had := groups[name]
			room := had || len(groups) < 3
			before, version, changes := changed, g.CurrentVersion().Counter, 0
			switch rnd.IntN(4) {
			case 0:
				auto = rnd.IntN(2) == 0
				c := g.Find(name)
				if want := had || auto && room; (c != nil) != want || c != nil && c.GroupName != name {
					t.Fatalf("seed %d: find %s: %+v", seed, name, c)
				}
				if !had && auto && room {
					groups[name], changes = 16, 1
				}
			case 1:
				c := protocol.NewSubscriptionGroupConfig(name)
				c.RetryMaxTimes = n
				if err := g.Update(c); full(err) == room || err != nil && room {
					t.Fatalf("seed %d: update %s: %v", seed, name, err)
				}
				if room {
					groups[name], changes = n, 1
				}
			case 2:
				if g.Remove(name) != had {
					t.Fatalf("seed %d: %s was there: %v", seed, name, had)
				}
				delete(groups, name)
				maps.DeleteFunc(forbidden, func(k string, _ bool) bool {
					ends := strings.HasPrefix(k, name+"@")
					had = had || ends
					return ends
				})
				if had {
					changes = 1
				}
			case 3:
				forbid := rnd.IntN(2) == 0
				if err := g.SetReadForbidden(name, topic, forbid); err != nil {
					t.Fatal(err)
				}
				if forbidden[name+"@"+topic] != forbid {
					changes = 1
				}
				if forbidden[name+"@"+topic] = true; !forbid {
					delete(forbidden, name+"@"+topic)
				}
			}
			if changed-before != changes || g.CurrentVersion().Counter-version != int64(changes) {
				t.Fatalf("seed %d: changed %d times, version %d to %d, want %d", seed, changed-before, version,
					g.CurrentVersion().Counter, changes)
			}
			checkGroups(t, g, groups, forbidden)
		}
		data, err := g.Encode()
		again := NewGroups(func() bool { return false })
		if err == nil {
			err = again.Load(data)
		}
		if err != nil || again.CurrentVersion() != g.CurrentVersion() {
			t.Fatal(err)
		}
		checkGroups(t, again, groups, forbidden)
	}
}

func checkGroups(t *testing.T, g *Groups, groups map[string]int, forbidden map[string]bool) {
	t.Helper()
	if g.Len() != int64(len(groups)+len(SystemGroups)) || g.ForbiddenCount() != len(forbidden) {
		t.Fatalf("%d groups, %d forbidden, want %v, %v", g.Len(), g.ForbiddenCount(), groups, forbidden)
	}
	w := g.Wrapper()
	for i := range 4 {
		name := fmt.Sprint("g", i)
		want, has := groups[name]
		if c := g.Get(name); (c != nil) != has || c != nil && c.RetryMaxTimes != want {
			t.Fatalf("%s is %+v, want %d", name, c, want)
		}
		for k := range 4 {
			topic := fmt.Sprint("t", k)
			want := forbidden[name+"@"+topic]
			if _, has := w.ForbiddenTable[name][topic]; has != want || g.ReadForbidden(name, topic) != want {
				t.Fatalf("%s of %s: forbidden %v, want %v", topic, name, g.ReadForbidden(name, topic), want)
			}
		}
	}
}

// TestForbiddenLimit: a full table takes no more, but what is in it already, and again once there is room.
func TestForbiddenLimit(t *testing.T) {
	g := NewGroups(func() bool { return true })
	g.forbidden["many"] = map[string]int{}
	for i := range MaxForbidden - 1 {
		g.forbidden["many"][fmt.Sprint(i)] = 1 << permReadIndex
	}
	if err := g.SetReadForbidden("g", "last", true); err != nil {
		t.Fatal(err)
	}
	var limit *TableFullError
	if err := g.SetReadForbidden("g", "more", true); !errors.As(err, &limit) || limit.Limit != MaxForbidden ||
		g.ReadForbidden("g", "more") || g.ForbiddenCount() != MaxForbidden {
		t.Errorf("%v, %d forbidden", err, g.ForbiddenCount())
	}
	for _, forbid := range []bool{true, false} { // nothing that would need room
		if err := g.SetReadForbidden("g", map[bool]string{true: "last", false: "more"}[forbid], forbid); err != nil {
			t.Error(err)
		}
	}
	old := g.Wrapper().ForbiddenTable["many"]
	if err := g.SetReadForbidden("many", "5", false); err != nil || len(old) != MaxForbidden-1 {
		t.Errorf("%v; who encodes holds %d", err, len(old))
	}
	if err := g.SetReadForbidden("g", "more", true); err != nil || !g.ReadForbidden("g", "more") {
		t.Error(err)
	}
}

// TestTopicsModel: topics are made in every way there is, changed and removed, with a limit.
func TestTopicsModel(t *testing.T) {
	for seed := range uint64(5) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		topics := NewTopics()
		topics.AddSystem([]SystemTopic{{Name: compat.TopicAutoCreate, Queues: 8, Perm: 7}})
		changed, model := 0, map[string]int{} // write queues by name
		var published []string
		topics.Limit, topics.Changed = func() int { return 3 }, func() { changed++ }
		topics.Publish = func(c *protocol.TopicConfig) { published = append(published, c.TopicName) }
		for range 300 {
			name, n := pick(rnd, "t"), 1+rnd.IntN(12)
			_, had := model[name]
			old := topics.Find(name)
			room := had || len(model)+1 < 3
			before, version, stored := changed, topics.CurrentVersion().Counter, false
			if published = nil; (topics.MayCreate(name) == nil) != room {
				t.Fatalf("seed %d: %s may be made: %v", seed, name, !room)
			}
			switch rnd.IntN(4) {
			case 0:
				c, why := topics.CreateByDefault(name, compat.TopicAutoCreate, n, 0, true)
				if (c != nil) != room || (why == "") != room {
					t.Fatalf("seed %d: %s: %+v %s", seed, name, c, why)
				}
				if stored = room && !had; stored {
					model[name] = min(n, 8)
				}
			case 1:
				c := protocol.NewTopicConfig(name)
				c.WriteQueueNums = n
				if err := topics.Update(c); full(err) == room || err != nil && room {
					t.Fatalf("seed %d: update %s: %v", seed, name, err)
				}
				if stored = room; stored {
					model[name] = n
				}
			case 2:
				if c := topics.Ensure(name, n, false, 0); c.TopicName != name || c.Order {
					t.Fatalf("seed %d: %+v", seed, c)
				}
				if stored = !had; stored { // whatever the limit says
					model[name] = n
				}
			case 3:
				if topics.Remove(name) != had {
					t.Fatalf("seed %d: %s was there: %v", seed, name, had)
				}
				delete(model, name)
			}
			_, has := model[name]
			if wrote := stored || had && !has; (changed-before == 1) != wrote || changed-before > 1 ||
				topics.CurrentVersion().Counter-version != int64(changed-before) || (len(published) == 1) != stored {
				t.Fatalf("seed %d: stored %v, changed %d times, published %v", seed, stored, changed-before, published)
			}
			if now := topics.Find(name); has && had != (now.Traffic == trafficOf(old)) {
				t.Fatalf("seed %d: %s counts anew", seed, name)
			}
			checkTopics(t, topics, model)
		}
	}
}

func trafficOf(t *Topic) any {
	if t == nil {
		return nil
	}
	return t.Traffic
}

func checkTopics(t *testing.T, topics *Topics, model map[string]int) {
	t.Helper()
	want := append(slices.Collect(maps.Keys(model)), compat.TopicAutoCreate)
	slices.Sort(want)
	if !slices.Equal(topics.Names(), want) || topics.Len() != int64(len(want)) {
		t.Fatalf("topics %v, %d, want %v", topics.Names(), topics.Len(), want)
	}
	for name, n := range model {
		if got := topics.Get(name).WriteQueueNums; got != n {
			t.Fatalf("%s has %d queues, want %d", name, got, n)
		}
	}
}

// TestModesModel: modes by topic and group; the table of 402 is a copy.
func TestModesModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	r, model, changed := NewModes(), map[string]map[string]Mode{}, 0
	r.Changed = func() { changed++ }
	for range 500 {
		m := Mode{ConsumerGroup: pick(rnd, "g"), Topic: pick(rnd, "t"), Mode: ModePull, PopShareQueueNum: rnd.IntN(9)}
		before, held := changed, r.Wrapper()
		copied := cmp.Diff(held.MessageRequestModeMap, model)
		if rnd.IntN(4) == 0 {
			_, had := model[m.Topic]
			if r.RemoveTopic(m.Topic); (changed == before+1) != had {
				t.Fatalf("removed %v, changed %d times", had, changed-before)
			}
			delete(model, m.Topic)
		} else {
			if err := r.Set(m); err != nil || changed != before+1 {
				t.Fatal(err, changed-before)
			}
			if model[m.Topic] == nil {
				model[m.Topic] = map[string]Mode{}
			}
			model[m.Topic][m.ConsumerGroup] = m
		}
		n := 0
		for _, groups := range model {
			n += len(groups)
		}
		if diff := cmp.Diff(r.Wrapper().MessageRequestModeMap, model); diff != "" || r.Count() != n || copied != "" {
			t.Fatalf("%d entries, want %d: %s%s", r.Count(), n, diff, copied)
		}
	}
	data, err := r.Encode()
	again := NewModes()
	if err == nil {
		err = again.Load(data)
	}
	if diff := cmp.Diff(again.Wrapper(), r.Wrapper()); err != nil || diff != "" || again.Count() != r.Count() {
		t.Error(err, diff)
	}
	again.size = MaxRequestModes
	if err := again.Set(Mode{Topic: "new", ConsumerGroup: "g"}); !full(err) || again.Count() != MaxRequestModes {
		t.Errorf("%v, %d entries", err, again.Count())
	}
	for topic, groups := range model {
		for group := range groups {
			if err := again.Set(Mode{Topic: topic, ConsumerGroup: group}); err != nil {
				t.Error("what is there needs no room:", err)
			}
		}
	}
	again.size = MaxRequestModes - 1
	if err := again.Set(Mode{Topic: "new", ConsumerGroup: "g"}); err != nil {
		t.Error("the last one:", err)
	}
}
