package timer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"gorocket/store"
	"gorocket/store/vfs"
)

// couple is a master and the slave that copies its log.
type couple struct {
	master, slave *rig
	asked         []heard // check points of the master that the slave has heard of, oldest first
}

// heard is a check point and where the master's log ended when it was asked for.
type heard struct {
	end  int64
	body []byte
}

func startCouple(t *testing.T, rnd *rand.Rand) *couple {
	cfg := smallConfig()
	cfg.TimerRollWindowSlot = 8
	slave := cfg
	slave.BrokerRole = "SLAVE"
	c := &couple{newRig(t, cfg, vfs.NewMem(), begin), newRig(t, slave, vfs.NewMem(), begin+rnd.Int64N(2000)-1000), nil}
	c.slave.tm.Lead(false)
	return c
}

func (c *couple) free() {
	c.master.fs.(*vfs.Mem).Free()
	c.slave.fs.(*vfs.Mem).Free()
}

// copy brings at most n bytes of the master's log to the slave.
func (c *couple) copy(n int64) {
	log, at := c.master.s.Log(), max(0, c.slave.s.RawEnd())
	for n > 0 && at < log.End() {
		seg := log.Find(at)
		end := min(at+n, seg.End(), log.End())
		if err := c.slave.s.AppendRaw(at, bytes.Clone(seg.Data[at-seg.Base:end-seg.Base])); err != nil {
			c.master.t.Fatal(err)
		}
		n, at = n-(end-at), end
	}
}

// hear has the slave ask for the master's check point, and take those whose copies it has.
func (c *couple) hear() {
	c.asked = append(c.asked, heard{body: c.master.tm.Checkpoint(), end: c.master.s.MaxPhyOffset()})
	for len(c.asked) > 0 && c.asked[0].end <= c.slave.s.MaxPhyOffset() {
		if err := c.slave.tm.Follow(c.asked[0].body); err != nil {
			c.master.t.Fatal(err)
		}
		c.asked = c.asked[1:]
	}
}

// live does some steps of a master under load with its slave behind it.
func (c *couple) live(rnd *rand.Rand, sent map[string]int64, name string) {
	m, s := c.master, c.slave
	for i := range 10 + rnd.IntN(120) {
		switch rnd.IntN(10) {
		default:
			key := fmt.Sprint(name, i)
			sent[key] = (m.clock.ms + 100 + rnd.Int64N(2500)) / 100 * 100
			m.put(sent[key], key, "")
		case 4, 5:
			m.turn(m.clock.ms + rnd.Int64N(150))
		case 6:
			if err := m.tm.flush(rnd.IntN(2) == 0); err != nil {
				m.t.Fatal(err)
			}
		case 7:
			c.copy(rnd.Int64N(4000))
		case 8:
			c.hear()
			s.turn(s.clock.ms + rnd.Int64N(300))
		case 9:
			if rnd.IntN(2) == 0 {
				_ = s.tm.flush(false)
			}
		}
	}
}

// promoted is the slave's directory as the master that it becomes, after a stop or a crash.
func (c *couple) promoted(rnd *rand.Rand) *rig {
	fsys := c.slave.fs.(*vfs.Mem)
	cfg := c.master.cfg
	switch rnd.IntN(3) {
	case 0:
		c.slave.stop()
	case 1:
		fsys = fsys.Clone()
		c.slave.halt()
	case 2:
		fsys = fsys.CrashClone(rnd.Uint64(), []float64{0, 0.3, 0.5, 0.9}[rnd.IntN(4)])
		c.slave.halt()
	}
	c.master.halt()
	return newRig(c.master.t, cfg, fsys, c.master.clock.ms)
}

// TestSlaveTakesOver: the master dies at any moment, and its slave, whose clock is another one, has any part of its log
// and any of its check points. What the slave's log has of the timer messages is delivered once: nothing of it that the
// master delivered comes again, and nothing is left out of which only the master had the copy.
func TestSlaveTakesOver(t *testing.T) {
	first, n := crashRounds(t)
	for seed := first; seed < first+n; seed++ {
		takeOver(t, uint64(seed))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func takeOver(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 11))
	c, sent := startCouple(t, rnd), map[string]int64{}
	defer c.free()
	c.live(rnd, sent, "a")
	r := c.promoted(rnd)
	defer r.fs.(*vfs.Mem).Free()
	has := map[string]int{}
	for _, key := range r.parked() {
		has[key]++
	}
	for now, end := r.clock.ms, r.clock.ms+5000; now < end; now += 50 {
		r.turn(now)
	}
	got, views := r.got()
	for i, key := range got {
		if has[key]--; has[key] < 0 {
			t.Errorf("%q at %d, stored %d: %q", key, views[i].PhysicalOffset, views[i].StoreTimestamp-begin,
				views[i].Properties)
		}
	}
	for key, left := range has {
		if left != 0 {
			t.Errorf("%q: due %d, came %d times; recovered %+v, skipped %v", key, sent[key]-begin, 1-left, r.tm.Report(), r.bad)
		}
	}
	r.halt()
}

// parked is what the timer queue holds, without what was rolled on into it.
func (r *rig) parked() (keys []string) {
	var res store.GetResult
	for at := int64(0); ; at = res.NextBeginOffset {
		r.s.Get(&store.GetQuery{Topic: Topic, Offset: at, MaxCount: 32}, &res)
		for _, rec := range res.Slices {
			if m, ok := decoded(r.t, rec); prop(&m, propRollTimes) == "" && ok {
				keys = append(keys, string(m.Body))
			}
		}
		found := res.Status == store.Found
		res.Release()
		if !found {
			return keys
		}
	}
}

// TestSlaveFollowsOnly: a slave delivers nothing, whatever it is told, and keeps its master's numbers.
func TestSlaveFollowsOnly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	c := startCouple(t, rnd)
	defer c.free()
	c.master.put(begin+500, "x", "")
	c.master.turn(begin + 100)
	if err := c.master.tm.flush(true); err != nil {
		t.Fatal(err)
	}
	c.copy(1 << 20)
	c.hear()
	c.slave.turn(begin + 5000)
	json, _ := c.master.tm.MetricsJSON()
	if err := c.slave.tm.FollowMetrics(json); err != nil {
		t.Fatal(err)
	}
	if mine, _ := c.slave.tm.MetricsJSON(); !bytes.Equal(mine, json) {
		t.Errorf("%s\n%s", mine, json)
	}
	if f := c.slave.tm.Figures(); f.Pending != 1 || f.Enqueued != 1 || f.Delivered != 0 {
		t.Errorf("%+v", f)
	}
	c.master.turn(begin + 700)
	c.master.want("x")
	_ = c.master.tm.flush(true)
	c.copy(1 << 20)
	c.hear()
	c.slave.turn(begin + 6000)
	if f := c.slave.tm.Figures(); f.Pending != 0 || f.Delivered != 0 {
		t.Errorf("what the master delivered still waits: %+v", f)
	}
	c.slave.want("x")
	for _, bad := range [][]byte{nil, make([]byte, 55), bytes.Repeat([]byte{0xff}, 56)} {
		if c.slave.tm.Follow(bad) == nil {
			t.Errorf("%x is taken", bad)
		}
	}
	if c.slave.tm.FollowMetrics([]byte(`{"timingCount":`)) == nil {
		t.Error("a broken body is taken")
	}
	c.slave.tm.Lead(true)
	c.slave.turn(begin + 7000)
	c.slave.want("x")
	c.master.halt()
	c.slave.halt()
}

// away is a store whose slave stands in for its master: what is due goes elsewhere.
type away struct {
	MessageStore
	put *[]string
}

func (a away) Append(r *store.Record) (store.Appended, error) {
	*a.put = append(*a.put, string(r.Body))
	return store.Appended{}, nil
}

// TestStandIn: a slave delivers in its master's place, elsewhere; the master that comes back, from a kill that took the
// last of its wheel, delivers none of it again, and what was not due yet at its time.
func TestStandIn(t *testing.T) {
	c := startCouple(t, rand.New(rand.NewPCG(1, 2)))
	defer c.free()
	c.master.put(begin+500, "a", "")
	c.master.turn(begin + 100)
	if err := c.master.tm.flush(true); err != nil {
		t.Fatal(err)
	}
	c.master.put(begin+700, "b", "") // not in the wheel that is on disk
	c.master.put(begin+9000, "c", "")
	c.copy(1 << 20)
	c.hear()
	c.slave.turn(begin + 200)
	c.master.halt()

	var put []string
	c.slave.tm.ms = away{c.slave.s, &put}
	c.slave.tm.Lead(true)
	c.slave.turn(begin + 2000)
	if fmt.Sprint(put) != "[a b]" {
		t.Fatalf("the slave delivered %q", put)
	}
	c.slave.tm.Lead(false)
	c.slave.turn(begin + 2100)
	c.slave.tm.Yield()
	check := c.slave.tm.Checkpoint()

	stale := checkpoint{readTime: begin + 300, queueOffset: 1, masterOffset: 1}
	for _, late := range []int64{0, hearingTime + 1} { // a Java master that is back, and one whose clock went back
		if err := c.slave.tm.Follow(stale.encode()); err != nil {
			t.Fatal(err)
		}
		c.slave.turn(begin + 2200 + late)
		if back := c.slave.tm.readTime < begin+1000; back != (late > 0) {
			t.Errorf("%d ms later the slave is at %d", late, c.slave.tm.readTime-begin)
		}
	}
	m := newRig(t, c.master.cfg, c.master.fs, begin+2200)
	m.tm.Lead(false)
	m.turn(begin + 2200)
	if err := m.tm.Advance(check); err != nil {
		t.Fatal(err)
	}
	if m.tm.Advance(check[:55]) == nil {
		t.Error("half a check point is taken")
	}
	m.tm.Lead(true)
	m.turn(begin + 2300)
	m.want()
	// killed once more, before it has noted anything: what the slave knows must not have gone back meanwhile
	if err := c.slave.tm.Follow(m.tm.Checkpoint()); err != nil {
		t.Fatal(err)
	}
	c.slave.turn(begin + 2300)
	if err := c.slave.tm.flush(true); err != nil {
		t.Fatal(err)
	}
	m.halt()
	m = newRig(t, c.master.cfg, c.master.fs, begin+2400)
	m.tm.Lead(false)
	m.turn(begin + 2400)
	if err := m.tm.Advance(c.slave.tm.Checkpoint()); err != nil {
		t.Fatal(err)
	}
	m.tm.Lead(true)
	m.turn(begin + 3000)
	m.want()
	if err := m.tm.flush(true); err != nil || m.tm.ahead != (checkpoint{}) {
		t.Errorf("%v, and %+v is still ahead", err, m.tm.ahead)
	}
	m.put(begin+3100, "d", "")
	m.turn(begin + 4000)
	m.want("d")
	m.turn(begin + 10_000)
	m.want("d", "c")
	m.halt()
	c.slave.halt()
}
