package store

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"
	"weak"

	"gorocket/store/consumequeue"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// smallConfig makes files small enough that a few messages roll them.
func smallConfig(dir string) Config {
	c := DefaultConfig()
	c.StorePathRootDir = dir
	c.MappedFileSizeCommitLog = 64 << 10
	c.MappedFileSizeConsumeQueue = 100 * consumequeue.Unit
	c.MaxHashSlotNum, c.MaxIndexNum = 100, 400
	c.TouchAheadBytes = 32 << 10
	// a test that is about a full disk has one of its own: how full the machine's is decides nothing
	c.DiskSpaceWarningLevelRatio, c.DiskSpaceCleanForciblyRatio, c.DiskMaxUsedSpaceRatio, c.MinFreeDiskBytes = 100, 100, 100, 0
	return c
}

func mustOpen(t testing.TB, cfg Config, fs vfs.FS, ev EventListener) *Store {
	t.Helper()
	if ev.BackgroundError == nil {
		ev.BackgroundError = func(what, file string, err error) { t.Errorf("background: %s %s: %v", what, file, err) }
	}
	s, err := Open(cfg, fs, ev)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func mustStart(t testing.TB, cfg Config, fs vfs.FS) *Store {
	t.Helper()
	s := mustOpen(t, cfg, fs, EventListener{})
	if err := s.Start(); err != nil {
		t.Fatalf("start: %v", err)
	}
	running := weak.Make(s) // a test of a thousand starts does not keep a thousand stores
	t.Cleanup(func() {
		if s := running.Value(); s != nil {
			_ = s.Stop(context.Background())
		}
	})
	return s
}

func mustStop(t testing.TB, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if mem, ok := s.fs.(*vfs.Mem); ok && mem.Mapped() > 0 {
		t.Errorf("behind the stop %d files are mapped: a lease was not returned", mem.Mapped())
	}
}

var (
	hostA = netip.MustParseAddrPort("10.1.2.3:4567")
	hostB = netip.MustParseAddrPort("192.168.0.9:10911")
	hostV = netip.MustParseAddrPort("[2001:db8::7]:10911")
)

func msg(topic string, queue int32, body string) *Record {
	return &Record{
		Message: record.Message{
			Topic: topic, QueueID: queue, BornTimestamp: 1700000000000, BornHost: hostA,
			StoreHost: hostB, Body: []byte(body),
		},
	}
}

func mustAppend(t testing.TB, s *Store, r *Record) Appended {
	t.Helper()
	a, err := s.Append(r)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return a
}

// bodies reads a queue to its end.
func bodies(t testing.TB, s *Store, topic string, queue int32) []string {
	t.Helper()
	var out []string
	var res GetResult
	at := s.MinOffset(topic, queue)
	for {
		s.Get(&GetQuery{Topic: topic, QueueID: queue, Offset: at, MaxCount: 32}, &res)
		if res.Status != Found {
			res.Release()
			return out
		}
		for i, rec := range res.Slices {
			m, err := record.Decode(rec)
			if err != nil {
				t.Fatalf("queue %s/%d offset %d: %v", topic, queue, at, err)
			}
			if m.QueueOffset != res.QueueOffsets[i] || string(m.Topic) != topic || m.QueueID != queue || !m.BodyCRCOK() {
				t.Fatalf("wrong record %+v at %d", m, res.QueueOffsets[i])
			}
			out = append(out, string(m.Body))
		}
		at = res.NextBeginOffset
		res.Release()
	}
}

func wantBodies(t testing.TB, s *Store, topic string, queue int32, want []string) {
	t.Helper()
	got := bodies(t, s, topic, queue)
	if len(got) != len(want) {
		t.Fatalf("%s/%d: %d messages, want %d", topic, queue, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s/%d[%d]: %q, want %q", topic, queue, i, got[i], want[i])
		}
	}
}

func fill(t testing.TB, s *Store, topic string, queues, n int) map[int32][]string {
	t.Helper()
	want := map[int32][]string{}
	for i := 0; i < n; i++ {
		q := int32(i % queues)
		body := fmt.Sprintf("%s-%d-%d-%s", topic, q, i, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[:i%40])
		mustAppend(t, s, msg(topic, q, body))
		want[q] = append(want[q], body)
	}
	return want
}

// batchB is the rule of these tests for topics with queue.type=BatchCQ.
func batchB(topic string) bool { return topic == "B" }

// offline is a directory for verify, repair and export.
func offline(cfg Config, fsys vfs.FS) Offline { return Offline{cfg, fsys, batchB} }
