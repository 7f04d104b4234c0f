package hold

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/broker/clients"
	"gorocket/compat/config"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// conn is where answers go; it counts how often it is corked.
type conn struct{ corked, open, closed atomic.Int32 }

func (c *conn) Closed() bool { return c.closed.Load() != 0 }
func (c *conn) Cork()        { c.corked.Add(1); c.open.Add(1) }
func (c *conn) Uncork()      { c.open.Add(-1) }

// waiting is a pull that counts how often it is woken.
type waiting struct {
	Pull
	c         *conn
	woken     atomic.Int32
	corkedNow atomic.Bool // when it was woken
}

func (w *waiting) Conn() Conn { return w.c }
func (w *waiting) Wake() {
	w.corkedNow.Store(w.c.open.Load() > 0)
	w.woken.Add(1)
}

func newWaiting(topic, expression string, offset int64) *waiting {
	sub, _ := clients.ParseSubscription(topic, expression, "TAG")
	w := &waiting{c: new(conn)}
	w.Pull = Pull{Waiter: w, Topic: topic, Offset: offset, Sub: sub}
	return w
}

// openStore is a store on a memory file system that tells the table of messages.
func openStore(t *testing.T, tell *Table) *store.Store {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	var cfg store.Config
	config.SetDefaults(&cfg)
	cfg.StorePathRootDir, cfg.MappedFileSizeCommitLog, cfg.MappedFileSizeConsumeQueue = "/s", 1<<20, 60000
	s, err := store.Open(cfg, mem, store.EventListener{
		MessageStored: func(topic string, queue int32, offset, tags, _ int64, rec []byte) {
			if tell != nil {
				tell.Arrived(topic, queue, offset, tags, rec)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func appendTo(t *testing.T, s *store.Store, topic, tag string) {
	t.Helper()
	r := store.Record{Message: record.Message{Topic: topic, Body: []byte("x")}, TagsCode: record.TagsCode([]byte(tag))}
	if _, err := s.Append(&r); err != nil {
		t.Fatal(err)
	}
}

// newTable is a table of at most limit pulls with a store that tells it of messages, unless it is deaf.
func newTable(t *testing.T, limit int64, deaf bool) (*Table, *store.Store) {
	t.Helper()
	var s *store.Store
	h := NewTable(Deps{Store: func() *store.Store { return s }, Limit: func() int64 { return limit }})
	if deaf {
		s = openStore(t, nil)
	} else {
		s = openStore(t, h)
	}
	return h, s
}

// TestHoldLooksAgain: a message that came between the read of a pull and its entry in the table wakes it at once; one
// in front of its offset does not.
func TestHoldLooksAgain(t *testing.T) {
	h, s := newTable(t, 10, true)
	appendTo(t, s, "T", "")
	late, next := newWaiting("T", "*", 0), newWaiting("T", "*", 1)
	h.Hold(&late.Pull, 10_000)
	h.Hold(&next.Pull, 10_000)
	if late.woken.Load() != 1 || next.woken.Load() != 0 || h.Count() != 1 {
		t.Errorf("woken %d and %d times, %d wait", late.woken.Load(), next.woken.Load(), h.Count())
	}
}

// TestArrived: a message wakes those that wait for it, once, and nobody else.
func TestArrived(t *testing.T) {
	h, s := newTable(t, 10, false)
	any, tagged, other := newWaiting("T", "*", 0), newWaiting("T", "a || b", 0), newWaiting("T", "c", 0)
	ahead, elsewhere := newWaiting("T", "*", 5), newWaiting("U", "*", 0)
	for _, w := range []*waiting{any, tagged, other, ahead, elsewhere} {
		if err := h.Admit("*"); err != nil {
			t.Fatal(err)
		}
		h.Hold(&w.Pull, 60_000)
	}
	appendTo(t, s, "T", "a")
	appendTo(t, s, "T", "a")
	for what, c := range map[string]struct {
		w    *waiting
		want int32
	}{"all": {any, 1}, "its tag": {tagged, 1}, "another tag": {other, 0}, "further on": {ahead, 0},
		"another queue": {elsewhere, 0}} {
		if got := c.w.woken.Load(); got != c.want {
			t.Errorf("%s: woken %d times", what, got)
		}
	}
	if h.Count() != 3 {
		t.Errorf("%d wait", h.Count())
	}
	appendTo(t, s, "T", "c")
	if other.woken.Load() != 1 || h.Count() != 2 {
		t.Errorf("woken %d times, %d wait", other.woken.Load(), h.Count())
	}
}

// TestAdmit: as many as the limit wait, and none whose expression is too long to be kept.
func TestAdmit(t *testing.T) {
	h, _ := newTable(t, 2, true)
	for range 2 {
		if err := h.Admit("*"); err != nil {
			t.Fatal(err)
		}
		h.Hold(&newWaiting("T", "*", 0).Pull, 60_000)
	}
	if err := h.Admit("*"); !errors.Is(err, ErrTooMany) || h.Refused() != 1 || h.Count() != 2 {
		t.Errorf("%v, %d refused, %d wait", err, h.Refused(), h.Count())
	}
	if err := h.Admit(strings.Repeat("x", maxHeldExpression+1)); !errors.Is(err, ErrTooLong) || h.Refused() != 1 {
		t.Errorf("a long expression: %v, %d refused", err, h.Refused())
	}
	if err := h.Admit(strings.Repeat("x", maxHeldExpression)); !errors.Is(err, ErrTooMany) {
		t.Errorf("one that is just short enough: %v", err)
	}
}

// TestLook: a pull whose time is over, or whose queue has grown by what it does not want, is answered; one whose
// connection has ended is forgotten; the others go on waiting.
func TestLook(t *testing.T) {
	h, s := newTable(t, 10, true)
	over, grown, gone, waits := newWaiting("T", "*", 0), newWaiting("U", "*", 0), newWaiting("V", "*", 0),
		newWaiting("W", "*", 0)
	for w, ms := range map[*waiting]int64{over: 100, grown: 60_000, gone: 60_000, waits: 60_000} {
		h.Hold(&w.Pull, ms)
	}
	appendTo(t, s, "U", "")
	gone.c.closed.Store(1)
	now := h.now() + 200
	for _, w := range []*waiting{over, grown, gone, waits} {
		h.wheel.remove(&w.Pull)
		w.done = false // advance takes a pull out of the wheel without an end
		h.look(&w.Pull, now)
	}
	if over.woken.Load() != 1 || grown.woken.Load() != 1 || gone.woken.Load() != 0 || waits.woken.Load() != 0 {
		t.Errorf("woken: over %d, grown %d, gone %d, waits %d", over.woken.Load(), grown.woken.Load(), gone.woken.Load(),
			waits.woken.Load())
	}
	if h.Count() != 1 {
		t.Errorf("%d wait", h.Count())
	}
}

// TestManyAreWoken: when many have to be asked the goroutine of the table does it, with their connections corked.
func TestManyAreWoken(t *testing.T) {
	h, s := newTable(t, 10_000, false)
	shared := new(conn)
	var all []*waiting
	for range 3 * scanned {
		w := newWaiting("T", "*", 0)
		w.c = shared
		all = append(all, w)
		h.Hold(&w.Pull, 60_000)
	}
	h.Start()
	defer h.Stop()
	appendTo(t, s, "T", "")
	for began := time.Now(); h.Count() > 0 && time.Since(began) < 5*time.Second; {
		time.Sleep(time.Millisecond)
	}
	h.Stop()
	for i, w := range all {
		if w.woken.Load() != 1 || !w.corkedNow.Load() {
			t.Fatalf("pull %d: woken %d times, corked %v", i, w.woken.Load(), w.corkedNow.Load())
		}
	}
	if shared.open.Load() != 0 || shared.corked.Load() != 2 {
		t.Errorf("corked %d times for %d answers, %d are left", shared.corked.Load(), len(all), shared.open.Load())
	}
}

// TestTimesOut: the sweep answers a pull soon behind its time, also after a stop and another start.
func TestTimesOut(t *testing.T) {
	h, _ := newTable(t, 10, false)
	for range 2 {
		h.Start()
		w := newWaiting("T", "*", 0)
		began := time.Now()
		h.Hold(&w.Pull, 50)
		for w.woken.Load() == 0 && time.Since(began) < 5*time.Second {
			time.Sleep(time.Millisecond)
		}
		h.Stop()
		if took := time.Since(began); w.woken.Load() != 1 || took < 50*time.Millisecond || took > 2*time.Second {
			t.Errorf("woken %d times after %v", w.woken.Load(), took)
		}
	}
}

// TestArrivalsAreBounded: of messages for many pulls so many are kept; the sweep finds what the others were for.
func TestArrivalsAreBounded(t *testing.T) {
	l := arrivals{poke: make(chan struct{}, 1)}
	rec := make([]byte, 1<<20)
	for i := range 40 {
		l.add(&arrival{offset: int64(i), rec: rec})
	}
	list := l.take()
	if len(list) != maxArrivalBytes>>20 || l.bytes != 0 || len(l.poke) != 1 {
		t.Errorf("%d are kept, %d bytes, %d pokes", len(list), l.bytes, len(l.poke))
	}
	if &list[0].rec[0] == &rec[0] {
		t.Error("the record is not copied: it dies with the append")
	}
	for range maxArrivals + 10 {
		l.add(&arrival{})
	}
	if n := len(l.take()); n != maxArrivals {
		t.Errorf("%d are kept", n)
	}
}
