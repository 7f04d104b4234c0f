package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

type tagsFilter struct{ want int64 }

func (f tagsFilter) MatchTagsCode(c int64) bool { return c == f.want }
func (f tagsFilter) MatchRecord([]byte) bool    { return true }

// extUnitSize is the size of a unit without a bit map, in bytes.
const extUnitSize = 20

// extUnit is a unit as it stands in a file: int16 size | int64 tags | int64 store time | int16 bytes of the bit map |
// it.
func extUnit(tags, storeTime int64, bits []byte) []byte {
	be := binary.BigEndian
	b := be.AppendUint16(nil, uint16(extUnitSize+len(bits)))
	b = be.AppendUint64(be.AppendUint64(b, uint64(tags)), uint64(storeTime))
	return append(be.AppendUint16(b, uint16(len(bits))), bits...)
}

func extConfig() Config {
	cfg := smallConfig("/s")
	cfg.EnableConsumeQueueExt, cfg.MappedFileSizeConsumeQueueExt = true, 4096
	return cfg
}

// fillTagged appends n messages with tags codes 0..2 in turn.
func fillTagged(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		r := msg("T", 0, fmt.Sprint(i))
		r.Properties = fmt.Appendf(nil, "TAGS\x01t%d\x02", i%3)
		r.TagsCode = record.TagsCode(fmt.Appendf(nil, "t%d", i%3))
		mustAppend(t, s, r)
	}
}

// checkTagged reads the messages of each tag.
func checkTagged(t *testing.T, s *Store, n int) {
	t.Helper()
	var res GetResult
	defer res.Release()
	for tag := range 3 {
		seen := 0
		for at := int64(0); at < int64(n); at = res.NextBeginOffset {
			s.Get(&GetQuery{Topic: "T", Offset: at, MaxCount: 32, Filter: tagsFilter{record.TagsCode(fmt.Appendf(nil, "t%d",
				tag))}}, &res)
			for _, off := range res.QueueOffsets {
				if int(off)%3 != tag {
					t.Fatalf("offset %d for tag %d", off, tag)
				}
			}
			seen += res.Count
			res.Release()
		}
		if want := (n - tag + 2) / 3; seen != want {
			t.Fatalf("tag %d: %d of %d", tag, seen, want)
		}
	}
	if _, _, tags, ok := s.OffsetInQueue("T", 0, 4); !ok || tags != record.TagsCode([]byte("t1")) {
		t.Fatalf("tags %d %v", tags, ok)
	}
}

func TestConsumeQueueExt(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := extConfig()
	s := mustStart(t, cfg, mem)
	fillTagged(t, s, 500) // 204 units in a file
	checkTagged(t, s, 500)
	killed := mem.Clone()
	defer killed.Free()
	mustStop(t, s)
	for _, fsys := range []*vfs.Mem{mem, killed} {
		s := mustOpen(t, cfg, fsys, EventListener{})
		checkTagged(t, s, 500)
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		fillTagged(t, s, 1) // 500 is no multiple of 3: keeps the pattern broken from here, so only the end is checked
		if e, ok := s.queues.Entry(s.queues.Get("T", 0), 500); !ok ||
			e.Tags != math.MinInt64+2*4096+(500-2*204+0)*extUnitSize {
			t.Fatalf("address %d", e.Tags-math.MinInt64)
		}
		mustStop(t, s)
	}
	b, err := vfs.ReadFile(mem, "/s/consumequeue_ext/T/0/"+datafile.Name(0))
	if err != nil || len(b) != 4096 {
		t.Fatal(err, len(b))
	}
	be := binary.BigEndian
	if be.Uint16(b) != extUnitSize || int64(be.Uint64(b[2:])) != record.TagsCode([]byte("t0")) || be.Uint16(b[18:]) != 0 ||
		be.Uint16(b[203*extUnitSize:]) != extUnitSize {
		t.Errorf("first file begins %x", b[:40])
	}
	if got := be.Uint16(b[204*extUnitSize:]); got != 0xFFFF {
		t.Errorf("end mark %x", got)
	}
}

// TestConsumeQueueExtOff: with the key off again, what was written is still read, and new entries hold their tags code
// themselves.
func TestConsumeQueueExtOff(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := extConfig()
	s := mustStart(t, cfg, mem)
	fillTagged(t, s, 300)
	mustStop(t, s)
	cfg.EnableConsumeQueueExt = false
	s = mustStart(t, cfg, mem)
	fillTagged(t, s, 300)
	checkTagged(t, s, 600)
	if e, _ := s.queues.Entry(s.queues.Get("T", 0), 300); e.Tags != record.TagsCode([]byte("t0")) {
		t.Errorf("tags column %d", e.Tags)
	}
	mustStop(t, s)
	cfg.EnableConsumeQueueExt = true // the last entry has no address: the end is found in the files
	s = mustStart(t, cfg, mem)
	fillTagged(t, s, 3)
	checkTagged(t, s, 603)
	if e, _ := s.queues.Entry(s.queues.Get("T", 0), 600); e.Tags != math.MinInt64+4096+(300-204)*extUnitSize {
		t.Errorf("address %d", e.Tags-math.MinInt64)
	}
	mustStop(t, s)
}

// TestConsumeQueueExtJavaUnits: units with a bitmap, as Java writes them, are stepped over.
func TestConsumeQueueExtJavaUnits(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := extConfig()
	s := mustStart(t, cfg, mem)
	fillTagged(t, s, 1)
	mustStop(t, s)
	f, _ := mem.OpenFile("/s/consumequeue_ext/T/0/" + datafile.Name(0))
	unit := extUnit(record.TagsCode([]byte("t0")), 1, nil)
	unit[1], unit[19] = extUnitSize+8, 8
	_, _ = f.WriteAt(append(unit, 1, 2, 3, 4, 5, 6, 7, 8), 0)
	s = mustStart(t, cfg, mem)
	mustAppend(t, s, msg("T", 0, "x"))
	if e, _ := s.queues.Entry(s.queues.Get("T", 0), 1); e.Tags != math.MinInt64+extUnitSize+8 {
		t.Errorf("address %d", e.Tags-math.MinInt64)
	}
	mustStop(t, s)
}

func TestConsumeQueueExtDeleted(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := extConfig()
	s := mustStart(t, cfg, mem)
	fillTagged(t, s, 300)
	if err := s.queues.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	fillTagged(t, s, 3)
	if err := s.DeleteTopic("T"); err != nil {
		t.Fatal(err)
	}
	fillTagged(t, s, 30)
	checkTagged(t, s, 30)
	mustStop(t, s)
	if list, _ := mem.ReadDir("/s/consumequeue_ext/T/0"); len(list) != 1 {
		t.Errorf("%d extension files", len(list))
	}
}

// TestConsumeQueueExtCrash: after power cuts every address leads to the tags code of its message.
func TestConsumeQueueExtCrash(t *testing.T) {
	for seed := range uint64(30) {
		mem := vfs.NewMem()
		cfg := extConfig()
		cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue, cfg.FlushConsumeQueueThoroughInterval = 2, 2, 5
		s := mustStart(t, cfg, mem)
		fillTagged(t, s, 300)
		cut := mem.CrashClone(seed, float64(seed%5)/4)
		mustStop(t, s)
		s = mustOpen(t, cfg, cut, EventListener{})
		for at := range s.MaxOffset("T", 0) {
			if _, _, tags, ok := s.OffsetInQueue("T", 0, at); !ok || tags != record.TagsCode(fmt.Appendf(nil, "t%d", at%3)) {
				t.Fatalf("seed %d: offset %d has tags %d %v", seed, at, tags, ok)
			}
		}
		mustStop(t, s)
		cut.Free()
		mem.Free()
	}
}

// bitFilter wants everything by tag and what has bit n in its bit map, or no bit map.
type bitFilter struct{ n int }

func (f bitFilter) MatchTagsCode(int64) bool { return true }
func (f bitFilter) MatchRecord([]byte) bool  { return true }
func (f bitFilter) MatchBitMap(at int64, bits []byte) bool {
	return at > 0 && (bits == nil || bits[f.n/8]&(1<<(f.n%8)) != 0)
}

// TestExtBitMap: the bit map of a message stands in its unit, also after a restart, whether it waited for its group or
// not; long ones are left out.
func TestExtBitMap(t *testing.T) {
	for _, group := range []bool{false, true} {
		mem, cfg := vfs.NewMem(), extConfig()
		cfg.FlushDiskType = SyncFlush
		s := mustStart(t, cfg, mem)
		for i := range 100 {
			r := msg("T", 0, fmt.Sprint(i))
			r.Group = group
			if i%3 > 0 {
				r.FilterBits = make([]byte, 14)
				r.FilterBits[9] = byte(i % 3)
			}
			if i == 99 {
				r.FilterBits = make([]byte, 40000)
			}
			mustAppend(t, s, r)
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			var res GetResult
			got := 0
			for at := int64(0); at < 100; at = res.NextBeginOffset {
				s.Get(&GetQuery{Topic: "T", Offset: at, MaxCount: 32, Filter: bitFilter{9*8 + 1}}, &res) // i%3 == 2
				got += res.Count
				res.Release()
			}
			if got != 67 {
				t.Errorf("group %v: %d messages", group, got)
			}
			mustStop(t, s)
			s = mustStart(t, cfg, mem)
		}
		mustStop(t, s)
		mem.Free()
	}
}
