package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/store/check"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// TestRandomDamage damages store directories and configurations at random: what Verify says, what the repair's plan
// says and what a start does must agree, and Repair must keep its word. STORE_RANDOM_DAMAGE directories from seed
// STORE_DAMAGE_SEED on.
func TestRandomDamage(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	if n, err := strconv.Atoi(os.Getenv("STORE_RANDOM_DAMAGE")); err == nil {
		rounds = n
	}
	first, _ := strconv.Atoi(os.Getenv("STORE_DAMAGE_SEED"))
	stores := damageable(t)
	seen := map[string]int{}
	for seed := first; seed < first+rounds && !t.Failed(); seed++ {
		d := damage{t: t, rnd: rand.New(rand.NewPCG(uint64(seed), 20)), seed: seed}
		base := stores[d.rnd.IntN(len(stores))]
		d.mem, d.cfg = base.mem.Clone(), base.cfg
		d.hurt()
		seen[d.check()]++
		d.mem.Free()
		if t.Failed() {
			t.Logf("replay: STORE_DAMAGE_SEED=%d STORE_RANDOM_DAMAGE=1 go test -run RandomDamage ./store", seed)
		}
	}
	t.Logf("%d directories: %v", rounds, seen)
}

// damaged is a store to damage.
type damageBase struct {
	mem *vfs.Mem
	cfg Config
}

// damageable makes stores of several kinds: stopped and killed, plain and with every kind of file.
func damageable(t *testing.T) (all []damageBase) {
	t.Helper()
	for _, rich := range []bool{false, true} {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		cfg.MappedFileSizeCommitLog, cfg.MappedFileSizeConsumeQueueExt = 16<<10, 4096
		cfg.MapperFileSizeBatchConsumeQueue, cfg.EnableConsumeQueueExt = 50*consumequeue.BatchUnit, rich
		cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue = 3_600_000, 3_600_000
		cfg.FlushConsumeQueueThoroughInterval, cfg.FlushCommitLogThoroughInterval = 3_600_000, 3_600_000
		s := mustOpen(t, cfg, mem, EventListener{IsBatchTopic: batchB})
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		for i := range 400 {
			topic := []string{"T", "U", "B"}[i%3]
			if topic == "B" && !rich {
				topic = "T"
			}
			r := msg(topic, int32(i%2), fmt.Sprint("body", i))
			r.Properties = fmt.Appendf(nil, "KEYS\x01k%d\x02UNIQ_KEY\x01u%d\x02", i, i)
			if rich && topic == "T" {
				r.FilterBits = []byte{1, 2, 3}
			}
			mustAppend(t, s, r)
			if i == 250 {
				if err := s.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		testutil.WaitFor(t, "the index stays behind", func() bool { return s.index.Position() == s.MaxPhyOffset() })
		killed := mem.Clone()
		mustStop(t, s)
		if err := vfs.WriteFileAtomic(mem, "/s/config/topics.json", []byte(`{"a":{1:2}}`)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(killed.Free)
		t.Cleanup(mem.Free)
		all = append(all, damageBase{mem, cfg}, damageBase{killed, cfg})
	}
	return all
}

// damage is one directory.
type damage struct {
	t     *testing.T
	rnd   *rand.Rand
	seed  int
	mem   *vfs.Mem
	cfg   Config
	notes []string
}

func (d *damage) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// hurt does none to three things to files, and sometimes one to the configuration.
func (d *damage) hurt() {
	for range d.rnd.IntN(4) {
		d.hurtFile()
	}
	if d.rnd.IntN(3) == 0 {
		d.hurtConfig()
	}
}

// files lists all files of the store, sorted; lock and abort come as they are.
func (d *damage) files() (names []string) {
	for name := range snapshot(d.t, d.mem, "/s", map[string]string{}) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (d *damage) hurtFile() {
	names := d.files()
	name := names[d.rnd.IntN(len(names))]
	if d.rnd.IntN(2) == 0 { // the log more often
		if log := slices.DeleteFunc(slices.Clone(names), func(n string) bool {
			return !strings.Contains(n,
				"commitlog")
		}); len(log) > 0 {
			name = log[d.rnd.IntN(len(log))]
		}
	}
	f, err := d.mem.OpenFile(name)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	size, _ := f.Size()
	at := d.rnd.Int64N(max(1, size))
	switch what := d.rnd.IntN(9); what {
	case 0:
		d.note("%s: %d bytes", name, at)
		err = f.Truncate(at)
	case 1:
		d.note("%s: %d bytes", name, size+at+1)
		err = f.Truncate(size + at + 1)
	case 2, 3:
		b := []byte{byte(d.rnd.Uint32())}
		d.note("%s: byte %d is %d", name, at, b[0])
		_, err = f.WriteAt(b, min(at, max(0, size-1)))
	case 4:
		n := min(size-at, d.rnd.Int64N(5000))
		d.note("%s: %d zeros at %d", name, n, at)
		if n > 0 {
			err = f.Zero(at, n)
		}
	case 5:
		d.note("%s: gone", name)
		err = d.mem.Remove(name)
	case 6:
		to := name + []string{".old", "0", "x"}[d.rnd.IntN(3)]
		d.note("%s: renamed to %s", name, to)
		err = d.mem.Rename(name, to)
	case 7:
		other := names[d.rnd.IntN(len(names))]
		d.note("%s: the content of %s", name, other)
		var b []byte
		if b, err = vfs.ReadFile(d.mem, other); err == nil && other != name {
			err = errors.Join(f.Truncate(0), f.Truncate(int64(len(b))))
			_, werr := f.WriteAt(b, 0)
			err = errors.Join(err, werr)
		}
	case 8:
		stray := name[:strings.LastIndexByte(name, '/')+1] + []string{datafile.Name(1 << 20), "stray",
			datafile.Name(7)}[d.rnd.IntN(3)]
		d.note("%s: made", stray)
		_, err = d.mem.Create(stray)
	}
	if err != nil {
		d.t.Fatalf("seed %d: %v: %v", d.seed, d.notes, err)
	}
}

func (d *damage) hurtConfig() {
	c := &d.cfg
	half := int64(1 + d.rnd.IntN(3))
	switch what := d.rnd.IntN(14); what {
	case 0:
		c.MappedFileSizeCommitLog *= half
	case 1:
		c.MappedFileSizeCommitLog /= 2
	case 2:
		c.MappedFileSizeConsumeQueue *= half
	case 3:
		c.MapperFileSizeBatchConsumeQueue *= half
	case 4:
		c.MappedFileSizeConsumeQueueExt *= half
	case 5:
		c.MaxHashSlotNum *= int(half)
	case 6:
		c.MaxIndexNum *= int(half)
	case 7:
		c.MessageIndexEnable = false
	case 8:
		c.CheckCRCOnRecover = false
	case 9:
		c.ForceVerifyPropCRC = true
	case 10:
		c.ReadOnlyCommitLogStorePaths, c.StorePathCommitLog = "/s/commitlog", "/s/other"
		if err := d.mem.MkdirAll("/s/other"); err != nil {
			d.t.Fatal(err)
		}
	case 11:
		c.EnableConsumeQueueExt = !c.EnableConsumeQueueExt
	case 12:
		c.StorePathCommitLog = "/s/commitlog,/s/other"
	case 13:
		c.MessageIndexSafe, c.EnabledAppendPropCRC = true, true
	}
	d.note("%+v", *c)
}

func (d *damage) fail(format string, args ...any) {
	d.t.Helper()
	d.t.Errorf("seed %d: %s\n  after %s", d.seed, fmt.Sprintf(format, args...), strings.Join(d.notes, "\n        "))
}

// check compares the three and returns what they agree on.
func (d *damage) check() string {
	before := snapshot(d.t, d.mem, "/s", map[string]string{})
	report, verr := offline(d.cfg, d.mem).Verify()
	plan, perr := offline(d.cfg, d.mem).PlanRepair()
	if len(before) != len(snapshot(d.t, d.mem, "/s", map[string]string{})) {
		d.fail("verify or the plan changed the directory")
	}
	started := d.starts()
	if verr != nil || perr != nil {
		if (verr == nil) != (perr == nil) {
			d.fail("verify: %v, repair: %v", verr, perr)
		}
		return "cannot be read"
	}
	aside := slices.ContainsFunc(plan.Steps, func(s check.Step) bool { return s.By == check.ByRepair })
	refused := slices.ContainsFunc(report.Findings, func(f check.Finding) bool {
		return f.Kind == "start" || f.Kind == "config" && f.Severity == check.Damaged && !strings.HasSuffix(f.Text, "empty")
	})
	switch {
	case report.Healthy && started != nil:
		d.fail("verify says healthy, a start: %v", started)
	case refused != (started != nil):
		d.fail("verify finds %+v, a start: %v", report.Findings, started)
	case report.Healthy && plan.Left() > 0:
		d.fail("verify says healthy, repair: %+v", plan.Steps)
	case !plan.Starts && started == nil:
		d.fail("repair says that no broker can start, but one does: %+v", plan.Steps)
	case plan.Starts && !aside && started != nil:
		d.fail("repair says that a broker can start: %v", started)
	}
	if aside || !report.Healthy {
		d.repair(plan)
	}
	if started != nil {
		return "refused"
	}
	return map[bool]string{true: "healthy", false: "damaged, but starts"}[report.Healthy]
}

// starts opens and stops a copy, and tells why it is refused.
func (d *damage) starts() error {
	mem := d.mem.Clone()
	defer mem.Free()
	quiet := EventListener{BackgroundError: func(string, string, error) {}}
	s, err := Open(d.cfg, mem, quiet)
	if err != nil {
		return err
	}
	err = s.Start()
	_ = s.Stop(d.t.Context())
	if err != nil {
		return err
	}
	var names []string
	for name := range snapshot(d.t, mem, "/s", map[string]string{}) {
		if strings.HasSuffix(name, ".json") {
			names = append(names, name)
		}
	}
	for _, name := range names { // as a broker reads its tables
		err := vfs.ReadFileWithBackup(mem, name, func(b []byte) error {
			if std, err := compat.Normalize(b); err != nil || !json.Valid(std) {
				return errors.New("not JSON")
			}
			return nil
		}, nil)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// repair carries the plan out: where it says done, a broker starts and nothing damaged is left.
func (d *damage) repair(plan *check.Plan) {
	done, err := offline(d.cfg, d.mem).Repair()
	if err != nil {
		d.fail("repair: %v after the plan %+v", err, plan.Steps)
		return
	}
	if done.Done != (plan.Starts && !slices.ContainsFunc(plan.Steps,
		func(s check.Step) bool { return s.By == check.ByOperator })) {
		d.fail("repair: %+v, planned %+v", done, plan)
	}
	if !done.Done {
		return
	}
	report, err := offline(d.cfg, d.mem).Verify()
	if err != nil || !report.Healthy {
		d.fail("after the repair %+v: %v %+v", done.Steps, err, report.Findings)
	}
	if err := d.starts(); err != nil {
		d.fail("after the repair %+v: %v", done.Steps, err)
	}
}
