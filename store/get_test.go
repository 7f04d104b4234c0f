package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

type tagFilter struct {
	tags int64
	body string
}

func (f tagFilter) MatchTagsCode(c int64) bool { return f.tags == 0 || c == f.tags }
func (f tagFilter) MatchRecord(rec []byte) bool {
	m, err := record.Decode(rec)
	return err == nil && (f.body == "" || strings.HasPrefix(string(m.Body), f.body))
}

func TestGetStatuses(t *testing.T) {
	cfg := smallConfig("/s")
	s := mustStart(t, cfg, vfs.NewMem())
	for i := 0; i < 10; i++ {
		mustAppend(t, s, msg("T", 0, fmt.Sprint(i)))
	}
	cases := []struct {
		topic  string
		offset int64
		status GetStatus
		next   int64
		count  int
	}{
		{"T", 0, Found, 10, 10},
		{"T", 9, Found, 10, 1},
		{"T", 10, OffsetOverflowOne, 10, 0},
		{"T", 11, OffsetOverflowBadly, 10, 0},
		{"T", -1, OffsetTooSmall, 0, 0},
		{"Unknown", 0, NoMessageInQueue, 0, 0},
		{"Unknown", 5, NoMessageInQueue, 0, 0},
	}
	var res GetResult
	for _, c := range cases {
		s.Get(&GetQuery{Topic: c.topic, Offset: c.offset, MaxCount: 32}, &res)
		if res.Status != c.status || res.NextBeginOffset != c.next || res.Count != c.count {
			t.Errorf("%s %d: %v next %d count %d, want %+v", c.topic, c.offset, res.Status, res.NextBeginOffset, res.Count, c)
		}
		res.Release()
	}
	cfg.BrokerRole = "SLAVE"
	if err := s.Reconfigure(cfg); err != nil {
		t.Fatal(err)
	}
	s.Get(&GetQuery{Topic: "T", Offset: 99, MaxCount: 32}, &res)
	if res.Status != OffsetOverflowBadly || res.NextBeginOffset != 99 {
		t.Errorf("a slave corrected the offset to %d", res.NextBeginOffset)
	}
	if OffsetOverflowBadly.String() != "OFFSET_OVERFLOW_BADLY" || OffsetReset.String() != "OFFSET_RESET" {
		t.Error("status names differ from Java's")
	}
}

func TestGetLimits(t *testing.T) {
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog = 1 << 20
	cfg.MaxFilterMessageSize = 2000 // 100 entries
	s := mustStart(t, cfg, vfs.NewMem())
	for i := 0; i < 300; i++ {
		r := msg("T", 0, strings.Repeat("x", 909))
		r.TagsCode = int64(i % 100)
		mustAppend(t, s, r) // 1001 bytes each
	}
	cases := []struct {
		name  string
		q     GetQuery
		count int
		next  int64
	}{
		{"count", GetQuery{MaxCount: 5}, 5, 5},
		{"32 at most", GetQuery{MaxCount: 100}, 32, 32},
		{"bytes", GetQuery{MaxCount: 100, MaxBytes: 3500}, 3, 3},
		{"first message always", GetQuery{MaxCount: 100, MaxBytes: 1}, 1, 1},
		{"tags", GetQuery{MaxCount: 32, Filter: tagFilter{tags: 50}}, 1, 100},
		{"no match in the scanned part", GetQuery{MaxCount: 32, Offset: 51, Filter: tagFilter{tags: 50, body: "y"}}, 0, 151},
		{"record refused", GetQuery{MaxCount: 32, Filter: tagFilter{body: "y"}}, 0, 100},
	}
	var res GetResult
	for _, c := range cases {
		c.q.Topic = "T"
		s.Get(&c.q, &res)
		if res.Count != c.count || res.NextBeginOffset != c.next || len(res.Slices) != c.count {
			t.Errorf("%s: %d messages, next %d, want %d, %d (%v)", c.name, res.Count, res.NextBeginOffset, c.count, c.next,
				res.Status)
		}
		if want := NoMatchedMessage; c.count == 0 && res.Status != want {
			t.Errorf("%s: %v", c.name, res.Status)
		}
		res.Release()
	}
}

// TestRangesMatchSlices: what sendfile would send is what the slices hold.
func TestRangesMatchSlices(t *testing.T) {
	cfg := smallConfig(t.TempDir())
	cfg.MappedFileSizeCommitLog = 8 << 10
	s := mustStart(t, cfg, vfs.OS{})
	for i := 0; i < 200; i++ {
		mustAppend(t, s, msg("T", int32(i%3/2), strings.Repeat("x", i)))
	}
	var res GetResult
	for at := int64(0); ; at = res.NextBeginOffset {
		s.Get(&GetQuery{Topic: "T", Offset: at, MaxCount: 10}, &res)
		if res.Status != Found {
			break
		}
		var sent bytes.Buffer
		for _, r := range res.Ranges {
			if _, err := io.Copy(&sent, io.NewSectionReader(r.File, r.Offset, r.Len)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(sent.Bytes(), bytes.Join(res.Slices, nil)) || sent.Len() != res.Bytes {
			t.Fatalf("offset %d: ranges and slices differ", at)
		}
		res.Release()
	}
	res.Release()
}

func TestOffsetByTime(t *testing.T) {
	mem := vfs.NewMem()
	s := mustStart(t, smallConfig("/s"), mem)
	var times []int64
	for i := 0; i < 300; i++ {
		a := mustAppend(t, s, msg("T", 0, "x"))
		times = append(times, a.StoreTimestamp)
		if i%10 == 9 {
			time.Sleep(2 * time.Millisecond)
		}
	}
	lower := func(ts int64) int64 {
		for i, v := range times {
			if v >= ts {
				return int64(i)
			}
		}
		return int64(len(times))
	}
	for ts := times[0] - 2; ts <= times[len(times)-1]+2; ts++ {
		if got, want := s.OffsetByTime("T", 0, ts, Lower), lower(ts); got != want {
			t.Fatalf("lower %d: %d, want %d", ts, got, want)
		}
		if got, want := s.OffsetByTime("T", 0, ts, Upper), max(0, lower(ts+1)-1); got != want {
			t.Fatalf("upper %d: %d, want %d", ts, got, want)
		}
	}
	if s.EarliestStoreTime("T", 0) != times[0] || s.StoreTimeAt("T", 0, 299) != times[299] ||
		s.StoreTimeAt("T", 0, 300) != -1 || s.MinStoreTimestamp() != times[0] {
		t.Error("store times differ")
	}
	if s.OffsetByTime("Unknown", 0, 5, Lower) != 0 || s.StoreTimeAt("Unknown", 0, 0) != -1 {
		t.Error("unknown queue")
	}
}

func TestReadRecord(t *testing.T) {
	s := mustStart(t, smallConfig("/s"), vfs.NewMem())
	a := mustAppend(t, s, msg("T", 0, "hello"))
	if b, err := s.ReadRecord(a.Offset, []byte("pre")); err != nil || len(b) != 3+int(a.Size) {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for _, off := range []int64{-1, 1, 8, a.End(), a.End() - 1, 1 << 40} {
		if _, err := s.ReadRecord(off, nil); err != ErrNoRecord {
			t.Errorf("offset %d: %v", off, err)
		}
	}
}

// TestDeleteTopic: the queues start at 0 again, also after recovery from the log which still holds the old messages.
func TestDeleteTopic(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	s := mustStart(t, cfg, mem)
	fill(t, s, "Gone", 2, 500)
	fill(t, s, "Kept", 1, 10)
	if err := s.DeleteTopic("Gone"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Topics(), ","); got != "Kept" || s.MaxOffset("Gone", 0) != 0 || len(s.Queues("Gone")) != 0 {
		t.Fatalf("topics %s", got)
	}
	if _, err := mem.Stat("/s/consumequeue/Gone"); err == nil {
		t.Fatal("the directory is still there")
	}
	if a := mustAppend(t, s, msg("Gone", 1, "new")); a.QueueOffset != 0 {
		t.Fatalf("queue offset %d after deletion", a.QueueOffset)
	}
	wantBodies(t, s, "Gone", 1, []string{"new"})
	again := mustStart(t, cfg, mem.Clone())
	wantBodies(t, again, "Gone", 1, []string{"new"})
	if len(bodies(t, again, "Kept", 0)) != 10 {
		t.Fatal("the other topic lost messages")
	}
}

// TestRetention deletes files by age and respects leases, and the queues follow.
func TestRetention(t *testing.T) {
	dir := t.TempDir()
	cfg := smallConfig(dir)
	cfg.MappedFileSizeCommitLog = 8 << 10
	cfg.DeleteCommitLogFilesInterval, cfg.DeleteConsumeQueueFilesInterval = 1, 1
	cfg.DeleteFileBatchMax = 1000
	s := mustStart(t, cfg, vfs.OS{})
	for i := 0; i < 1000; i++ {
		mustAppend(t, s, msg("T", 0, strings.Repeat("x", 100)))
	}
	waitIndexed(t, s)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.queues.Write(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	var res GetResult
	s.Get(&GetQuery{Topic: "T", MaxCount: 3}, &res) // a reader of the first file
	first, held := res.Ranges[0].File.Name(), bytes.Clone(res.Slices[0])
	old := time.Now().Add(-100 * time.Hour)
	for _, seg := range s.log.Segments()[:5] {
		if err := os.Chtimes(seg.Name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	s.cleanRound(t.Context(), time.Date(2026, 1, 1, 5, 0, 0, 0, time.Local)) // not an hour of deletion
	if s.MinPhyOffset() != 0 {
		t.Fatal("deleted outside deleteWhen")
	}
	s.cleanRound(t.Context(), time.Date(time.Now().Year(), time.Now().Month(), time.Now().Day(), 4, 0, 0, 0, time.Local))
	if s.MinPhyOffset() != 5*8<<10 {
		t.Fatalf("log begins at %d", s.MinPhyOffset())
	}
	if !bytes.Equal(held, res.Slices[0]) {
		t.Fatal("leased memory changed")
	}
	if _, err := os.Stat(first); err == nil {
		t.Fatal("the file has to go before the next one: a kill must not leave a gap")
	}
	sent := make([]byte, res.Ranges[0].Len)
	if _, err := res.Ranges[0].File.ReadAt(sent, res.Ranges[0].Offset); err != nil || !bytes.HasPrefix(sent, held) {
		t.Fatalf("a leased file cannot be sent any more: %v", err)
	}
	res.Release()
	lowest := s.MinOffset("T", 0)
	off, _, _, _ := s.OffsetInQueue("T", 0, lowest)
	before, _, _, _ := s.OffsetInQueue("T", 0, lowest-1)
	if off < s.MinPhyOffset() || before >= s.MinPhyOffset() {
		t.Fatalf("min offset %d points to %d, the one before to %d", lowest, off, before)
	}
	list, _ := os.ReadDir(dir + "/consumequeue/T/0")
	if list[0].Name() == datafile.Name(0) {
		t.Fatal("the first consume queue file is still there")
	}
	s.Get(&GetQuery{Topic: "T", Offset: 0, MaxCount: 3}, &res)
	if res.Status != OffsetTooSmall || res.NextBeginOffset != lowest {
		t.Fatalf("%v %d", res.Status, res.NextBeginOffset)
	}
	res.Release()
	mustStop(t, s)
	again := mustStart(t, cfg, vfs.OS{})
	if again.MinOffset("T", 0) != lowest || again.MaxOffset("T", 0) != 1000 ||
		len(bodies(t, again, "T", 0)) != 1000-int(lowest) {
		t.Fatalf("after restart %d..%d", again.MinOffset("T", 0), again.MaxOffset("T", 0))
	}
	mustStop(t, again)
	if err := os.RemoveAll(dir + "/consumequeue"); err != nil {
		t.Fatal(err)
	}
	third := mustStart(t, cfg, vfs.OS{}) // the queue begins in mid-file: filler entries below
	if third.MinOffset("T", 0) != lowest || len(bodies(t, third, "T", 0)) != 1000-int(lowest) {
		t.Fatalf("after a rebuild %d..%d", third.MinOffset("T", 0), third.MaxOffset("T", 0))
	}
	mustStop(t, third)
	b, _ := os.ReadFile(dir + "/consumequeue/T/0/" + datafile.Name(lowest*consumequeue.Unit/2000*2000))
	if e := s.queues.Get("T", 0).Decode(b); lowest%100 != 0 && !consumequeue.Filler(&e) {
		t.Fatalf("no filler: %+v", e)
	}
}

// TestHotOnly: what is neither in memory nor in an open, cached file is not touched; the same Get without HotOnly makes
// it hot.
func TestHotOnly(t *testing.T) {
	cfg := smallConfig(t.TempDir())
	s := mustStart(t, cfg, vfs.OS{})
	want := fill(t, s, "T", 1, 500)[0]
	mustStop(t, s)
	s = mustStart(t, cfg, vfs.OS{})
	s.queues.Get("T", 0).CloseFiles()
	var res GetResult
	q := GetQuery{Topic: "T", Offset: 100, MaxCount: 10, HotOnly: true}
	s.Get(&q, &res)
	if !res.Cold || res.Count != 0 || len(res.Slices) != 0 || res.NextBeginOffset != 100 {
		t.Fatalf("cold %v, %d messages, next %d", res.Cold, res.Count, res.NextBeginOffset)
	}
	res.Release()
	for _, hot := range []bool{false, true} {
		q.HotOnly = hot
		s.Get(&q, &res)
		if m, err := record.Decode(res.Slices[0]); err != nil || res.Cold || res.Count != 10 || string(m.Body) != want[100] {
			t.Fatalf("hot only %v: cold %v, %d messages, %v", hot, res.Cold, res.Count, err)
		}
		res.Release()
	}
}
