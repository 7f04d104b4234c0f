package commitlog

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// otherFile is a file of another log: records of these body sizes from base on, and a blank behind them.
func otherFile(t testing.TB, base int64, bodies ...int) (b []byte, sizes []int) {
	t.Helper()
	for i, n := range bodies {
		at := len(b)
		m := record.Message{Topic: "T", BornTimestamp: 1, Body: bytes.Repeat([]byte{byte('a' + i)}, n)}
		var err error
		b, err = record.Limits{MaxBody: 1 << 20}.Append(b, &m, record.Stamp{QueueOffset: int64(i), Offset: base + int64(at),
			StoreTime: 1000 + int64(i)})
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(b)-at)
	}
	if rest := rawSize - len(b); rest >= record.BlankSize {
		b = append(b, make([]byte, rest)...)
		record.PutBlank(b[rawSize-rest:], int64(rest))
	} else {
		b = append(b, make([]byte, rest)...)
	}
	return b[:rawSize], sizes
}

// TestRawInPieces: whatever pieces another log's bytes come in, each record is taken once, as soon as it is whole, and
// can
// be read then; the file is the same at the end, whatever is left behind its last record.
func TestRawInPieces(t *testing.T) {
	head := 100 // about what a record takes beside its body
	full := []int{100, 5000, 0, 20_000, 1, 3000}
	for _, bodies := range [][]int{full, {60_000}, {60_000, 100}, {}, {rawSize / 2, rawSize/2 - 2*head - 60}} {
		for seed := range uint64(12) {
			l, rnd := rawLog(t), rand.New(rand.NewPCG(seed, 1))
			for base := int64(0); base < 2*rawSize; base += rawSize {
				b, sizes := otherFile(t, base, bodies...)
				var taken []int
				take := func(m *record.View) error {
					if int64(m.PhysicalOffset) < base || string(m.Topic) != "T" {
						t.Fatalf("took %+v", m)
					}
					taken = append(taken, int(m.Size))
					return nil
				}
				for at := 0; at < len(b); {
					n := min(len(b)-at, 1+rnd.IntN([]int{3, 40, 3000, rawSize}[seed%4]))
					if seed%4 == 0 && at > 1000 {
						n = min(len(b)-at, 4000)
					}
					if err := l.AppendRaw(base+int64(at), b[at:at+n], take); err != nil {
						t.Fatalf("%v, seed %d, at %d: %v", bodies, seed, at, err)
					}
					at += n
					end, whole := base, 0
					for _, size := range sizes {
						if end+int64(size) > base+int64(at) {
							break
						}
						end, whole = end+int64(size), whole+1
					}
					if at == len(b) {
						end = base + rawSize
					}
					if !slices.Equal(taken, sizes[:whole]) || l.End() != end || l.RawEnd() != base+int64(at) {
						t.Fatalf("%v, seed %d, %d bytes: took %v of %v, readable up to %d, want %d, goes on at %d", bodies, seed, at,
							taken, sizes, l.End(), end, l.RawEnd())
					}
				}
				if !bytes.Equal(l.Find(base).Data, b) {
					t.Fatalf("%v, seed %d: the file differs", bodies, seed)
				}
				if want := int64(1000 + len(bodies) - 1); len(bodies) > 0 && l.LastStoreTime() != want {
					t.Errorf("newest store time %d, want %d", l.LastStoreTime(), want)
				}
			}
		}
	}
}

// TestRawRefuses: bytes that no log can hold there are refused where they stand, in one piece or two, and the log goes
// on
// in front of them.
func TestRawRefuses(t *testing.T) {
	good, sizes := otherFile(t, 0, 50, 60, 70)
	second := sizes[0]
	for what, spoil := range map[string]func(b []byte){
		"zeros":             func(b []byte) { clear(b[second:]) },
		"another place":     func(b []byte) { b[second+record.PosPhysicalOffset+7]++ },
		"no magic number":   func(b []byte) { b[second+record.PosMagic]++ },
		"too small":         func(b []byte) { copy(b[second:], []byte{0, 0, 0, 5}) },
		"over the file":     func(b []byte) { copy(b[second:], []byte{0, 1, 0, 0}) },
		"a blank too short": func(b []byte) { record.PutBlank(b[second:], int64(rawSize-second-1)) },
		"a blank too long":  func(b []byte) { record.PutBlank(b[second:], int64(rawSize-second+1)) },
		"another body":      func(b []byte) { b[second+sizes[1]-20]++ },
	} {
		for _, cut := range []int{0, second + 5, second + record.BlankSize} { // what comes first
			l, took := rawLog(t), 0
			b := bytes.Clone(good)
			spoil(b)
			take := func(*record.View) error { took++; return nil }
			var err error
			if cut > 0 {
				err = l.AppendRaw(0, b[:cut], take)
			}
			if err == nil {
				err = l.AppendRaw(int64(cut), b[cut:], take)
			}
			var bad *datafile.CorruptionError
			if what == "another body" && err == nil { // the sums are not looked at here
				continue
			}
			if !errors.As(err, &bad) || bad.Offset != int64(second) || took != 1 || l.End() != int64(second) ||
				l.RawEnd() != int64(second) {
				t.Errorf("%s, %d first: %v, took %d, readable up to %d, goes on at %d", what, cut, err, took, l.End(), l.RawEnd())
			}
			if err := l.AppendRaw(int64(second), good[second:], take); err != nil || l.End() != rawSize || took != 3 {
				t.Errorf("%s: the right bytes then: %v, took %d, readable up to %d", what, err, took, l.End())
			}
		}
	}
}

// TestRawWaitsForItsTaker: what a taker has to do first is done without the lock, and the record comes again; when it
// fails, or the taker refuses, the record and all behind it is not part of the log.
func TestRawWaitsForItsTaker(t *testing.T) {
	b, sizes := otherFile(t, 0, 50, 60, 70)
	second, refuse := int64(sizes[0]), errors.New("no")
	for what, c := range map[string]struct {
		do   func(l *Log) error // of the Pending; nil: the taker refuses at once
		want error
	}{"done": {func(*Log) error { return nil }, nil}, "fails": {func(*Log) error { return refuse }, refuse},
		"refused": {nil, refuse}} {
		for _, cut := range []int64{0, second + 3} {
			l := rawLog(t)
			var took []int64
			asked := 0
			take := func(m *record.View) error {
				if m.PhysicalOffset == second && asked == 0 {
					if asked++; c.do == nil {
						return refuse
					}
					return &Pending{func() error {
						if l.End() != second {
							t.Errorf("%s: readable up to %d meanwhile", what, l.End())
						}
						l.Exclusive(func() {}) // hangs if the lock is held
						return c.do(l)
					}}
				}
				took = append(took, m.PhysicalOffset)
				return nil
			}
			var err error
			if cut > 0 {
				err = l.AppendRaw(0, b[:cut], take)
			}
			if err == nil {
				err = l.AppendRaw(cut, b[cut:], take)
			}
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("%s: %v", what, err)
			}
			end, n := int64(rawSize), 3
			if c.want != nil {
				end, n = second, 1
			}
			if len(took) != n || l.End() != end || l.RawEnd() != end {
				t.Errorf("%s: took %v, readable up to %d, goes on at %d", what, took, l.End(), l.RawEnd())
			}
		}
	}
}

// TestChangeOfSides: a log that takes records becomes a copy with all that was appended, its waiters for replicas hear
// why, and takes no records; it becomes one that does again without what came in of a record.
func TestChangeOfSides(t *testing.T) {
	l, _, _ := started(t, Events{})
	l.Configure(Settings{AppendTimeout: time.Minute, ReplicaTimeout: time.Minute})
	for range 2 {
		if _, err := put(l, 100, true, true); err != nil {
			t.Fatal(err)
		}
	}
	waits := make(answer, 1)
	l.WaitReplicated(200, waits)
	if l.IsRaw() {
		t.Error("raw before")
	}
	if err := l.BecomeRaw(); err != nil || !l.IsRaw() || l.End() != 200 || l.RawEnd() != 200 {
		t.Fatalf("%v, raw %v, readable up to %d", err, l.IsRaw(), l.End())
	}
	if err := waits.told(t); !errors.Is(err, ErrRaw) {
		t.Errorf("who waits for replicas: %v", err)
	}
	if _, err := put(l, 100, true, false); !errors.Is(err, ErrRaw) {
		t.Errorf("a record: %v", err)
	}
	m := record.Message{Topic: "T", Body: []byte("x")}
	b, err := record.Limits{MaxBody: 100}.Append(nil, &m, record.Stamp{Offset: 200, StoreTime: 77})
	if err != nil {
		t.Fatal(err)
	}
	take := func(*record.View) error { return nil }
	if err := l.AppendRaw(200, append(bytes.Clone(b), b[:20]...), take); err != nil || l.RawEnd() != 220+int64(len(b)) {
		t.Fatalf("%v, goes on at %d", err, l.RawEnd())
	}
	end := 200 + int64(len(b))
	if err := l.BecomeWritable(); err != nil || l.IsRaw() || l.End() != end || l.RawEnd() != end {
		t.Fatalf("%v, raw %v, readable up to %d, goes on at %d", err, l.IsRaw(), l.End(), l.RawEnd())
	}
	if at, err := put(l, 100, true, false); err != nil || at != end || l.End() != end+100 {
		t.Errorf("a record then: at %d, %v", at, err)
	}
	if err := l.AppendRaw(end+100, b, take); !errors.Is(err, ErrNotRaw) {
		t.Errorf("bytes of another log: %v", err)
	}
	empty := rawLog(t)
	if err := empty.BecomeWritable(); err != nil || empty.IsRaw() {
		t.Fatal(err)
	}
	if at, err := put(empty, 100, false, false); err != nil || at != 0 || empty.End() != 100 {
		t.Errorf("an empty log: at %d, %v", at, err)
	}
}

// TestLastRecord: the newest record that somebody wants, also of an older file; none behind what is none.
func TestLastRecord(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for base := int64(0); base < 3*rawSize; base += rawSize {
		b, s := otherFile(t, base, 50, 60, 70)
		if sizes = s; base == 2*rawSize {
			clear(b[s[0]:])
		}
		f, err := mem.Create("/log/" + datafile.Name(base))
		if err == nil {
			_, err = f.WriteAt(b, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l := New(Options{FS: mem, Paths: []string{"/log"}, SegmentSize: rawSize}, Settings{}, nil, Events{})
	if err := l.Load(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	l.Readable.Store(2*rawSize + int64(sizes[0]))
	for what, c := range map[string]struct {
		accept func(m *record.View) bool
		want   int64 // -1: none
	}{
		"any":            {func(*record.View) bool { return true }, 2 * rawSize},
		"of queue 2":     {func(m *record.View) bool { return m.QueueOffset == 2 }, rawSize + int64(sizes[0]+sizes[1])},
		"of queue 0":     {func(m *record.View) bool { return m.QueueOffset == 0 }, 2 * rawSize},
		"of the first":   {func(m *record.View) bool { return m.PhysicalOffset < rawSize }, int64(sizes[0] + sizes[1])},
		"none":           {func(*record.View) bool { return false }, -1},
		"of 1 in 2 ones": {func(m *record.View) bool { return m.QueueOffset == 1 }, rawSize + int64(sizes[0])},
	} {
		m, ok := l.LastRecord(c.accept)
		if ok != (c.want >= 0) || ok && m.PhysicalOffset != c.want {
			t.Errorf("%s: at %d, %v, want %d", what, m.PhysicalOffset, ok, c.want)
		}
	}
	for at, want := range map[int64]bool{0: true, int64(sizes[0]): true, 1: false, rawSize: true, 3 * rawSize: false,
		-1: false} {
		if m, ok := l.RecordAt(at); ok != want || ok && m.PhysicalOffset != at {
			t.Errorf("at %d: %d, %v", at, m.PhysicalOffset, ok)
		}
	}
	seg := l.Find(0)
	for from, want := range map[int64]int64{0: 0, 1: int64(sizes[0]), int64(sizes[0]): int64(sizes[0]),
		int64(sizes[0]) + 1: int64(sizes[0] + sizes[1]), int64(sizes[0]+sizes[1]) + 1: -1} {
		if got, err := seg.Search(from, Checks{BodyCRC: true}, func(*record.View) bool { return true }); err != nil ||
			got != want {
			t.Errorf("the first record from %d on is at %d, want %d, %v", from, got, want, err)
		}
	}
	if got, err := seg.Search(0, Checks{}, func(m *record.View) bool { return m.QueueOffset == 2 }); err != nil ||
		got != int64(sizes[0]+sizes[1]) {
		t.Errorf("the one that is wanted is at %d, %v", got, err)
	}
}

// TestLoadInOrder: files of several folders follow each other; where one is missing the start says which, and files of
// folders that are only read are not synced.
func TestLoadInOrder(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	for i, dir := range []string{"/b", "/a", "/old", "/b"} { // bases 0 to 3
		if err := mem.MkdirAll(dir); err != nil {
			t.Fatal(err)
		}
		f, err := mem.Create(dir + "/" + datafile.Name(int64(i)*rawSize))
		if err == nil {
			err = f.Truncate(rawSize)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	load := func() (*Log, error) {
		l := New(Options{FS: mem, Paths: []string{"/a", "/b"}, ReadOnly: []string{"/old"}, SegmentSize: rawSize}, Settings{},
			nil,
			Events{})
		err := l.Load()
		t.Cleanup(l.Close)
		return l, err
	}
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range l.Segments() {
		names = append(names, fmt.Sprint(s.Name, " ", s.ReadOnly))
	}
	want := []string{"/b/" + datafile.Name(0) + " false", "/a/" + datafile.Name(rawSize) + " false",
		"/old/" + datafile.Name(2*rawSize) + " true", "/b/" + datafile.Name(3*rawSize) + " false"}
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	var synced []string
	mem.Inject(func(op, name string) error {
		if op == "sync" || op == "syncdir" {
			synced = append(synced, name)
		}
		return nil
	})
	if err := l.SyncAll(); err != nil || !slices.Equal(synced, []string{"/b/" + datafile.Name(0), "/a/" +
		datafile.Name(rawSize),
		"/b/" + datafile.Name(3*rawSize), "/a", "/b"}) {
		t.Errorf("%v, synced %q", err, synced)
	}
	for _, bad := range []string{"/a/" + datafile.Name(rawSize), "/b"} {
		mem.Inject(func(op, name string) error {
			if (op == "sync" || op == "syncdir") && name == bad {
				return errors.New("disk")
			}
			return nil
		})
		if l.SyncAll() == nil {
			t.Errorf("%s cannot be synced, and nobody says so", bad)
		}
	}
	mem.Inject(nil)
	if err := mem.Remove("/a/" + datafile.Name(rawSize)); err != nil {
		t.Fatal(err)
	}
	_, err = load()
	var gap *datafile.CorruptionError
	if !errors.As(err, &gap) || !gap.Missing || gap.File != "/old/"+datafile.Name(2*rawSize) {
		t.Errorf("a file is missing: %v", err)
	}
}
