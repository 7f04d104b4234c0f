package replicas

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// newSet makes a table with a broker set of n brokers, the first of which is master and alone in sync.
func newSet(t testing.TB, n int64) *Table {
	t.Helper()
	table := NewTable()
	for id := int64(1); id <= n; id++ {
		apply(t, table, &Command{Apply: &Apply{Cluster: "c", Broker: "b", ID: id, CheckCode: fmt.Sprintf("h%d:1;5", id)}}, 0, "")
	}
	apply(t, table, elect(1), 0, "")
	return table
}

func elect(id int64, alive ...int64) *Command {
	return &Command{Elect: &Elect{Broker: "b", ID: id, Settled: true, Alive: lives(alive...)}}
}

func lives(ids ...int64) (list []Live) {
	for _, id := range ids {
		list = append(list, Live{ID: id, Epoch: 1, MaxOffset: 100})
	}
	return list
}

func alter(master int64, epoch, syncEpoch int32, want []int64, alive ...int64) *Command {
	return &Command{Alter: &Alter{Broker: "b", Master: master, MasterEpoch: epoch, SyncEpoch: syncEpoch, InSync: want,
		Alive: lives(alive...)}}
}

// apply checks the answer, and that Preview had told the same.
func apply(t testing.TB, table *Table, c *Command, code int32, remark string) Result {
	t.Helper()
	ahead, changes := table.Preview(c)
	before, _ := table.Get(c.broker())
	r := table.Apply(c)
	after, _ := table.Get(c.broker())
	if r.Code != code || !strings.HasPrefix(r.Remark, remark) {
		t.Errorf("%s: %d %q, want %d %q", text(c), r.Code, r.Remark, code, remark)
	}
	if !reflect.DeepEqual(ahead, r) || changes == reflect.DeepEqual(before, after) {
		t.Errorf("%s: preview %+v changes=%v, then %+v", text(c), ahead, changes, r)
	}
	return r
}

func text(c *Command) string { b, _ := json.Marshal(c); return string(b) }

func (s *Set) brief() string {
	return fmt.Sprintf("master %d epoch %d inSync %v epoch %d", s.Master, s.MasterEpoch, s.InSync, s.SyncEpoch)
}

func want(t *testing.T, table *Table, brief string) {
	t.Helper()
	s, _ := table.Get("b")
	if s.brief() != brief {
		t.Errorf("%s, want %s", s.brief(), brief)
	}
}

func TestIDs(t *testing.T) {
	table := NewTable()
	claim := func(id int64, check string) *Command {
		return &Command{Apply: &Apply{Cluster: "c", Broker: "b", ID: id, CheckCode: check}}
	}
	const invalid = wire.ControllerBrokerIDInvalid
	apply(t, table, claim(2, "h:1;1"), invalid, "Broker-set: b hasn't been registered in controller, but broker try to apply brokerId: 2")
	apply(t, table, claim(0, "h:1;1"), invalid, "a broker id")
	apply(t, table, claim(1, ""), invalid, "the broker's address")
	apply(t, table, claim(1, "h:1;1"), 0, "")
	apply(t, table, claim(1, "h:1;1"), 0, "") // the answer was lost: it asks again
	apply(t, table, claim(1, "x:1;1"), invalid, "Fail to apply brokerId: 1 in broker-set: b")
	apply(t, table, claim(7, "i:1;1"), 0, "")
	apply(t, table, claim(maxID+1, "i:1;1"), invalid, "a broker id")
	s, _ := table.Get("b")
	if s.NextID != 8 || s.Replicas[1].Address != "h:1" || s.Adopted {
		t.Errorf("%+v", s)
	}
	for id := int64(8); id < 8+MaxReplicas-2; id++ {
		apply(t, table, claim(id, "i:1;1"), 0, "")
	}
	apply(t, table, claim(200, "i:1;1"), invalid, "broker-set b has 64 brokers")
	long := &Command{Apply: &Apply{Broker: strings.Repeat("b", MaxName+1), ID: 1, CheckCode: "h:1;1"}}
	apply(t, table, long, invalid, "the names")
}

func TestSetsAreLimited(t *testing.T) {
	table := NewTable()
	for i := range MaxSets {
		table.sets[fmt.Sprint(i)] = &Set{}
	}
	apply(t, table, &Command{Apply: &Apply{Broker: "b", ID: 1, CheckCode: "h:1;1"}}, wire.ControllerBrokerIDInvalid,
		"the controller knows 20000 broker sets")
	apply(t, table, &Command{Register: &Register{Broker: "b", ID: 1, Address: "h:1"}}, wire.ControllerBrokerIDInvalid,
		"the controller knows")
}

// TestSnapshotsFit: whatever strangers register, and whoever is in sync, the state can be written and read again.
func TestSnapshotsFit(t *testing.T) {
	table := NewTable()
	name := func(i, most int) string { return fmt.Sprint(i) + strings.Repeat("\x01", most-len(fmt.Sprint(i))) }
	taken, last := 0, Result{}
	for i := 1; last.Code == 0; i++ {
		set := i / MaxReplicas
		last = table.Apply(&Command{Register: &Register{Cluster: name(set, MaxName), Broker: name(set, MaxName),
			ID: maxID - int64(i%MaxReplicas), Address: name(i, MaxAddress)}})
		if last.Code == 0 {
			taken++
		}
	}
	if last.Code != wire.ControllerBrokerIDInvalid || !strings.HasPrefix(last.Remark, "what the controller knows") {
		t.Fatalf("after %d: %+v", taken, last)
	}
	for _, s := range table.sets {
		s.Master, s.MasterEpoch, s.SyncEpoch, s.InSync = maxID, math.MaxInt32, math.MaxInt32, s.IDs()
	}
	text, err := table.Snapshot()
	if err != nil || len(text) > MaxBytes+100 || len(text) < MaxBytes/2 {
		t.Errorf("%d bytes for %d brokers, %v: want %d at most", len(text), taken, err, MaxBytes)
	}
	again := NewTable()
	if err := again.Restore(text); err != nil || again.bytes != table.bytes {
		t.Errorf("%v, %d bytes, before %d", err, again.bytes, table.bytes)
	}
	sets := table.All()
	r := table.Apply(&Command{Clean: &Clean{Broker: sets[0].Broker, Living: true}})
	for id := range sets[1].Replicas {
		r = table.Apply(&Command{Register: &Register{Broker: sets[1].Broker, ID: id, Address: "h:1"}})
	}
	if r.Code != 0 || table.bytes > again.bytes-(MaxReplicas+1)*(6*MaxName) {
		t.Errorf("%+v, %d bytes after %d", r, table.bytes, again.bytes)
	}
	for _, s := range table.All() {
		table.Apply(&Command{Clean: &Clean{Broker: s.Broker, Living: true}})
	}
	if table.bytes != 0 {
		t.Errorf("%d bytes without a set", table.bytes)
	}
}

func TestRegister(t *testing.T) {
	table := newSet(t, 2)
	register := func(id int64, addr string, alive ...int64) *Command {
		return &Command{Register: &Register{Cluster: "c", Broker: "b", ID: id, Address: addr, Alive: lives(alive...)}}
	}
	if r := apply(t, table, register(2, "h2:1", 1), 0, ""); !r.Living || r.Set.Master != 1 {
		t.Errorf("%+v", r)
	}
	if r := apply(t, table, register(2, "new:1"), 0, ""); r.Living || r.Set.Replicas[2].Address != "new:1" {
		t.Errorf("%+v", r)
	}
	if s, _ := table.Get("b"); s.Replicas[2].CheckCode != "h2:1;5" {
		t.Errorf("the check code is gone: %+v", s)
	}
	apply(t, table, register(5, "h5:1"), 0, "") // its metadata was cleaned away, and it comes back
	want(t, table, "master 1 epoch 1 inSync [1] epoch 1")
	apply(t, table, register(0, "h5:1"), wire.ControllerBrokerIDInvalid, "a broker id")
}

// TestAdopted takes brokers that had other controllers: the most complete one wins, once all could report, with an epoch
// above theirs.
func TestAdopted(t *testing.T) {
	table := NewTable()
	for id := int64(2); id <= 4; id++ {
		apply(t, table, &Command{Register: &Register{Cluster: "c", Broker: "b", ID: id, Address: fmt.Sprintf("h%d:1", id)}}, 0, "")
	}
	alive := []Live{{ID: 2, Epoch: 8, MaxOffset: 90}, {ID: 3, Epoch: 9, MaxOffset: 70}, {ID: 4, Epoch: 9, MaxOffset: 60},
		{ID: 99, Epoch: 50, MaxOffset: 900}}
	ask := &Command{Elect: &Elect{Broker: "b", ID: 2, Alive: alive[:3]}}
	apply(t, table, ask, wire.ControllerElectMasterFailed, "Failed to elect a new master")
	ask.Elect.Settled, ask.Elect.Alive = true, alive
	r := apply(t, table, ask, 0, "")
	if r.Set.Master != 3 || r.Set.MasterEpoch <= 9 || r.Set.Adopted {
		t.Errorf("%+v", r.Set)
	}
	table = NewTable()
	apply(t, table, &Command{Register: &Register{Broker: "b", ID: 1, Address: "h:1"}}, 0, "")
	forged := elect(1)
	forged.Elect.Alive = []Live{{ID: 1, Epoch: math.MaxInt32, MaxOffset: 1}}
	if r := apply(t, table, forged, 0, ""); r.Set.MasterEpoch != 1 {
		t.Errorf("a forged epoch: %+v", r.Set)
	}
}

func TestElect(t *testing.T) {
	table := newSet(t, 3)
	apply(t, table, elect(1), wire.ControllerElectMasterFailed, "Failed to elect a new master")
	want(t, table, "master 1 epoch 1 inSync [1] epoch 1") // it is not alive, but nobody else may be master
	apply(t, table, elect(2, 1, 2), wire.ControllerMasterStillExist, "The old master 1 is still alive, not need to elect new master for broker b")
	apply(t, table, alter(1, 1, 1, []int64{2, 1}, 1, 2), 0, "")
	apply(t, table, elect(3, 2, 3), 0, "")
	want(t, table, "master 2 epoch 2 inSync [2] epoch 3")
	apply(t, table, elect(NoID, 1, 3), wire.ControllerMasterNotAvailable, "Old master has down and failed to elect")
	want(t, table, "master 0 epoch 3 inSync [2] epoch 3")
	apply(t, table, elect(NoID, 1, 3), wire.ControllerMasterNotAvailable, "Old master")
	want(t, table, "master 0 epoch 3 inSync [2] epoch 3") // once is enough
	unclean := elect(NoID, 1, 3)
	unclean.Elect.Unclean = true
	apply(t, table, unclean, 0, "")
	want(t, table, "master 1 epoch 4 inSync [1] epoch 4")
	apply(t, table, elect(9, 1), wire.ControllerBrokerNeedToBeRegistered, "BrokerId: 9 hasn't been registered")
	other := elect(1)
	other.Elect.Broker = "none"
	apply(t, table, other, wire.ControllerBrokerNeedToBeRegistered, "Broker hasn't been registered")
}

func TestDesignated(t *testing.T) {
	table := newSet(t, 3)
	apply(t, table, alter(1, 1, 1, []int64{1, 2}, 1, 2), 0, "")
	name := func(id int64, alive ...int64) *Command {
		c := elect(id, alive...)
		c.Elect.Designate = true
		return c
	}
	apply(t, table, name(3, 1, 2, 3), wire.ControllerElectMasterFailed, "Failed to elect a new master")
	apply(t, table, name(2, 1), wire.ControllerElectMasterFailed, "Failed to elect a new master")
	apply(t, table, name(1, 1, 2), wire.ControllerMasterStillExist, "The old master 1")
	apply(t, table, name(2, 1, 2), 0, "")
	want(t, table, "master 2 epoch 2 inSync [2] epoch 3")
	none := name(NoID, 2)
	apply(t, table, none, wire.ControllerMasterStillExist, "The old master 2")
}

func TestBetter(t *testing.T) {
	order := []Live{{1, 2, 5, 9}, {2, 1, 9, 1}, {3, 1, 8, 1}, {4, 1, 8, 2}, {5, 1, 8, 2}}
	for range 20 {
		got := slices.Clone(order)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		table := newSet(t, 5)
		apply(t, table, alter(1, 1, 1, []int64{1, 2, 3, 4, 5}, 1, 2, 3, 4, 5), 0, "")
		table.sets["b"].Master = 0
		c := elect(NoID)
		c.Elect.Alive = got
		if r := apply(t, table, c, 0, ""); r.Set.Master != 1 {
			t.Fatalf("%+v", r.Set)
		}
	}
	for i := range order[1:] {
		if !better(order[i], order[i+1]) || better(order[i+1], order[i]) {
			t.Errorf("%+v and %+v", order[i], order[i+1])
		}
	}
}

func TestEpochsEnd(t *testing.T) {
	table := newSet(t, 1)
	table.sets["b"].MasterEpoch, table.sets["b"].Master = math.MaxInt32-1, 0
	apply(t, table, elect(1, 1), wire.ControllerElectMasterFailed, "Failed to elect a new master: no epoch is left")
}

func TestAlter(t *testing.T) {
	table := newSet(t, 3)
	for _, c := range []struct {
		command *Command
		code    int32
		remark  string
	}{
		{alter(1, 1, 1, []int64{1}, 1), 2013, "The newSyncStateSet is equal with oldSyncStateSet"},
		{alter(2, 1, 1, []int64{1, 2}, 1, 2), 2002, "Rejecting alter syncStateSet request because the current leader is:{1}, not {2}"},
		{alter(1, 2, 1, []int64{1, 2}, 1, 2), 2000, "Rejecting alter syncStateSet request because the current master epoch is:{1}, not {2}"},
		{alter(1, 1, 0, []int64{1, 2}, 1, 2), 2001, "Rejecting alter syncStateSet request because the current syncStateSet epoch is:{1}, not {0}"},
		{alter(1, 1, 1, []int64{1, 9}, 1, 9), 2003, "Rejecting alter syncStateSet request because the replicas {9} don't exist"},
		{alter(1, 1, 1, []int64{1, 2}, 1), 2006, "Rejecting alter syncStateSet request because the replicas {2} don't alive"},
		{alter(1, 1, 1, []int64{2}, 2), 2013, "Rejecting alter syncStateSet request because the newSyncStateSet don't contains origin leader {1}"},
		{&Command{Alter: &Alter{Broker: "none"}}, 2013, "Broker metadata is not existed"},
		{alter(1, 1, 1, []int64{2, 1, 2}, 1, 2), 0, ""},
	} {
		apply(t, table, c.command, c.code, c.remark)
	}
	want(t, table, "master 1 epoch 1 inSync [1 2] epoch 2")
	table.sets["b"].Master = 0
	apply(t, table, alter(1, 1, 2, []int64{1}, 1), 2002, "Rejecting alter syncStateSet request because the current leader is:{null}")
}

func TestClean(t *testing.T) {
	table := newSet(t, 3)
	clean := func(living bool, ids []int64, alive ...int64) *Command {
		return &Command{Clean: &Clean{Broker: "b", IDs: ids, Living: living, Alive: lives(alive...)}}
	}
	const invalid = wire.ControllerInvalidCleanMetadata
	apply(t, table, clean(false, nil), invalid, "Broker b is still alive, clean up failure")
	apply(t, table, clean(false, []int64{2}, 2), invalid, "Broker [b,  2] is still alive, clean up failure")
	apply(t, table, clean(false, []int64{2}, 1), 0, "")
	apply(t, table, clean(true, []int64{1}, 1), 0, "")
	want(t, table, "master 0 epoch 2 inSync [] epoch 2")
	apply(t, table, clean(true, []int64{9}), 0, "")
	apply(t, table, clean(false, nil), 0, "")
	if _, known := table.Get("b"); known {
		t.Error("the set is still there")
	}
	apply(t, table, clean(true, nil), invalid, "Broker b is not existed,clean broker data failure.")
	apply(t, table, &Command{}, wire.SystemError, "a command of a newer controller")
}

// random makes a command that may do anything.
func random(rnd *rand.Rand) *Command {
	broker := fmt.Sprint("b", rnd.IntN(2))
	id := func() int64 { return int64(rnd.IntN(6)) - 1 }
	var alive []Live
	for n := int64(1); n < 5; n++ {
		if rnd.IntN(3) > 0 {
			alive = append(alive, Live{n, int32(rnd.IntN(9)), int64(rnd.IntN(9)), int32(rnd.IntN(3))})
		}
	}
	switch rnd.IntN(6) {
	case 0:
		return &Command{Apply: &Apply{Cluster: "c", Broker: broker, ID: id(), CheckCode: fmt.Sprint("h:1;", rnd.IntN(3))}}
	case 1:
		return &Command{Register: &Register{Cluster: "c", Broker: broker, ID: id(), Address: fmt.Sprint("h:", rnd.IntN(3)), Alive: alive}}
	case 2, 3:
		return &Command{Elect: &Elect{Broker: broker, ID: id(), Designate: rnd.IntN(4) == 0, Unclean: rnd.IntN(9) == 0,
			Settled: rnd.IntN(2) == 0, Alive: alive}}
	case 4:
		return &Command{Alter: &Alter{Broker: broker, Master: id(), MasterEpoch: int32(rnd.IntN(6)), SyncEpoch: int32(rnd.IntN(6)),
			InSync: []int64{id(), id()}, Alive: alive}}
	}
	return &Command{Clean: &Clean{Broker: broker, IDs: []int64{id(), id()}[:rnd.IntN(3)], Living: rnd.IntN(3) == 0, Alive: alive}}
}

// TestEachDecidesAlike has two tables follow the same commands, one of which is restored from a snapshot now and then;
// what always holds is looked at after each.
func TestEachDecidesAlike(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 19))
		a, b := NewTable(), NewTable()
		for i := range 400 {
			c := random(rnd)
			before, had := a.Get(c.broker())
			ra := apply(t, a, c, a.peek(c), "")
			var over Command
			if err := json.Unmarshal([]byte(text(c)), &over); err != nil {
				t.Fatal(err)
			}
			if rb := b.Apply(&over); !reflect.DeepEqual(ra, rb) {
				t.Fatalf("seed %d, command %d %s:\n%+v\n%+v", seed, i, text(c), ra, rb)
			}
			after, has := a.Get(c.broker())
			if had && has && (after.MasterEpoch < before.MasterEpoch || after.SyncEpoch < before.SyncEpoch || after.NextID < before.NextID) {
				t.Fatalf("seed %d: %s then %s", seed, before.brief(), after.brief())
			}
			if had && has && after.Master != before.Master && after.MasterEpoch == before.MasterEpoch {
				t.Fatalf("seed %d: two masters in one epoch: %s then %s by %s", seed, before.brief(), after.brief(), text(c))
			}
			if has {
				sound(t, &after)
			}
			if rnd.IntN(20) == 0 {
				state, err := b.Snapshot()
				b = NewTable()
				if err = b.Restore(state); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !reflect.DeepEqual(a.All(), b.All()) {
			t.Fatalf("seed %d:\n%+v\n%+v", seed, a.All(), b.All())
		}
	}
}

// peek is the code that a command comes to.
func (t *Table) peek(c *Command) int32 { r, _ := t.Preview(c); return r.Code }

func sound(t *testing.T, s *Set) {
	t.Helper()
	_, known := s.Replicas[s.Master]
	if s.Master != 0 && (!known || !slices.Contains(s.InSync, s.Master)) || !slices.IsSorted(s.InSync) || len(s.Replicas) == 0 {
		t.Fatalf("%+v", s)
	}
	for _, id := range s.InSync {
		if _, known := s.Replicas[id]; !known || id >= s.NextID {
			t.Fatalf("%+v", s)
		}
	}
}

func TestBadSnapshots(t *testing.T) {
	table := newSet(t, 1)
	for _, text := range []string{"", "{", `{"version":2,"sets":[]}`, `{"version":1,"sets":[{"broker":"b"}]}`} {
		if err := table.Restore([]byte(text)); err == nil || !strings.Contains(err.Error(), "snapshot") {
			t.Errorf("%q: %v", text, err)
		}
	}
	want(t, table, "master 1 epoch 1 inSync [1] epoch 1")
}

// FuzzCommand applies what another controller may send.
func FuzzCommand(f *testing.F) {
	f.Add(text(elect(1, 1)))
	f.Add(text(alter(1, 1, 1, []int64{1, 2}, 1)))
	f.Add(`{"register":{"broker":"b","id":3,"address":"h:1"}}`)
	f.Add(`{"clean":{"broker":"b","ids":[1]}}`)
	f.Fuzz(func(t *testing.T, in string) {
		var c Command
		if json.Unmarshal([]byte(in), &c) != nil {
			return
		}
		table := newSet(t, 2)
		table.Apply(&c)
		for _, s := range table.All() {
			sound(t, &s)
		}
	})
}

// FuzzRestore reads what may stand in a snapshot: what is taken can be written, read again, and worked with.
func FuzzRestore(f *testing.F) {
	state, err := newSet(f, 2).Snapshot()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(state)
	f.Add([]byte(`{"version":1,"sets":[{"broker":"b","replicas":{}}]}`))
	f.Add([]byte(`{"version":1,"sets":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		table, again := NewTable(), NewTable()
		if table.Restore(in) != nil {
			return
		}
		state, err := table.Snapshot()
		if err == nil {
			err = again.Restore(state)
		}
		if err != nil || len(again.All()) != len(table.All()) {
			t.Fatalf("%q became %q: %v", in, state, err)
		}
		for _, s := range again.All() {
			again.Apply(&Command{Alter: &Alter{Broker: s.Broker, Master: s.Master, MasterEpoch: s.MasterEpoch,
				SyncEpoch: s.SyncEpoch, InSync: []int64{1, 2}}})
			again.Apply(elect(1, 1, 2))
		}
	})
}
