package delay

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/compat/config"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// rig is levels of 1 s and 10 s over a store on a memory file system, by a clock that the test sets.
type rig struct {
	t      *testing.T
	mem    *vfs.Mem
	store  *store.Store
	levels *Levels
	clock  atomic.Int64 // ms since 1970
	noted  atomic.Int64 // how often a position was said to have changed
	log    strings.Builder
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, mem: vfs.NewMem()}
	t.Cleanup(r.mem.Free)
	var cfg store.Config
	config.SetDefaults(&cfg)
	cfg.StorePathRootDir, cfg.MappedFileSizeCommitLog, cfg.MappedFileSizeConsumeQueue = "/s", 1<<20, 60000
	cfg.FlushIntervalCommitLog, cfg.FlushCommitLogThoroughInterval = 3_600_000, 3_600_000
	cfg.MessageDelayLevel = "1s 10s"
	var err error
	if r.store, err = store.Open(cfg, r.mem, store.EventListener{}); err != nil {
		t.Fatal(err)
	}
	if err := r.store.Start(); err != nil {
		t.Fatal(err)
	}
	r.clock.Store(time.Now().UnixMilli())
	r.levels, err = NewLevels(Deps{Store: func() *store.Store { return r.store },
		Put:        func(m *store.Record) error { _, err := r.store.Append(m); return err },
		Now:        func() time.Time { return time.UnixMilli(r.clock.Load()) },
		FilterBits: func(_ *store.Record, buf []byte) []byte { return buf },
		Throttled:  throttle.New(zerolog.New(&r.log), 1, time.Second)}, cfg.MessageDelayLevel)
	if err != nil {
		t.Fatal(err)
	}
	r.levels.Changed = func() { r.noted.Add(1) }
	t.Cleanup(func() {
		if err := r.store.Stop(context.Background()); err != nil && !errors.Is(err, store.ErrNotWritable) {
			t.Error(err)
		}
	})
	return r
}

// park stores a message in a level.
func (r *rig) park(level int32, props, body string) {
	r.t.Helper()
	rec := store.Record{Now: r.clock.Load(), Message: record.Message{Topic: dispatch.ScheduleTopic, QueueID: level - 1, Body: []byte(body),
		Properties: []byte(props + "DELAY\x01" + string('0'+rune(level)) + "\x02")}}
	if _, err := r.store.Append(&rec); err != nil {
		r.t.Fatal(err)
	}
}

// deliver lets a level deliver and returns how long it waits for the next message.
func (r *rig) deliver(level int) time.Duration {
	return r.levels.deliver(r.levels.levels[level-1], nil)
}

const target = "REAL_TOPIC\x01T\x02REAL_QID\x012\x02"

// TestDeliver: a message is stored in its real queue when its time has come, not before, and once.
func TestDeliver(t *testing.T) {
	r := newRig(t)
	r.park(1, target+"TAGS\x01a\x02TIMER_DELAY_SEC\x015\x02TIMER_DELIVER_MS\x017\x02k\x01v\x02", "x")
	if wait := r.deliver(1); wait <= 0 || wait > 1100*time.Millisecond || r.store.MaxOffset("T", 2) != 0 {
		t.Fatalf("waits %v with %d delivered", wait, r.store.MaxOffset("T", 2))
	}
	r.clock.Add(1500)
	if wait := r.deliver(1); wait >= 0 || r.levels.Position(1) != 1 || r.noted.Load() != 1 {
		t.Errorf("waits %v, position %d, noted %d times", wait, r.levels.Position(1), r.noted.Load())
	}
	var res store.GetResult
	r.store.Get(&store.GetQuery{Topic: "T", QueueID: 2, MaxCount: 32}, &res)
	defer res.Release()
	if len(res.Slices) != 1 {
		t.Fatalf("%d messages", len(res.Slices))
	}
	m, err := record.Decode(res.Slices[0])
	if err != nil || string(m.Body) != "x" {
		t.Fatalf("%v %q", err, m.Body)
	}
	if got, want := string(m.Properties), target+"TAGS\x01a\x02k\x01v\x02"; got != want {
		t.Errorf("properties %q, want %q", got, want)
	}
	if r.deliver(1); r.store.MaxOffset("T", 2) != 1 {
		t.Error("delivered twice")
	}
}

// TestDeliverMany: more than one batch, up to the first that is not due.
func TestDeliverMany(t *testing.T) {
	r := newRig(t)
	for range deliverBatch + 5 {
		r.park(1, target, "due")
	}
	r.clock.Add(1200)
	time.Sleep(300 * time.Millisecond)
	r.park(1, target, "later")
	if wait := r.deliver(1); wait <= 0 || r.store.MaxOffset("T", 2) != deliverBatch+5 {
		t.Errorf("waits %v with %d delivered", wait, r.store.MaxOffset("T", 2))
	}
	if at := r.levels.Position(1); at != deliverBatch+5 {
		t.Errorf("position %d", at)
	}
}

// TestForged: a message that names no queue where a client may send is dropped with a log line, and those behind it
// come.
func TestForged(t *testing.T) {
	r := newRig(t)
	for _, props := range []string{"", "REAL_TOPIC\x01T\x02", "REAL_TOPIC\x01T\x02REAL_QID\x01x\x02",
		"REAL_TOPIC\x01T\x02REAL_QID\x01-1\x02", "REAL_TOPIC\x01" + dispatch.ScheduleTopic + "\x02REAL_QID\x010\x02",
		"REAL_TOPIC\x01../x\x02REAL_QID\x010\x02"} {
		r.park(1, props, "forged")
	}
	r.park(1, target, "real")
	r.clock.Add(1500)
	r.deliver(1)
	if n := r.store.MaxOffset("T", 2); n != 1 || r.levels.Position(1) != 7 {
		t.Errorf("%d delivered, position %d", n, r.levels.Position(1))
	}
	if !strings.Contains(r.log.String(), "delayed message without a real topic is dropped") {
		t.Errorf("the log says %s", r.log.String())
	}
}

// TestProgressIsNotedBehindTheDisk: what delayOffset.json says was delivered is on the disk before it says so. A power
// cut that took the delivery and kept the note would lose the message.
func TestProgressIsNotedBehindTheDisk(t *testing.T) {
	r := newRig(t)
	r.park(1, target, "x")
	r.clock.Add(1500)
	r.deliver(1)
	if r.store.FlushedOffset() >= r.store.MaxPhyOffset() {
		t.Fatal("the delivery is on the disk already: the test shows nothing")
	}
	text, err := r.levels.Durable()
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(text)), ""), `"offsetTable":{"1":1}`) {
		t.Fatalf("%v %s", err, text)
	}
	if r.store.FlushedOffset() < r.store.MaxPhyOffset() {
		t.Errorf("noted with %d of %d bytes on the disk", r.store.FlushedOffset(), r.store.MaxPhyOffset())
	}
	r.park(1, target, "y")
	r.mem.Inject(func(op, _ string) error {
		if op == "sync" {
			return errors.New("the disk is broken")
		}
		return nil
	})
	if _, err := r.levels.Durable(); err == nil {
		t.Error("progress is noted though the disk has failed")
	}
}

// TestDeliveryIsTriedAgain: a store that takes nothing keeps the message where it is.
func TestDeliveryIsTriedAgain(t *testing.T) {
	r := newRig(t)
	r.park(1, target, "x")
	r.clock.Add(1500)
	r.mem.Inject(func(op, _ string) error {
		if op == "sync" {
			return errors.New("the disk is broken")
		}
		return nil
	})
	if r.store.Flush() == nil {
		t.Fatal("the disk works")
	}
	if wait := r.deliver(1); wait != deliverRetry || r.levels.Position(1) != 0 || r.noted.Load() != 0 {
		t.Errorf("waits %v at %d, noted %d times", wait, r.levels.Position(1), r.noted.Load())
	}
	if !strings.Contains(r.log.String(), "cannot deliver a delayed message; trying again") {
		t.Errorf("the log says %s", r.log.String())
	}
}

// TestPositionOutsideOfTheQueue: a position that the queue does not have becomes one that it has.
func TestPositionOutsideOfTheQueue(t *testing.T) {
	r := newRig(t)
	r.park(1, target, "x")
	r.levels.levels[0].offset.Store(99)
	r.clock.Add(1500)
	if wait := r.deliver(1); wait != 0 || r.levels.Position(1) != 1 {
		t.Errorf("waits %v at %d", wait, r.levels.Position(1))
	}
}

// TestLevelsRun: the goroutines deliver what comes, wake for what was parked, and start and stop more than once.
func TestLevelsRun(t *testing.T) {
	r := newRig(t)
	for round := range int64(2) {
		r.levels.Start()
		r.park(1, target, "x")
		r.levels.Stored(0)
		r.levels.Stored(-1)
		r.levels.Stored(2) // no such level
		r.clock.Add(2000)
		r.levels.LookAgain()
		for began := time.Now(); r.store.MaxOffset("T", 2) <= round && time.Since(began) < 5*time.Second; {
			time.Sleep(time.Millisecond)
		}
		r.levels.Stop()
		if n := r.store.MaxOffset("T", 2); n != round+1 {
			t.Errorf("round %d: %d delivered", round, n)
		}
	}
	r.park(1, target, "x")
	r.clock.Add(2000)
	r.levels.LookAgain()
	time.Sleep(20 * time.Millisecond)
	if n := r.store.MaxOffset("T", 2); n != 2 {
		t.Errorf("%d delivered after the stop", n)
	}
}

// TestDeliveredIsNotDeliveredAgain: positions that are behind what the log shows, as after a kill or on a slave that
// becomes master, bring nothing twice; what has no copy there is delivered, and a message without a client's id too.
func TestDeliveredIsNotDeliveredAgain(t *testing.T) {
	r := newRig(t)
	for i := range 6 {
		r.park(1+int32(i%2), target+"UNIQ_KEY\x01k"+string('0'+rune(i))+"\x02", "x")
	}
	r.park(1, target, "nobody knows it")
	r.clock.Add(15_000)
	r.deliver(1)
	r.levels.levels[1].offset.Store(1) // of level 2 two are not delivered
	before := r.store.MaxOffset("T", 2)
	_ = r.deliver(2)
	if before != 4 || r.store.MaxOffset("T", 2) != 6 {
		t.Fatalf("%d, then %d", before, r.store.MaxOffset("T", 2))
	}
	for _, l := range r.levels.levels {
		l.offset.Store(0)
	}
	r.levels.remember()
	r.deliver(1)
	r.deliver(2)
	if got := r.store.MaxOffset("T", 2); got != 8 { // the first of level 2, and the one that nobody knows
		t.Errorf("%d messages", got)
	}
	if !strings.Contains(r.log.String(), `"delivered":5`) {
		t.Error(r.log.String())
	}
	r.park(1, target+"UNIQ_KEY\x01k0\x02", "x") // the same again, as a producer may send it: it is another message
	r.clock.Add(15_000)
	if r.deliver(1); r.store.MaxOffset("T", 2) != 9 {
		t.Error("what was sent later is taken for delivered")
	}
}
