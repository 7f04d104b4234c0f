package ha_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// accident is what happens to a pair of machines.
type accident struct {
	name                    string
	masterCut, slaveCut     bool // its power; else its process is killed
	masterHolds, slaveHolds bool // it has everything that was acknowledged, in ASYNC_FLUSH too
}

var accidents = []accident{
	{"both are killed", false, false, true, true},
	{"the slave's power is cut", false, true, true, false},
	{"the master's power is cut", true, false, false, true},
	{"the power of both is cut", true, true, false, false},
}

// TestReplicationCrashClones kills master or slave, or cuts their power, or both's, while producers wait for the slave,
// under ASYNC_FLUSH and SYNC_FLUSH, twice in turn: what was acknowledged is, once, on who kept it; no queue has a gap;
// and when the two have met again, in the same roles or with the slave as master, both have it and the same log. The
// new slave cuts off what only it has, as `gorocket repair --truncate-to` does.
func TestReplicationCrashClones(t *testing.T) {
	for seed := range uint64(rounds(t, 10)) {
		h := &history{t: t, rnd: rand.New(rand.NewPCG(seed, 9)), known: &ledger{}}
		h.sync = h.rnd.IntN(2) == 0
		h.live()
		if t.Failed() {
			t.Fatalf("seed %d%s", seed, h.story)
		}
	}
}

// history is the life of a pair; known is what its producers were told.
type history struct {
	t     *testing.T
	rnd   *rand.Rand
	sync  bool // SYNC_FLUSH on the master
	known *ledger
	parts []*vfs.Mem // to be freed
	story string     // what happened
}

func (h *history) live() {
	defer func() {
		for _, m := range h.parts {
			m.Free()
		}
	}()
	master, slave := h.keep(vfs.NewMem()), h.keep(vfs.NewMem())
	for life := range 2 {
		a := accidents[h.rnd.IntN(len(accidents))]
		master, slave = h.crash(master, slave, a, fmt.Sprint("life", life))
		holds := a.masterHolds || h.sync
		if lost := !holds && !a.slaveHolds; lost {
			h.known = &ledger{} // nobody promised anything
		}
		promote := !holds && a.slaveHolds || h.rnd.IntN(3) == 0 && a.slaveHolds
		if !holds && !a.slaveHolds { // whoever has more
			promote = h.end(slave) > h.end(master)
		}
		if promote {
			master, slave = slave, master
		}
		h.story += fmt.Sprintf("; %s, SYNC_FLUSH %v, the slave becomes master: %v", a.name, h.sync, promote)
		h.truncate(slave, master)
		h.meet(master, slave)
		if h.t.Failed() {
			return
		}
	}
}

func (h *history) keep(m *vfs.Mem) *vfs.Mem {
	h.parts = append(h.parts, m)
	return m
}

// crash lets producers send and returns what the accident left of both disks.
func (h *history) crash(a, b *vfs.Mem, what accident, name string) (master, slave *vfs.Mem) {
	p := startPair(h.t, a, b)
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	l := h.known.copy()
	l.flushed = h.sync
	var wg sync.WaitGroup
	for i := range uint64(3) {
		seed := h.rnd.Uint64()
		wg.Go(func() { p.produce(ctx, h.t, l, fmt.Sprint(name, "p", i), seed) })
	}
	want := l.count() + 50 + h.rnd.IntN(800)
	testutil.WaitFor(h.t, "acknowledgements", func() bool { return l.count() >= want })
	h.known = l.copy() // first: what comes later may be in the clones or not
	lose := func(m *vfs.Mem, cut bool) *vfs.Mem {
		if cut {
			return h.keep(m.CrashClone(h.rnd.Uint64(), h.rnd.Float64()))
		}
		return h.keep(m.Clone())
	}
	slave = lose(b, what.slaveCut) // the master last: its slave is never ahead of it when it is killed
	master = lose(a, what.masterCut)
	cancel()
	wg.Wait()
	p.stop()
	return master, slave
}

// opened runs fn with the store of a directory, recovered and stopped again.
func (h *history) opened(m *vfs.Mem, fn func(s *store.Store)) {
	s, err := store.Open(config("SLAVE"), m, store.EventListener{})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	fn(s)
	if err := s.Stop(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *history) end(m *vfs.Mem) (end int64) {
	h.opened(m, func(s *store.Store) { end = s.MaxPhyOffset() })
	return end
}

// truncate cuts off what a slave has and its master has not.
func (h *history) truncate(slave, master *vfs.Mem) {
	var end, common int64
	h.opened(master, func(m *store.Store) {
		h.opened(slave, func(s *store.Store) {
			end = s.MaxPhyOffset()
			same := true
			if err := s.RecordsSince(0, 0, func(r *record.View) {
				at := r.PhysicalOffset
				theirs, err := m.ReadRecord(at, nil)
				if same = same && err == nil && bytes.Equal(theirs, r.Record); same {
					common = at + int64(r.Size)
				}
			}); err != nil {
				h.t.Fatal(err)
			}
		})
	})
	if common == end {
		return
	}
	if _, err := (store.Offline{Config: config("SLAVE"), FS: slave}).TruncateTo(common, false); err != nil {
		h.t.Fatalf("truncate %d to %d: %v", end, common, err)
	}
}

// meet lets both run until they are the same, and checks what they have.
func (h *history) meet(master, slave *vfs.Mem) {
	p := startPair(h.t, master, slave)
	defer p.stop()
	h.known.check(h.t, "the master", p.master)
	same(h.t, p.master, p.slave)
	h.known.check(h.t, "the slave", p.slave)
}
