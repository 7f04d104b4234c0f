package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// sized is a memory file system whose folders have the usage that a test says.
type sized struct {
	*vfs.Mem
	usage map[string]vfs.DiskUsage // by folder; others cannot be asked
}

func (s sized) Usage(name string) (vfs.DiskUsage, error) {
	if u, ok := s.usage[name]; ok {
		return u, nil
	}
	return vfs.DiskUsage{}, errors.New("no usage")
}

// percent is the usage of a disk of 10000 bytes.
func percent(n int64) vfs.DiskUsage { return vfs.DiskUsage{Total: 10_000, Free: 10_000 - 100*n} }

// cleanable is a store of ten log files that no cleaner runs on, and what it told.
func cleanable(t *testing.T, edit func(c *Config)) (*Store, sized, *[]string) {
	t.Helper()
	fsys := sized{vfs.NewMem(), map[string]vfs.DiskUsage{"/s/commitlog": percent(10), "/s/consumequeue": percent(10)}}
	t.Cleanup(fsys.Free)
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog, cfg.CleanResourceInterval, cfg.MinFreeDiskBytes = 8<<10, 3_600_000, 0
	cfg.DeleteCommitLogFilesInterval, cfg.DeleteConsumeQueueFilesInterval, cfg.DeleteFileBatchMax = 0, 0, 3
	edit(&cfg)
	told := new([]string)
	s := mustOpen(t, cfg, fsys, EventListener{
		BackgroundError: func(what, file string, err error) { *told = append(*told, what+" "+file) },
		SegmentDeleted: func(file string, base int64, forced bool) {
			*told = append(*told, fmt.Sprint("deleted ", base>>13, " ", forced))
		}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	for len(s.log.Segments()) < 10 {
		mustAppend(t, s, msg("T", 0, strings.Repeat("x", 300)))
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	*told = nil
	return s, fsys, told
}

// TestCleanRounds: what makes a round delete files, how many, and which are left whatever happens.
func TestCleanRounds(t *testing.T) {
	day := func(hour int) time.Time {
		now := time.Now().Add(100 * 24 * time.Hour) // all files are old then
		return time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, time.Local)
	}
	young := time.Now()
	three := func(forced bool) (all []string) {
		for i := range 3 {
			all = append(all, fmt.Sprint("deleted ", i, " ", forced))
		}
		return all
	}
	for what, c := range map[string]struct {
		edit func(c *Config)
		do   func(s *Store, fsys sized)
		now  time.Time
		want []string
	}{
		"not the hour":    {now: day(5)},
		"the hour":        {now: day(4), want: three(false)},
		"the hour, young": {edit: func(c *Config) { c.DeleteWhen = fmt.Sprint(young.Hour()) }, now: young},
		"by hand":         {do: func(s *Store, _ sized) { s.manualClean.Store(1) }, now: day(5), want: three(false)},
		"by hand, young":  {do: func(s *Store, _ sized) { s.manualClean.Store(1) }, now: young},
		"a full disk": {do: func(_ *Store, f sized) { f.usage["/s/commitlog"] = percent(76) }, now: day(5),
			want: three(false)},
		"nearly": {do: func(_ *Store, f sized) { f.usage["/s/commitlog"] = percent(75) }, now: day(5)},
		"queues' full disk": {do: func(_ *Store, f sized) { f.usage["/s/consumequeue"] = percent(76) }, now: day(5),
			want: three(false)},
		"full, young": {do: func(_ *Store, f sized) { f.usage["/s/commitlog"] = percent(80) }, now: young},
		"very full, young": {do: func(_ *Store, f sized) { f.usage["/s/commitlog"] = percent(86) }, now: young,
			want: three(true)},
		"very full by a bit": {do: func(_ *Store, f sized) { f.usage["/s/commitlog"] = percent(85) }, now: young},
		"never forced": {edit: func(c *Config) { c.CleanFileForciblyEnable = false },
			do: func(_ *Store, f sized) { f.usage["/s/commitlog"] = percent(99) }, now: young},
		"little is free":     {edit: func(c *Config) { c.MinFreeDiskBytes = 9001 }, now: young, want: three(true)},
		"enough is free":     {edit: func(c *Config) { c.MinFreeDiskBytes = 9000 }, now: young},
		"too large":          {edit: func(c *Config) { c.MaxStoreBytes = 8 * 8 << 10 }, now: young, want: three(true)[:2]},
		"as large as may be": {edit: func(c *Config) { c.MaxStoreBytes = 10 * 8 << 10 }, now: young},
		"all of it": {edit: func(c *Config) { c.DeleteFileBatchMax = 100 }, now: day(4), want: []string{"deleted 0 false",
			"deleted 1 false", "deleted 2 false", "deleted 3 false", "deleted 4 false", "deleted 5 false", "deleted 6 false",
			"deleted 7 false"}},
	} {
		edit := c.edit
		if edit == nil {
			edit = func(*Config) {}
		}
		s, fsys, told := cleanable(t, func(c *Config) {
			c.DeleteWhen, c.DiskMaxUsedSpaceRatio, c.DiskSpaceCleanForciblyRatio = "04", 75, 85
			edit(c)
		})
		if c.do != nil {
			c.do(s, fsys)
		}
		s.cleanRound(t.Context(), c.now)
		if !slices.Equal(*told, c.want) {
			t.Errorf("%s: told %q, want %q", what, *told, c.want)
		}
		if n := len(c.want); s.MinPhyOffset() != int64(n)*8<<10 || s.manualClean.Load() != 0 {
			t.Errorf("%s: the log begins at %d, %d rounds by hand are left", what, s.MinPhyOffset(), s.manualClean.Load())
		}
	}
}

// TestCleanFailures: files that cannot be looked at or removed are told by name, and end the round.
func TestCleanFailures(t *testing.T) {
	for op, want := range map[string]string{"stat": "stat /s/commitlog/" + datafile.Name(0),
		"remove": "delete commit log file /s/commitlog/" + datafile.Name(0)} {
		s, fsys, told := cleanable(t, func(c *Config) {})
		storetest.Fail(fsys.Mem, op, "/commitlog/", errors.New("disk"))
		s.manualClean.Store(1)
		s.cleanRound(t.Context(), time.Now().Add(100*24*time.Hour))
		fsys.Inject(nil)
		if len(*told) == 0 || (*told)[0] != want || len(*told) > 1 {
			t.Errorf("%s: told %q", op, *told)
		}
	}
}

// TestDiskRatios: of several folders of the log the emptiest counts, and the room of the fullest of log and queues; a
// folder that cannot be asked is told, and without any the log counts as full.
func TestDiskRatios(t *testing.T) {
	s, fsys, told := cleanable(t, func(c *Config) {})
	check := func(what string, log, queue float64, free int64, tells int) {
		t.Helper()
		*told = nil
		r := s.DiskRatios()
		if math.Abs(r.CommitLog-log) > 1e-9 || math.Abs(r.ConsumeQueue-queue) > 1e-9 || r.Free != free ||
			len(*told) != tells {
			t.Errorf("%s: %+v, told %q", what, r, *told)
		}
	}
	fsys.usage["/s/commitlog"], fsys.usage["/s/consumequeue"] = percent(30), percent(40)
	check("both", 0.3, 0.4, 6000, 0)
	fsys.usage["/s/commitlog"] = percent(60)
	check("a fuller log", 0.6, 0.4, 4000, 0)
	delete(fsys.usage, "/s/consumequeue")
	check("no queues", 0.6, 0, 4000, 0)
	delete(fsys.usage, "/s/commitlog")
	check("nothing is known", 1, 0, 1<<63-1, 1)
	if (*told)[0] != "disk usage /s/commitlog" {
		t.Errorf("told %q", *told)
	}
	for _, c := range []struct {
		used int64
		free int64 // minFreeDiskBytes
		full bool
	}{{90, 0, false}, {91, 0, true}, {50, 10_000, false}, {50, 10_002, true}} {
		s.cfg.Store(func() *Config {
			cfg := *s.cfg.Load()
			cfg.DiskSpaceWarningLevelRatio, cfg.MinFreeDiskBytes = 90, c.free
			return &cfg
		}())
		fsys.usage["/s/commitlog"], fsys.usage["/s/consumequeue"] = percent(c.used), percent(c.used)
		if s.watchDisk(); errors.Is(s.Writable(), commitlog.ErrNotWritable) != c.full {
			t.Errorf("%+v: %v", c, s.Writable())
		}
	}
}

// TestHours: which hours are meant, and which texts mean any.
func TestHours(t *testing.T) {
	at := time.Date(2026, 3, 4, 16, 30, 0, 0, time.Local)
	for when, c := range map[string]struct{ listed, valid bool }{"16": {true, true}, "04": {false, true}, "04;16": {true,
		true},
		"04; 16 ;": {true, true}, "": {false, false}, "x": {false, false}, "16;x": {true, false}, "24": {false, false},
		"0": {false, true}, "23": {false, true}, "-1": {false, false}, ";16": {true, false}} {
		if HourListed(when, at) != c.listed || hoursValid(when) != c.valid {
			t.Errorf("%q: listed %v, valid %v", when, HourListed(when, at), hoursValid(when))
		}
	}
}

// TestQueueFileIsGone: a reader goes on with the next file of a queue, and hears where that begins.
func TestQueueFileIsGone(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustOpen(t, cfg, mem, EventListener{BackgroundError: func(string, string, error) {}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	defer mustStop(t, s)
	for i := range 250 { // files of 100 entries
		mustAppend(t, s, msg("T", 0, fmt.Sprint(i)))
	}
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.queues.ReleaseIdle(0)
	s.queues.Get("T", 0).CloseFiles()
	if err := mem.Remove("/s/consumequeue/T/0/" + datafile.Name(100*consumequeue.Unit)); err != nil {
		t.Fatal(err)
	}
	var res GetResult
	for at, want := range map[int64]int64{100: 200, 150: 200, 199: 200} {
		if s.Get(&GetQuery{Topic: "T", Offset: at, MaxCount: 5}, &res); res.Status != OffsetFoundNull ||
			res.NextBeginOffset != want {
			t.Errorf("at %d: %v, goes on at %d", at, res.Status, res.NextBeginOffset)
		}
		res.Release()
	}
	if s.Get(&GetQuery{Topic: "T", Offset: 95, MaxCount: 32}, &res); res.Status != Found || res.Count != 5 ||
		res.NextBeginOffset != 100 {
		t.Errorf("in front of it: %v, %d messages, goes on at %d", res.Status, res.Count, res.NextBeginOffset)
	}
	res.Release()
}

// TestExtInQueue: what the extension of an entry says, where it should be if it is gone, and that most have none.
func TestExtInQueue(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := mustStart(t, extConfig(), mem)
	fillTagged(t, s, 5)
	u, addr, ok := s.ExtInQueue("T", 0, 1)
	if !ok || !consumequeue.IsExtAddr(addr) || u.TagsCode != msgTags("t1") || u.Size != extUnitSize ||
		u.StoreTimestamp <= 0 {
		t.Errorf("%+v, %d, %v", u, addr, ok)
	}
	for what, c := range map[string]struct {
		topic string
		at    int64
	}{"no topic": {"U", 0}, "behind the end": {"T", 5}, "below": {"T", -1}} {
		if u, addr, ok := s.ExtInQueue(c.topic, 0, c.at); ok || addr != 0 || u.Size != 0 {
			t.Errorf("%s: %+v, %d, %v", what, u, addr, ok)
		}
	}
	plain := mustStart(t, smallConfig("/p"), mem)
	fillTagged(t, plain, 3)
	if _, addr, ok := plain.ExtInQueue("T", 0, 1); ok || addr != 0 {
		t.Errorf("without extensions: %d, %v", addr, ok)
	}
}

func msgTags(tag string) int64 { return record.TagsCode([]byte(tag)) }
