package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"gorocket/store/check"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// verifiable makes a cleanly stopped store with several files of each kind; at are the records of queue 1.
func verifiable(t *testing.T) (mem *vfs.Mem, cfg Config, at []Appended) {
	t.Helper()
	mem, cfg = vfs.NewMem(), smallConfig("/s")
	cfg.MappedFileSizeCommitLog = 16 << 10
	s := mustStart(t, cfg, mem)
	for i := range 600 {
		r := msg("T", int32(i%3), fmt.Sprint("body", i))
		r.Properties = fmt.Appendf(nil, "KEYS\x01k%d j%d\x02UNIQ_KEY\x01u%d\x02", i, i, i)
		if a := mustAppend(t, s, r); i%3 == 1 {
			at = append(at, a)
		}
	}
	mustStop(t, s)
	if err := vfs.WriteFileAtomic(mem, "/s/config/topics.json", []byte(`{"a":{1:2}}`)); err != nil {
		t.Fatal(err)
	}
	return mem, cfg, at
}

func mustVerify(t *testing.T, cfg Config, fsys vfs.FS) *check.Report {
	t.Helper()
	r, err := offline(cfg, fsys).Verify()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// flip changes one byte of a file.
func flip(t *testing.T, mem *vfs.Mem, name string, at int64) {
	t.Helper()
	f, err := mem.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	_, _ = f.ReadAt(b[:], at)
	_, _ = f.WriteAt([]byte{b[0] ^ 0x40}, at)
}

func TestVerifyHealthy(t *testing.T) {
	mem, cfg, _ := verifiable(t)
	mem.Inject(func(op, name string) error {
		switch op {
		case "open", "read", "readdir", "stat", "map":
			return nil
		}
		return fmt.Errorf("%s %s: verify must not change anything", op, name)
	})
	r := mustVerify(t, cfg, mem)
	if !r.Healthy || !r.CleanStop || len(r.Findings) != 0 || r.Records != 600 || r.QueueEntries != 600 || r.Queues != 3 ||
		r.IndexEntries != 1800 || r.ConfigFiles != 1 {
		t.Fatalf("%+v", r)
	}
	defaults := DefaultConfig() // sizes are found out; an index of unusual size is the only thing that cannot be checked
	defaults.StorePathRootDir = "/s"
	r = mustVerify(t, defaults, mem)
	if r.Healthy || !strings.Contains(r.Findings[0].Text, "mappedFileSizeCommitLog=1073741824") ||
		!strings.Contains(r.Findings[0].Text, "right configuration") {
		t.Errorf("a start with this configuration is refused: %+v", r.Findings)
	}
	for _, f := range r.Findings[1:] {
		if f.Kind != "index" || f.Severity != check.Note {
			t.Errorf("%+v", f)
		}
	}
	if r.Records != 600 || r.QueueEntries != 600 {
		t.Errorf("%+v", r)
	}
}

// TestVerifyFinds: each kind of damage is named with file and offset.
func TestVerifyFinds(t *testing.T) {
	log := func(a Appended, skip int64) (string, int64) {
		at := a.Offset + skip
		return "/s/commitlog/" + datafile.Name(at/(16<<10)*(16<<10)), at % (16 << 10)
	}
	const cq = "/s/consumequeue/T/1/00000000000000000000"
	cases := []struct {
		name   string
		break_ func(t *testing.T, mem *vfs.Mem, at []Appended) (file string, offset int64)
		want   check.Severity
	}{
		{"body", func(t *testing.T, mem *vfs.Mem, at []Appended) (string, int64) {
			file, pos := log(at[50], 90)
			flip(t, mem, file, pos)
			return log(at[50], 0)
		}, check.Damaged},
		{"entry", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			flip(t, mem, cq, 7*consumequeue.Unit+7)
			return cq, 7 * consumequeue.Unit
		}, check.Damaged},
		{"entry cut", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			f, _ := mem.OpenFile(cq)
			_ = f.Zero(9*consumequeue.Unit, consumequeue.Unit)
			return cq, 10*consumequeue.Unit + 6 // the first byte that is not zero behind the hole
		}, check.Damaged},
		{"index hash", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			list, _ := mem.ReadDir("/s/index")
			name, pos := "/s/index/"+list[0].Name, int64(40+100*4+5*20)
			flip(t, mem, name, pos)
			return name, pos
		}, check.Damaged},
		{"index slot", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			list, _ := mem.ReadDir("/s/index")
			flip(t, mem, "/s/index/"+list[0].Name, 40)
			return "/s/index/" + list[0].Name, 40
		}, check.Damaged},
		{"index cut", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			list, _ := mem.ReadDir("/s/index")
			f, _ := mem.OpenFile("/s/index/" + list[0].Name)
			_ = f.Truncate(5000)
			return "/s/index/" + list[0].Name, -1
		}, check.Damaged},
		{"checkpoint", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			flip(t, mem, "/s/checkpoint", 8)
			return "/s/checkpoint", 8
		}, check.Damaged},
		{"config", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			f, _ := mem.OpenFile("/s/config/topics.json")
			_ = f.Truncate(4)
			return "/s/config/topics.json", -1
		}, check.Damaged},
		{"config with backup", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			_ = vfs.WriteFileAtomic(mem, "/s/config/topics.json", []byte(`{"a":`))
			return "/s/config/topics.json", -1
		}, check.Repairable},
		{"log file gone", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			_ = mem.Remove("/s/commitlog/" + datafile.Name(16<<10))
			return "/s/commitlog/" + datafile.Name(32<<10), -1
		}, check.Damaged},
		{"odd size", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			f, _ := mem.OpenFile("/s/commitlog/" + datafile.Name(0))
			_ = f.Truncate(5000)
			return "/s/commitlog/" + datafile.Name(0), -1
		}, check.Damaged},
		{"queue gone", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			for i := range 2 {
				_ = mem.Remove("/s/consumequeue/T/1/" + datafile.Name(int64(i)*100*consumequeue.Unit))
			}
			_ = mem.Remove("/s/consumequeue/T/1")
			return "/s/consumequeue/T/1", -1
		}, check.Note},
		{"last queue file gone", func(t *testing.T, mem *vfs.Mem, _ []Appended) (string, int64) {
			_ = mem.Remove("/s/consumequeue/T/1/" + datafile.Name(100*consumequeue.Unit))
			return "/s/consumequeue/T/1", -1
		}, check.Damaged},
		{"torn tail", func(t *testing.T, mem *vfs.Mem, at []Appended) (string, int64) {
			file, pos := log(at[len(at)-1], 0)
			f, _ := mem.OpenFile(file)
			_, _ = mem.Create("/s/abort")
			pos += 2 * int64(at[len(at)-1].Size) // behind the last record
			_, _ = f.WriteAt([]byte{0, 0, 1, 0, 0xDA, 0xA3, 0x20, 0xA7, 9}, pos)
			return file, pos
		}, check.Repairable},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			mem, cfg, at := verifiable(t)
			defer mem.Free()
			file, offset := c.break_(t, mem, at)
			r := mustVerify(t, cfg, mem)
			if r.Healthy != (c.want != check.Damaged) {
				t.Errorf("healthy %v", r.Healthy)
			}
			for _, f := range r.Findings {
				if f.File == file && f.Offset == offset && f.Severity == c.want {
					return
				}
			}
			t.Fatalf("want %s %s:%d, got %+v", c.want, file, offset, r.Findings)
		})
	}
}

// TestVerifyAfterCrash: what a kill or a power cut leaves is repairable, never damage; afterwards a start and a clean
// stop leave nothing to say.
func TestVerifyAfterCrash(t *testing.T) {
	for seed := range uint64(30) {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		cfg.MappedFileSizeCommitLog, cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue,
			cfg.FlushConsumeQueueThoroughInterval = 16<<10, 2, 2, 5
		s := mustStart(t, cfg, mem)
		fill(t, s, "T", 3, 400)
		killed, cut := mem.Clone(), mem.CrashClone(seed, float64(seed%5)/4)
		mustStop(t, s)
		if r := mustVerify(t, cfg, killed); !r.Healthy || r.CleanStop || r.Records != 400 {
			t.Fatalf("seed %d: killed: %+v", seed, r)
		}
		if r := mustVerify(t, cfg, cut); !r.Healthy || r.CleanStop {
			t.Fatalf("seed %d: power cut: %+v", seed, r)
		}
		again := mustStart(t, cfg, cut)
		mustStop(t, again)
		for _, fsys := range []*vfs.Mem{mem, cut} {
			if r := mustVerify(t, cfg, fsys); len(r.Findings) != 0 || !r.CleanStop {
				t.Fatalf("seed %d: stopped: %+v", seed, r)
			}
		}
		killed.Free()
		cut.Free()
		mem.Free()
	}
}

func TestVerifyCannotRead(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	if _, err := offline(cfg, mem).Verify(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no store: %v", err)
	}
	mustStart(t, cfg, mem)
	if _, err := offline(cfg, mem).Verify(); !errors.Is(err, check.ErrInUse) || !strings.Contains(err.Error(), "/s/lock") {
		t.Errorf("in use: %v", err)
	}
}
