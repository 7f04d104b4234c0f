package replicas

import (
	"math"
	"slices"
	"testing"
	"time"

	"gorocket/remoting/wire"
	"gorocket/store/ha"
)

// TestForgedNotice: anybody can send a notice. One that no controller that leads confirms changes nothing, now or
// later: not the master that a broker follows, not the set of one that leads.
func TestForgedNotice(t *testing.T) {
	c := startController(t)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r := newRig(t, c).as(2)
	r.must()
	r.did("follow 1/4")
	r.act.change(func(a *actor) { a.slaves = []ha.SlaveState{caughtUp(3, 0)} })
	r.Told(Master{9, "evil:1", math.MaxInt32}, math.MaxInt32)
	r.must()
	r.did("")
	c.info(Master{2, "h:1", 5}, setOf(3, 2, 3))
	r.must()
	r.did("lead 2/5")
	r.Told(Master{2, "h:1", 5}, math.MaxInt32)
	r.Told(Master{2, "h:1", math.MaxInt32}, 1)
	r.must()
	r.did("")
	if others := r.Others(); !slices.Equal(others, []int64{3}) {
		t.Errorf("%v count, want broker 3", others)
	}
	r.act.change(func(a *actor) { a.slaves = append(a.slaves, caughtUp(4, 0)) })
	c.info(Master{2, "h:1", 5}, setOf(4, 2, 3, 4))
	r.must()
	if others := r.Others(); !slices.Equal(others, []int64{3, 4}) {
		t.Errorf("%v count, want what the controllers say: 3 and 4", others)
	}
	c.info(Master{1, "m:1", 6}, setOf(5, 1))
	r.must()
	r.did("follow 1/6")
}

// TestFloodOfNotices: a stranger's notices do not have a broker ask the controllers all the time, and end to have it
// ask; a controller's among them is heard.
func TestFloodOfNotices(t *testing.T) {
	c := startController(t)
	c.info(Master{1, "m:1", 4}, setOf(2, 1))
	r := newRig(t, c).as(2)
	r.quiet()
	r.set.Timeout = 4 * noticeRest
	r.Start()
	defer r.Stop()
	r.until("it follows", func() bool { return r.Master().Epoch == 4 })
	began := time.Now()
	for i := range 20 {
		for range 50 {
			r.Told(Master{9, "evil:1", math.MaxInt32}, math.MaxInt32)
		}
		if i == 10 {
			c.info(Master{1, "m:1", 5}, setOf(3, 1))
			r.Told(Master{1, "m:1", 5}, 3)
		}
		time.Sleep(time.Millisecond)
	}
	r.until("it hears of the new epoch", func() bool { return r.Master().Epoch == 5 })
	asked := func() int { return len(c.of(wire.ReqControllerGetReplicaInfo)) }
	time.Sleep(r.set.Timeout + 2*noticeRest)
	n, most := asked(), int(time.Since(began)/noticeRest)+2
	if n > most {
		t.Errorf("it asked %d times in %s, want %d at most", n, time.Since(began), most)
	}
	time.Sleep(2 * noticeRest)
	if now := asked(); now != n {
		t.Errorf("it goes on to ask: %d times, then %d", n, now)
	}
}
