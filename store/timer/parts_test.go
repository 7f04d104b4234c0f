package timer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// TestDecodeUnitEdges: what no unit can hold is none, what one can hold at most is one.
func TestDecodeUnitEdges(t *testing.T) {
	good := unit{prev: -1, magic: magicDefault, size: 1}
	for what, c := range map[string]struct {
		edit func(u *unit)
		ok   bool
	}{
		"the least":       {func(*unit) {}, true},
		"all marks":       {func(u *unit) { u.magic = magicMask }, true},
		"no marks":        {func(u *unit) { u.magic = 0 }, true},
		"another mark":    {func(u *unit) { u.magic = magicMask + 1 }, false},
		"no size":         {func(u *unit) { u.size = 0 }, false},
		"a negative size": {func(u *unit) { u.size = -1 }, false},
		"before the log":  {func(u *unit) { u.offset = -1 }, false},
		"before 1970":     {func(u *unit) { u.writeTime = -1 }, false},
		"first of a log":  {func(u *unit) { u.prev = 0 }, true},
		"before none":     {func(u *unit) { u.prev = -2 }, false},
	} {
		u := good
		c.edit(&u)
		if got, ok := decodeUnit(u.appendTo(nil)); ok != c.ok || ok && got != u {
			t.Errorf("%s: %+v, %v", what, got, ok)
		}
	}
	b := good.appendTo(nil)
	if _, ok := decodeUnit(b[:unitSize-1]); ok {
		t.Error("a part of a unit is one")
	}
	if isBlank(appendBlank(nil, 40)[:blankSize-1]) {
		t.Error("a part of a filler is one")
	}
	for _, u := range []unit{{magic: magicDelete}, {magic: magicRoll | magicDelete}} {
		if !u.deletes() || u.weight() != -1 {
			t.Errorf("%+v", u)
		}
	}
	if u := (&unit{magic: magicRoll}); !u.rolls() || u.deletes() || u.weight() != 1 {
		t.Error("a unit that rolls")
	}
}

// smallLog is a timer log whose files hold 3 units each, 5 bytes left over.
func smallLog(t *testing.T) (*timerLog, *vfs.Mem) {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	l, err := openLog(mem, "/t", 3*unitSize+blankSize+5)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.close() })
	return l, mem
}

// fillLog adds n units, of which the i-th is about the message at offset 10*i.
func fillLog(t *testing.T, l *timerLog, n int) (at []int64) {
	t.Helper()
	for i := range n {
		pos, err := l.next()
		if err != nil {
			t.Fatal(err)
		}
		l.add(&unit{prev: -1, magic: 1, writeTime: begin, delay: int32(i), offset: int64(10 * i), size: 7})
		at = append(at, pos)
	}
	if err := l.write(); err != nil {
		t.Fatal(err)
	}
	return at
}

// TestLogPositions: units lie side by side, none over the end of a file, and each is read again from any place.
func TestLogPositions(t *testing.T) {
	l, mem := smallLog(t)
	at := fillLog(t, l, 11)
	var want []int64
	for i := range int64(11) {
		want = append(want, i/3*l.size+i%3*unitSize)
	}
	if !slices.Equal(at, want) || l.end != want[10]+unitSize || l.lastUnitAt() != 2*unitSize || len(l.files) != 4 {
		t.Fatalf("units at %v, the end at %d, the last of a file at %d, %d files", at, l.end, l.lastUnitAt(), len(l.files))
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(at))
	for _, i := range append(order, order...) {
		if u, ok := l.read(at[i]); !ok || u.offset != int64(10*i) {
			t.Errorf("number %d: %+v, %v", i, u, ok)
		}
	}
	for _, pos := range []int64{-1, l.end, l.end - unitSize + 1, 3 * unitSize, 1 << 40} {
		if u, ok := l.read(pos); ok {
			t.Errorf("at %d: %+v", pos, u)
		}
	}
	b, err := vfs.ReadFile(mem, "/t/00000000000000000000")
	if err != nil || int64(len(b)) != l.size || !isBlank(b[3*unitSize:]) || b[3*unitSize+3] != blankSize+5 {
		t.Errorf("the end of a file: %d bytes, %v", len(b), err)
	}
	for pos, base := range map[int64]int64{0: 0, l.size - 1: 0, l.size: l.size, 4*l.size - 1: 3 * l.size, 4 * l.size: -1, -1: -1} {
		if f := l.fileAt(pos); (f == nil) != (base < 0) || f != nil && f.base != base {
			t.Errorf("at %d: %+v", pos, f)
		}
	}
	// what is written again at a place is not read from what was there
	u, _ := l.read(at[10])
	l.end = at[10]
	u.offset = 77
	l.add(&u)
	if err := l.write(); err != nil {
		t.Fatal(err)
	}
	if got, ok := l.read(at[10]); !ok || got.offset != 77 {
		t.Errorf("written anew: %+v", got)
	}
}

// TestLogIsCut: what is behind the end is forgotten, and zeros when the log is opened again.
func TestLogIsCut(t *testing.T) {
	for _, keep := range []int{0, 1, 2, 3, 4, 6, 10} {
		l, mem := smallLog(t)
		at := fillLog(t, l, 11)
		_, _ = l.read(at[10]) // the window must not answer for what goes
		if err := l.cutAt(at[keep]); err != nil {
			t.Fatal(err)
		}
		files := max(1, (keep+2)/3)
		if list, err := mem.ReadDir("/t"); err != nil || len(list) != files || len(l.files) != files || l.end != at[keep] {
			t.Errorf("%d units: %d files, %d known, the end at %d, %v", keep, len(list), len(l.files), l.end, err)
		}
		for i, pos := range at {
			if u, ok := l.read(pos); ok != (i < keep) || ok && u.offset != int64(10*i) {
				t.Errorf("%d units: number %d is %+v, %v", keep, i, u, ok)
			}
		}
		cut := mem.CrashClone(1, 0)
		t.Cleanup(cut.Free)
		again, err := openLog(cut, "/t", l.size)
		if err != nil {
			t.Fatal(err)
		}
		again.end = 4 * l.size
		for i, pos := range at[keep:] {
			if u, ok := again.read(pos); ok {
				t.Errorf("%d units, a power cut: number %d is there again: %+v", keep, keep+i, u)
			}
		}
		again.close()
	}
}

// TestLogShrinks: files go from the oldest on while their newest unit points below the log, but for the last one.
func TestLogShrinks(t *testing.T) {
	for minPhy, want := range map[int64]int{0: 0, 20: 0, 21: 1, 50: 1, 51: 2, 80: 2, 81: 3, 1000: 3} {
		l, mem := smallLog(t)
		fillLog(t, l, 11)
		dropped, err := l.dropBelow(minPhy)
		list, _ := mem.ReadDir("/t")
		if err != nil || dropped != want || len(list) != 4-want || len(l.files) != 4-want || l.first() != int64(want)*l.size {
			t.Errorf("below %d: %d dropped, %d files, the first at %d, %v", minPhy, dropped, len(list), l.first(), err)
		}
	}
	l, _ := smallLog(t)
	if n, err := l.dropBelow(1000); n != 0 || err != nil || l.first() != 0 {
		t.Errorf("an empty log: %d, %v", n, err)
	}
}

// TestLogFiles: sizes that hold no unit are refused, as are files of another size and gaps between them; a short last file
// gets its size, and what is not ours stays.
func TestLogFiles(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	for size, ok := range map[int64]bool{minLogFile - 1: false, minLogFile: true, 1<<31 - 1: true, 1 << 31: false} {
		l, err := openLog(mem, "/empty", size)
		if (err == nil) != ok {
			t.Errorf("files of %d bytes: %v", size, err)
		}
		if ok {
			l.close()
		}
	}
	const size = 200
	for what, c := range map[string]struct {
		sizes map[int64]int64
		end   int64 // -1: refused
	}{
		"whole":                {map[int64]int64{0: size, size: size}, size},
		"one":                  {map[int64]int64{size: size}, size},
		"a short last one":     {map[int64]int64{0: size, size: size - 1}, size},
		"an empty last one":    {map[int64]int64{0: size, size: 0}, size},
		"a long last one":      {map[int64]int64{0: size, size: size + 1}, -1},
		"a short one":          {map[int64]int64{0: size - 1, size: size}, -1},
		"a long one":           {map[int64]int64{0: size + 1, size: size}, -1},
		"a gap":                {map[int64]int64{0: size, 2 * size: size}, -1},
		"no multiple":          {map[int64]int64{size / 2: size}, -1},
		"no multiple, the end": {map[int64]int64{0: size, size + 1: size}, -1},
	} {
		mem := vfs.NewMem()
		t.Cleanup(mem.Free)
		_ = mem.MkdirAll("/t/00000000000000000600") // a folder, and other names
		_ = mem.MkdirAll("/t/x")
		for base, n := range c.sizes {
			f, err := mem.Create(fmt.Sprintf("/t/%020d", base))
			if err == nil {
				err = f.Truncate(n)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_ = mem.Remove("/t/00000000000000000600")
		_ = mem.Remove("/t/x")
		l, err := openLog(mem, "/t", size)
		if (err != nil) != (c.end < 0) || err == nil && l.end != c.end {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil {
			continue
		}
		for _, f := range l.files {
			if n, err := f.f.Size(); n != size || err != nil {
				t.Errorf("%s: a file of %d bytes, %v", what, n, err)
			}
		}
		l.close()
	}
	putNamed := func(name string) {
		if _, err := mem.Create("/n/" + name); err != nil {
			t.Fatal(err)
		}
	}
	_ = mem.MkdirAll("/n/00000000000000000000")
	putNamed("0")
	putNamed("0000000000000000000x")
	if l, err := openLog(mem, "/n", size); err != nil || len(l.files) != 0 {
		t.Errorf("names of others: %v", err)
	}
}

// TestWheelEach: every slot that is in use, from a time on, with its number; the sum of what waits is no less than 0.
func TestWheelEach(t *testing.T) {
	w := newWheel(1000)
	at := begin
	for i, num := range []int32{1, 2, 4} {
		w.put(slot{time: at + int64(i)*200_000, first: 0, last: int64(i), num: num})
	}
	w.put(slot{time: at + 1000, first: -1, last: -1, num: 64}) // cleared by Java, whose magic stays
	for from, want := range map[int64]int64{0: 7, at: 7, at + 1: 6, at + 200_000: 6, at + 200_001: 4, at + 400_001: 0} {
		if got := w.waiting(from); got != want {
			t.Errorf("from %d: %d wait", from-at, got)
		}
	}
	w.each(0, func(i int, s slot) {
		if i != w.index(s.time) {
			t.Errorf("%+v is number %d, not %d", s, i, w.index(s.time))
		}
	})
	w.add(at, 99, -3)
	if s, ok := w.get(at); !ok || s.num != -2 || s.last != 99 || s.first != 0 {
		t.Errorf("%+v", s)
	}
	if w.add(at+200_000, 99, -9); w.waiting(0) != 0 {
		t.Errorf("%d wait", w.waiting(0))
	}
	w.put(slot{time: at + 7000, first: -1, last: -1, num: 5, magic: 3})
	if w.add(at+7999, 123, 1); true {
		if s, ok := w.get(at + 7000); !ok || s != (slot{time: at + 7000, first: 123, last: 123, num: 1, magic: 3}) {
			t.Errorf("a slot that was cleared: %+v", s)
		}
	}
	w.clear(w.index(at))
	if _, ok := w.get(at); ok {
		t.Error("a cleared slot is in use")
	}
}

// TestWheelNext: the first slot in use between two times, near and far.
func TestWheelNext(t *testing.T) {
	w := newWheel(100)
	far := begin + 100*(stepLimit+5)
	w.put(slot{time: far + 500, last: 1})
	w.put(slot{time: far, last: 0})
	for _, c := range []struct{ from, to, want int64 }{{begin, far + 1000, far}, {begin, far, far}, {begin, far - 100, far - 100},
		{far, far + 1000, far}, {far + 100, far + 1000, far + 500}, {far, far, far}, {far + 600, far + 1000, far + 1000},
		{begin, far + 100, far}, {far + 1000, begin, begin}} {
		if got := w.next(c.from, c.to); got != c.want {
			t.Errorf("from %d to %d: %d, want %d", c.from-begin, c.to-begin, got-begin, c.want-begin)
		}
	}
}

// TestWheelImage: pages that changed are written in their places, neighbours at once, and again when that failed.
func TestWheelImage(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	f, err := openWheelFile(mem, "/timerwheel")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := newWheel(1000)
	page := func(n int) int64 { return int64(n) * slotsPerPage * 1000 } // a time on page n
	for _, n := range []int{5, 3, 4, 9, wheelPages - 1} {
		w.put(slot{time: page(n) + 1000, first: int64(n), last: int64(n), num: int32(n)})
	}
	writes := 0
	mem.Inject(func(op, _ string) error {
		if op == "write" {
			writes++
		}
		return nil
	})
	img := w.take()
	if !slices.Equal(img.numbers, []int{3, 4, 5, 9, wheelPages - 1}) || len(w.dirty) != 0 {
		t.Errorf("pages %v", img.numbers)
	}
	w.giveBack(img)
	if again := w.take(); !slices.Equal(again.numbers, img.numbers) {
		t.Errorf("given back: %v", again.numbers)
	}
	if err := img.write(f); err != nil || writes != 3 {
		t.Errorf("%d writes, %v", writes, err)
	}
	mem.Inject(nil)
	loaded := newWheel(1000)
	if err := loaded.load(f); err != nil {
		t.Fatal(err)
	}
	pages := 0
	for n, p := range loaded.pages {
		if p != nil {
			pages++
		}
		if (p == nil) != (w.pages[n] == nil) || string(p) != string(w.pages[n]) {
			t.Errorf("page %d is another one", n)
		}
	}
	if pages != 5 {
		t.Errorf("%d pages", pages)
	}
}

// TestSnapshotNames: only a name with a position behind it is a snapshot of Java's.
func TestSnapshotNames(t *testing.T) {
	for name, want := range map[string]bool{"timerwheel": false, "timerwheel.": false, "timerwheel.12": true, "timerwheel.x": false,
		"wheel.12": false} {
		mem := vfs.NewMem()
		t.Cleanup(mem.Free)
		_ = mem.MkdirAll("/s")
		if _, err := mem.Create("/s/" + name); err != nil {
			t.Fatal(err)
		}
		if got, err := hasSnapshots(mem, "/s"); got != want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := hasSnapshots(vfs.NewMem(), "/none"); err == nil {
		t.Error("a folder that cannot be read")
	}
}

// TestRates: messages a second since the last sample, which is a second old at least.
func TestRates(t *testing.T) {
	var r rates
	at := time.UnixMilli(begin)
	for i, c := range []struct {
		after              time.Duration
		enqueued, sent     int64
		enqueueTps, sendOf float64
	}{{0, 100, 50, 0, 0}, {2 * time.Second, 300, 90, 100, 20}, {2999 * time.Millisecond, 900, 900, 100, 20},
		{3 * time.Second, 301, 91, 1, 1}, {4 * time.Second, 301, 191, 0, 100}} {
		r.sample(at.Add(c.after), c.enqueued, c.sent)
		if enqueue, sends := r.now(); enqueue != c.enqueueTps || sends != c.sendOf {
			t.Errorf("%d: %v and %v", i, enqueue, sends)
		}
	}
}

// TestFigures: what waits, how late it is, and in which time it is due.
func TestFigures(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	r := newRig(t, smallConfig(), mem, begin)
	defer r.halt()
	r.turn(begin)
	if f := r.tm.Figures(); f.Pending != 0 || f.EnqueueBehind != 0 || f.EnqueueLate != 0 || f.ReadBehind != 0 {
		t.Errorf("nothing: %+v", f)
	}
	r.put(begin+4900, "a", "")
	r.put(begin+5000, "b", "")
	r.put(begin+200_000, "c", "")
	if f := r.tm.Figures(); f.EnqueueBehind != 3 || f.Pending != 0 {
		t.Errorf("not in the wheel: %+v", f)
	}
	r.turn(begin)
	if f := r.tm.Figures(); f.Pending != 3 || f.EnqueueBehind != 0 || f.EnqueueLate != 0 || f.Enqueued != 3 || f.ReadBehind != 0 {
		t.Errorf("in the wheel: %+v", f)
	}
	r.clock.ms = begin + 20
	r.put(begin+6000, "d", "")
	r.clock.ms = begin + 7020
	if f := r.tm.Figures(); f.EnqueueBehind != 1 || f.EnqueueLate != 7020*time.Millisecond {
		t.Errorf("the oldest waits: %+v", f)
	}
	r.clock.ms = begin
	var due []string
	r.tm.EachBound(func(seconds int, n int64) { due = append(due, fmt.Sprint(seconds, ":", n)) })
	if got := strings.Join(due, " "); got != "5:1 60:1 300:1 900:0 3600:0 14400:0 28800:0 86400:0" {
		t.Errorf("due: %s", got)
	}
	read := r.tm.readTime
	for late, want := range map[int64]time.Duration{0: 0, 100: 0, 200: 0, 201: 101 * time.Millisecond, 900: 800 * time.Millisecond} {
		r.clock.ms = read + late
		if late <= 200 {
			want = 0
		}
		if f := r.tm.Figures(); f.ReadBehind != want {
			t.Errorf("%d ms behind the slot: %v late", late, f.ReadBehind)
		}
	}
	for at, want := range map[int64]int64{begin + 1: begin, begin: begin - 100, begin + 100: begin, begin + 101: begin + 100} {
		if got := r.tm.SlotTime(at); got != want {
			t.Errorf("due at %d: slot %d", at-begin, got-begin)
		}
	}
}

// TestReject: a slot refuses nothing up to its limit, all from twice that on, and some between.
func TestReject(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	r := newRig(t, smallConfig(), mem, begin)
	defer r.halt()
	r.cfg.TimerCongestNumEachSlot = 10
	for num, want := range map[int32]float64{0: 0, 10: 0, 11: 0.901, 15: 0.505, 19: 0.109, 20: 1, 500: 1} {
		r.tm.wheel.put(slot{time: begin, last: 1, num: num})
		refused := 0
		const tries = 4000
		for range tries {
			if r.tm.Reject(begin) {
				refused++
			}
		}
		if share := float64(refused) / tries; share < want-0.05 || share > want+0.05 || want == 0 && refused > 0 || want == 1 && refused < tries {
			t.Errorf("%d in it: %v refused, want %v", num, share, want)
		}
	}
	r.tm.wheel.put(slot{time: begin, last: 1, num: 500})
	for limit, want := range map[int]bool{1<<31 - 1: false, 1<<31 - 2: false, 1: true} {
		r.cfg.TimerCongestNumEachSlot = limit
		if got := r.tm.Reject(begin); got != want {
			t.Errorf("limit %d: refused %v", limit, got)
		}
	}
}

// TestAhead: a check point of a broker that has delivered in this one's place counts when it is further, and is told on.
func TestAhead(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	r := newRig(t, smallConfig(), mem, begin)
	defer r.halt()
	told := func() int64 {
		c, ok := decodeCheckpoint(r.tm.Checkpoint())
		if !ok {
			t.Fatal("no check point")
		}
		return c.readTime
	}
	own := told()
	for _, c := range []struct{ at, want, ahead int64 }{{own - 100, own, own - 100}, {own + 5000, own + 5000, own + 5000},
		{own + 4000, own + 5000, own + 5000}, {own + 5000, own + 5000, own + 5000}} {
		if err := r.tm.Advance(checkpoint{readTime: c.at, queueOffset: c.at}.encode()); err != nil || told() != c.want ||
			r.tm.ahead.readTime != c.ahead {
			t.Errorf("%d: %v, told %d, ahead %d", c.at-own, err, told()-own, r.tm.ahead.readTime-own)
		}
	}
	if err := r.tm.Advance([]byte("x")); err == nil {
		t.Error("a check point that is none")
	}
}

// TestFollowMetrics: a slave takes its master's numbers when they are others, topics without a number left out.
func TestFollowMetrics(t *testing.T) {
	m := &metrics{counts: map[string]*TopicCount{"own": {Count: 1}}}
	if err := m.follow(nil); err == nil {
		t.Error("nothing is taken")
	}
	if err := m.follow([]byte("{")); err == nil || !strings.HasPrefix(err.Error(), "timer: metrics of the master: ") {
		t.Errorf("no JSON: %v", err)
	}
	table := `{"dataVersion":{"counter":5,"stateVersion":0,"timestamp":2},"timingCount":{"T":{"count":3,"timeStamp":4},"N":null}}`
	if err := m.follow([]byte(table)); err != nil || len(m.counts) != 1 || m.counts["T"].Count != 3 || !m.dirty ||
		m.version != (compat.DataVersion{Counter: 5, Timestamp: 2}) {
		t.Errorf("%v, %v, %+v", err, m.counts, m.version)
	}
	m.dirty = false
	if err := m.follow([]byte(strings.Replace(table, `"count":3`, `"count":9`, 1))); err != nil || m.counts["T"].Count != 3 || m.dirty {
		t.Errorf("the same version: %v, %+v, dirty %v", err, m.counts["T"], m.dirty)
	}
}

// TestMetricsVersion: each change is counted in the version.
func TestMetricsVersion(t *testing.T) {
	m := &metrics{counts: map[string]*TopicCount{}}
	m.add([]byte("T"), 3)
	m.add([]byte("T"), -1)
	if c := m.counts["T"]; m.version.Counter != 2 || c.Count != 2 || c.TimeStamp != m.version.Timestamp || c.TimeStamp == 0 || !m.dirty {
		t.Errorf("%+v, %+v", m.version, c)
	}
}

// TestTwins: twins are known by the client's id, the topic and the time of birth; the one that was rolled more often is
// the later one.
func TestTwins(t *testing.T) {
	view := func(props string, born int64) *record.View {
		return &record.View{BornTimestamp: born, Properties: []byte(props)}
	}
	const id = "UNIQ_KEY\x01k\x02REAL_TOPIC\x01T\x02"
	if got := twinKey(view(id, 7)); got != "k@T@7" {
		t.Error(got)
	}
	if got := twinKey(view("REAL_TOPIC\x01T\x02", 7)); got != "" {
		t.Error(got)
	}
	tm := &Timers{}
	if tm.hasTwin(view(id, 7)) {
		t.Error("no twins are known")
	}
	tm.twins = map[string]int64{"k@T@7": 2, "": 9}
	for props, want := range map[string]bool{id: true, id + "TIMER_ROLL_TIMES\x011\x02": true, id + "TIMER_ROLL_TIMES\x012\x02": false,
		id + "TIMER_ROLL_TIMES\x013\x02": false, id + "TIMER_ROLL_TIMES\x01x\x02": true, "REAL_TOPIC\x01T\x02": false} {
		if got := tm.hasTwin(view(props, 7)); got != want {
			t.Errorf("%q: %v", props, got)
		}
	}
	if tm.hasTwin(view(id, 8)) {
		t.Error("born at another time")
	}
	rolled := view(id+"TIMER_ROLL_TIMES\x014\x02", 7)
	if a, b := string(rollsOf(rolled, true)), string(rollsOf(rolled, false)); a != "5" || b != "4" {
		t.Errorf("copies were rolled %q and %q times", a, b)
	}
	if a, b := string(rollsOf(view(id, 7), true)), rollsOf(view(id, 7), false); a != "1" || b != nil {
		t.Errorf("copies were rolled %q and %q times", a, b)
	}
	if tm.sentOn(view(id, 7)) {
		t.Error("no copies are known")
	}
}

// TestReadEntry: what the wheel needs of a message, and what it cannot take.
func TestReadEntry(t *testing.T) {
	for props, c := range map[string]struct {
		at  int64
		del bool
		ok  bool
	}{
		"TIMER_OUT_MS\x015\x02REAL_TOPIC\x01T\x02":                           {5, false, true},
		"TIMER_OUT_MS\x010\x02REAL_TOPIC\x01T\x02":                           {0, false, true},
		"TIMER_DEL_UNIQKEY\x01k\x02TIMER_OUT_MS\x015\x02REAL_TOPIC\x01T\x02": {5, true, true},
		"TIMER_OUT_MS\x01-1\x02REAL_TOPIC\x01T\x02":                          {-1, false, false},
		"TIMER_OUT_MS\x01x\x02REAL_TOPIC\x01T\x02":                           {-1, false, false},
		"REAL_TOPIC\x01T\x02":                                                {-1, false, false},
		"TIMER_OUT_MS\x012305843009213693951\x02REAL_TOPIC\x01T\x02":         {2305843009213693951, false, true},
		"TIMER_OUT_MS\x012305843009213693952\x02REAL_TOPIC\x01T\x02":         {2305843009213693952, false, false},
	} {
		e, topic, err := readEntry(&record.View{PhysicalOffset: 70, Size: 9, Properties: []byte(props)})
		if e.at != c.at || e.delete != c.del || (err == nil) != c.ok || err != nil && !errors.Is(err, errNotTimer) || string(topic) != "T" ||
			e.offset != 70 || e.size != 9 || c.ok && e.hash != compat.HashCode("T") {
			t.Errorf("%q: %+v %q %v", props, e, topic, err)
		}
	}
	if weight(true) != -1 || weight(false) != 1 {
		t.Error("weights")
	}
}

// TestLogCutFails: a file that cannot be removed is told, and stays known; one that is gone already is no fault, nor is a
// cut below all files.
func TestLogCutFails(t *testing.T) {
	l, mem := smallLog(t)
	at := fillLog(t, l, 11)
	storetest.Fail(mem, "remove", "", errDisk)
	if err := l.cutAt(at[1]); !errors.Is(err, errDisk) || len(l.files) != 4 {
		t.Errorf("it cannot be removed: %v, %d files known", err, len(l.files))
	}
	mem.Inject(nil)
	if err := mem.Remove(l.files[3].f.Name()); err != nil {
		t.Fatal(err)
	}
	if err := l.cutAt(at[4]); err != nil || len(l.files) != 2 || l.end != at[4] {
		t.Errorf("the last file is gone already: %v, %d files known, the end at %d", err, len(l.files), l.end)
	}
	if n, err := l.dropBelow(21); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := l.cutAt(at[1]); err != nil || len(l.files) != 0 || l.end != at[1] {
		t.Errorf("below all files: %v, %d files known, the end at %d", err, len(l.files), l.end)
	}
}

// TestChainEnds: a slot whose units point to themselves or forwards is read once; that the oldest place of the log holds
// no unit of the slot is told, and not that it points below the log.
func TestChainEnds(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	add := func(prev int64) int64 {
		pos, err := r.tm.log.next()
		if err != nil {
			t.Fatal(err)
		}
		r.tm.log.add(&unit{prev: prev, magic: 1, writeTime: begin, delay: 500, offset: 7, size: 7})
		if err := r.tm.log.write(); err != nil {
			t.Fatal(err)
		}
		return pos
	}
	alone := add(0)
	for what, c := range map[string]struct {
		last    int64
		time    int64
		units   int
		skipped int
	}{"itself": {alone, begin + 500, 1, 0}, "forwards": {add(1 << 30), begin + 500, 1, 0},
		"one before": {add(alone), begin + 500, 2, 0}, "another slot's": {alone, begin + 900, 0, 1},
		"behind the end": {1 << 30, begin + 500, 0, 1}, "nowhere": {-1, begin + 500, 0, 0}} {
		r.bad = nil
		if r.tm.chain(slot{time: c.time, last: c.last}); len(r.tm.units) != c.units || len(r.bad) != c.skipped {
			t.Errorf("%s: %d units, told %v", what, len(r.tm.units), r.bad)
		}
	}
}

// TestSlotFor: a time within the roll window has its own slot; one shortly beyond rolls from the middle of it, one far
// beyond from its end. A slave, which rolls nothing, uses all of the wheel.
func TestSlotFor(t *testing.T) {
	r := newRig(t, smallConfig(), vfs.NewMem(), begin)
	defer r.halt()
	now, window := r.tm.writeTime, r.tm.window
	r.tm.leads = true
	third := r.tm.floor(window / 3)
	for _, c := range []struct {
		beyond int64
		at     int64 // 0: its own
		magic  int32
	}{{-window + 1, 0, magicDefault}, {-1, 0, magicDefault}, {0, now + r.tm.floor(window/2), magicDefault | magicRoll},
		{third - 1, now + r.tm.floor(window/2), magicDefault | magicRoll}, {third, now + window, magicDefault | magicRoll},
		{window * 9, now + window, magicDefault | magicRoll}} {
		want := c.at
		if want == 0 {
			want = now + window + c.beyond
		}
		if at, magic := r.tm.slotFor(now + window + c.beyond); at != want || magic != c.magic {
			t.Errorf("%d behind the window: %d with %d, want %d with %d", c.beyond, at-now, magic, want-now, c.magic)
		}
	}
	r.tm.leads = false
	end := r.tm.readTime + (wheelSlots-blankSlots)*r.tm.precision
	for at, own := range map[int64]bool{now + window: true, end - 1: true, end: false} {
		if got, magic := r.tm.slotFor(at); (got == at) != own || (magic == magicDefault) != own {
			t.Errorf("a slave, %d: %d with %d", at-now, got-now, magic)
		}
	}
}
