package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// twoDisks are options of a store whose log has a second folder and one that is only read.
func twoDisks() Options {
	return Options{Root: "/s", Indexed: true, Log: commitlog.Options{Paths: []string{"/s/commitlog", "/disk2/log"},
		ReadOnly: []string{"/old/log"}, SegmentSize: 100}}
}

// repairerOf looks at a memory file system.
func repairerOf(t *testing.T) (*repairer, *vfs.Mem) {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	return &repairer{cfg: twoDisks(), fs: mem, dry: vfs.NewDryRun(mem), plan: &Plan{Aside: "repair-1"}}, mem
}

// putFile makes a file of size bytes that begins with text.
func putFile(t *testing.T, fsys vfs.FS, name, text string, size int64) {
	t.Helper()
	if err := fsys.MkdirAll(name[:strings.LastIndexByte(name, '/')]); err != nil {
		t.Fatal(err)
	}
	f, err := fsys.Create(name)
	if err == nil {
		_, err = f.WriteAt([]byte(text), 0)
	}
	if err == nil {
		err = f.Truncate(size)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

// told are the steps of a plan: who, what, file and offset of each.
func (p *Plan) told() (steps []string) {
	for _, s := range p.Steps {
		steps = append(steps, fmt.Sprintf("%s %s %s %d", s.By, s.Action, s.File, s.Offset))
	}
	return steps
}

// opened is a store that was opened in a trial.
type opened struct {
	report      recovery.Report
	end, behind int64
	refused     error
	write       error
	stops       int
}

func (o *opened) Start() error                      { return nil }
func (o *opened) Stop(context.Context) error        { o.stops++; return nil }
func (o *opened) Report() recovery.Report           { return o.report }
func (o *opened) TailRefused() error                { return o.refused }
func (o *opened) WriteQueues(context.Context) error { return o.write }
func (o *opened) MaxPhyOffset() int64               { return o.end }
func (o *opened) DispatchBehindBytes() int64        { return o.behind }

// TestAdvice: what a start says is wrong comes with file and place, and with what fits: a copy, the commands that go on,
// a configuration key.
func TestAdvice(t *testing.T) {
	r, _ := repairerOf(t)
	io := errors.New("bad sector")
	for name, c := range map[string]struct {
		err    error
		file   string
		offset int64
		parts  []string
		not    string
	}{
		"missing": {&datafile.CorruptionError{File: "/s/commitlog/00000000000000000200", Offset: 7, Reason: "gone", Missing: true,
			Dir: "/s"}, "/s/commitlog/00000000000000000200", -1, []string{"gone. ", "begins at offset 00000000000000000200"}, "skip-damaged"},
		"in the middle": {&datafile.CorruptionError{File: "/s/commitlog/1", Offset: 7, Reason: "torn", Dir: "/s"},
			"/s/commitlog/1", 7, []string{"torn. Ways out: (1) copy this file", "gorocket repair /s --skip-damaged"}, "put the missing"},
		"elsewhere": {&datafile.CorruptionError{File: "/s/commitlog/1", Offset: 0, Reason: "torn"}, "/s/commitlog/1", 0,
			[]string{"torn. Ways out: (1) copy this file", "gorocket export /s reads"}, "skip-damaged"},
		"unreadable": {&datafile.ReadError{File: "/f", Offset: 4096, Err: io}, "/f", 4096,
			[]string{"bad sector. Ways out: (1) as long as the disk reads"}, "copy this file"},
		"size": {fmt.Errorf("open: %w", &datafile.MisfitError{File: "/f", Size: 5, Key: "mappedFileSizeCommitLog", Want: 9}), "/f", -1,
			[]string{"set mappedFileSizeCommitLog to it"}, "copy this file"},
		"another": {io, "", -1, []string{"bad sector"}, "Ways out"},
	} {
		text := r.advice(c.err)
		if errorFile(c.err) != c.file || errorOffset(c.err) != c.offset {
			t.Errorf("%s: %s:%d", name, errorFile(c.err), errorOffset(c.err))
		}
		for _, part := range c.parts {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q does not say %q", name, text, part)
			}
		}
		if strings.Contains(text, c.not) {
			t.Errorf("%s: %q says %q", name, text, c.not)
		}
	}
}

// TestAside: what goes aside stays on the disk that it is on.
func TestAside(t *testing.T) {
	r, _ := repairerOf(t)
	for from, want := range map[string]string{
		"/s/checkpoint": "/s/repair-1/checkpoint", "/s/commitlog/lost": "/s/repair-1/commitlog/lost",
		"/disk2/log/lost": "/disk2/repair-1/log/lost", "/old/log/lost": "/old/repair-1/log/lost",
		"/s/index/1": "/s/repair-1/index/1"} {
		r.moves = nil
		r.aside(from, "why")
		if len(r.moves) != 1 || r.moves[0] != (move{from, want, "why"}) {
			t.Errorf("%s: %+v", from, r.moves)
		}
		if !r.goes(from) || r.goes(from+"x") {
			t.Errorf("%s: goes %v", from, r.goes(from))
		}
	}
	for name, want := range map[string]bool{"/s/commitlog/1": true, "/disk2/log/1": true, "/old/log/1": false,
		"/s/commitlog/x/1": false, "/s/checkpoint": false} {
		if r.inLog(name) != want {
			t.Errorf("%s: in the log: %v", name, !want)
		}
	}
}

// TestRemedy: what stands in the way of a start goes aside where nothing is lost by that.
func TestRemedy(t *testing.T) {
	name := datafile.Name
	queues := func(dir string) []string { return []string{dir + "/consumequeue", dir + "/consumequeue_ext"} }
	for what, c := range map[string]struct {
		err   error
		helps bool
		moves []string
	}{
		"no misfit":            {errors.New("disk"), false, nil},
		"index file":           {&datafile.MisfitError{File: "/s/index/20"}, true, []string{"/s/index/20", "/s/index/30"}},
		"index that is gone":   {&datafile.MisfitError{File: "/s/index/40"}, true, nil},
		"stranger in the log":  {&datafile.MisfitError{File: "/s/commitlog/lost", Name: true}, true, []string{"/s/commitlog/lost"}},
		"no multiple":          {&datafile.MisfitError{File: "/s/commitlog/" + name(7), Name: true}, false, nil},
		"log file":             {&datafile.MisfitError{File: "/s/commitlog/" + name(0), Size: 7, Want: 100}, false, nil},
		"one queue file":       {&datafile.MisfitError{File: "/s/consumequeue/T/0/" + name(0), Size: 7, Want: 100, Rebuildable: true}, true, queues("/s")},
		"the odd one of three": {&datafile.MisfitError{File: "/s/consumequeue/T/1/" + name(100), Size: 7, Want: 100, Rebuildable: true}, true, queues("/s")},
		"all are odd":          {&datafile.MisfitError{File: "/s/consumequeue/T/2/" + name(0), Size: 7, Want: 100, Rebuildable: true}, false, nil},
		"no such folder":       {&datafile.MisfitError{File: "/s/consumequeue/T/3/" + name(0), Size: 7, Want: 100, Rebuildable: true}, false, nil},
	} {
		r, mem := repairerOf(t)
		for _, n := range []string{"10", "20", "30"} {
			putFile(t, mem, "/s/index/"+n, "", 5)
		}
		putFile(t, mem, "/s/consumequeue/T/0/"+name(0), "", 7)
		for i, size := range []int64{100, 7, 100} {
			putFile(t, mem, "/s/consumequeue/T/1/"+name(int64(i)*100), "", size)
		}
		for i, size := range []int64{7, 7, 8} {
			putFile(t, mem, "/s/consumequeue/T/2/"+name(int64(i)*100), "", size)
		}
		if err := mem.MkdirAll("/s/consumequeue_ext"); err != nil {
			t.Fatal(err)
		}
		got := r.remedy(c.err)
		var moves []string
		for _, m := range r.moves {
			moves = append(moves, m.from)
		}
		if got != c.helps || !slices.Equal(moves, c.moves) {
			t.Errorf("%s: helps %v, moves %v", what, got, moves)
		}
	}
	r, mem := repairerOf(t)
	mem.Inject(func(op, name string) error {
		if op == "readdir" {
			return errors.New("disk")
		}
		return nil
	})
	if r.remedy(&datafile.MisfitError{File: "/s/index/20"}) || len(r.moves) != 0 {
		t.Errorf("a folder that cannot be read: %+v", r.moves)
	}
}

// TestOddTable: a table that is empty can be done without, any other that cannot be read refuses the start.
func TestOddTable(t *testing.T) {
	for text, refused := range map[string]bool{"": false, "x": true} {
		r, mem := repairerOf(t)
		putFile(t, mem, "/s/config/topics.json", text, int64(len(text)))
		r.table(Finding{File: "/s/config/topics.json", Offset: -1, Text: "does not parse"})
		if r.refused != refused || !slices.Equal(r.plan.told(), []string{"operator decide /s/config/topics.json -1"}) ||
			strings.Contains(r.plan.Steps[0].Text, "it is empty") == refused {
			t.Errorf("%q: refused %v, %+v", text, r.refused, r.plan.Steps)
		}
	}
	r, _ := repairerOf(t)
	if r.table(Finding{File: "/s/config/none.json"}); !r.refused {
		t.Error("a table that is not there any more")
	}
}

// TestStepsOfAStart: what a start did in a dry run is told as steps, of the log, the queues and the index only.
func TestStepsOfAStart(t *testing.T) {
	r, mem := repairerOf(t)
	name := datafile.Name
	files := map[string]int64{"/s/commitlog/" + name(0): 100, "/s/commitlog/" + name(100): 100, "/disk2/log/" + name(200): 100,
		"/s/consumequeue/T/0/" + name(0): 100, "/s/batchconsumequeue/B/0/" + name(0): 100, "/s/index/20260101": 50, "/s/config/x": 5}
	for f, size := range files {
		putFile(t, mem, f, "data that is there", size)
	}
	putFile(t, mem, "/s/commitlog/"+name(300), "", 100)
	change := func(f string, at int64) {
		t.Helper()
		file, err := r.dry.OpenFile(f)
		if err == nil {
			err = file.Zero(at, 100-at)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	remove := func(f string) {
		t.Helper()
		if err := r.dry.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	change("/s/commitlog/"+name(0), 0)
	change("/s/commitlog/"+name(100), 18) // all zeros already
	change("/s/commitlog/"+name(300), 0)  // these, too
	remove("/disk2/log/" + name(200))
	change("/s/consumequeue/T/0/"+name(0), 40)
	remove("/s/batchconsumequeue/B/0/" + name(0))
	remove("/s/index/20260101")
	remove("/s/config/x")
	s := &opened{report: recovery.Report{To: 55, Trimmed: 44}, end: 1000, behind: 300}
	r.steps(s)
	want := []string{"start cut /s/commitlog/" + name(0) + " 0", "start remove /disk2/log/" + name(200) + " -1",
		"start cut /s/consumequeue/T/0/" + name(0) + " 40", "start remove /s/batchconsumequeue/B/0/" + name(0) + " -1",
		"start remove /s/index/20260101 -1", "start build /s/index -1"}
	if got := r.plan.told(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	text := r.plan.Steps[0].Text
	if !strings.Contains(text, "(44 bytes are not zero") || !strings.HasSuffix(text, "the log then ends at offset 55") {
		t.Error(text)
	}
	if text := r.plan.Steps[5].Text; text != "index the log from offset 700 to 1000, in the background" {
		t.Error(text)
	}
	for _, c := range []struct {
		indexed bool
		behind  int64
		steps   int
	}{{true, 300, 6}, {false, 300, 5}, {true, 0, 5}, {true, 1, 6}} {
		r.plan.Steps, r.cfg.Indexed, s.behind = nil, c.indexed, c.behind
		if r.steps(s); len(r.plan.Steps) != c.steps {
			t.Errorf("%+v: %q", c, r.plan.told())
		}
	}
}

// TestKeepCut: what a start will cut from the log, or remove, is kept beside its folder; what it leaves is not.
func TestKeepCut(t *testing.T) {
	r, mem := repairerOf(t)
	name := datafile.Name
	for _, f := range []string{"/s/commitlog/" + name(0), "/s/commitlog/" + name(100), "/disk2/log/" + name(200),
		"/s/consumequeue/T/0/" + name(0)} {
		putFile(t, mem, f, "0123456789", 100)
	}
	zero := func(f string, at int64) {
		t.Helper()
		file, err := r.dry.OpenFile(f)
		if err == nil {
			err = file.Zero(at, 100-at)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	zero("/s/commitlog/"+name(0), 4)
	zero("/s/consumequeue/T/0/"+name(0), 4)
	written, err := r.dry.OpenFile("/s/commitlog/" + name(100))
	if err == nil {
		_, err = written.WriteAt([]byte("new"), 50)
	}
	if err == nil {
		err = r.dry.Remove("/disk2/log/" + name(200))
	}
	if err == nil {
		err = r.keepCut()
	}
	if err != nil {
		t.Fatal(err)
	}
	for f, want := range map[string]string{"/s/repair-1/commitlog/" + name(0): "\x00\x00\x00\x00456789",
		"/disk2/repair-1/log/" + name(200): "0123456789", "/s/repair-1/commitlog/" + name(100): "",
		"/s/repair-1/0/" + name(0): ""} {
		b, err := vfs.ReadFile(mem, f)
		if want == "" && !errors.Is(err, fs.ErrNotExist) || want != "" && (len(b) < 10 || string(b[:10]) != want) {
			t.Errorf("%s: %q, %v", f, b, err)
		}
	}
}

// TestZeroFrom: a file that cannot be read is not said to be zero.
func TestZeroFrom(t *testing.T) {
	r, mem := repairerOf(t)
	putFile(t, mem, "/s/f", "12345", 100)
	for at, want := range map[int64]bool{0: false, 4: false, 5: true, 100: true} {
		if r.zeroFrom("/s/f", at) != want {
			t.Errorf("from %d: zero %v", at, !want)
		}
	}
	if r.zeroFrom("/s/none", 0) {
		t.Error("a file that is not there is zero")
	}
}

// TestCopyRangeJoins: a range that is kept leaves alone what is in the copy already, and what is outside of it.
func TestCopyRangeJoins(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	putFile(t, mem, "/s/f", "0123456789", 10)
	for _, c := range []struct {
		from, to int64
		want     string
	}{{2, 4, "\x00\x0023"}, {6, 8, "\x00\x0023\x00\x0067"}, {0, 1, "0\x0023\x00\x0067"}} {
		if err := copyRange(mem, "/s/f", "/aside/f", c.from, c.to); err != nil {
			t.Fatal(err)
		}
		if b, err := vfs.ReadFile(mem, "/aside/f"); err != nil || string(b) != c.want {
			t.Errorf("%d to %d: %q, %v", c.from, c.to, b, err)
		}
	}
	if err := copyRange(mem, "/s/none", "/aside/none", 0, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestKeepingIsDurable: what was kept, and its name, outlive a power cut.
func TestKeepingIsDurable(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	putFile(t, mem, "/s/commitlog/f", "0123456789", 10)
	putFile(t, mem, "/s/index", "index", 5)
	for _, dir := range []string{"/s/commitlog", "/s", "/"} {
		if err := mem.SyncDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"/s/commitlog/f", "/s/index"} {
		file, err := mem.OpenFile(f)
		if err == nil {
			err = file.Sync()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := copyRange(mem, "/s/commitlog/f", "/s/aside/commitlog/f", 0, 10); err != nil {
		t.Fatal(err)
	}
	if err := moveAside(mem, move{"/s/index", "/s/aside/x/index", ""}); err != nil {
		t.Fatal(err)
	}
	cut := mem.CrashClone(1, 0)
	t.Cleanup(cut.Free)
	if b, err := vfs.ReadFile(cut, "/s/aside/commitlog/f"); err != nil || string(b) != "0123456789" {
		t.Errorf("the copy: %q, %v", b, err)
	}
	if _, err := cut.Stat("/s/index"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what went aside is there again: %v", err)
	}
}

// TestPlanText: a plan says what is left for whom, with places where there are any.
func TestPlanText(t *testing.T) {
	p := Plan{Dir: "/s", LogTo: 77, More: 2, Steps: []Step{{ByStart, "cut", "/s/f", 0, "a"}, {ByRepair, "move", "/s/g", -1, "b"},
		{ByOperator, "decide", "", -1, "c"}, {ByRepair, "move", "/s/h", 5, "d"}}}
	for _, c := range []struct {
		starts, done bool
		left         int
		last         string
	}{{true, false, 3, "/s: a broker can start, the log ends at 77, 6 steps, 3 not taken by a start\n"},
		{false, false, 3, "/s: no broker can start, the log ends at 77, 6 steps, 3 not taken by a start\n"},
		{true, true, 1, "/s: repaired, a broker can start, the log ends at 77, 6 steps, 1 not taken by a start\n"}} {
		p.Starts, p.Done = c.starts, c.done
		var b bytes.Buffer
		if err := p.WriteText(&b); err != nil || p.Left() != c.left {
			t.Errorf("%+v: %d left, %v", c, p.Left(), err)
		}
		want := "start: cut /s/f:0: a\nrepair: move /s/g: b\noperator: decide : c\nrepair: move /s/h:5: d\n... and 2 more\n" + c.last
		if b.String() != want {
			t.Errorf("%q, want %q", b.String(), want)
		}
	}
	var b bytes.Buffer
	if p.More = 0; p.WriteText(&b) != nil || strings.Contains(b.String(), "more") {
		t.Errorf("%q", b.String())
	}
}

// TestTrialStops: a store that was opened in a trial is stopped, whatever becomes of it.
func TestTrialStops(t *testing.T) {
	refused, disk := errors.New("refused"), errors.New("disk")
	for _, c := range []struct {
		s    opened
		want error
	}{{opened{}, nil}, {opened{refused: refused}, refused}, {opened{write: disk}, disk}} {
		cfg := Options{Open: func(vfs.FS) (Store, error) { return &c.s, nil }}
		s, err := trial(cfg, nil)
		if err == nil {
			err = finishTrial(s)
		}
		if !errors.Is(err, c.want) || c.s.stops != 1 {
			t.Errorf("%+v: %v", c.s, err)
		}
	}
}

// TestRefusalComesFirst: why a start is refused stands in front of all findings, however many there are.
func TestRefusalComesFirst(t *testing.T) {
	for n, want := range map[int]int{0: 1, 3: 4, maxFindings - 1: maxFindings, maxFindings: maxFindings} {
		v := &verifier{report: &Report{Counts: map[Severity]int{}}}
		for range n {
			v.add(Note, "index", "/f", 0, "x")
		}
		v.addRefusal(&datafile.MisfitError{File: "/g", Key: "k", Size: 1, Want: 2})
		f := v.report.Findings
		if len(f) != want || f[0].Kind != "start" || f[0].File != "/g" || v.report.Counts[Damaged] != 1 || v.report.Counts[Note] != n ||
			!strings.HasSuffix(f[0].Text, ". Is it the right configuration (-c)?") {
			t.Errorf("%d: %d findings, first %+v", n, len(f), f[0])
		}
	}
	v := &verifier{report: &Report{Counts: map[Severity]int{}}}
	for range maxFindings + 2 {
		v.add(Note, "index", "/f", 0, "x")
	}
	if len(v.report.Findings) != maxFindings || v.report.Counts[Note] != maxFindings+2 {
		t.Errorf("%d findings, %d counted", len(v.report.Findings), v.report.Counts[Note])
	}
	for _, err := range []error{errors.New("disk"), &datafile.MisfitError{Name: true}} {
		v.addRefusal(err)
		if strings.Contains(v.report.Findings[0].Text, "right configuration") {
			t.Errorf("%s", v.report.Findings[0].Text)
		}
	}
}

// TestWants: an export yields what its filter names and no record that covers damage.
func TestWants(t *testing.T) {
	m := record.View{Topic: []byte("T"), QueueID: 3, StoreTimestamp: 100}
	for _, c := range []struct {
		f    ExportFilter
		want bool
	}{{ExportFilter{Queue: -1}, true}, {ExportFilter{Topic: "T", Queue: 3}, true}, {ExportFilter{Topic: "U", Queue: -1}, false},
		{ExportFilter{Queue: 0}, false}, {ExportFilter{Queue: -1, From: 100}, true}, {ExportFilter{Queue: -1, From: 101}, false},
		{ExportFilter{Queue: -1, To: 101}, true}, {ExportFilter{Queue: -1, To: 100}, false}} {
		if c.f.wants(&m) != c.want {
			t.Errorf("%+v: %v", c.f, !c.want)
		}
	}
	k := &skipper{cfg: Options{Limits: record.Limits{LongTopics: true, MaxBody: 100}}}
	for topic, want := range map[string]bool{DamagedTopic: true, shortTopic: true} {
		b, err := k.record(piece{offset: 5, size: k.overhead(topic) + 10, topic: topic}, 77)
		v, derr := record.Decode(b)
		if err != nil || derr != nil || covers(&v) != want {
			t.Errorf("%s: covers %v: %v %v", topic, !want, err, derr)
		}
		if v.SysFlag = 0; topic == shortTopic && covers(&v) {
			t.Error("an ordinary message of the short topic")
		}
	}
	if covers(&m) {
		t.Error("any message covers")
	}
}
