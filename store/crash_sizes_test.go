package store

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestCrashClonesSizes cuts the power with small, middle and large commit log files, leaves a hole of any size in what
// was not synced, lets the log grow through it and kills and cuts again. STORE_CRASH_ROUNDS rounds for each size and
// mode.
func TestCrashClonesSizes(t *testing.T) {
	for _, size := range []int64{16 << 10, 1 << 20, 32 << 20} {
		for _, mode := range []string{SyncFlush, AsyncFlush} {
			t.Run(fmt.Sprintf("%d %s", size, mode), func(t *testing.T) {
				first, _ := strconv.Atoi(os.Getenv("STORE_CRASH_SEED"))
				for seed := first; seed < first+crashRounds(t, 4); seed++ {
					c := crashTest{t: t, rnd: rand.New(rand.NewPCG(uint64(seed), uint64(size))), seed: uint64(seed),
						size: size}
					c.run(mode)
					if t.Failed() {
						t.Fatalf("replay: STORE_CRASH_SEED=%d STORE_CRASH_ROUNDS=1 go test -run ClonesSizes ./store",
							seed)
					}
				}
			})
		}
	}
}

// crashTest is one round.
type crashTest struct {
	t      *testing.T
	rnd    *rand.Rand
	seed   uint64
	size   int64 // of a commit log file
	body   string
	queues int32
	life   int // power cuts so far
	cfg    Config
}

func (c *crashTest) run(mode string) {
	mem := vfs.NewMem()
	defer mem.Free()
	c.cfg = smallConfig("/s")
	c.cfg.FlushDiskType, c.cfg.MappedFileSizeCommitLog, c.cfg.MappedFileSizeConsumeQueue = mode, c.size,
		700*consumequeue.Unit
	// synced where a file ends and where the test says so
	c.cfg.FlushIntervalCommitLog, c.cfg.FlushConsumeQueueThoroughInterval = 3_600_000, 3_600_000
	c.queues = 1 + c.rnd.Int32N(3)
	c.body = strings.Repeat("x", 1<<c.rnd.IntN(bits.Len64(uint64(min(16<<10, c.size/8)))))
	s := mustStart(c.t, c.cfg, mem)
	c.write(s)
	if err := s.Flush(); err != nil {
		c.t.Fatal(err)
	}
	c.write(s)
	durable, want := s.FlushedOffset(), c.all(s)
	cut := mem.CrashClone(c.seed, c.share())
	defer cut.Free()
	c.hole(cut, durable, s.MaxPhyOffset())
	mustStop(c.t, s)
	c.life++
	again := mustStart(c.t, c.cfg, cut)
	c.prefix("power cut", again, want, durable)
	c.write(again) // the log grows, through the hole perhaps
	durable, want = again.FlushedOffset(), c.all(again)
	end := again.MaxPhyOffset()
	killed, twice := cut.Clone(), cut.CrashClone(c.seed+1, c.share())
	defer killed.Free()
	defer twice.Free()
	mustStop(c.t, again)
	k := mustStart(c.t, c.cfg, killed)
	if c.prefix("killed", k, want, end); k.MaxPhyOffset() != end {
		c.t.Errorf("killed: the log ends at %d, want %d", k.MaxPhyOffset(), end)
	}
	mustStop(c.t, k)
	z := mustStart(c.t, c.cfg, twice)
	c.prefix("second power cut", z, want, durable)
	mustStop(c.t, z)
	for _, fsys := range []*vfs.Mem{cut, killed, twice} {
		if r := mustVerify(c.t, c.cfg, fsys); len(r.Findings) != 0 {
			c.t.Errorf("verify: %+v", r.Findings)
		}
	}
}

// share is the chance of a page that was not synced: often all or none.
func (c *crashTest) share() float64 { return []float64{0, 1, 1, c.rnd.Float64()}[c.rnd.IntN(4)] }

// write appends up to a random place, as far as two files or 12 MiB.
func (c *crashTest) write(s *Store) {
	far := min(2*c.size, 12<<20)
	upTo := s.MaxPhyOffset() + int64(float64(far)*c.rnd.Float64()*c.rnd.Float64())
	for n := 0; s.MaxPhyOffset() < upTo && n < 1000; n++ {
		q := c.rnd.Int32N(c.queues)
		r := msg("T", q, fmt.Sprintf("%d/%d/%d/%s", c.life, q, s.MaxOffset("T", q), c.body))
		if c.rnd.IntN(8) == 0 {
			mustBatch(c.t, s, r, 1+c.rnd.IntN(3))
			continue
		}
		mustAppend(c.t, s, r)
	}
}

func mustBatch(t *testing.T, s *Store, r *Record, n int) {
	t.Helper()
	var b []byte
	for range n {
		b = record.AppendBatchItem(b, record.BatchItem{Body: r.Body})
	}
	if _, _, err := s.AppendBatch(r, b, nil); err != nil {
		t.Fatal(err)
	}
}

// all reads the queues: log offset and body of each message.
func (c *crashTest) all(s *Store) [][]string {
	c.t.Helper()
	out := make([][]string, c.queues)
	for q := range out {
		for at, body := range bodies(c.t, s, "T", int32(q)) {
			phy, _, _, _ := s.OffsetInQueue("T", int32(q), s.MinOffset("T", int32(q))+int64(at))
			out[q] = append(out[q], fmt.Sprintf("%020d %s", phy, body))
		}
	}
	return out
}

// prefix checks that a store has the first messages of each queue, all below a log offset, and nothing else.
func (c *crashTest) prefix(what string, s *Store, want [][]string, durable int64) {
	c.t.Helper()
	low := fmt.Sprintf("%020d", durable)
	for q, got := range c.all(s) {
		if len(got) > len(want[q]) || !slices.Equal(got, want[q][:len(got)]) {
			c.t.Errorf("%s: queue %d has %d messages, not the first of %d", what, q, len(got), len(want[q]))
		} else if len(got) < len(want[q]) && want[q][len(got)] < low {
			c.t.Errorf("%s: queue %d has %d messages, but %.60s was below %s", what, q, len(got), want[q][len(got)],
				low)
		}
	}
}

// hole clears a range of the log that was not synced, with whole pages.
func (c *crashTest) hole(fsys *vfs.Mem, from, to int64) {
	c.t.Helper()
	for base := from - from%c.size; base < to; base += c.size {
		f, err := fsys.OpenFile("/s/commitlog/" + datafile.Name(base))
		if err != nil {
			continue // the power cut took it
		}
		lo, hi := max(from-base, 0), min(to-base, c.size)
		at := lo + int64(float64(hi-lo)*c.rnd.Float64()*c.rnd.Float64())
		at = min((at+4095)&^4095, hi)
		if err = f.Zero(at, int64(float64(hi-at)*c.rnd.Float64())&^4095); err == nil {
			err = f.Sync()
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
}
