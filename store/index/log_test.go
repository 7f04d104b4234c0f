package index

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
	"unsafe"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

const logFile = 4 << 10

// logged is an index of a log whose files hold records with one key each, "k0", "k1" and so on, and a blank behind
// them;
// at are their offsets.
func logged(t *testing.T, ev Events, perFile ...int) (x *Index, at []int64, mem *vfs.Mem) {
	t.Helper()
	mem = vfs.NewMem()
	t.Cleanup(mem.Free)
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	for i, n := range perFile {
		b, base := make([]byte, 0, logFile), int64(i*logFile)
		for range n {
			at = append(at, base+int64(len(b)))
			m := record.Message{Topic: "T", Body: []byte("body"), Properties: fmt.Appendf(nil, "KEYS\x01k%d\x02", len(at)-1)}
			var err error
			if b, err = (record.Limits{MaxBody: 100}).Append(b, &m, record.Stamp{Offset: at[len(at)-1],
				StoreTime: 1000 * int64(len(at))}); err != nil {
				t.Fatal(err)
			}
		}
		used := len(b)
		b = b[:logFile]
		record.PutBlank(b[used:], int64(logFile-used))
		f, err := mem.Create("/log/" + datafile.Name(base))
		if err == nil {
			_, err = f.WriteAt(b, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l := commitlog.New(commitlog.Options{FS: mem, Paths: []string{"/log"}, SegmentSize: logFile}, commitlog.Settings{},
		nil,
		commitlog.Events{})
	if err := l.Load(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	l.Readable.Store(int64(len(perFile) * logFile))
	ev.Guard = func(fn func() error) error { return vfs.Guard(fn) }
	x = New(Options{FS: mem, Dir: "/i", Slots: 20, Entries: 6, Enabled: true}, l, ev)
	t.Cleanup(x.Close)
	return x, at, mem
}

// found are the offsets of the records with key k of a number.
func (x *Index) found(n int) []int64 {
	k := dispatch.KeysOf(record.TopicHash("T"), nil, fmt.Appendf(nil, "k%d", n))
	var hash int32
	var q Queue
	q.on = true
	for _, key := range q.Append(nil, &k, 1, 1, 1) {
		if key.hash != noHash {
			hash = key.hash
		}
	}
	offsets, _, _ := x.Query(hash, 0, math.MaxInt64, 10)
	return offsets
}

// TestIndexFollowsTheLog: records whose keys nobody has handed on are read from the log, over the ends of its files;
// from
// what is no record on, a file is left out, and told.
func TestIndexFollowsTheLog(t *testing.T) {
	for _, damaged := range []int{-1, 0, 2, 4, 6} {
		var bad []*datafile.CorruptionError
		x, at, _ := logged(t, Events{Corruption: func(e *datafile.CorruptionError) { bad = append(bad, e) }}, 3, 3, 2)
		if damaged >= 0 {
			seg := x.log.Find(at[damaged])
			seg.Data[at[damaged]-seg.Base+record.PosMagic]++
		}
		if err := x.Finish(t.Context()); err != nil || x.Position() != x.log.End() {
			t.Fatalf("%v, at %d", err, x.Position())
		}
		for n, offset := range at {
			want := []int64{offset}
			if damaged >= 0 && n >= damaged && offset/logFile == at[damaged]/logFile {
				want = nil
			}
			if got := x.found(n); !slices.Equal(got, want) {
				t.Errorf("damaged %d: number %d is found at %v, want %v", damaged, n, got, want)
			}
		}
		if (len(bad) == 1) != (damaged >= 0) || damaged >= 0 && (bad[0].Offset != at[damaged]%logFile ||
			bad[0].File != "/log/"+datafile.Name(at[damaged]/logFile*logFile)) {
			t.Errorf("damaged %d: told %+v", damaged, bad)
		}
	}
}

// TestCatchUp: a query finds what was stored before it; an index that is off, or fails, does not hold it up.
func TestCatchUp(t *testing.T) {
	x, at, mem := logged(t, Events{}, 3)
	x.opt.Enabled = false
	if x.CatchUp(); len(x.files) != 0 || x.pos.Load() != 0 {
		t.Error("one that is off builds")
	}
	x.opt.Enabled = true
	storetest.Fail(mem, "create", "/i/", errors.New("no room"))
	x.CatchUp()
	mem.Inject(nil)
	if x.pos.Load() != 0 {
		t.Errorf("without a file it comes to %d", x.pos.Load())
	}
	if x.CatchUp(); x.Position() != x.log.End() || !slices.Equal(x.found(2), at[2:3]) {
		t.Errorf("at %d, found %v", x.Position(), x.found(2))
	}
	x.Close()
	if more, err := x.build(10); more || err != nil {
		t.Errorf("a closed one: more %v, %v", more, err)
	}
}

// TestRunSleepsAndWakes: the goroutine indexes what comes, rests while nothing does, and is woken by who appends.
func TestRunSleepsAndWakes(t *testing.T) {
	x, at, _ := logged(t, Events{}, 3, 3)
	x.log.Readable.Store(at[1])
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { x.Run(ctx); close(done) }()
	waits := func(what string, ok func() bool) {
		t.Helper()
		for until := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("%s: at %d, asleep %v", what, x.Position(), x.idle.Load())
			}
		}
	}
	for _, n := range []int{1, 2, 4} {
		waits("it sleeps", func() bool { return x.Position() == at[n] && x.idle.Load() })
		x.log.Readable.Store(at[n+1])
		x.Wake()
		waits("it is woken", func() bool { return x.Position() == at[n+1] })
		if n == 2 { // over the end of a file
			x.log.Readable.Store(at[4])
			x.Wake()
		}
	}
	waits("it sleeps", x.idle.Load)
	cancel()
	<-done
	if x.Wake(); len(x.kick) != 1 || x.idle.Load() {
		t.Errorf("%d rings, asleep %v", len(x.kick), x.idle.Load())
	}
	if x.Wake(); len(x.kick) != 1 {
		t.Errorf("%d rings for one that is awake", len(x.kick))
	}
}

// addressOf is where byte i of a mapping is.
func addressOf(b []byte, i int) uintptr { return uintptr(unsafe.Pointer(&b[i])) }

// TestHolds: an address is in the file that it is in, at its place; nothing is known of others, of no index, or while
// somebody changes it.
func TestHolds(t *testing.T) {
	var none *Index
	if _, _, ok := none.Holds(1); ok {
		t.Error("no index holds something")
	}
	x, _, _ := filled(t, 6)
	for _, f := range x.files {
		for _, at := range []int{0, 77, len(f.b) - 1} {
			if file, pos, ok := x.Holds(addressOf(f.b, at)); !ok || file != f.name || pos != int64(at) {
				t.Errorf("byte %d of %s: %s, %d, %v", at, f.name, file, pos, ok)
			}
		}
	}
	if file, _, ok := x.Holds(1); ok || file != "" {
		t.Errorf("address 1 is in %q", file)
	}
	x.mu.Lock()
	if _, _, ok := x.Holds(addressOf(x.files[0].b, 0)); ok {
		t.Error("it is looked at while it changes")
	}
	x.mu.Unlock()
	if !x.mu.TryLock() {
		t.Fatal("the lock is held")
	}
	x.mu.Unlock()
	x.Close()
}

// TestValidPlaces: slots and entries that point nowhere, or behind what is there, point to nothing.
func TestValidPlaces(t *testing.T) {
	x, _, _ := filled(t, 3)
	f := x.files[0]
	for v, want := range map[int32]int{-1: 0, 0: 0, 1: 1, 3: 3, 4: 4, 5: 0, math.MaxInt32: 0} {
		if got := f.valid(v); got != want {
			t.Errorf("%d: %d, want %d", v, got, want)
		}
	}
	for count, want := range map[int32]int{-1: 1, 0: 1, 1: 1, 4: 4, 5: 5, 6: 5} {
		f.put32(hdrCount, count)
		if f.count() != want || f.full() != (want == 5) {
			t.Errorf("count %d: %d, full %v", count, f.count(), f.full())
		}
	}
	for time, want := range map[int64]int32{1000: 0, 1999: 0, 2000: 1, 999: 0, -5: 0, math.MaxInt64: math.MaxInt32} {
		if got := f.seconds(time); got != want {
			t.Errorf("stored at %d: %d s, want %d", time, got, want)
		}
	}
	f.put64(hdrBeginTime, 0)
	if f.seconds(5000) != 0 {
		t.Error("without a beginning there are seconds")
	}
	x.Close()
}

// TestChainsEnd: a chain that leads to itself, or has a time that cannot be, ends there.
func TestChainsEnd(t *testing.T) {
	for what, c := range map[string]struct {
		spoil func(f *File)
		want  []int64
	}{
		"whole":          {func(*File) {}, []int64{400, 200}},
		"to itself":      {func(f *File) { f.put32(f.entryPos(4)+16, 4) }, []int64{400}},
		"a time below 0": {func(f *File) { f.put32(f.entryPos(2)+12, -1) }, []int64{400}},
		"to nothing":     {func(f *File) { f.put32(f.entryPos(4)+16, 0) }, []int64{400}},
		"in a circle":    {func(f *File) { f.put32(f.entryPos(2)+16, 4) }, []int64{400, 200, 400, 200, 400}},
	} {
		x, _, _ := filled(t, 4)
		c.spoil(x.files[0])
		if got := x.files[0].find(nil, 0, 0, math.MaxInt64, 100); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
		x.Close()
	}
}
