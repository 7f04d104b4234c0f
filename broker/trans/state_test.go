package trans

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// rig is transactions over a store on a memory file system; no goroutine of theirs runs.
type rig struct {
	*Service
	mem   *vfs.Mem
	store *store.Store
	now   time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{mem: vfs.NewMem(), now: time.Now()}
	t.Cleanup(r.mem.Free)
	var cfg store.Config
	config.SetDefaults(&cfg)
	cfg.StorePathRootDir, cfg.MappedFileSizeCommitLog, cfg.MappedFileSizeConsumeQueue = "/s", 1<<20, 60000
	cfg.FlushIntervalCommitLog, cfg.FlushCommitLogThoroughInterval = 3_600_000, 3_600_000
	cfg.MaxHashSlotNum, cfg.MaxIndexNum = 100, 400
	var err error
	if r.store, err = store.Open(cfg, r.mem, store.EventListener{}); err != nil {
		t.Fatal(err)
	}
	if err := r.store.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.store.Stop(context.Background()); err != nil && !errors.Is(err, store.ErrNotWritable) {
			t.Error(err)
		}
	})
	r.Service = NewService(Deps{Settings: func() Settings {
		return Settings{Timeout: 6000, CheckInterval: time.Hour, CheckMax: 15, OpBatchInterval: time.Hour,
			OpMsgMaxSize: 4096, FileReserved: time.Hour, BrokerName: "broker-a", Store: &cfg}
	}, Store: func() *store.Store { return r.store }, Now: func() time.Time { return r.now },
		Offsets: meta.NewOffsets(), Topics: meta.NewTopics(), Producers: clients.NewProducers(), Log: zerolog.Nop(),
		Throttled: throttle.New(zerolog.Nop(), 1, time.Second)})
	return r
}

// store half messages and return the queue offset behind them.
func (r *rig) halves(t *testing.T, n int) int64 {
	t.Helper()
	for range n {
		rec := store.Record{Message: record.Message{Topic: compat.TopicTransHalf, Body: []byte("x"),
			BornTimestamp: r.now.UnixMilli(), Properties: []byte("REAL_TOPIC\x01T\x02REAL_QID\x010\x02PGROUP\x01p\x02")}}
		if _, err := r.store.Append(&rec); err != nil {
			t.Fatal(err)
		}
	}
	return r.store.MaxOffset(compat.TopicTransHalf, 0)
}

// progress is what is noted of a queue, -1 for nothing.
func (r *rig) progress(topic string) int64 {
	return r.d.Offsets.Query(protocol.GroupTransactions, topic, 0)
}

// TestProgressIsNotedBehindTheDisk: the progress in the half queue stands on committed messages that are on the disk. A
// power cut that took one of those and kept the note would lose it: nobody asks about its half message again.
func TestProgressIsNotedBehindTheDisk(t *testing.T) {
	r := newRig(t)
	end := r.halves(t, 3)
	if r.store.FlushedOffset() >= r.store.MaxPhyOffset() {
		t.Fatal("everything is on the disk already: the test shows nothing")
	}
	r.advance(2)
	if got := r.progress(compat.TopicTransHalf); got != 2 || r.Halves.start() != 2 {
		t.Errorf("noted %d, table at %d", got, r.Halves.start())
	}
	if r.store.FlushedOffset() < r.store.MaxPhyOffset() {
		t.Errorf("noted with %d of %d bytes on the disk", r.store.FlushedOffset(), r.store.MaxPhyOffset())
	}
	r.halves(t, 1)
	r.mem.Inject(func(op, _ string) error {
		if op == "sync" {
			return errors.New("the disk is broken")
		}
		return nil
	})
	r.advance(end)
	if got := r.progress(compat.TopicTransHalf); got != 2 || r.Halves.start() != 2 {
		t.Errorf("noted %d though the disk has failed, table at %d", got, r.Halves.start())
	}
}

// TestStopNotesTheProgress: up to the first half message that waits, when it is known what has ended.
func TestStopNotesTheProgress(t *testing.T) {
	r := newRig(t)
	r.halves(t, 4)
	r.noteEnded()
	if got := r.progress(compat.TopicTransHalf); got != -1 {
		t.Errorf("noted %d before the op queue was read", got)
	}
	close(r.Replayed)
	for _, at := range []int64{0, 1, 3} {
		r.Halves.settle(at)
	}
	r.noteEnded()
	if got := r.progress(compat.TopicTransHalf); got != 2 {
		t.Errorf("noted %d, number 2 waits", got)
	}
}

// TestSlaveNotesNoProgress: who stops as a slave leaves the progress to its master, and nobody's goes back.
func TestSlaveNotesNoProgress(t *testing.T) {
	for _, c := range []struct {
		slave bool
		start int64 // of the table
		want  int64
	}{{false, 0, 2}, {true, 0, 1}, {false, 2, 1}, {false, 1,
		2}} { // the table begins behind the progress: somebody reset that
		r := newRig(t)
		r.halves(t, 4)
		settings := r.d.Settings
		r.d.Settings = func() Settings {
			s := settings()
			s.Slave = c.slave
			return s
		}
		if err := r.d.Offsets.Commit(protocol.GroupTransactions, compat.TopicTransHalf, 0, 1); err != nil {
			t.Fatal(err)
		}
		close(r.Replayed)
		r.Halves.reset(c.start)
		for _, at := range []int64{0, 1} {
			r.Halves.settle(at)
		}
		if r.noteEnded(); r.progress(compat.TopicTransHalf) != c.want {
			t.Errorf("%+v: noted %d", c, r.progress(compat.TopicTransHalf))
		}
	}
}

// TestTrailsAreBounded: so many half messages are followed to where they are stored again, and no more.
func TestTrailsAreBounded(t *testing.T) {
	h := newHalfTable()
	for i := range int64(maxTrails - 1) {
		h.trails[1<<40+i] = trail{}
	}
	_, _ = h.Claim(10)
	if h.moved(10, 110); h.newest[10] != 110 {
		t.Errorf("one less than may be: it is at %d", h.newest[10])
	}
	_, _ = h.Claim(11)
	if h.moved(11, 111); h.newest[11] != 0 || len(h.trails) != maxTrails || len(h.busy) != 0 {
		t.Errorf("one too many is followed, there are %d", len(h.trails))
	}
	_, _ = h.Claim(110) // one that is followed goes on
	if h.moved(110, 210); h.newest[10] != 210 || h.newest[110] != 210 || len(h.trails) != maxTrails {
		t.Errorf("%d trails, the first is at %d", len(h.trails), h.newest[10])
	}
}

// TestReplay: what op messages behind the progress name has ended, in both of Java's forms; the rest waits.
func TestReplay(t *testing.T) {
	r := newRig(t)
	r.halves(t, 6)
	for _, body := range []string{"0,2,", "4", "999999999,x,-1,"} {
		rec := store.Record{Message: record.Message{Topic: compat.TopicTransOpHalf, Body: []byte(body),
			Properties: []byte("TAGS\x01d\x02")}, TagsCode: record.TagsCode([]byte("d"))}
		if _, err := r.store.Append(&rec); err != nil {
			t.Fatal(err)
		}
	}
	other := store.Record{Message: record.Message{Topic: compat.TopicTransOpHalf, Body: []byte("5,")}}
	if _, err := r.store.Append(&other); err != nil {
		t.Fatal(err)
	}
	r.Halves.reset(0)
	r.replay(nil)
	var open []int64
	for at := r.Halves.NextOpen(0, 6); at < 6; at = r.Halves.NextOpen(at+1, 6) {
		open = append(open, at)
	}
	if !slices.Equal(open, []int64{1, 3, 5}) {
		t.Errorf("%v wait", open)
	}
	if n := r.Halves.Span(); n > 64 {
		t.Errorf("an op message that lies makes a table of %d bits", n)
	}
}

// TestHalvesAgainstAModel: claims, ends and questions as a plain map has them.
func TestHalvesAgainstAModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	h := newHalfTable()
	ended, busy, base := map[int64]bool{}, map[int64]bool{}, int64(0)
	for step := range 40_000 {
		at := base + rnd.Int64N(400)
		switch rnd.IntN(6) {
		case 0, 1:
			got, c := h.Claim(at)
			want := Claimed
			switch {
			case busy[at]:
				want = ClaimIsBusy
			case ended[at]:
				want = ClaimEnded
			}
			if got != at || c != want {
				t.Fatalf("step %d: claim of %d is %d, want %d", step, at, c, want)
			}
			if c == Claimed {
				busy[at] = true
			}
		case 2:
			for at := range busy {
				end := rnd.IntN(2) == 0
				h.Release(at, end)
				delete(busy, at)
				if end && at >= base {
					ended[at] = true
				}
				break
			}
		case 3:
			h.settle(at)
			ended[at] = true
		case 4:
			want := at
			for ended[want] && want < at+100 {
				want++
			}
			if got := h.NextOpen(at, at+100); got != want {
				t.Fatalf("step %d: the first open one from %d on is %d, want %d", step, at, got, want)
			}
		case 5:
			if rnd.IntN(50) == 0 {
				to := base + rnd.Int64N(130)
				h.advance(to)
				for at := range ended {
					if at < to {
						delete(ended, at)
					}
				}
				base = max(base, to)
			}
		}
		if h.start() != base {
			t.Fatalf("step %d: begins at %d, want %d", step, h.start(), base)
		}
	}
}

// TestMovedHalves: the producer's answer to a question finds the newest copy by the first place and by the one before.
func TestMovedHalves(t *testing.T) {
	h := newHalfTable()
	at, _ := h.Claim(3)
	h.moved(at, 10)
	at, _ = h.Claim(3)
	if at != 10 {
		t.Fatalf("the first place leads to %d", at)
	}
	h.moved(at, 20)
	for asked, want := range map[int64]int64{3: 20, 10: 20, 20: 20, 4: 4} {
		got, c := h.Claim(asked)
		if got != want || c != Claimed {
			t.Errorf("%d leads to %d (%d), want %d", asked, got, c, want)
		}
		h.Release(got, false)
	}
	if !h.join(5, 30) || h.join(5, 31) {
		t.Error("an older copy is joined never or twice")
	}
	if got, _ := h.Claim(5); got != 30 {
		t.Errorf("the joined one leads to %d", got)
	}
	if h.NextOpen(5, 6) != 6 {
		t.Error("rounds stop at a copy that another stands for")
	}
	h.advance(21)
	if got, _ := h.Claim(3); got != 3 {
		t.Errorf("a trail below the progress is kept: %d", got)
	}
}

// TestOpLogGathers: ends are gathered until a message is full or old enough, and are not lost when a write fails.
func TestOpLogGathers(t *testing.T) {
	o, now := newOpLog(), time.Now()
	if body, due := o.peek(now, 10, time.Second, nil); body != nil || due >= 0 {
		t.Errorf("nothing waits: %q %v", body, due)
	}
	o.add(10, 5, 5)
	if len(o.wake) != 1 {
		t.Error("the writer is not woken for the first end")
	}
	<-o.wake
	if body, due := o.peek(o.since.Add(300*time.Millisecond), 10, time.Second, nil); body != nil || due != 700*time.Millisecond {
		t.Errorf("too early: %q %v", body, due)
	}
	if body, _ := o.peek(o.since.Add(time.Second), 10, time.Second, nil); string(body) != "5," {
		t.Errorf("old enough: %q", body)
	}
	o.add(10, 6, 66)
	if len(o.wake) != 0 {
		t.Error("the writer is woken though nothing is full")
	}
	o.add(10, 777, 777)
	if len(o.wake) != 1 {
		t.Error("the writer is not woken for a full message")
	}
	body, due := o.peek(o.since, 10, time.Second, nil)
	if string(body) != "5,6,66,777," || due != 0 {
		t.Errorf("full: %q %v", body, due)
	}
	if again, _ := o.peek(o.since, 10, time.Second, nil); string(again) != string(body) {
		t.Errorf("what was not written is gone: %q", again)
	}
	o.written(body, 100)
	if body, due := o.peek(now, 10, time.Second, nil); body != nil || due >= 0 {
		t.Errorf("written twice: %q %v", body, due)
	}
	for half, want := range map[int64]int64{5: 100, 777: 100, 778: 101} {
		l := newOpLog()
		l.note([]byte("5,777,"), 100)
		if got := l.advance(half); got != want {
			t.Errorf("progress of the op queue at half message %d: %d, want %d", half, got, want)
		}
	}
	var waits []int64
	o.add(10, 8, 9)
	o.waiting(func(half int64) { waits = append(waits, half) })
	if !slices.Equal(waits, []int64{8, 9}) {
		t.Errorf("%v wait", waits)
	}
}

// TestCounts: half messages that wait, and ends by kind; the file keeps the first, and a bad file is none.
func TestCounts(t *testing.T) {
	c, marked := newTransMetrics(), 0
	c.Changed = func() { marked++ }
	c.Add("T", 1)
	c.Add("T", 1)
	c.Ended("T", true, 1500)
	c.Ended("T", false, 0)
	if waiting, commits, rollbacks := c.Of("T").Snapshot(); waiting != 0 || commits != 1 || rollbacks != 1 || marked != 4 {
		t.Errorf("%d wait, %d committed, %d rolled back, marked %d times", waiting, commits, rollbacks, marked)
	}
	c.Add("U", 7)
	text, err := c.Encode()
	if err != nil || !strings.Contains(string(text), `"U"`) {
		t.Fatalf("%v %s", err, text)
	}
	again := newTransMetrics()
	if err := again.Load(text); err != nil {
		t.Fatal(err)
	}
	if waiting, commits, _ := again.Of("U").Snapshot(); waiting != 7 || commits != 0 {
		t.Errorf("%d wait, %d committed", waiting, commits)
	}
	if err := again.Load([]byte("{broken")); err != nil {
		t.Errorf("a file with figures only stops the start: %v", err)
	}
}
