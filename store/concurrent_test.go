package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"gorocket/store/consumequeue"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestConcurrent appends, reads, searches, deletes and cleans at the same time; every queue must end without gap or
// duplicate. Run it with -race.
func TestConcurrent(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue, cfg.FlushConsumeQueueThoroughInterval = 1, 1, 3
	cfg.MaxConsumeQueueMemory, cfg.MaxOpenConsumeQueueFiles = 4096, 4
	var stored atomic.Int64
	s := mustOpen(t, cfg, mem, EventListener{MessageStored: func(topic string, _ int32, at, _, _ int64, rec []byte) {
		if m, err := record.Decode(rec); err != nil || m.QueueOffset != at || string(m.Topic) != topic {
			t.Errorf("event %s %d: %v", topic, at, err)
		}
		stored.Add(1)
	}})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	const writers, each, queues = 4, 1500, 5
	done := make(chan struct{})
	var wg, readers sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				r := msg("C", int32(i%queues), fmt.Sprintf("%d-%d", w, i))
				r.Properties = fmt.Appendf(nil, "KEYS\x01%d-%d\x02", w, i)
				r.Later = w%2 == 0
				a, err := s.Append(r)
				if err == nil && (i%7 == 0 || i == each-1) {
					if err = s.Publish(a.End()); err == nil && s.MaxOffset("C", r.QueueID) <= a.QueueOffset {
						err = fmt.Errorf("offset %d is published and cannot be read", a.QueueOffset)
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
				if i%100 == 0 {
					_, _ = s.Append(msg("Gone", 0, "x"))
				}
			}
		})
	}
	for _, work := range []func(rnd *rand.Rand){
		func(rnd *rand.Rand) { readSome(t, s, rnd, queues) },
		func(rnd *rand.Rand) { _ = s.DeleteTopic("Gone") },
		func(rnd *rand.Rand) { _, _ = s.QueryByKey("C", "1-5", 10, 0, 1<<60) },
		func(rnd *rand.Rand) {
			s.OffsetByTime("C", 0, rnd.Int64N(1<<41), Lower)
			_ = s.Flush()
		},
	} {
		readers.Go(func() {
			rnd := rand.New(rand.NewPCG(1, 2))
			for {
				select {
				case <-done:
					return
				default:
					work(rnd)
				}
			}
		})
	}
	wg.Wait()
	close(done)
	readers.Wait()
	if got := stored.Load(); got != writers*(each+each/100) {
		t.Errorf("%d events", got)
	}
	check := func(s *Store) {
		t.Helper()
		seen := map[string]bool{}
		for q := int32(0); q < queues; q++ {
			for _, b := range bodies(t, s, "C", q) {
				if seen[b] {
					t.Fatalf("%s twice", b)
				}
				seen[b] = true
			}
		}
		if len(seen) != writers*each {
			t.Fatalf("%d messages, want %d", len(seen), writers*each)
		}
		walkLog(t, s)
	}
	check(s)
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	again := mustStart(t, cfg, mem)
	check(again)
}

func readSome(t *testing.T, s *Store, rnd *rand.Rand, queues int32) {
	var res GetResult
	q := rnd.Int32N(queues)
	max := s.MaxOffset("C", q)
	s.Get(&GetQuery{Topic: "C", QueueID: q, Offset: rnd.Int64N(max + 1), MaxCount: 32, HotOnly: rnd.IntN(2) == 0}, &res)
	for i, rec := range res.Slices {
		if m, err := record.Decode(rec); err != nil || m.QueueOffset != res.QueueOffsets[i] {
			t.Errorf("read: %v", err)
		}
	}
	res.Release()
}

// TestRandomOps runs the same seeded operations under several configurations: the visible history must be the same.
func TestRandomOps(t *testing.T) {
	configs := map[string]func(c *Config){
		"plain": func(*Config) {},
		"sync":  func(c *Config) { c.FlushDiskType = SyncFlush },
		"small": func(c *Config) { c.MappedFileSizeCommitLog, c.MappedFileSizeConsumeQueue = 8<<10, 7*consumequeue.Unit },
		"no memory": func(c *Config) {
			c.MaxConsumeQueueMemory, c.MaxOpenConsumeQueueFiles, c.FlushIntervalConsumeQueue = 1, 1, 1
		},
		"no touch":  func(c *Config) { c.TouchAheadBytes = 0 },
		"prop crc":  func(c *Config) { c.EnabledAppendPropCRC, c.ForceVerifyPropCRC = true, true },
		"two disks": func(c *Config) { c.StorePathCommitLog, c.MappedFileSizeCommitLog = "/d1/log,/d2/log", 16<<10 },
		"no index":  func(c *Config) { c.MessageIndexEnable = false },
		"thorough":  func(c *Config) { c.FlushConsumeQueueThoroughInterval, c.FlushIntervalConsumeQueue = 1, 1 },
	}
	for seed := uint64(0); seed < 4; seed++ {
		var want string
		for name, change := range configs {
			mem := vfs.NewMem()
			cfg := smallConfig("/s")
			change(&cfg)
			got := randomOps(t, cfg, mem, seed)
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatalf("seed %d, config %q: another history:\n%.300s\n%.300s", seed, name, got, want)
			}
			mem.Free()
		}
	}
}

// randomOps returns what a client can see in the end.
func randomOps(t *testing.T, cfg Config, mem *vfs.Mem, seed uint64) string {
	rnd := rand.New(rand.NewPCG(seed, 11))
	s := mustStart(t, cfg, mem)
	for i := 0; i < 600; i++ {
		topic, q := fmt.Sprintf("R%d", rnd.IntN(3)), rnd.Int32N(4)
		switch k := rnd.IntN(100); {
		case k < 85:
			r := msg(topic, q, fmt.Sprintf("%d-%0*d", i, 1+rnd.IntN(300), 0))
			r.Properties = []byte("KEYS\x01a b\x02TAGS\x01x")
			mustAppend(t, s, r)
		case k < 95:
			var body []byte
			for j := range 1 + rnd.IntN(9) {
				body = record.AppendBatchItem(body, record.BatchItem{Body: fmt.Appendf(nil, "%d.%d", i, j),
					Properties: []byte("TAGS\x01y")})
			}
			if _, _, err := s.AppendBatch(msg(topic, q, ""), body, nil); err != nil {
				t.Fatal(err)
			}
		// not with kills: how much of a deleted queue an unclean start finds in the log depends on the configuration, as in
		// Java
		case k < 97 && seed%2 == 0:
			if err := s.DeleteTopic(topic); err != nil {
				t.Fatal(err)
			}
		case k < 99 || seed%2 == 0:
			mustStop(t, s)
			s = mustStart(t, cfg, mem)
		default:
			killed := mem.Clone()
			mustStop(t, s)
			defer killed.Free()
			mem = killed
			s = mustStart(t, cfg, mem)
		}
	}
	out := ""
	for topic := range 3 {
		for q := range int32(4) {
			name := fmt.Sprintf("R%d", topic)
			out += fmt.Sprintf("%s/%d %d..%d %v\n", name, q, s.MinOffset(name, q), s.MaxOffset(name, q), bodies(t, s, name, q))
		}
	}
	walkLog(t, s)
	mustStop(t, s)
	return out
}
