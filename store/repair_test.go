package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/store/check"
	"gorocket/store/checkpoint"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// snapshot is the content of every file, by name.
func snapshot(t *testing.T, fsys vfs.FS, dir string, into map[string]string) map[string]string {
	t.Helper()
	list, err := fsys.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, fi := range list {
		name := dir + "/" + fi.Name
		if fi.IsDir {
			snapshot(t, fsys, name, into)
			continue
		}
		b, err := vfs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		into[name] = string(b)
	}
	return into
}

// planUntouched plans and checks that nothing was changed.
func planUntouched(t *testing.T, cfg Config, mem *vfs.Mem) *check.Plan {
	t.Helper()
	before := snapshot(t, mem, "/s", map[string]string{})
	p, err := offline(cfg, mem).PlanRepair()
	if err != nil {
		t.Fatal(err)
	}
	after := snapshot(t, mem, "/s", map[string]string{})
	if len(before) != len(after) {
		t.Fatalf("%d files before, %d after", len(before), len(after))
	}
	for name := range before {
		if before[name] != after[name] {
			t.Fatalf("%s was changed", name)
		}
	}
	return p
}

func TestRepairHealthyStore(t *testing.T) {
	mem, cfg, _ := verifiable(t)
	defer mem.Free()
	if p := planUntouched(t, cfg, mem); len(p.Steps) != 0 || !p.Starts || !p.CleanStop || p.LogTo == 0 {
		t.Fatalf("%+v", p)
	}
}

// TestRepairSteps: each kind of damage gets its step, and Repair leaves a store that opens, verifies and lost no
// message that was whole.
func TestRepairSteps(t *testing.T) {
	logFile := func(a Appended) (string, int64) {
		return "/s/commitlog/" + datafile.Name(a.Offset/(16<<10)*(16<<10)), a.Offset % (16 << 10)
	}
	cases := []struct {
		name   string
		break_ func(t *testing.T, mem *vfs.Mem, at []Appended) (file string)
		by     string
		action string
		whole  bool // all 600 messages are there afterwards
	}{
		{"torn tail", func(t *testing.T, mem *vfs.Mem, at []Appended) string {
			file, pos := logFile(at[len(at)-1])
			f, _ := mem.OpenFile(file)
			_, _ = mem.Create("/s/abort")
			_, _ = f.WriteAt([]byte{0, 0, 1, 0, 0xDA, 0xA3, 0x20, 0xA7, 9}, pos+2*int64(at[len(at)-1].Size))
			return file
		}, check.ByStart, "cut", true},
		{"stranger", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			_, _ = mem.Create("/s/commitlog/lost.tmp")
			return "/s/commitlog/lost.tmp"
		}, check.ByRepair, "move", true},
		{"odd queue file", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			f, _ := mem.OpenFile("/s/consumequeue/T/1/" + datafile.Name(0))
			_ = f.Truncate(77)
			_ = mem.Remove("/s/" + consumequeue.ManifestFile) // a start that believes it does not look
			return "/s/consumequeue"
		}, check.ByRepair, "move", true},
		{"odd index file", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			list, _ := mem.ReadDir("/s/index")
			f, _ := mem.OpenFile("/s/index/" + list[1].Name)
			_ = f.Truncate(77)
			return f.Name()
		}, check.ByRepair, "move", true},
		{"damaged entry", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			flip(t, mem, "/s/consumequeue/T/1/"+datafile.Name(0), 7*consumequeue.Unit+7)
			return "/s/consumequeue"
		}, check.ByRepair, "move", true},
		{"damaged index", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			list, _ := mem.ReadDir("/s/index")
			flip(t, mem, "/s/index/"+list[0].Name, 40)
			return "/s/index/" + list[0].Name
		}, check.ByRepair, "move", true},
		{"a checkpoint of the future", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			f, _ := mem.OpenFile("/s/checkpoint")
			_, _ = f.WriteAt([]byte{0x7f}, 0)
			return "/s/checkpoint"
		}, check.ByRepair, "move", true},
		{"entries that a manifest hides", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			f, _ := mem.OpenFile("/s/consumequeue/T/1/" + datafile.Name(100*consumequeue.Unit))
			_, _ = f.WriteAt(make([]byte, 5*consumequeue.Unit), 95*consumequeue.Unit)
			return "/s/consumequeue"
		}, check.ByRepair, "move", true},
		{"queues gone", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			_ = mem.Rename("/s/consumequeue", "/elsewhere")
			return "/s/consumequeue/T/1/" + datafile.Name(0)
		}, check.ByStart, "build", true},
		{"body", func(t *testing.T, mem *vfs.Mem, at []Appended) string {
			file, pos := logFile(at[50])
			flip(t, mem, file, pos+90)
			return file
		}, check.ByOperator, "decide", false},
		{"log file gone", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			_ = mem.Rename("/s/commitlog/"+datafile.Name(16<<10), "/elsewhere")
			return "/s/commitlog/" + datafile.Name(32<<10)
		}, check.ByOperator, "decide", false},
		{"odd log file", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			f, _ := mem.OpenFile("/s/commitlog/" + datafile.Name(0))
			_ = f.Truncate(5000)
			return f.Name()
		}, check.ByOperator, "decide", false},
		{"config", func(t *testing.T, mem *vfs.Mem, _ []Appended) string {
			f, _ := mem.OpenFile("/s/config/topics.json")
			_ = f.Truncate(4)
			return f.Name()
		}, check.ByOperator, "decide", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			mem, cfg, at := verifiable(t)
			defer mem.Free()
			file := c.break_(t, mem, at)
			p := planUntouched(t, cfg, mem)
			if !hasStep(p, c.by, c.action, file) {
				t.Fatalf("want %s %s %s, got %+v", c.by, c.action, file, p.Steps)
			}
			if (p.Left() == 0) != (c.by == check.ByStart) {
				t.Errorf("%d steps left: %+v", p.Left(), p.Steps)
			}
			done, err := offline(cfg, mem).Repair()
			if err != nil || done.Done != c.whole {
				t.Fatalf("repair: %v %+v", err, done)
			}
			if !c.whole {
				return
			}
			if r := mustVerify(t, cfg, mem); len(r.Findings) != 0 || !r.CleanStop || r.Records != 600 || r.QueueEntries != 600 ||
				r.IndexEntries != 1800 {
				t.Fatalf("after repair: %+v", r)
			}
			if again := planUntouched(t, cfg, mem); len(again.Steps) != 0 {
				t.Fatalf("steps after repair: %+v", again.Steps)
			}
		})
	}
}

func hasStep(p *check.Plan, by, action, file string) bool {
	for _, s := range p.Steps {
		if s.By == by && s.Action == action && s.File == file {
			return true
		}
	}
	return false
}

// TestRepairKeepsCutBytes: what the start cuts off stands in the folder of the repair, under the same offset.
func TestRepairKeepsCutBytes(t *testing.T) {
	mem, cfg, at := verifiable(t)
	defer mem.Free()
	last := at[len(at)-1]
	pos := last.Offset%(16<<10) + 2*int64(last.Size)
	name := datafile.Name(last.Offset / (16 << 10) * (16 << 10))
	f, _ := mem.OpenFile("/s/commitlog/" + name)
	_, _ = mem.Create("/s/abort")
	torn := []byte{0, 0, 1, 0, 0xDA, 0xA3, 0x20, 0xA7, 9}
	_, _ = f.WriteAt(torn, pos)
	p, err := offline(cfg, mem).Repair()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := vfs.ReadFile(mem, "/s/"+p.Aside+"/commitlog/"+name)
	if err != nil || !strings.HasPrefix(string(kept[pos:]), string(torn)) {
		t.Fatalf("%v, %d bytes kept", err, len(kept))
	}
}

// TestRepairPlanMatchesStart: for power cuts the plan names the log end that a start finds, and changes nothing.
func TestRepairPlanMatchesStart(t *testing.T) {
	for seed := range uint64(20) {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		cfg.MappedFileSizeCommitLog, cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue,
			cfg.FlushConsumeQueueThoroughInterval = 16<<10, 2, 2, 5
		s := mustStart(t, cfg, mem)
		fill(t, s, "T", 3, 400)
		cut := mem.CrashClone(seed, float64(seed%5)/4)
		mustStop(t, s)
		p := planUntouched(t, cfg, cut)
		s = mustOpen(t, cfg, cut, EventListener{})
		if p.LogTo != s.MaxPhyOffset() || !p.Starts || p.Left() != 0 {
			t.Fatalf("seed %d: log ends at %d: %+v", seed, s.MaxPhyOffset(), p)
		}
		mustStop(t, s)
		cut.Free()
		mem.Free()
	}
}

func TestRepairInUse(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	mustStart(t, cfg, mem)
	if _, err := offline(cfg, mem).PlanRepair(); !errors.Is(err, check.ErrInUse) {
		t.Errorf("plan: %v", err)
	}
	if _, err := offline(cfg, mem).Repair(); !errors.Is(err, check.ErrInUse) {
		t.Errorf("repair: %v", err)
	}
}

// TestLostQueueIsRebuilt: a queue that is gone after a kill is built again from the start of the log, not from where
// recovery begins.
func TestLostQueueIsRebuilt(t *testing.T) {
	mem, cfg, _ := verifiable(t)
	defer mem.Free()
	_, _ = mem.Create("/s/abort")
	f, _ := mem.OpenFile("/s/checkpoint")
	later := time.Now().Add(24 * time.Hour).UnixMilli()
	_, _ = f.WriteAt(checkpoint.Values{PhysicTime: later, LogicsTime: later, IndexTime: later}.Encode(), 0)
	if err := mem.Rename("/s/consumequeue/T/1", "/lost"); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, cfg, mem, EventListener{})
	defer mustStop(t, s)
	if got := len(bodies(t, s, "T", 1)); got != 200 || !s.Report().FullRebuild {
		t.Fatalf("%d messages, %+v", got, s.Report())
	}
}

// TestRepairAfterAKill: a start after a kill clears the rest of the last file in any case; where it is zero already the
// plan does not speak of a torn tail.
func TestRepairAfterAKill(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	fill(t, s, "T", 1, 20)
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	for _, rest := range []string{"", "left over"} {
		f, err := killed.OpenFile("/s/commitlog/" + datafile.Name(0))
		if err == nil {
			_, err = f.WriteAt([]byte(rest), 50<<10)
		}
		if err != nil {
			t.Fatal(err)
		}
		plan, err := offline(cfg, killed).PlanRepair()
		cut := slices.ContainsFunc(plan.Steps, func(s check.Step) bool { return s.Action == "cut" })
		if err != nil || !plan.Starts || cut != (rest != "") {
			t.Errorf("%q: %+v, %v", rest, plan, err)
		}
	}
}
