package check

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"gorocket/store/checkpoint"
	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/index"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

var localhost = netip.MustParseAddrPort("127.0.0.1:10911")

// logSize is the size of a log file in these tests, bytes.
const logSize = 4000

// verifierOf looks at a memory file system.
func verifierOf(t *testing.T, clean bool) (*verifier, *vfs.Mem) {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := Options{Root: "/s", IndexSlots: 10, IndexEntries: 40, Log: commitlog.Options{Paths: []string{"/s/commitlog"}, SegmentSize: logSize},
		Queues: consumequeue.Options{Root: "/s", FileSize: 10 * consumequeue.Unit, BatchSize: 10 * consumequeue.BatchUnit}}
	return &verifier{cfg: cfg, start: cfg, fs: mem, last: map[queueKey]lastRecord{},
		report: &Report{CleanStop: clean, Counts: map[Severity]int{}}}, mem
}

// found are the findings since the last call: severity, kind, file and offset of each.
func (v *verifier) found() (all []string) {
	for _, f := range v.report.Findings {
		all = append(all, fmt.Sprintf("%s %s %s", f.Severity, f.Kind, f.Place()))
	}
	v.report.Findings = nil
	return all
}

// TestCheckpointFile: its size, and each of its three times, have to be what a store writes.
func TestCheckpointFile(t *testing.T) {
	name := "/s/checkpoint"
	with := func(at int, value int64) []byte {
		b := checkpoint.Values{PhysicTime: 1, LogicsTime: 2, IndexTime: 3, MasterFlushedOffset: -1}.Encode()
		binary.BigEndian.PutUint64(b[8*at:], uint64(value))
		return b
	}
	for what, c := range map[string]struct {
		b    []byte
		want []string
	}{
		"whole":                {with(0, 1), nil},
		"the last good time":   {with(2, farFuture), nil},
		"no time":              {with(0, -1), []string{"damaged checkpoint /s/checkpoint:0"}},
		"far away":             {with(1, farFuture+1), []string{"damaged checkpoint /s/checkpoint:8"}},
		"the third":            {with(2, -5), []string{"damaged checkpoint /s/checkpoint:16"}},
		"the fourth may be":    {with(3, -5), nil},
		"short":                {with(0, 1)[:40], []string{"repairable checkpoint /s/checkpoint"}},
		"short, and no time":   {with(0, -1)[:40], []string{"repairable checkpoint /s/checkpoint", "damaged checkpoint /s/checkpoint:0"}},
		"too short for values": {with(0, -1)[:39], []string{"repairable checkpoint /s/checkpoint"}},
		"none":                 {nil, []string{"note checkpoint /s/checkpoint"}},
	} {
		v, mem := verifierOf(t, false)
		if c.b != nil {
			putFile(t, mem, name, string(c.b), int64(len(c.b)))
		}
		if err := v.checkpoint(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := v.found(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", what, got)
		}
		if got, err := v.readCheckpoint(); err != nil || len(c.b) >= 40 && got.LogicsTime == 0 || len(c.b) < 40 && got != (checkpoint.Values{}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	v, mem := verifierOf(t, true)
	putFile(t, mem, name, "", 40)
	if err := v.checkpoint(); err != nil || !slices.Equal(v.found(), []string{"damaged checkpoint /s/checkpoint"}) {
		t.Errorf("short after a clean stop: %v", err)
	}
	mem.Inject(func(op, name string) error {
		if op == "open" {
			return errors.New("disk")
		}
		return nil
	})
	if err := v.checkpoint(); err == nil {
		t.Error("a file that cannot be read is fine")
	}
	if _, err := v.readCheckpoint(); err == nil {
		t.Error("a file that cannot be read has values")
	}
}

// TestConfigFiles: files that are no tables are not looked at; a table that does not parse is repairable when its .bak
// does.
func TestConfigFiles(t *testing.T) {
	v, mem := verifierOf(t, true)
	if err := v.config(); err != nil || v.report.ConfigFiles != 0 {
		t.Errorf("no folder: %v", err)
	}
	for name, text := range map[string]string{"a.json": `{"x":{1:2}}`, "b.json": "{", "b.json.bak": "{}", "c.json": "{", "c.json.bak": "{",
		"d.json": "", "e.json": "nonsense", "e.json.bak": "", "notes.txt": "{", "e.jsonx": "{"} {
		putFile(t, mem, "/s/config/"+name, text, int64(len(text)))
	}
	if err := mem.MkdirAll("/s/config/folder.json"); err != nil {
		t.Fatal(err)
	}
	want := []string{"repairable config /s/config/b.json", "damaged config /s/config/c.json", "damaged config /s/config/d.json",
		"damaged config /s/config/e.json"}
	if err := v.config(); err != nil || v.report.ConfigFiles != 5 {
		t.Errorf("%d files, %v", v.report.ConfigFiles, err)
	}
	if got := v.found(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	mem.Inject(func(op, name string) error {
		if op == "open" && strings.HasSuffix(name, "b.json") {
			return errors.New("disk")
		}
		return nil
	})
	if err := v.config(); err == nil {
		t.Error("a file that cannot be read is fine")
	}
}

// TestIndexShapes: a file whose size is neither the configured nor a usual one cannot be checked; it is odd only beside
// one that is known.
func TestIndexShapes(t *testing.T) {
	known, other := index.FileSize(10, 40), int64(12345)
	for what, c := range map[string]struct {
		clean bool
		sizes []int64
		want  []string
	}{
		"known":               {true, []int64{known}, nil},
		"unknown":             {true, []int64{other, other}, []string{"note index /s/index/0", "note index /s/index/1"}},
		"one of them":         {true, []int64{known, other}, []string{"damaged index /s/index/1"}},
		"one of them, killed": {false, []int64{other, known}, []string{"repairable index /s/index/0"}},
		"none":                {true, nil, nil},
	} {
		v, mem := verifierOf(t, c.clean)
		for i, size := range c.sizes {
			putFile(t, mem, fmt.Sprint("/s/index/", i), "", size)
		}
		if len(c.sizes) > 0 {
			if err := mem.MkdirAll("/s/index/9"); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.index(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if got := v.found(); !slices.Equal(got, c.want) || v.report.IndexFiles != int64(len(c.sizes)-len(c.want)) {
			t.Errorf("%s: %q, %d files", what, got, v.report.IndexFiles)
		}
	}
	v, mem := verifierOf(t, true)
	putFile(t, mem, "/s/index/0", "", known)
	mem.Inject(func(op, name string) error {
		if op == "readdir" {
			return errors.New("disk")
		}
		return nil
	})
	if err := v.index(); err == nil {
		t.Error("a folder that cannot be read is fine")
	}
	for _, c := range []struct {
		size           int64
		slots, entries int
	}{{known, 10, 40}, {index.FileSize(5_000_000, 20_000_000), 5_000_000, 20_000_000}, {index.FileSize(100_000, 400_000), 100_000, 400_000},
		{known + 1, 0, 0}} {
		if slots, entries, ok := v.indexShape(c.size); slots != c.slots || entries != c.entries || ok != (c.slots > 0) {
			t.Errorf("%d bytes: %d, %d, %v", c.size, slots, entries, ok)
		}
	}
}

// logOf gives the verifier a log of n records of queue T/1, each of size bytes; keys are k0, k1 and so on.
func logOf(t *testing.T, v *verifier, mem *vfs.Mem, n int) (size int64) {
	t.Helper()
	var all []byte
	limits := record.Limits{MaxBody: 1000}
	for i := range n {
		m := record.Message{Topic: "T", QueueID: 1, Body: []byte("body"), Properties: fmt.Appendf(nil, "KEYS\x01k%02d\x02", i),
			BornHost: localhost, StoreHost: localhost}
		b, err := limits.Append(nil, &m, record.Stamp{Offset: int64(len(all)), QueueOffset: int64(i), StoreTime: 1000})
		if err != nil {
			t.Fatal(err)
		}
		all, size = append(all, b...), int64(len(b))
	}
	putFile(t, mem, "/s/commitlog/"+datafile.Name(0), string(all), logSize)
	if err := errors.Join(v.openLog(), v.walkLog()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.close)
	if v.report.LogTo != int64(len(all)) || v.report.Records != int64(n) {
		t.Fatalf("the log ends at %d, want %d: %q", v.report.LogTo, len(all), v.found())
	}
	return size
}

// TestIndexEntries: an entry points at a record with a key of its hash, or in front of the log.
func TestIndexEntries(t *testing.T) {
	v, mem := verifierOf(t, true)
	size := logOf(t, v, mem, 4)
	var hash int32
	if m, ok := v.log.RecordAt(size); ok {
		for h := range dispatch.HashesOf(&m) {
			hash = h
		}
	}
	for what, c := range map[string]struct {
		at   int64
		hash int32
		bad  string
	}{
		"its own":             {size, hash, ""},
		"another key":         {size, hash + 1, "has no key with hash"},
		"of another":          {2 * size, hash, "has no key with hash"},
		"inside of a record":  {size + 1, hash, "no record at log offset"},
		"behind the log":      {4 * size, hash, "but the log ends at"},
		"the end of a record": {4*size - 1, hash, "no record at log offset"},
		"in front of the log": {-1, hash, ""},
	} {
		text := ""
		v.indexEntry(func(pos int64, format string, args ...any) { text = fmt.Sprintf(format, args...) }, 0, 1, c.hash, c.at)
		if (text == "") != (c.bad == "") || !strings.Contains(text, c.bad) {
			t.Errorf("%s: %q", what, text)
		}
	}
	v.rotten = true
	v.indexEntry(func(int64, string, ...any) { t.Error("of a log with damage nothing is said") }, 0, 1, hash, 4*size)
}

// queueFile writes a file of queue T/1 with entries of the records at these offsets; -1 leaves a hole.
func queueFile(t *testing.T, mem *vfs.Mem, base int64, size int32, at ...int64) {
	t.Helper()
	var b []byte
	for _, offset := range at {
		if offset < 0 {
			b = append(b, make([]byte, consumequeue.Unit)...)
			continue
		}
		b = consumequeue.AppendEntry(b, &dispatch.Entry{Offset: offset, Size: size})
	}
	putFile(t, mem, "/s/consumequeue/T/1/"+datafile.Name(base*consumequeue.Unit), string(b), 10*consumequeue.Unit)
}

// TestQueueFindings: what is wrong with the files of a queue is told once, with file and place, as what a kill leaves
// after a kill.
func TestQueueFindings(t *testing.T) {
	const n, unit = 14, consumequeue.Unit
	dir := "/s/consumequeue/T/1"
	first, second, third := dir+"/"+datafile.Name(0), dir+"/"+datafile.Name(10*unit), dir+"/"+datafile.Name(20*unit)
	place := func(file string, entry int) string { return fmt.Sprintf("%s:%d", file, entry*unit) }
	for what, c := range map[string]struct {
		make    func(t *testing.T, mem *vfs.Mem, size int64)
		want    []string // after a clean stop
		entries int64
	}{
		"whole": {func(t *testing.T, mem *vfs.Mem, size int64) {}, nil, n},
		"ends early": {func(t *testing.T, mem *vfs.Mem, size int64) {
			queueFile(t, mem, 10, int32(size), 10*size, 11*size, 12*size)
		},
			[]string{"damaged consumequeue " + dir}, n - 1},
		"something behind a hole": {func(t *testing.T, mem *vfs.Mem, size int64) {
			queueFile(t, mem, 10, int32(size), 10*size, 11*size, -1, 13*size)
		}, []string{fmt.Sprintf("damaged consumequeue %s:%d", second, 3*unit+6), "damaged consumequeue " + dir}, n - 2},
		"a file is missing": {func(t *testing.T, mem *vfs.Mem, size int64) {
			queueFile(t, mem, 20, int32(size), 13*size)
			_ = mem.Remove(second)
		}, []string{"damaged consumequeue " + third, "damaged consumequeue " + place(third, 0), "damaged consumequeue " + dir}, 11},
		"ends in the first file": {func(t *testing.T, mem *vfs.Mem, size int64) {
			queueFile(t, mem, 0, int32(size), 0, size, 2*size)
		}, []string{"damaged consumequeue " + place(first, 3), "damaged consumequeue " + dir}, 7},
		"behind the log": {func(t *testing.T, mem *vfs.Mem, size int64) {
			queueFile(t, mem, 10, int32(size), 10*size, 11*size, 12*size, 13*size, 14*size)
		}, []string{"damaged consumequeue " + place(second, 4)}, n + 1},
		"no record there": {func(t *testing.T, mem *vfs.Mem, size int64) {
			queueFile(t, mem, 10, int32(size), 10*size, 11*size+1, 12*size, 13*size)
		}, []string{"damaged consumequeue " + place(second, 1)}, n},
		"another size": {func(t *testing.T, mem *vfs.Mem, size int64) {
			queueFile(t, mem, 10, int32(size)+1, 10*size, 11*size, 12*size, 13*size)
		}, []string{"damaged consumequeue " + place(second, 0), "damaged consumequeue " + place(second, 1),
			"damaged consumequeue " + place(second, 2), "damaged consumequeue " + place(second, 3)}, n},
		"gone": {func(t *testing.T, mem *vfs.Mem, size int64) {
			_, _ = mem.Remove(first), mem.Remove(second)
			_ = mem.Remove(dir)
		}, []string{"note consumequeue " + dir}, 0},
		"a folder that is no queue": {func(t *testing.T, mem *vfs.Mem, size int64) {
			_ = mem.MkdirAll("/s/consumequeue/T/x")
			putFile(t, mem, "/s/consumequeue/notes", "", 5)
			putFile(t, mem, "/s/consumequeue/T/5", "", 5)
		}, nil, n},
	} {
		for _, clean := range []bool{true, false} {
			v, mem := verifierOf(t, clean)
			size := logOf(t, v, mem, n)
			var at []int64
			for i := range n {
				at = append(at, int64(i)*size)
			}
			queueFile(t, mem, 0, int32(size), at[:10]...)
			queueFile(t, mem, 10, int32(size), at[10:]...)
			c.make(t, mem, size)
			if err := v.queues(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			want := slices.Clone(c.want)
			for i := range want {
				if !clean {
					want[i] = strings.Replace(want[i], "damaged", "repairable", 1)
				}
			}
			if got := v.found(); !slices.Equal(got, want) || v.report.QueueEntries != c.entries {
				t.Errorf("%s, clean %v: %q, %d entries", what, clean, got, v.report.QueueEntries)
			}
		}
	}
}

// TestQueueSizes: files of a size that is no multiple of an entry are told, and nothing else of the queue.
func TestQueueSizes(t *testing.T) {
	v, mem := verifierOf(t, true)
	logOf(t, v, mem, 3)
	putFile(t, mem, "/s/consumequeue/T/1/"+datafile.Name(0), "", 10*consumequeue.Unit+1)
	if err := v.queues(); err != nil || !slices.Equal(v.found(), []string{"damaged consumequeue /s/consumequeue/T/1"}) || v.report.Queues != 0 {
		t.Errorf("%d queues, %v", v.report.Queues, err)
	}
}

// TestNoQueues: a directory without queues is what a start builds; one with RocksDB's is not looked at.
func TestNoQueues(t *testing.T) {
	v, mem := verifierOf(t, true)
	if err := v.queues(); err != nil || v.found() != nil {
		t.Errorf("an empty store: %v", err)
	}
	logOf(t, v, mem, 3)
	if err := v.queues(); err != nil || !slices.Equal(v.found(), []string{"repairable consumequeue /s/consumequeue"}) {
		t.Errorf("no queues: %v", err)
	}
	if err := mem.MkdirAll("/s/batchconsumequeue"); err != nil {
		t.Fatal(err)
	}
	if err := v.queues(); err != nil || !slices.Equal(v.found(), []string{"note consumequeue /s/consumequeue/T/1"}) {
		t.Errorf("batch queues only: %v", err)
	}
	putFile(t, mem, "/s/consumequeue/CURRENT", "", 5)
	if err := v.queues(); err != nil || !slices.Equal(v.found(), []string{"note consumequeue /s/consumequeue"}) {
		t.Errorf("RocksDB: %v", err)
	}
}

// TestRecordFindings: store times that are none, and topics with zeros in them, are damage of the record.
func TestRecordFindings(t *testing.T) {
	seg := &commitlog.Segment{Name: "/s/commitlog/0"}
	for what, c := range map[string]struct {
		m       record.View
		want    []string
		entries map[queueKey]lastRecord
	}{
		"a message": {record.View{Topic: []byte("T"), QueueID: 2, QueueOffset: 5, PhysicalOffset: 77, StoreTimestamp: farFuture}, nil,
			map[queueKey]lastRecord{{"T", 2}: {77, 5, 1}}},
		"in the far future": {record.View{Topic: []byte("T"), StoreTimestamp: farFuture + 1}, []string{"damaged commitlog /s/commitlog/0:9"},
			map[queueKey]lastRecord{{"T", 0}: {0, 0, 1}}},
		"before 1970": {record.View{Topic: []byte("T"), StoreTimestamp: -1}, []string{"damaged commitlog /s/commitlog/0:9"},
			map[queueKey]lastRecord{{"T", 0}: {0, 0, 1}}},
		"1970": {record.View{Topic: []byte("T")}, nil, map[queueKey]lastRecord{{"T", 0}: {0, 0, 1}}},
		"torn": {record.View{Topic: []byte("\x00T")}, []string{"damaged commitlog /s/commitlog/0:9"},
			map[queueKey]lastRecord{{"\x00T", 0}: {0, 0, 1}}},
		"half": {record.View{Topic: []byte("T"), SysFlag: record.SysFlagPrepared}, nil, map[queueKey]lastRecord{}},
	} {
		v, _ := verifierOf(t, true)
		v.record(seg, 9, &c.m)
		if got := v.found(); !slices.Equal(got, c.want) || v.report.Records != 1 || len(v.last) != len(c.entries) {
			t.Errorf("%s: %q, %+v", what, got, v.last)
		}
		for k, want := range c.entries {
			if v.last[k] != want {
				t.Errorf("%s: %+v", what, v.last)
			}
		}
	}
	v, _ := verifierOf(t, true)
	for i, c := range []struct{ offset, entries int64 }{{5, 1}, {6, 2}, {0, 1}, {1, 2}} { // deleted, and made anew
		v.expect(queueKey{"T", 0}, &record.View{PhysicalOffset: int64(i)}, c.offset)
		if got := v.last[queueKey{"T", 0}]; got != (lastRecord{int64(i), c.offset, c.entries}) {
			t.Errorf("%d: %+v", i, got)
		}
	}
}

// TestDamagedRanges: damage is told file by file, from where it begins to where the next record does.
func TestDamagedRanges(t *testing.T) {
	a, b, c := &commitlog.Segment{Name: "a", Size: 100}, &commitlog.Segment{Name: "b", Size: 100}, &commitlog.Segment{Name: "c", Size: 100}
	for _, r := range []struct {
		segs     []*commitlog.Segment
		from, to int64
		want     []string
	}{{[]*commitlog.Segment{a}, 10, 30, []string{"a 10 30"}}, {[]*commitlog.Segment{a, b, c}, 10, 30, []string{"a 10 100", "b 0 100", "c 0 30"}},
		{[]*commitlog.Segment{a, b}, 100, 30, []string{"b 0 30"}}, {[]*commitlog.Segment{a, b}, 99, 0, []string{"a 99 100"}}} {
		v, _ := verifierOf(t, true)
		v.tellDamage(r.segs, r.from, r.to, "why") // nobody listens
		var got []string
		v.onDamage = func(d damagedRange) { got = append(got, fmt.Sprint(d.seg.Name, " ", d.from, " ", d.to)) }
		if v.tellDamage(r.segs, r.from, r.to, "why"); !slices.Equal(got, r.want) {
			t.Errorf("%d to %d: %q", r.from, r.to, got)
		}
	}
}

// TestCovered: an offset lies in a range from its first byte to its last.
func TestCovered(t *testing.T) {
	seg := func(base int64) *commitlog.Segment { return &commitlog.Segment{Base: base, Size: 1000} }
	k := &skipper{ranges: []blankRange{{damagedRange{seg(0), 10, 20, ""}, 0}, {damagedRange{seg(0), 50, 1000, ""}, 0},
		{damagedRange{seg(1000), 0, 5, ""}, 0}}}
	for at, want := range map[int64]bool{0: false, 9: false, 10: true, 19: true, 20: false, 49: false, 50: true, 999: true, 1000: true,
		1004: true, 1005: false} {
		if k.covered(at) != want {
			t.Errorf("%d: %v", at, !want)
		}
	}
}

// TestMendQueue: entries of messages that are gone stand in for the next message of the queue, the one before where
// there is none, the covering record where there is neither.
func TestMendQueue(t *testing.T) {
	const unit = consumequeue.Unit
	for what, c := range map[string]struct {
		entries []int64 // offsets, in one file after the other of 10
		to      int64   // of the range that begins at 300, in the file of 1000 bytes
		want    []int64 // offsets that entries point to then
		fillers []int   // which are fillers
	}{
		"none":             {[]int64{0, 100, 200, 600}, 500, []int64{0, 100, 200, 600}, nil},
		"in the middle":    {[]int64{0, 300, 400, 500}, 500, []int64{0, 500, 500, 500}, []int{1, 2}},
		"at the end":       {[]int64{0, 100, 300, 499}, 500, []int64{0, 100, 100, 100}, []int{2, 3}},
		"all":              {[]int64{300, 400}, 500, []int64{300, 300}, []int{0, 1}},
		"all, and no more": {[]int64{300, 400}, 1000, []int64{0, 0}, []int{0, 1}},
		"over two files": {[]int64{0, 1, 2, 3, 4, 5, 6, 7, 300, 301, 302, 600}, 500,
			[]int64{0, 1, 2, 3, 4, 5, 6, 7, 600, 600, 600, 600}, []int{8, 9, 10}},
	} {
		v, mem := verifierOf(t, true)
		v.report.LogTo = 1000
		k := &skipper{cfg: v.cfg, fs: mem, v: v, plan: &Plan{}, ranges: []blankRange{{damagedRange{&commitlog.Segment{Size: 1000}, 300, c.to, ""}, 0}}}
		k.cfg.Limits = record.Limits{MaxBody: 1000, LongTopics: true}
		for base := 0; base < len(c.entries); base += 10 {
			queueFile(t, mem, int64(base), 50, c.entries[base:min(base+10, len(c.entries))]...)
		}
		putFile(t, mem, "/s/consumequeue/T/1/notes", "", 5)
		files := k.cfg.queues(mem).Plain()
		if err := k.mendQueue(files, "/s/consumequeue/T/1"); err != nil {
			t.Fatal(err)
		}
		var got []int64
		var fillers []int
		for base := 0; base < len(c.entries); base += 10 {
			b, err := vfs.ReadFile(mem, "/s/consumequeue/T/1/"+datafile.Name(int64(base)*unit))
			if err != nil {
				t.Fatal(err)
			}
			for i := range min(10, len(c.entries)-base) {
				e := files.Decode(b[i*unit:])
				if got = append(got, e.Offset); consumequeue.Filler(&e) {
					fillers = append(fillers, base+i)
				}
			}
		}
		if !slices.Equal(got, c.want) || !slices.Equal(fillers, c.fillers) {
			t.Errorf("%s: %v, fillers %v", what, got, fillers)
		}
	}
}
