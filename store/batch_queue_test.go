package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// innerBatch is a record as the broker makes it from a batch to a BatchCQ topic.
func innerBatch(topic string, queue int32, n int) *Record {
	r := msg(topic, queue, "")
	for i := range n {
		r.Body = record.AppendBatchItem(r.Body, record.BatchItem{Body: fmt.Appendf(nil, "item%d", i)})
	}
	r.SysFlag = record.SysFlagInnerBatch | record.SysFlagNeedUnwrap
	r.Properties = fmt.Appendf(nil, "UNIQ_KEY\x01u\x02INNER_NUM\x01%d\x02", n)
	return r
}

// offsetSpans reads a queue from offset on: base offset and message count of each record.
func offsetSpans(t *testing.T, s *Store, topic string, from int64) (out []string) {
	t.Helper()
	var res GetResult
	for {
		s.Get(&GetQuery{Topic: topic, QueueID: 0, Offset: from, MaxCount: 32}, &res)
		if res.Status != Found {
			res.Release()
			return out
		}
		for i, rec := range res.Slices {
			m, err := record.Decode(rec)
			if err != nil || m.QueueOffset != res.QueueOffsets[i] {
				t.Fatalf("%v %d at %d", err, m.QueueOffset, res.QueueOffsets[i])
			}
			f, e := dispatch.FactsOf(&m), dispatch.Entry{}
			s.rules().Own(&f, &e)
			out = append(out, fmt.Sprintf("%d+%d", e.Base, e.Count))
		}
		from = res.NextBeginOffset
		res.Release()
	}
}

// fillBatches appends records of 1..4 messages in turn and returns where each begins.
func fillBatches(t *testing.T, s *Store, topic string, records int) (want []string) {
	t.Helper()
	next := s.MaxOffset(topic, 0)
	for i := range records {
		n := i%4 + 1
		r := innerBatch(topic, 0, n)
		if n == 1 {
			r = msg(topic, 0, "single")
		}
		a := mustAppend(t, s, r)
		if a.QueueOffset != next || a.Count != n {
			t.Fatalf("record %d: %+v, want offset %d count %d", i, a, next, n)
		}
		want = append(want, fmt.Sprintf("%d+%d", next, n))
		next += int64(n)
	}
	return want
}

func batchStore(t *testing.T, mem *vfs.Mem) (*Store, Config, EventListener) {
	t.Helper()
	cfg := smallConfig("/s")
	cfg.MapperFileSizeBatchConsumeQueue = 20 * consumequeue.BatchUnit
	ev := EventListener{IsBatchTopic: batchB}
	s := mustOpen(t, cfg, mem, ev)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s, cfg, ev
}

func TestBatchQueue(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s, cfg, ev := batchStore(t, mem)
	want := fillBatches(t, s, "B", 100)
	check := func(s *Store) {
		t.Helper()
		if got := offsetSpans(t, s, "B", 0); !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
		if got := offsetSpans(t, s, "B", 5); !slices.Equal(got, want[2:]) { // offset 5 is inside record 2, which begins at 3
			t.Fatalf("from 5: %v", got[:3])
		}
		if s.MaxOffset("B", 0) != 250 || s.MinOffset("B", 0) != 0 {
			t.Fatalf("%d..%d", s.MinOffset("B", 0), s.MaxOffset("B", 0))
		}
	}
	check(s)
	if off, _, _, ok := s.OffsetInQueue("B", 0, 249); !ok || off == 0 {
		t.Error("no entry for the last message")
	}
	if _, _, _, ok := s.OffsetInQueue("B", 0, 250); ok {
		t.Error("an entry behind the end")
	}
	last := s.StoreTimeAt("B", 0, 249)
	if got := s.OffsetByTime("B", 0, last+1, Lower); got != 250 {
		t.Errorf("by time: %d", got)
	}
	if got := s.OffsetByTime("B", 0, 0, Lower); got != 0 {
		t.Errorf("by time 0: %d", got)
	}
	killed := mem.Clone()
	defer killed.Free()
	mustStop(t, s)
	for _, fsys := range []*vfs.Mem{mem, killed} {
		s = mustOpen(t, cfg, fsys, ev)
		check(s)
		mustStop(t, s)
	}
	if r := mustVerify(t, cfg, mem); !r.Healthy || r.QueueEntries != 100 {
		t.Errorf("verify: %+v", r)
	}
	_ = mem.Rename("/s/batchconsumequeue", "/gone")
	_, _ = mem.Create("/s/abort")
	s = mustOpen(t, cfg, mem, ev)
	check(s)
	mustStop(t, s)
}

// TestBatchQueueBytes: an entry stands in the file as BatchConsumeQueue writes it, and goes on after a restart.
func TestBatchQueueBytes(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s, cfg, ev := batchStore(t, mem)
	r := innerBatch("B", 0, 3)
	r.TagsCode = 7
	a := mustAppend(t, s, r)
	mustStop(t, s)
	s = mustOpen(t, cfg, mem, ev)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	b := mustAppend(t, s, innerBatch("B", 0, 2))
	mustStop(t, s)
	got, err := vfs.ReadFile(mem, "/s/batchconsumequeue/B/0/"+datafile.Name(0))
	if err != nil || len(got) != 20*consumequeue.BatchUnit {
		t.Fatal(err, len(got))
	}
	var want []byte
	be := binary.BigEndian
	for i, x := range []Appended{a, b} {
		want = be.AppendUint64(want, uint64(x.Offset))
		want = be.AppendUint32(want, uint32(x.Size))
		want = be.AppendUint64(want, uint64(7-7*i))
		want = be.AppendUint64(want, uint64(x.StoreTimestamp))
		want = be.AppendUint64(want, uint64(3*i))
		want = be.AppendUint16(want, uint16(3-i))
		want = be.AppendUint32(want, 0xFFFFFFFF)
		want = be.AppendUint32(want, 0)
	}
	if string(got[:len(want)]) != string(want) {
		t.Errorf("got  %x\nwant %x", got[:len(want)], want)
	}
	rec, err := s.ReadRecord(b.Offset, nil)
	if err == nil {
		t.Fatal("a stopped store was read")
	}
	_ = rec
}

func TestInnerBatchNeedsBatchTopic(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := mustStart(t, smallConfig("/s"), mem)
	mustAppend(t, s, msg("Plain", 0, "x"))
	if _, err := s.Append(innerBatch("Plain", 0, 2)); !errors.Is(err, ErrNotBatchTopic) ||
		!errors.Is(err, record.ErrIllegal) {
		t.Fatalf("got %v", err)
	}
	a := mustAppend(t, s, innerBatch("New", 0, 2)) // a queue of its own kind, without a callback
	rec, err := s.ReadRecord(a.Offset, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := record.Decode(rec)
	if v, _ := m.Property("INNER_BASE"); string(v) != "0" || s.MaxOffset("New", 0) != 2 {
		t.Errorf("INNER_BASE %q, max %d", v, s.MaxOffset("New", 0))
	}
}

// TestInnerBatchElsewhere: where somebody knows which topics have batch queues, an inner batch makes none for another
// topic: a message that a consumer sends back goes to a retry topic or a delay level, whose queues Java reads as well.
func TestInnerBatchElsewhere(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s, _, _ := batchStore(t, mem)
	defer mustStop(t, s)
	mustAppend(t, s, innerBatch("B", 0, 2))
	for _, topic := range []string{dispatch.ScheduleTopic, "%RETRY%g", "New"} {
		if _, err := s.Append(innerBatch(topic, 0, 2)); !errors.Is(err, ErrNotBatchTopic) {
			t.Errorf("%s: %v", topic, err)
		}
		mustAppend(t, s, msg(topic, 0, "x"))
		if q := s.queues.Get(topic, 0); q.Batch() || q.End() != 1 {
			t.Errorf("%s: a batch queue: %v, end %d", topic, q.Batch(), q.End())
		}
	}
}

// TestBatchQueueCrash: after power cuts the queue has no gap and ends where the log does.
func TestBatchQueueCrash(t *testing.T) {
	for seed := range uint64(40) {
		mem := vfs.NewMem()
		s, cfg, ev := batchStore(t, mem)
		want := fillBatches(t, s, "B", 60)
		cut := mem.CrashClone(seed, float64(seed%5)/4)
		mustStop(t, s)
		s = mustOpen(t, cfg, cut, ev)
		got := offsetSpans(t, s, "B", 0)
		if len(got) > len(want) || !slices.Equal(got, want[:len(got)]) {
			t.Fatalf("seed %d: %v", seed, got)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		more := fillBatches(t, s, "B", 5)
		// where the log is gone and what was noted of the queue is not, it goes on from there: no offset is given twice
		if all := offsetSpans(t, s, "B", s.MinOffset("B", 0)); !slices.Equal(all, append(got, more...)) {
			t.Fatalf("seed %d: %v, want %v and %v", seed, all, got, more)
		}
		mustStop(t, s)
		if r := mustVerify(t, cfg, cut); !r.Healthy {
			t.Fatalf("seed %d: %+v", seed, r.Findings)
		}
		cut.Free()
		mem.Free()
	}
}

// TestBatchQueueExpires: the minimum follows the log and is the offset of a whole record.
func TestBatchQueueExpires(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s, _, _ := batchStore(t, mem)
	defer mustStop(t, s)
	for range 40 {
		fillBatches(t, s, "B", 20)
		r := msg("B", 0, strings.Repeat("x", 5000))
		mustAppend(t, s, r)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	_ = s.log.DropOldest(s.log.Oldest())
	s.queues.Expire(t.Context(), 0, true)
	low := s.MinOffset("B", 0)
	if low <= 0 || s.EarliestStoreTime("B", 0) < 0 {
		t.Fatalf("min %d", low)
	}
	var res GetResult
	defer res.Release()
	s.Get(&GetQuery{Topic: "B", Offset: low, MaxCount: 5}, &res)
	if res.Status != Found || res.QueueOffsets[0] != low {
		t.Errorf("%v %v, want %d", res.Status, res.QueueOffsets, low)
	}
}

// TestBatchQueueHotOnly: a search that would read files is left to the caller's pool.
func TestBatchQueueHotOnly(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s, cfg, ev := batchStore(t, mem)
	fillBatches(t, s, "B", 30)
	mustStop(t, s)
	s = mustOpen(t, cfg, mem, ev)
	s.MinOffset("B", 0) // known from here on
	var res GetResult
	q := GetQuery{Topic: "B", Offset: 5, MaxCount: 3, HotOnly: true}
	if s.Get(&q, &res); !res.Cold || res.Count != 0 || res.NextBeginOffset != 5 {
		t.Errorf("%+v", res)
	}
	res.Release()
	q.HotOnly = false
	if s.Get(&q, &res); res.Status != Found || res.QueueOffsets[0] != 3 || res.Count != 3 {
		t.Errorf("%v %v %d", res.Status, res.QueueOffsets, res.Count)
	}
	res.Release()
	mustStop(t, s)
}
