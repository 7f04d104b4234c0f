package recovery

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// rec is a record of topic T, queue 0, for a log of them.
type rec struct{ queueOffset, time int64 }

// placeWith is a log of one file with these records, one behind the other.
func placeWith(t *testing.T, list ...rec) *place {
	t.Helper()
	size := max(logFile, 200*len(list))
	b := make([]byte, 0, size)
	for _, r := range list {
		b = append(b, rawRecord(msg("T", 0, "body"), int64(len(b)), r.queueOffset, r.time)...)
	}
	p := &place{t: t, mem: newMem(t), size: int64(size)}
	t.Cleanup(p.mem.Free)
	p.replace([][]byte{b[:size]})
	return p
}

// TestResidue: records of an earlier, longer log behind the end go back in time and leave their queue's order: the log
// ends in front of them, unless one behind is as new as the log, which is damage. After a clean stop all of it is log.
func TestResidue(t *testing.T) {
	size := int64(len(rawRecord(msg("T", 0, "body"), 0, 0, 1)))
	front := []rec{{0, 1000}, {1, 2000}}
	for name, c := range map[string]struct {
		behind  []rec
		clean   bool
		keep    int // records
		damaged bool
	}{
		"a gap":                         {behind: []rec{{5, 1999}}, keep: 2},
		"a gap, later":                  {behind: []rec{{5, 2000}}, keep: 3},
		"an offset that is there":       {behind: []rec{{1, 1999}}, keep: 2},
		"the same, later":               {behind: []rec{{1, 2000}}, keep: 3},
		"the next offset":               {behind: []rec{{2, 500}}, keep: 3},
		"a new topic":                   {behind: []rec{{0, 500}, {1, 600}}, keep: 4},
		"more of it":                    {behind: []rec{{5, 1}, {6, 1999}, {0, 3}}, keep: 2},
		"and one as new":                {behind: []rec{{5, 1}, {6, 2000}}, damaged: true},
		"and a newer one":               {behind: []rec{{5, 1}, {6, 1}, {2, 9000}}, damaged: true},
		"a clean stop":                  {behind: []rec{{5, 1999}}, clean: true, keep: 3},
		"a clean stop, and a newer one": {behind: []rec{{5, 1}, {6, 2000}}, clean: true, keep: 4},
	} {
		p := placeWith(t, append(slices.Clone(front), c.behind...)...)
		report, newest, err := Run(p.input(c.clean, 0, false))
		var bad *datafile.CorruptionError
		if c.damaged {
			if !errors.As(err, &bad) || bad.Offset != 2*size || !strings.HasSuffix(bad.File, datafile.Name(0)) {
				t.Errorf("%s: %v", name, err)
			}
			if first, _ := record.Head(p.log.Segments()[0].Data[2*size:]); first == 0 {
				t.Errorf("%s: it was cut off", name)
			}
			continue
		}
		want := int64(2000)
		for i := range c.keep - 2 {
			want = max(want, c.behind[i].time)
		}
		if err != nil || p.log.End() != int64(c.keep)*size || report.To != p.log.End() || newest != want ||
			!datafile.IsZero(p.log.Segments()[0].Data[p.log.End():]) {
			t.Errorf("%s: %v, ends at %d, want %d, %+v, newest %d", name, err, p.log.End(), int64(c.keep)*size, report, newest)
		}
	}
}

// TestResidueInALaterFile: the walk behind a left-over record goes on through the files behind its own.
func TestResidueInALaterFile(t *testing.T) {
	for last, damaged := range map[int64]bool{1999: false, 2000: true} {
		p := logOf(t, []int64{1000, 2000}, []int64{500}, []int64{last}) // queue offsets follow
		for file := range int64(2) {
			f, err := p.mem.OpenFile("/s/commitlog/" + datafile.Name((file+1)*logFile))
			if err == nil {
				_, err = f.WriteAt(rawRecord(msg("T", 0, "body"), (file+1)*logFile, 7+file, []int64{500, last}[file]), 0)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_, newest, err := Run(p.input(false, 0, false))
		if (err != nil) != damaged || !damaged && (p.log.End() != logFile || newest != 2000 || len(p.log.Segments()) != 1) {
			t.Errorf("the last record is of %d: %v, ends at %d, newest %d", last, err, p.log.End(), newest)
		}
	}
}

// TestOpenBatch: a batch that a kill left without its first size is no damage, whatever stands behind its start; a hole
// is.
func TestOpenBatch(t *testing.T) {
	size := int64(len(rawRecord(msg("T", 0, "body"), 0, 0, 1)))
	for n, damaged := range map[int]bool{4: false, 8: true} { // the size alone, or the magic code too
		p := placeWith(t, rec{0, 1000}, rec{1, 2000}, rec{2, 3000})
		clear(p.log.Segments()[0].Data[size : size+int64(n)])
		_, _, err := Run(p.input(false, 0, true))
		if (err != nil) != damaged || !damaged && p.log.End() != size {
			t.Errorf("%d bytes are missing: %v, ends at %d", n, err, p.log.End())
		}
	}
	for _, b := range [][]byte{nil, make([]byte, record.BlankSize-1), make([]byte, record.BlankSize),
		{0, 0, 0, 1, 1, 1, 1, 1}} {
		if openBatch(b) {
			t.Errorf("%x begins a batch", b)
		}
	}
	if !openBatch([]byte{0, 0, 0, 0, 0, 0, 0, 1}) {
		t.Error("a record without its size begins none")
	}
}

// TestPlaceOf: what becomes of an entry, by what its queue has and what the log can explain.
func TestPlaceOf(t *testing.T) {
	const logEnd = 100 * record.MinSize // explains a jump of 100
	p := placeWith(t)
	n := 0
	queue := func(topic string, first, count, reserved int64) *consumequeue.Queue {
		n++
		q := p.queues.GetOrCreate(fmt.Sprint(topic, n), 0, false)
		q.Start(first)
		for i := range count {
			p.queues.Push(q, []dispatch.Entry{{Offset: 1000 * (i + 1), Size: 100, Base: first + i, Count: 1}})
		}
		q.Reserved = reserved
		return q
	}
	const light = dispatch.LightPrefix
	for _, c := range []struct {
		topic                  string
		first, count, reserved int64
		at, base               int64
		whole                  bool
		want                   Place
	}{
		{"T", 0, 3, 0, 5000, 3, true, PlaceNext}, {"T", 0, 3, 2, 5000, 5, true, PlaceNext},
		{"T", 0, 3, 0, 2000, 1, true, PlaceKnown}, {"T", 0, 3, 0, 3000, 2, true, PlaceKnown},
		{"T", 0, 3, 0, 3000, 3, true, PlaceNext}, // the same record in a queue twice
		{"T", 0, 3, 0, 5000, 4, true, PlaceGap}, {"T", 0, 3, 2, 5000, 3, true, PlaceBehind},
		{"T", 0, 3, 0, 5000, 103, true, PlaceGap}, {"T", 0, 3, 0, 5000, 104, true, PlaceFar},
		{"T", 0, 0, 0, 5000, 0, true, PlaceNext}, {"T", 0, 0, 0, 5000, 7, true, PlaceStart},
		{"T", 0, 0, 0, 5000, 1 << 40, true, PlaceStart}, {"T", 0, 0, 0, 5000, 7, false, PlaceGap},
		{"T", 0, 0, 1, 5000, 7, true, PlaceGap}, {"T", 0, 0, 0, 5000, 1 << 40, false, PlaceFar},
		{light, 0, 0, 0, 5000, 100, true, PlaceStart}, {light, 0, 0, 0, 5000, 101, true, PlaceFar},
		{"T", 0, 3, 0, 5000, 0, true, PlaceAgain}, {"T", 0, 3, 0, 5000, 1, true, PlaceBehind},
		{"T", 50, 3, 0, 5000, 49, true, PlaceBehind}, {"T", 50, 3, 0, 5000, 53, true, PlaceNext},
	} {
		q := queue(c.topic, c.first, c.count, c.reserved)
		e := dispatch.Entry{Offset: c.at, Size: 100, Base: c.base, Count: 1}
		if got := PlaceOf(q, &e, logEnd, c.whole); got != c.want {
			t.Errorf("%+v: place %d", c, got)
		}
	}
	for place := range PlaceBehind + 1 {
		if jump := place == PlaceGap || place == PlaceFar || place == PlaceBehind; (place.Why() != "") != jump {
			t.Errorf("place %d: %q", place, place.Why())
		}
	}
}

// TestFillers: they stand for what is missing, no more than 4096 at once.
func TestFillers(t *testing.T) {
	for _, c := range []struct {
		base, have int64
		want       int
	}{{5, 4, 1}, {5, 0, 5}, {4096, 0, 4096}, {9000, 1, 4096}} {
		e := dispatch.Entry{Offset: 700, Size: 100, Base: c.base, Count: 1, Tags: 3}
		list := Fillers(&e, c.have)
		for i, f := range list {
			if !consumequeue.Filler(&f) || f.Offset != 700 || f.Size != 100 || f.Base != c.have+int64(i) || f.Count != 1 {
				t.Fatalf("%+v: filler %d is %+v", c, i, f)
			}
		}
		if len(list) != c.want {
			t.Errorf("%+v: %d fillers", c, len(list))
		}
	}
}

// TestMemoryOfALongRecovery: queues that grow beyond twice what they may keep are written meanwhile, and not before.
func TestMemoryOfALongRecovery(t *testing.T) {
	const n = recoverFlush + 100
	one := rawRecord(msg("T", 0, ""), 0, 0, 1)
	b := make([]byte, 0, n*len(one)+record.BlankSize)
	for i := range int64(n) {
		b = append(b, rawRecord(msg("T", 0, ""), int64(len(b)), i, 1000)...)
	}
	record.PutBlank(b[len(b):cap(b)], record.BlankSize)
	for _, most := range []int64{recoverFlush * consumequeue.Unit / 3, recoverFlush * consumequeue.Unit} {
		p := &place{t: t, mem: newMem(t), size: int64(cap(b))}
		p.replace([][]byte{b[:cap(b)]})
		in := p.input(false, 0, false)
		in.MaxMemory = most
		t.Cleanup(p.mem.Free)
		if _, _, err := Run(in); err != nil {
			t.Fatal(err)
		}
		q := p.queues.Get("T", 0)
		if written := q.HasFile(); q.Entries() != n || written != (most < recoverFlush*consumequeue.Unit/2) ||
			written != (p.queues.Memory() < recoverFlush*consumequeue.Unit) {
			t.Errorf("%d bytes may be kept: %d entries, in files: %v, %d bytes in memory", most, q.Entries(), written,
				p.queues.Memory())
		}
	}
}

// TestEveryQueueIsReset: in front of the walk each queue holds what it surely has, and zeros behind that; a disk that
// fails ends it with the first queue.
func TestEveryQueueIsReset(t *testing.T) {
	const queues, kept = 5, 7
	make5 := func() *place {
		p := placeWith(t)
		for id := range int32(queues) {
			var list []dispatch.Entry
			for i := range int64(kept) {
				list = append(list, dispatch.Entry{Offset: 100 * i, Size: 100})
			}
			p.queues.Push(p.queues.GetOrCreate("T", id, false), list)
		}
		p.saveQueues()
		for id := range queues { // what a crash left, and no start has read
			f, err := p.mem.OpenFile(fmt.Sprintf("/s/consumequeue/T/%d/%s", id, datafile.Name(0)))
			if err == nil {
				_, err = f.WriteAt(bytes.Repeat([]byte{1}, 5*consumequeue.Unit), 20*consumequeue.Unit)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return p
	}
	for phy, want := range map[int64]int64{700: kept, 699: kept, 300: 3, 0: 0} {
		p := make5()
		r := &recovery{Input: p.input(false, 0, false)}
		if err := r.resetQueues(phy); err != nil {
			t.Fatal(err)
		}
		for id := range int32(queues) {
			b, err := vfs.ReadFile(p.mem, fmt.Sprintf("/s/consumequeue/T/%d/%s", id, datafile.Name(0)))
			q := p.queues.Get("T", id)
			if err != nil && want > 0 || q.Entries() != want || want > 0 && !datafile.IsZero(b[want*consumequeue.Unit:]) {
				t.Errorf("below %d: queue %d has %d entries, want %d (%v), behind them zeros %v", phy, id, q.Entries(), want,
					err, datafile.IsZero(b[want*consumequeue.Unit:]))
			}
		}
	}
	p, disk := make5(), errors.New("disk")
	failed := map[string]bool{}
	p.mem.Inject(func(op, name string) error {
		if op != "read" && op != "open" && op != "tryread" && strings.Contains(name, "/consumequeue/") {
			failed[name] = true
			return disk
		}
		return nil
	})
	r := &recovery{Input: p.input(false, 0, false)}
	if err := r.resetQueues(700); !errors.Is(err, disk) || len(failed) != 1 {
		t.Errorf("%v, tried with %v", err, failed)
	}
	p.mem.Inject(nil)
}
