package store

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

var updateTraces = flag.Bool("update-traces", false, "write testdata/trace anew")

// traced runs a store on a file system that writes down what happens, with all timers off, so that the order is that of
// the calls alone.
type traced struct {
	t   *testing.T
	fs  *vfs.Trace
	cfg Config
	s   *Store
}

func newTraced(t *testing.T, mem *vfs.Mem) *traced {
	cfg := smallConfig("/s")
	cfg.FlushDiskType, cfg.TouchAheadBytes = SyncFlush, 0 // zeros ahead of the appends come at any time
	cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue, cfg.FlushConsumeQueueThoroughInterval = 3_600_000,
		3_600_000, 3_600_000
	return &traced{t: t, fs: vfs.NewTrace(mem), cfg: cfg}
}

func (x *traced) start() { x.s = mustStart(x.t, x.cfg, x.fs) }

// send appends a message, and waits until it is durable and indexed: the index writes in its own time.
func (x *traced) send(size int) {
	x.t.Helper()
	r := msg("T", 0, strings.Repeat("x", size))
	r.Properties = []byte("KEYS\x01k\x02")
	a := mustAppend(x.t, x.s, r)
	x.indexed(a.End())
	if err := <-durable(x.s, a); err != nil {
		x.t.Fatal(err)
	}
}

func (x *traced) indexed(to int64) {
	x.t.Helper()
	for end := time.Now().Add(5 * time.Second); x.s.index.Position() < to; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			x.t.Fatal("the index does not follow")
		}
	}
}

var (
	indexNames = regexp.MustCompile(`/index/\d{17}`)
	pidWrites  = regexp.MustCompile(`(write /s/abort 0)\+\d+`)
)

// golden compares what happened since the last call with testdata/trace/name.txt; go test -update-traces writes it.
func (x *traced) golden(name string) {
	x.t.Helper()
	got := strings.Join(x.fs.Take(), "\n") + "\n"
	got = pidWrites.ReplaceAllString(indexNames.ReplaceAllString(got, "/index/<time>"), "$1+<pid>")
	file := "testdata/trace/" + name + ".txt"
	if *updateTraces {
		if err := os.MkdirAll("testdata/trace", 0o755); err != nil {
			x.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			x.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		x.t.Fatal(err)
	}
	if got != string(want) {
		x.t.Errorf("%s: the file operations changed; got\n%swant\n%s", file, got, want)
	}
}

// TestGoldenTrace fixes which file operations happen in which order: durability depends on it.
func TestGoldenTrace(t *testing.T) {
	mem := vfs.NewMem()
	x := newTraced(t, mem)
	x.start()
	x.golden("first_boot")
	x.send(100)
	x.golden("append_sync_flush")
	for x.s.MaxPhyOffset() < 60<<10 { // past the middle: the next file is made ahead
		x.send(3000)
	}
	testutil.WaitFor(t, "the next file is not made", func() bool {
		ready, _ := x.s.log.Ahead()
		return ready
	})
	x.fs.Take()
	x.send(4000)
	x.send(4000)
	x.golden("roll")
	killed := mem.Clone()
	mustStop(t, x.s)
	x.golden("clean_stop")
	x.start()
	x.golden("clean_start")
	mustStop(t, x.s)

	y := newTraced(t, killed)
	f, err := killed.OpenFile("/s/commitlog/" + datafile.Name(64<<10))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteAt([]byte("a torn record"), 30<<10)
	y.start()
	y.indexed(y.s.MaxPhyOffset()) // the index is built again in its own time
	y.golden("unclean_recovery")
	mustStop(t, y.s)
	y.fs.Take()
	for _, text := range []string{`{"a":1}`, `{"a":2}`} {
		if err := vfs.WriteFileAtomic(y.fs, "/s/config/topics.json", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	y.golden("config_save")
}
