package recovery

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"gorocket/store/checkpoint"
	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

const logFile = 16 << 10

// place is a log and its queues as a start finds them.
type place struct {
	t      *testing.T
	mem    *vfs.Mem
	log    *commitlog.Log
	queues *consumequeue.Table
	known  bool  // the queues are those of a manifest
	size   int64 // of a file of the log; 0: logFile
}

// logOf writes a log of files, each with records of topic T, queue 0, whose store times (ms) are given, and a blank
// behind them. Offsets in the queue go on from file to file.
func logOf(t *testing.T, files ...[]int64) *place {
	t.Helper()
	p := &place{t: t, mem: vfs.NewMem()}
	t.Cleanup(p.mem.Free)
	if err := p.mem.MkdirAll("/s/commitlog"); err != nil {
		t.Fatal(err)
	}
	at := int64(0) // of the queue
	for i, times := range files {
		b := make([]byte, 0, logFile)
		for _, ms := range times {
			b = append(b, rawRecord(msg("T", 0, "body"), int64(i)*logFile+int64(len(b)), at, ms)...)
			at++
		}
		b = b[:logFile]
		if i < len(files)-1 {
			n := 0
			for size, _ := record.Head(b); size > 0; size, _ = record.Head(b[n:]) {
				n += int(size)
			}
			record.PutBlank(b[n:], int64(logFile-n))
		}
		f, err := p.mem.Create("/s/commitlog/" + datafile.Name(int64(i)*logFile))
		if err == nil {
			_, err = f.WriteAt(b, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p.open()
	return p
}

// open maps the log and finds the queues.
func (p *place) open() {
	p.t.Helper()
	p.log = commitlog.New(commitlog.Options{FS: p.mem, Paths: []string{"/s/commitlog"},
		SegmentSize: cmp.Or(p.size, logFile)}, commitlog.Settings{}, nil, commitlog.Events{})
	if err := p.log.Load(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.log.Close)
	p.queues = consumequeue.New(consumequeue.Options{FS: p.mem, Root: "/s", FileSize: 50 * consumequeue.Unit,
		BatchSize: 30 * consumequeue.BatchUnit, ExtSize: 1000, MaxOpenFiles: 10}, consumequeue.Settings{}, p.log,
		consumequeue.Events{Flushed: func(int64) error { return nil }})
	var err error
	if p.known, err = p.queues.Load(-1, false); err != nil {
		p.t.Fatal(err)
	}
}

// run recovers with a checkpoint of one time for everything.
func (p *place) run(clean bool, safe int64) (Report, int64, error) {
	in := Input{Log: p.log, Queues: p.queues, Checks: commitlog.Checks{BodyCRC: true}, MaxMemory: 1 << 20, Root: "/s",
		Crash: Crash{Clean: clean, Checkpoint: checkpoint.Values{PhysicTime: safe, LogicsTime: safe, IndexTime: safe}}}
	return Run(in)
}

// TestStartSegment: after a kill verification begins with the newest file whose first record is old enough; the index
// counts where it has to be safe.
func TestStartSegment(t *testing.T) {
	p := logOf(t, []int64{1000}, []int64{10_000}, []int64{20_000}, []int64{30_000})
	for _, c := range []struct {
		log, queues, index int64
		safe               bool
		want               int
	}{{0, 0, 0, false, 0}, {13_000, 50_000, 0, false, 1}, {12_999, 50_000, 0, false, 0}, {50_000, 23_000, 0, false, 2},
		{50_000, 22_999, 0, false, 1}, {50_000, 50_000, 0, false, 3}, {50_000, 50_000, 0, true, 0},
		{50_000, 50_000, 13_000, true, 1}} {
		crash := Crash{Checkpoint: checkpoint.Values{PhysicTime: c.log, LogicsTime: c.queues, IndexTime: c.index},
			IndexSafe: c.safe}
		if got := crash.StartSegment(p.log.Segments()); got != c.want {
			t.Errorf("%+v: file %d", c, got)
		}
	}
	// a file whose first record is none, or belongs elsewhere, says nothing
	for _, harm := range []int64{4, 28 + 7} {
		f, err := p.mem.OpenFile("/s/commitlog/" + datafile.Name(3*logFile))
		if err == nil {
			_, err = f.WriteAt([]byte{1}, harm)
		}
		if err != nil {
			t.Fatal(err)
		}
		crash := Crash{Checkpoint: checkpoint.Values{PhysicTime: 50_000, LogicsTime: 50_000}}
		if got := crash.StartSegment(p.log.Segments()); got != 2 {
			t.Errorf("byte %d changed: file %d", harm, got)
		}
	}
	zero := logOf(t, []int64{1000}, []int64{0})
	crash := Crash{Checkpoint: checkpoint.Values{PhysicTime: 50_000, LogicsTime: 50_000}}
	if got := crash.StartSegment(zero.log.Segments()); got != 0 {
		t.Errorf("a record without a time says something: file %d", got)
	}
}

// TestRunFindsEverything: whatever the checkpoint says and the queues hold, they hold all of the log in the end.
func TestRunFindsEverything(t *testing.T) {
	files := [][]int64{{1000, 2000}, {10_000, 11_000}, {20_000, 21_000}}
	for _, clean := range []bool{true, false} {
		for _, safe := range []int64{0, 14_000, 50_000} {
			p := logOf(t, files...)
			report, newest, err := p.run(clean, safe)
			if err != nil || newest != 21_000 || report.Clean != clean || report.To != p.log.End() {
				t.Fatalf("clean %v, safe %d: %+v, newest %d, %v", clean, safe, report, newest, err)
			}
			q := p.queues.Get("T", 0)
			if q == nil || q.Entries() != 6 {
				t.Fatalf("clean %v, safe %d: %+v", clean, safe, q)
			}
			if full := report.FullRebuild; full != (safe > 0 && !clean) || report.Rebuilt < 6 {
				t.Errorf("clean %v, safe %d: %+v", clean, safe, report)
			}
			if err := p.queues.FlushAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.queues.Close()
			p.open()
			report, newest, err = p.run(clean, safe) // and once more, with queues that are whole
			if err != nil || newest != 21_000 || report.FullRebuild || p.queues.Get("T", 0).Entries() != 6 ||
				clean && report.Rebuilt != 0 {
				t.Errorf("clean %v, safe %d, again: %+v, newest %d, %v", clean, safe, report, newest, err)
			}
			p.queues.Close()
		}
	}
}

// TestTornTailOrDamage: what follows the end of the log is cut off, unless a record that was synced stands behind it,
// in the same file or a later one: then nothing is touched, and the error names the place.
func TestTornTailOrDamage(t *testing.T) {
	size := int64(len(rawRecord(msg("T", 0, "body"), 0, 0, 1)))
	for _, c := range []struct {
		safe    int64
		damaged bool
	}{{0, false}, {2000, false}, {2001, true}, {50_000, true}} {
		p := logOf(t, []int64{1000, 1500, 2000})
		before, _ := vfs.ReadFile(p.mem, "/s/commitlog/"+datafile.Name(0))
		f, err := p.mem.OpenFile("/s/commitlog/" + datafile.Name(0))
		if err == nil {
			_, err = f.WriteAt([]byte{0, 0, 0, 0, 0, 0, 0, 0}, size) // the second record
		}
		if err != nil {
			t.Fatal(err)
		}
		report, _, err := p.run(false, c.safe)
		var bad *datafile.CorruptionError
		if errors.As(err, &bad) != c.damaged || c.damaged && (bad.Offset != size ||
			bad.File != "/s/commitlog/"+datafile.Name(0)) {
			t.Errorf("synced up to %d: %v", c.safe, err)
		}
		after, _ := vfs.ReadFile(p.mem, "/s/commitlog/"+datafile.Name(0))
		cut := slices.IndexFunc(after[size:], func(b byte) bool { return b != 0 }) < 0
		if cut == c.damaged || !c.damaged && (report.To != size || p.log.End() != size || report.Trimmed == 0) ||
			c.damaged && string(after[2*size:]) != string(before[2*size:]) {
			t.Errorf("synced up to %d: cut %v, %+v", c.safe, cut, report)
		}
	}
}

// TestProgressIsTold: a long walk says where it is.
func TestProgressIsTold(t *testing.T) {
	var seen []string
	r := recovery{Input: Input{Events: Events{Progress: func(p Progress) {
		seen = append(seen, fmt.Sprint(p.Phase, p.File, p.Offset, p.End))
	}}}, phase: "verify", shown: time.Now().Add(time.Hour)}
	seg := &commitlog.Segment{Name: "f"}
	for i := range int64(3 * 4096) {
		r.progress(seg, i*progressBytes/4096, 5)
	}
	if want := []string{fmt.Sprint("verify", "f", int64(8191*progressBytes/4096), 5),
		fmt.Sprint("verify", "f", int64(12287*progressBytes/4096), 5)}; !slices.Equal(seen, want) {
		t.Errorf("told %v, want %v", seen, want)
	}
}

// TestWalkTellsProgress: a walk that takes long says where it is, every 4096 records at most.
func TestWalkTellsProgress(t *testing.T) {
	list := make([]rec, 2*4096+1)
	for i := range list {
		list[i] = rec{int64(i), 1000}
	}
	p := placeWith(t, list...)
	size := int64(len(rawRecord(msg("T", 0, "body"), 0, 0, 1)))
	var seen []Progress
	r := recovery{Input: p.input(false, 0, false), phase: "queues"} // nothing was told for years
	r.Events.Progress = func(x Progress) { seen = append(seen, x) }
	segs := p.log.Segments()
	end, err := r.walk(segs, 0, r.Checks, segs[0].End(), func(*record.View) error { return nil })
	want := Progress{Phase: "queues", File: segs[0].Name, Offset: 4096 * size, End: segs[0].End()}
	if err != nil || end != int64(len(list))*size || len(seen) == 0 || seen[0] != want || len(seen) > 2 {
		t.Errorf("%v, ends at %d, told %+v, want %+v", err, end, seen, want)
	}
}
