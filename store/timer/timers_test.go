package timer

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorocket/store"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

func TestDeliverAtTheEndOfTheSlot(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	r.put(begin+500, "b", "")
	r.put(begin+300, "a", "")
	r.put(begin+500, "c", "")
	r.turn(begin + 10)
	if r.tm.pending != 3 || r.tm.queueOffset != 3 {
		t.Fatalf("pending %d queue offset %d", r.tm.pending, r.tm.queueOffset)
	}
	r.turn(begin + 399)
	r.want()
	r.turn(begin + 400)
	r.want("a")
	r.turn(begin + 599)
	r.want("a")
	r.turn(begin + 600)
	r.want("a", "b", "c")
	_, views := r.got()
	if m := &views[1]; prop(m, "TIMER_ENQUEUE_MS") != fmt.Sprint(begin) || prop(m,
		"TIMER_DEQUEUE_MS") != fmt.Sprint(begin+600) || prop(m, record.PropRealTopic) != "T" ||
		prop(m, PropOutMs) != fmt.Sprint(begin+500) {
		t.Errorf("properties %q", m.Properties)
	}
	r.put(begin+500, "late", "")
	r.turn(begin + 601)
	r.want("a", "b", "c", "late")
	_, views = r.got()
	if prop(&views[3], "TIMER_ENQUEUE_MS") != fmt.Sprint(int64(math.MaxInt64)) {
		t.Errorf("properties %q", views[3].Properties)
	}
	if r.tm.pending != 0 || len(r.bad) != 0 {
		t.Errorf("pending %d, skipped %v", r.tm.pending, r.bad)
	}
}

func TestDeleteMarks(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	for _, k := range []string{"a", "b", "c", "d"} {
		r.put(begin+500, k, "")
	}
	r.put(begin+500, "m1", "TIMER_DEL_UNIQKEY\x01b\x02")
	r.put(begin+500, "m2", "TIMER_DEL_UNIQKEY\x01T+d\x02") // the key of 5.2 and 5.3
	r.put(begin+500, "m3", "TIMER_DEL_UNIQKEY\x01nobody\x02")
	r.put(begin+500, "m4", "TIMER_DEL_UNIQKEY\x01Other+a\x02")
	r.turn(begin)
	r.turn(begin + 600)
	r.want("a", "c")
	r.tm.metrics.each(func(topic string, n int64) {
		if topic != "T" || n != 0 {
			t.Errorf("metric %s %d", topic, n)
		}
	})
}

// TestRoll follows a message that lies far beyond the roll window.
func TestRoll(t *testing.T) {
	cfg := smallConfig()
	cfg.TimerRollWindowSlot = 10 // 1 s
	r := newRig(t, cfg, vfs.NewMem(), begin)
	defer r.halt()
	r.put(begin+5000, "far", "")
	r.put(begin+5000, "gone", "")
	r.put(begin+5000, "mark", "TIMER_DEL_UNIQKEY\x01gone\x02")
	for ms := begin; ms < begin+5100; ms += 50 {
		r.turn(ms)
		r.want()
	}
	r.turn(begin + 5100)
	r.want("far")
	_, views := r.got()
	rolls, _ := strconv.Atoi(prop(&views[0], "TIMER_ROLL_TIMES"))
	if rolls < 4 || rolls > 6 {
		t.Errorf("rolled %d times", rolls)
	}
}

func TestRollWindowSlots(t *testing.T) {
	tm := Timers{precision: 1000, window: 172800 * 1000, writeTime: begin}
	for _, c := range []struct {
		ahead, slot int64
		magic       int32
	}{{172799, 172799, 1}, {172800, 86400, 3}, {172800 + 57599, 86400, 3}, {172800 + 57600, 172800, 3},
		{10_000_000, 172800, 3}} {
		at, magic := tm.slotFor(begin + c.ahead*1000)
		if at != begin+c.slot*1000 || magic != c.magic {
			t.Errorf("%d s ahead: slot %d s ahead, magic %d", c.ahead, (at-begin)/1000, magic)
		}
	}
}

// TestBadMessages: what can never be delivered does not hold up the rest.
func TestBadMessages(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	r.put(begin+500, "x", "TIMER_OUT_MS\x01abc\x02")
	r.put(begin+500, "y", "TIMER_OUT_MS\x01-5\x02")
	r.put(begin+500, "v", "REAL_QID\x01many\x02")
	r.put(begin+500, "w", "REAL_TOPIC\x01SCHEDULE_TOPIC_XXXX\x02")
	r.put(begin+500, "ok", "")
	r.turn(begin)
	r.turn(begin + 600)
	r.want("ok")
	if len(r.bad) != 4 {
		t.Errorf("skipped %v", r.bad)
	}
}

// TestFilesAreJavas looks at the bytes on disk after a stop.
func TestFilesAreJavas(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig()
	cfg.TimerPrecisionMs = 1000
	r := newRig(t, cfg, mem, begin)
	r.put(begin+5000, "a", "")
	r.put(begin+5000, "b", "TIMER_DEL_UNIQKEY\x01zz\x02")
	r.turn(begin + 10)
	r.stop()
	wheel, err := vfs.ReadFile(mem, "/store/timerwheel")
	if err != nil || len(wheel) != 38_707_200 {
		t.Fatalf("wheel: %v, %d bytes", err, len(wheel))
	}
	be := binary.BigEndian
	s := wheel[(begin+5000)/1000%1_209_600*32:]
	if be.Uint64(s) != uint64(begin/1000+5) || be.Uint64(s[8:]) != 0 || be.Uint64(s[16:]) != 52 || be.Uint64(s[24:]) != 0 {
		t.Errorf("slot %x", s[:32])
	}
	log, err := vfs.ReadFile(mem, "/store/timerlog/00000000000000000000")
	if err != nil || len(log) != 4096 {
		t.Fatalf("log: %v, %d bytes", err, len(log))
	}
	u := log[52:]
	if be.Uint32(u) != 52 || be.Uint64(u[4:]) != 0 || be.Uint32(u[12:]) != 5 || be.Uint64(u[16:]) != uint64(begin) ||
		be.Uint32(u[24:]) != 5000 || be.Uint32(u[40:]) != 'T' || be.Uint32(u[52:]) != 0 {
		t.Errorf("unit %x", u[:52])
	}
	check, err := vfs.ReadFile(mem, "/store/config/timercheck")
	if err != nil || len(check) != 4096 || be.Uint64(check) != uint64(begin) || be.Uint64(check[8:]) != 104 ||
		be.Uint64(check[16:]) != 2 || be.Uint64(check[24:]) != 2 {
		t.Errorf("check point: %v %x", err, check[:56])
	}
	metrics, err := vfs.ReadFile(mem, "/store/config/timermetrics")
	if err != nil || !strings.Contains(string(metrics), `"timingCount":{"T":{"count":0,"timeStamp":`) {
		t.Errorf("metrics: %v %s", err, metrics)
	}
}

// TestLogRollsAndShrinks: files end with Java's filler, and go when the commit log has gone.
func TestLogRollsAndShrinks(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	var want []string
	for i := range 300 {
		want = append(want, fmt.Sprint(i))
		r.put(begin+500, want[i], "")
	}
	r.turn(begin)
	if got := r.tm.log.lastUnitAt(); got != 77*52 {
		t.Errorf("last unit at %d", got)
	}
	if n := len(r.tm.log.files); n != 300/78+1 {
		t.Errorf("%d files", n)
	}
	if dropped, err := r.tm.log.dropBelow(math.MaxInt64); err != nil || dropped != 3 {
		t.Errorf("%d dropped, %d left, %v", dropped, len(r.tm.log.files), err)
	}
	if r.tm.log.first() == 0 || len(r.tm.log.files) != 1 {
		t.Error("nothing was dropped")
	}
	r.turn(begin + 600) // the chain ends at what is left
	if got, _ := r.got(); len(got) == 0 || len(got) >= 300 || len(r.bad) != 0 {
		t.Errorf("%d delivered, skipped %v", len(got), r.bad)
	}
}

// TestRestarts stops and starts between and within slots, with the log spread over files.
func TestRestarts(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig()
	r := newRig(t, cfg, mem, begin)
	var want []string
	for i := range 200 {
		want = append(want, fmt.Sprint(i))
		r.put(begin+500+int64(i/20)*100, want[i], "")
	}
	for ms := begin; ms < begin+1700; ms += 130 {
		r.turn(ms)
		r.stop()
		r = newRig(t, cfg, mem, ms)
		if rep := r.tm.Report(); rep.Dropped != 0 || rep.Rebuilt {
			t.Fatalf("at %d: %+v", ms-begin, rep)
		}
	}
	r.turn(begin + 2000)
	r.want(want...)
	r.halt()
}

// TestLongDowntime: Java loses what is due more than seven days before the start.
func TestLongDowntime(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig()
	cfg.TimerPrecisionMs = 1000
	r := newRig(t, cfg, mem, begin)
	r.put(begin+3_600_000, "a", "")
	r.put(begin+1000, "b", "")
	r.turn(begin)
	r.stop()
	const month = 30 * 24 * 3_600_000
	r = newRig(t, cfg, mem, begin+month)
	r.put(begin+month+5000, "c", "")
	r.turn(begin + month)
	r.want("b", "a")
	r.turn(begin + month + 6000)
	r.want("b", "a", "c")
	r.halt()
}

// TestKilled: the process ends without a flush; nothing is lost or early, and what the check point knows comes once.
func TestKilled(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig()
	r := newRig(t, cfg, mem, begin)
	for i := range 150 {
		r.put(begin+500, fmt.Sprint(i), "")
	}
	r.turn(begin)
	if err := r.tm.flush(false); err != nil {
		t.Fatal(err)
	}
	for i := 150; i < 300; i++ {
		r.put(begin+500+int64(i%3)*100, fmt.Sprint(i), "")
	}
	r.turn(begin)
	clone := mem.Clone()
	r.halt()
	r = newRig(t, cfg, clone, begin)
	if rep := r.tm.Report(); rep.Dropped < 150 || rep.QueueOffset != 150 || rep.Pending != 150 || rep.Rebuilt {
		t.Fatalf("report %+v", rep)
	}
	r.turn(begin)
	if r.tm.pending != 300 {
		t.Fatalf("%d pending", r.tm.pending)
	}
	r.turn(begin + 599)
	r.want()
	r.turn(begin + 900)
	bodies, _ := r.got()
	for i, n := range sortedInts(bodies) {
		if i != n || len(bodies) != 300 {
			t.Fatalf("%d messages, number %d is %d", len(bodies), i, n)
		}
	}
	if len(r.bad) != 0 {
		t.Errorf("skipped %v", r.bad)
	}
	r.halt()
}

// TestDamagedWheel: a wheel that points beyond the log is made anew from it.
func TestDamagedWheel(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig()
	r := newRig(t, cfg, mem, begin)
	for i := range 20 {
		r.put(begin+500+int64(i%2)*100, fmt.Sprint(i), "")
	}
	r.turn(begin)
	r.tm.mu.Lock()
	r.tm.wheel.put(slot{time: begin + 500, first: 0, last: 1 << 30, num: 10})
	r.tm.mu.Unlock()
	r.stop()
	r = newRig(t, cfg, mem, begin)
	if rep := r.tm.Report(); !rep.Rebuilt || rep.Pending != 20 {
		t.Fatalf("report %+v", rep)
	}
	r.turn(begin + 1000)
	if bodies, _ := r.got(); len(bodies) != 20 {
		t.Errorf("%v", bodies)
	}
	r.halt()
}

// TestClockGoesBack: nothing comes early, nothing twice, and what was sent meanwhile comes at its time.
func TestClockGoesBack(t *testing.T) {
	mem := vfs.NewMem()
	r := newRig(t, smallConfig(), mem, begin)
	r.put(begin+500, "a", "")
	r.put(begin+900, "z", "")
	r.turn(begin)
	r.turn(begin + 650)
	r.want("a")
	for _, restart := range []bool{false, true} {
		if restart {
			r.stop()
			r = newRig(t, smallConfig(), mem, begin+100)
			r.put(begin+500, "c", "")
		} else {
			r.turn(begin + 100)
			r.put(begin+500, "b", "")
		}
		r.turn(begin + 599)
		if !restart {
			r.want("a")
			r.turn(begin + 650)
			r.want("a", "b")
		}
	}
	r.want("a", "b")
	r.turn(begin + 600)
	r.want("a", "b", "c")
	r.turn(begin + 1000)
	r.want("a", "b", "c", "z")
	r.halt()
}

// TestJavaSnapshots: a wheel that Java wrote as a snapshot is not read, and the log tells all.
func TestJavaSnapshots(t *testing.T) {
	mem := vfs.NewMem()
	r := newRig(t, smallConfig(), mem, begin)
	r.put(begin+500, "a", "")
	r.turn(begin)
	r.tm.mu.Lock()
	r.tm.wheel.clear(r.tm.wheel.index(begin + 500)) // as Java leaves the file
	r.tm.mu.Unlock()
	r.stop()
	if _, err := mem.Create("/store/timerwheel.52"); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, smallConfig(), mem, begin)
	if rep := r.tm.Report(); !rep.Rebuilt || rep.Pending != 1 {
		t.Errorf("report %+v", rep)
	}
	r.turn(begin + 600)
	r.want("a")
	r.halt()
}

// TestFullDisk: a timer log that cannot be written delays and loses nothing.
func TestFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	r := newRig(t, smallConfig(), mem, begin)
	defer r.halt()
	for i := range 100 {
		r.put(begin+500, fmt.Sprint(i), "")
	}
	for _, op := range []string{"create", "write"} {
		mem.Inject(func(o, name string) error {
			if o == op && strings.Contains(name, "timerlog") {
				return syscall.ENOSPC
			}
			return nil
		})
		if r.turn(begin); !r.tm.unplaced {
			t.Fatalf("%s: %+v", op, r.tm.pending)
		}
		if err := r.tm.flush(true); err != nil || r.tm.saved.queueOffset != 0 {
			t.Errorf("flush: %v, %+v", err, r.tm.saved)
		}
	}
	mem.Inject(nil)
	r.turn(begin)
	r.turn(begin + 600)
	bodies, _ := r.got()
	for i, n := range sortedInts(bodies) {
		if i != n || bodies[i] != fmt.Sprint(i) || len(bodies) != 100 {
			t.Fatalf("%d delivered, number %d is %s", len(bodies), i, bodies[i])
		}
	}
}

// TestWrongFiles: what does not fit is named and left alone.
func TestWrongFiles(t *testing.T) {
	for name, want := range map[string]string{"/store/timerwheel": "Timer wheel length:3 != expected:38707200",
		"/store/timerlog/00000000000000004096": "mappedFileSizeTimerLog=4096"} {
		mem := vfs.NewMem()
		r := newRig(t, smallConfig(), mem, begin)
		for i := range 200 {
			r.put(begin+500, fmt.Sprint(i), "")
		}
		r.turn(begin)
		r.stop()
		f, err := mem.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.WriteAt([]byte("abc"), 0)
		tm, err := Open(&r.cfg, nil, mem, r.s, Events{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
		if tm != nil {
			t.Error("timers and an error")
		}
	}
}

// refusing is a store whose appends fail.
type refusing struct {
	*store.Store
	tries int
}

func (f *refusing) Append(*store.Record) (store.Appended, error) {
	f.tries++
	return store.Appended{}, store.ErrDiskFull
}

// TestRefusingStore: a delivery waits for the store, and ends with Stop; the slot stays.
func TestRefusingStore(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	r.put(begin+500, "a", "")
	r.turn(begin)
	f := &refusing{Store: r.s}
	r.tm.ms = f
	time.AfterFunc(3*retryAfter, func() { close(r.tm.stop) })
	r.turn(begin + 600)
	if f.tries < 2 || r.tm.readTime != begin || r.tm.pending != 1 {
		t.Errorf("%d tries, read time %d, %d pending", f.tries, r.tm.readTime-begin, r.tm.pending)
	}
}

// TestSleepIsShort: with messages that wait the loop sleeps for a slot at most, whatever the clock says, so that it
// notices when the clock jumps ahead or the machine was suspended.
func TestSleepIsShort(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.stop()
	r.put(begin+3_600_000, "in an hour", "")
	for _, ms := range []int64{begin, begin + 1, begin - 3_600_000, begin + 99} {
		r.turn(ms)
		if p := r.tm.pause(); p <= 0 || p > 100*time.Millisecond {
			t.Errorf("at %d: %v", ms-begin, p)
		}
	}
	r.want()
	r.turn(begin + 3_600_200)
	r.want("in an hour")
}
