package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

func fileBytes(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	b, err := vfs.ReadFile(fs, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEndOfFile: a record may leave exactly 8 bytes, never fewer; the filler says how long it is.
func TestEndOfFile(t *testing.T) {
	const size = 8 << 10
	overhead := record.MinSize + len("T")
	for _, c := range []struct {
		left   int // bytes behind the second record if it went into the first file
		rolled bool
	}{{8, false}, {7, true}, {0, true}, {9, false}} {
		t.Run(fmt.Sprint(c.left), func(t *testing.T) {
			mem := vfs.NewMem()
			cfg := smallConfig("/s")
			cfg.MappedFileSizeCommitLog = size
			s := mustStart(t, cfg, mem)
			first := mustAppend(t, s, msg("T", 0, strings.Repeat("a", 4000)))
			body := strings.Repeat("b", size-int(first.Size)-overhead-c.left)
			second := mustAppend(t, s, msg("T", 0, body))
			third := mustAppend(t, s, msg("T", 0, "c"))
			wantSecond, fillerAt := first.End(), int64(size)-8
			if c.rolled {
				wantSecond, fillerAt = size, first.End()
			}
			if c.left == 9 {
				fillerAt = size - 9
			}
			if second.Offset != wantSecond {
				t.Fatalf("second record at %d, want %d", second.Offset, wantSecond)
			}
			if !c.rolled && third.Offset != size {
				t.Fatalf("third record at %d, want %d", third.Offset, size)
			}
			mustStop(t, s)
			b := fileBytes(t, mem, "/s/commitlog/"+datafile.Name(0))[fillerAt:]
			if got, magic := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]); int64(got) != size-fillerAt ||
				magic != record.MagicBlank {
				t.Fatalf("filler %d %X at %d", got, magic, fillerAt)
			}
			again := mustStart(t, cfg, mem)
			wantBodies(t, again, "T", 0, []string{strings.Repeat("a", 4000), body, "c"})
		})
	}
}

func TestTooLargeForFile(t *testing.T) {
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog = 4096
	s := mustStart(t, cfg, vfs.NewMem())
	if _, err := s.Append(msg("T", 0, strings.Repeat("x", 4096-record.MinSize-1-7))); !errors.Is(err,
		ErrMessageExceedsFile) {
		t.Fatalf("got %v", err)
	}
	if a := mustAppend(t, s, msg("T", 0, strings.Repeat("x", 4096-record.MinSize-1-8))); a.Size != 4088 {
		t.Fatalf("size %d", a.Size)
	}
}

// TestBatchAcrossFileEnd: the whole batch goes to the next file.
func TestBatchAcrossFileEnd(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	cfg.MappedFileSizeCommitLog = 4096
	s := mustStart(t, cfg, mem)
	mustAppend(t, s, msg("T", 1, strings.Repeat("a", 3000)))
	var body []byte
	for i := 0; i < 5; i++ {
		body = record.AppendBatchItem(body, record.BatchItem{Flag: int32(i),
			Body: fmt.Appendf(nil, "%d%s", i, strings.Repeat("b", 200)), Properties: fmt.Appendf(nil, "TAGS\x01t%d", i)})
	}
	r := msg("T", 1, "")
	r.Properties = []byte("CLUSTER\x01c\x02")
	a, offsets, err := s.AppendBatch(r, body, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Offset != 4096 || a.QueueOffset != 1 || a.Count != 5 || len(offsets) != 5 || offsets[0] != 4096 ||
		s.MaxOffset("T", 1) != 6 {
		t.Fatalf("%+v %v", a, offsets)
	}
	for i, off := range offsets {
		rec, err := s.ReadRecord(off, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := record.Decode(rec)
		if err != nil || m.QueueOffset != int64(i+1) || m.PhysicalOffset != off || m.Flag != int32(i) || !m.BodyCRCOK() ||
			m.StoreTimestamp != a.StoreTimestamp {
			t.Fatalf("%d: %+v %v", i, m, err)
		}
		if want := fmt.Sprintf("TAGS\x01t%d\x02CLUSTER\x01c\x02", i); string(m.Properties) != want {
			t.Fatalf("properties %q, want %q", m.Properties, want)
		}
		_, _, tags, ok := s.OffsetInQueue("T", 1, int64(i+1))
		if !ok || tags != record.TagsCode(fmt.Appendf(nil, "t%d", i)) {
			t.Fatalf("tags code %d %v", tags, ok)
		}
	}
	if _, _, err := s.AppendBatch(r, body[:len(body)-1], nil); !errors.Is(err, record.ErrBadBatch) {
		t.Fatalf("cut batch: %v", err)
	}
	if _, _, err := s.AppendBatch(r, nil, nil); !errors.Is(err, record.ErrBadBatch) {
		t.Fatalf("empty batch: %v", err)
	}
}

// TestConsumeQueueBytes compares the file with the entries computed by hand, and the checkpoint and marker files with
// Java's layout.
func TestConsumeQueueBytes(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	s := mustStart(t, cfg, mem)
	r := msg("T", 2, "abc")
	r.TagsCode = record.TagsCode([]byte("TagA"))
	a := mustAppend(t, s, r)
	d := msg(dispatch.ScheduleTopic, 2, "later")
	d.Properties = []byte("DELAY\x013\x02")
	b := mustAppend(t, s, d)
	p := msg("T", 2, "half")
	p.SysFlag = record.SysFlagPrepared
	c := mustAppend(t, s, p)
	if c.QueueOffset != 0 || s.MaxOffset("T", 2) != 1 {
		t.Fatalf("a prepared record took queue offset %d, max %d", c.QueueOffset, s.MaxOffset("T", 2))
	}
	if got := string(fileBytes(t, mem, "/s/lock")); got != "lock" {
		t.Fatalf("lock holds %q", got)
	}
	if len(fileBytes(t, mem, "/s/abort")) == 0 {
		t.Fatal("no process id in abort")
	}
	mustStop(t, s)
	q := fileBytes(t, mem, "/s/consumequeue/T/2/"+datafile.Name(0))
	if want := unhex(t, fmt.Sprintf("%016x %08x %016x", a.Offset, a.Size, 2598919)); len(q) != 2000 ||
		!bytes.Equal(q[:20], want) || !bytes.Equal(q[20:], make([]byte, 1980)) {
		t.Fatalf("entry %X, want %X", q[:40], want)
	}
	q = fileBytes(t, mem, "/s/consumequeue/"+dispatch.ScheduleTopic+"/2/"+datafile.Name(0))
	if want := unhex(t, fmt.Sprintf("%016x %08x %016x", b.Offset, b.Size, b.StoreTimestamp+10_000)); !bytes.Equal(q[:20],
		want) {
		t.Fatalf("schedule entry %X, want %X", q[:20], want)
	}
	if _, err := mem.Stat("/s/abort"); err == nil {
		t.Fatal("abort is still there")
	}
	check := fileBytes(t, mem, "/s/checkpoint")
	if len(check) != 4096 || int64(binary.BigEndian.Uint64(check)) != c.StoreTimestamp ||
		int64(binary.BigEndian.Uint64(check[8:])) != c.StoreTimestamp {
		t.Fatalf("checkpoint %X", check[:40])
	}
}

// TestScheduleEntriesRebuilt: the delivery time must be the same after a rebuild from the log.
func TestScheduleEntriesRebuilt(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	s := mustStart(t, cfg, mem)
	var want []int64
	for level := int32(1); level <= 20; level++ {
		d := msg(dispatch.ScheduleTopic, 0, "x")
		d.Properties = fmt.Appendf(nil, "DELAY\x01%d\x02TAGS\x01q\x02", level)
		mustAppend(t, s, d)
		_, _, tags, _ := s.OffsetInQueue(dispatch.ScheduleTopic, 0, int64(level-1))
		want = append(want, tags)
	}
	again := mustStart(t, cfg, mem.CrashClone(1, 1)) // a power cut that lost nothing: the queues are read
	for i, w := range want {
		if _, _, tags, ok := again.OffsetInQueue(dispatch.ScheduleTopic, 0, int64(i)); !ok || tags != w {
			t.Fatalf("entry %d: %d, want %d", i, tags, w)
		}
	}
	if again.Report().Rebuilt != 20 {
		t.Fatalf("%+v", again.Report())
	}
}

func TestIndexBytesAndQuery(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	s := mustStart(t, cfg, mem)
	r := msg("T", 0, "abc")
	r.Properties = []byte("UNIQ_KEY\x01u1\x02KEYS\x01k1  k2\x02")
	a := mustAppend(t, s, r)
	rollback := msg("T", 0, "gone")
	rollback.SysFlag, rollback.Properties = record.SysFlagRollback, []byte("KEYS\x01k1\x02")
	mustAppend(t, s, rollback)
	waitIndexed(t, s)
	for _, key := range []string{"u1", "k1", "k2"} {
		got, err := s.QueryByKey("T", key, 32, 0, time.Now().UnixMilli()+1000)
		if err != nil || len(got.Records) != 1 || got.IndexLastUpdateOffset != a.Offset ||
			got.IndexLastUpdateTime != a.StoreTimestamp {
			t.Fatalf("%s: %+v %v", key, got, err)
		}
	}
	for _, c := range []struct {
		topic, key string
		begin, end int64
		max        int
	}{{"T", "none", 0, 1 << 60, 32}, {"U", "k1", 0, 1 << 60, 32}, {"T", "k1", a.StoreTimestamp + 2000, 1 << 60, 32},
		{"T", "k1", 0, a.StoreTimestamp - 1, 32}, {"T", "k1", 0, 1 << 60, 0}} {
		if got, _ := s.QueryByKey(c.topic, c.key, c.max, c.begin, c.end); len(got.Records) != 0 {
			t.Errorf("%+v: %d records", c, len(got.Records))
		}
	}
	mustStop(t, s)
	list, _ := mem.ReadDir("/s/index")
	if len(list) != 1 || len(list[0].Name) != 17 {
		t.Fatalf("index files %v", list)
	}
	b := fileBytes(t, mem, "/s/index/"+list[0].Name)
	header := unhex(t, fmt.Sprintf("%016x %016x %016x %016x %08x %08x", a.StoreTimestamp, a.StoreTimestamp, a.Offset,
		a.Offset, 3, 4))
	if len(b) != 40+100*4+400*20 || !bytes.Equal(b[:40], header) {
		t.Fatalf("header %X, want %X", b[:40], header)
	}
	hash := int32(('T'*31+'#')*31+'u')*31 + '1'
	if got := binary.BigEndian.Uint32(b[40+hash%100*4:]); got != 1 {
		t.Fatalf("slot of u1 holds %d", got)
	}
	if want := unhex(t, fmt.Sprintf("%08x %016x 00000000 00000000", hash, a.Offset)); !bytes.Equal(b[40+400+20:40+400+40],
		want) {
		t.Fatalf("entry 1 %X, want %X", b[460:480], want)
	}
}

func waitIndexed(t testing.TB, s *Store) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); s.DispatchBehindBytes() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("index is %d bytes behind", s.DispatchBehindBytes())
		}
	}
}

// TestIndexRollsAndRebuilds: many keys over several files, found again after a clean stop and after a kill.
func TestIndexRollsAndRebuilds(t *testing.T) {
	mem := vfs.NewMem()
	cfg := smallConfig("/s")
	s := mustStart(t, cfg, mem)
	const n = 2000
	for i := 0; i < n; i++ {
		r := msg("T", 0, fmt.Sprint(i))
		r.Properties = fmt.Appendf(nil, "KEYS\x01key%d\x02", i)
		mustAppend(t, s, r)
	}
	waitIndexed(t, s)
	check := func(s *Store) {
		t.Helper()
		waitIndexed(t, s)
		for i := 0; i < n; i += 37 {
			got, _ := s.QueryByKey("T", fmt.Sprintf("key%d", i), 32, 0, 1<<60)
			if len(got.Records) != 1 {
				t.Fatalf("key%d: %d records", i, len(got.Records))
			}
			if m, err := record.Decode(got.Records[0]); err != nil || string(m.Body) != fmt.Sprint(i) {
				t.Fatalf("key%d: %v %v", i, m, err)
			}
		}
	}
	check(s)
	killed := mem.Clone()
	mustStop(t, s)
	check(mustStart(t, cfg, mem))
	again := mustStart(t, cfg, killed)
	if again.Report().IndexDropped == 0 {
		t.Fatal("the index file newer than the checkpoint was kept")
	}
	check(again)
}

// TestQueryRightAfterAppend: a message is found by its key as soon as it is acknowledged, while the index's goroutine
// rests.
func TestQueryRightAfterAppend(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	s := mustStart(t, smallConfig("/s"), mem)
	for i := range 20 {
		key := fmt.Sprint("k", i)
		r := msg("T", 0, "abc")
		r.Properties = []byte("KEYS\x01" + key + "\x02")
		mustAppend(t, s, r)
		if got, err := s.QueryByKey("T", key, 32, 0, 1<<60); err != nil || len(got.Records) != 1 {
			t.Fatalf("%s: %d records, %v", key, len(got.Records), err)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
