package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// oddLog makes the bytes of a log whose queue offsets do what those of other programs, and of deleted topics, do.
type oddLog struct {
	rnd  *rand.Rand
	size int64 // bytes of a file
	at   int64
	next map[string]int64
}

// record encodes the next record, with the blank in front of it where it does not fit into the file.
func (o *oddLog) record(t *testing.T, cfg *Config) []byte {
	topic, id := []string{"A", "B", "%LMQ%c"}[o.rnd.IntN(3)], o.rnd.Int32N(2)
	key := fmt.Sprint(topic, id)
	offset := o.next[key]
	switch o.rnd.IntN(20) {
	case 0:
		offset += 1 + o.rnd.Int64N(60) // a gap
	case 1:
		offset = 1 << 40
	case 2:
		offset = o.rnd.Int64N(offset + 1) // an offset that its queue has
	case 3:
		offset = 0 // the topic was deleted and made again
	}
	m := msg(topic, id, fmt.Sprint("body of ", offset)).Message
	m.Properties = []byte("TAGS\x01a\x02KEYS\x01k\x02")
	if o.rnd.IntN(6) == 0 { // two light queues, or the same one twice
		m.Properties = fmt.Appendf(m.Properties, "INNER_MULTI_DISPATCH\x01%%LMQ%%x,%%LMQ%%%s\x02"+
			"INNER_MULTI_QUEUE_OFFSET\x01%d,%d\x02", []string{"x", "y"}[o.rnd.IntN(2)], o.next["x"], o.rnd.Int64N(3)+o.next["x"])
		o.next["x"]++
	}
	e, err := cfg.RecordLimits().Plan(&m)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	if rest := o.size - o.at%o.size; int64(e.Size)+record.BlankSize > rest {
		out = make([]byte, rest)
		record.PutBlank(out, rest)
		o.at += rest
	}
	b := make([]byte, e.Size)
	e.Put(b, &m, record.Stamp{Offset: o.at, QueueOffset: offset, StoreTime: 1700000000000 + o.at})
	o.at += int64(e.Size)
	if offset < 1<<30 && offset >= o.next[key] || offset == 0 {
		o.next[key] = offset + 1
	}
	return append(out, b...)
}

// withoutBlanks leaves out what fills a queue's first file in front of its first entry, once that is written.
func withoutBlanks(all map[string]queueState) map[string]queueState {
	for name, q := range all {
		q.Entries = slices.DeleteFunc(q.Entries, func(e dispatch.Entry) bool { return e.Size == consumequeue.BlankSize })
		all[name] = q
	}
	return all
}

// TestRawOddOffsets feeds logs whose queue offsets do not follow each other, and compares the queues with those that a
// start builds from the same log.
func TestRawOddOffsets(t *testing.T) {
	for seed := range uint64(20) {
		rawOddOffsets(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func rawOddOffsets(t *testing.T, seed uint64) {
	fsys := vfs.NewMem()
	t.Cleanup(fsys.Free)
	cfg := slaveOf(smallConfig("/s"), "/r")
	cfg.EnableLmq, cfg.EnableMultiDispatch = true, true
	jumps := 0
	s := startSlave(t, cfg, fsys, EventListener{QueueJump: func(recovery.Jump) { jumps++ }})
	o := oddLog{rnd: rand.New(rand.NewPCG(seed, 21)), size: cfg.MappedFileSizeCommitLog, next: map[string]int64{}}
	for range 1200 {
		at := max(0, s.RawEnd())
		for b := o.record(t, &cfg); len(b) > 0; {
			n := min(int64(len(b)), 1+o.rnd.Int64N(400), o.size-at%o.size)
			if err := s.AppendRaw(at, b[:n]); err != nil {
				t.Fatal(err)
			}
			at, b = at+n, b[n:]
		}
	}
	if s.MaxPhyOffset() != o.at || o.at < 2*o.size || jumps < 20 || jumps > maxRawJumps {
		t.Fatalf("the log ends at %d, want %d; %d jumps", s.MaxPhyOffset(), o.at, jumps)
	}
	got, end := withoutBlanks(stateOf(t, s)), s.MaxPhyOffset()
	mustStop(t, s)
	rebuilt := fsys.Clone()
	t.Cleanup(rebuilt.Free)
	if err := rebuilt.Rename("/r/consumequeue", "/gone"); err != nil {
		t.Fatal(err)
	}
	if err := rebuilt.Remove("/r/gorocket.queues"); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, cfg, rebuilt, EventListener{})
	want := withoutBlanks(stateOf(t, again))
	sameState(t, "slave", got, want, end)
	fillers := 0
	for _, q := range want {
		for _, e := range q.Entries {
			if e.Tags == consumequeue.FillerTags {
				fillers++
			}
		}
	}
	if _, ok := want[dispatch.LightPrefix+"x/0"]; !ok || fillers == 0 {
		t.Errorf("no light queue, or no filler in %d queues", len(want))
	}
	mustStop(t, again)
}

// TestRawLargePieces feeds pieces that are larger than what is copied behind a record that is not whole: each is
// written in two parts then, and the log is the master's all the same. Queues begin anew in between, which has to wait
// (commitlog.Pending).
func TestRawLargePieces(t *testing.T) {
	fsys := vfs.NewMem()
	t.Cleanup(fsys.Free)
	cfg := slaveOf(smallConfig("/s"), "/r")
	cfg.MappedFileSizeCommitLog = 1 << 20
	s := startSlave(t, cfg, fsys, EventListener{QueueJump: func(recovery.Jump) {}})
	o := oddLog{rnd: rand.New(rand.NewPCG(5, 22)), size: cfg.MappedFileSizeCommitLog, next: map[string]int64{}}
	var log []byte
	for o.at < 3<<20 {
		log = append(log, o.record(t, &cfg)...)
	}
	for at := int64(0); at < o.at; {
		n := min(o.at-at, 1+o.rnd.Int64N(300<<10), o.size-at%o.size)
		if o.rnd.IntN(3) == 0 {
			n = min(n, 1+o.rnd.Int64N(12)) // less than the head of a record
		}
		if err := s.AppendRaw(at, log[at:at+n]); err != nil {
			t.Fatal(err)
		}
		if at += n; s.RawEnd() != at {
			t.Fatalf("the raw log ends at %d, want %d", s.RawEnd(), at)
		}
	}
	if s.MaxPhyOffset() != o.at {
		t.Fatalf("the log ends at %d, want %d", s.MaxPhyOffset(), o.at)
	}
	for at := int64(0); at < o.at; at += o.size {
		want := log[at:min(at+o.size, o.at)]
		if got := logBytes(s, at, len(want)); !bytes.Equal(got, want) {
			t.Errorf("the file at %d differs", at)
		}
	}
	mustStop(t, s)
}
