package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// ledger is what a client knows: the acknowledged messages of each queue by queue offset.
type ledger struct {
	mu    sync.Mutex
	acked map[string]map[int64]string // topic/queue -> queue offset -> body
}

func (l *ledger) ack(topic string, q int32, at int64, body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := fmt.Sprintf("%s/%d", topic, q)
	if l.acked[k] == nil {
		l.acked[k] = map[int64]string{}
	}
	l.acked[k][at] = body
}

// check compares a recovered store with a copy of the ledger taken before the clone. sent says which bodies may exist
// at all.
func (l *ledger) check(t *testing.T, s *Store, topic string, queues int32, full bool) {
	t.Helper()
	for q := int32(0); q < queues; q++ {
		got := bodies(t, s, topic, q)
		acked := l.acked[fmt.Sprintf("%s/%d", topic, q)]
		if full {
			for at, body := range acked {
				if at >= int64(len(got)) || got[at] != body {
					t.Fatalf("queue %d offset %d: acknowledged %.20q is lost (queue has %d)", q, at, body, len(got))
				}
			}
		}
		for at, body := range got {
			if want := fmt.Sprintf("q%d-%d-", q, at); len(body) < len(want) || body[:len(want)] != want {
				x := s.queues.Get(topic, q)
				t.Fatalf("queue %d offset %d: phantom %.20q; min %d max %d first %d", q, at, body, s.MinOffset(topic, q),
					x.Entries(), x.First())
			}
		}
		if max := s.MaxOffset(topic, q); max != int64(len(got)) {
			t.Fatalf("queue %d: max offset %d but %d messages readable", q, max, len(got))
		}
	}
}

func (l *ledger) copy() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := &ledger{acked: map[string]map[int64]string{}}
	for k, m := range l.acked {
		out.acked[k] = map[int64]string{}
		for at, b := range m {
			out.acked[k][at] = b
		}
	}
	return out
}

// crashRounds can be raised: STORE_CRASH_ROUNDS=2000 go test -run Crash.
func crashRounds(t *testing.T, normal int) int {
	if v := os.Getenv("STORE_CRASH_ROUNDS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return max(1, normal/10)
	}
	return normal
}

// replay tells how to run one seed again. The seed decides messages, moment and what survives; how far the flushers
// were is decided by the machine, so a failure may need STORE_CRASH_ROUNDS of some hundred runs to come back.
func replay(mode string, seed uint64) string {
	return fmt.Sprintf("replay: STORE_CRASH_SEED=%d STORE_CRASH_ROUNDS=1 go test -count 100 -run 'CrashClones/^%s$' "+
		"./store", seed, mode)
}

// TestCrashClones cuts the power at random moments under load, recovers, and compares with what had been acknowledged.
func TestCrashClones(t *testing.T) {
	for _, mode := range []string{SyncFlush, AsyncFlush} {
		t.Run(mode, func(t *testing.T) {
			rounds := crashRounds(t, 100)
			first, _ := strconv.Atoi(os.Getenv("STORE_CRASH_SEED"))
			t.Logf("seeds %d..%d", first, first+rounds-1)
			for seed := first; seed < first+rounds; seed++ {
				crashOnce(t, mode, uint64(seed))
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func crashOnce(t *testing.T, mode string, seed uint64) {
	const topic = "CrashTopic"
	rnd := rand.New(rand.NewPCG(seed, 7))
	queues := int32(1 + 2*rnd.IntN(2))
	mem := vfs.NewMem()
	defer func() {
		if !t.Failed() {
			mem.Free()
		} else {
			t.Logf("mode %s seed %d; %s", mode, seed, replay(mode, seed))
		}
	}()
	cfg := smallConfig("/store")
	cfg.FlushDiskType = mode
	cfg.MappedFileSizeCommitLog = 16 << 10
	cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue, cfg.FlushConsumeQueueThoroughInterval = 2, 2, 5
	if rnd.IntN(2) == 0 {
		cfg.MappedFileSizeConsumeQueue = 700 * consumequeue.Unit // several pages, which survive one by one
	}
	s := mustStart(t, cfg, mem)
	led := &ledger{acked: map[string]map[int64]string{}}
	stopAt := 50 + rnd.IntN(700)
	var next [3]int64
	for i := 0; i < stopAt; i++ {
		q := rnd.Int32N(queues)
		body := fmt.Sprintf("q%d-%d-%s", q, next[q], strings.Repeat("x", rnd.IntN(600)))
		next[q]++
		r := msg(topic, q, body)
		r.Group = rnd.IntN(4) > 0
		r.Later = !r.Group || mode == AsyncFlush
		a := mustAppend(t, s, r)
		if mode == AsyncFlush || rnd.IntN(8) == 0 {
			if err := s.Publish(a.End()); err != nil {
				t.Fatal(err)
			}
		}
		if mode == AsyncFlush {
			led.ack(topic, q, a.QueueOffset, body)
			continue
		}
		s.NotifyDurable(a.End(), func(err error) {
			if err == nil {
				led.ack(topic, q, a.QueueOffset, body)
			}
		})
	}
	known := led.copy()
	crashed := mem.CrashClone(seed, rnd.Float64())
	defer func() {
		if !t.Failed() {
			crashed.Free()
		}
	}()
	mustStop(t, s)
	again := mustStart(t, cfg, crashed)
	if again.Report().Clean {
		t.Fatal("the crash looks like a clean stop")
	}
	known.check(t, again, topic, queues, mode == SyncFlush)
	before := again.MaxOffset(topic, 0)
	a := mustAppend(t, again, msg(topic, 0, fmt.Sprintf("q0-%d-after", before)))
	if a.QueueOffset != before {
		t.Fatalf("offset %d after recovery, want %d", a.QueueOffset, before)
	}
	walkLog(t, again)
	killed := crashed.Clone() // and once more, before anything else is flushed
	defer killed.Free()
	cut := killed.CrashClone(seed, rnd.Float64())
	defer cut.Free()
	mustStop(t, again)
	for _, fs := range []*vfs.Mem{crashed, killed, cut} {
		third := mustStart(t, cfg, fs)
		known.check(t, third, topic, queues, mode == SyncFlush)
		if got := third.MaxOffset(topic, 0); fs != cut && got != before+1 {
			t.Fatalf("max offset %d after the second start, want %d", got, before+1)
		}
		walkLog(t, third)
		mustStop(t, third)
		if r := mustVerify(t, cfg, fs); len(r.Findings) != 0 {
			t.Fatalf("verify after a clean stop: %+v", r.Findings)
		}
	}
}

// walkLog reads the log as a program does that has nothing else: record by record, filler by filler, to its end.
func walkLog(t *testing.T, s *Store) {
	t.Helper()
	var m record.View
	for at := s.MinPhyOffset(); at < s.MaxPhyOffset(); {
		seg := s.log.Find(at)
		switch st, why := seg.Examine(at-seg.Base, s.cfg.Load().logChecks(), &m); st {
		case commitlog.StepRecord:
			at += int64(m.Size)
		case commitlog.StepBlank:
			at = seg.End()
		default:
			t.Fatalf("log offset %d of %d..%d: %v %s", at, s.MinPhyOffset(), s.MaxPhyOffset(), st, why)
		}
	}
}

// TestKillLosesNothing: after kill -9 the page cache is still there, so every append is.
func TestKillLosesNothing(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/store")
	s := mustStart(t, cfg, mem)
	want := fill(t, s, "T", 3, 2500)
	again := mustStart(t, cfg, mem.Clone())
	if again.Report().Clean {
		t.Fatal("not seen as unclean")
	}
	for q, w := range want {
		wantBodies(t, again, "T", q, w)
	}
}

// TestKillChain kills a store again and again at random moments while its flusher writes queues and notes their ends:
// nothing may ever be missing or twice, in plain queues, batch queues and light queues.
func TestKillChain(t *testing.T) {
	for seed := range uint64(crashRounds(t, 10)) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		cfg := lightConfig()
		cfg.FlushIntervalConsumeQueue, cfg.FlushConsumeQueueThoroughInterval, cfg.EnableConsumeQueueExt = 1, 3+rnd.IntN(30),
			seed%2 == 0
		ev := EventListener{IsBatchTopic: batchB}
		mem := vfs.NewMem()
		want, batches, light, known := map[int32][]string{}, []string(nil), 0, 0
		for range 12 {
			s := mustOpen(t, cfg, mem, ev)
			if s.Report().QueuesKnown && !s.Report().Clean {
				known++
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			for q, w := range want {
				wantBodies(t, s, "T", q, w)
			}
			if got := offsetSpans(t, s, "B", 0); !slices.Equal(got, batches) || s.MaxOffset("%LMQ%a", 0) != int64(light) {
				t.Fatalf("seed %d: batches %v, want %v; light %d, want %d", seed, got, batches, s.MaxOffset("%LMQ%a", 0), light)
			}
			for range rnd.IntN(150) {
				q := int32(rnd.IntN(5))
				body := strings.Repeat("x", rnd.IntN(300))
				mustAppend(t, s, msg("T", q, body))
				want[q] = append(want[q], body)
				switch rnd.IntN(8) {
				case 0:
					batches = append(batches, fillBatches(t, s, "B", rnd.IntN(4))...)
				case 1:
					mustAppend(t, s, dispatched("P", "%LMQ%a", "x"))
					light++
				case 2:
					s.queues.Renote()
				case 3:
					time.Sleep(time.Duration(rnd.IntN(800)) * time.Microsecond)
				}
			}
			killed := mem.Clone()
			mustStop(t, s)
			mem.Free()
			mem = killed
			if r := mustVerify(t, cfg, mem); !r.Healthy {
				t.Fatalf("seed %d: %+v", seed, r.Findings)
			}
		}
		mem.Free()
		if known == 0 {
			t.Errorf("seed %d: no start believed the manifest", seed)
		}
	}
}

// TestKillWhileRecovering kills a start at each of its file operations, which are many after a power cut: the next
// start works and misses nothing.
func TestKillWhileRecovering(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.EnableConsumeQueueExt, cfg.MappedFileSizeConsumeQueueExt, cfg.MapperFileSizeBatchConsumeQueue = true, 4096,
		20*consumequeue.BatchUnit
	ev := EventListener{IsBatchTopic: batchB}
	s := mustOpen(t, cfg, mem, ev)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	want, batches := fill(t, s, "T", 3, 400), fillBatches(t, s, "B", 50)
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for q, more := range fill(t, s, "T", 3, 100) {
		want[q] = append(want[q], more...)
	}
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	cut := mem.CrashClone(1, 1)
	t.Cleanup(cut.Free)
	mustStop(t, s)
	for at := 1; ; at++ {
		first := cut.Clone()
		var killed *vfs.Mem
		n := 0
		first.Inject(func(op, _ string) error {
			switch op {
			case "open", "read", "readdir", "stat", "map", "lock":
				return nil
			}
			if n++; n == at {
				killed = first.Clone() // what stands on the disk in front of this operation
			}
			return nil
		})
		s, err := Open(cfg, first, ev)
		if err != nil {
			t.Fatal(err)
		}
		err = s.queues.Write(t.Context(), 1)
		mustStop(t, s)
		if err != nil {
			t.Fatal(err)
		}
		first.Free()
		if killed == nil {
			if at < 20 {
				t.Errorf("only %d operations", at)
			}
			return
		}
		s = mustOpen(t, cfg, killed, ev)
		for q, w := range want {
			wantBodies(t, s, "T", q, w)
		}
		if got := offsetSpans(t, s, "B", 0); !slices.Equal(got, batches) {
			t.Fatalf("killed before operation %d: %v", at, got)
		}
		mustStop(t, s)
		killed.Free()
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/store")
	mustStart(t, cfg, mem)
	_, err := Open(cfg, mem, EventListener{})
	var locked *LockedError
	if !errors.As(err, &locked) || locked.Path != "/store/lock" {
		t.Fatalf("got %v", err)
	}
}
