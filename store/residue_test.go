package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// holed is a store whose machine lost its power: a hole of any size is in its unsynced tail, and pages behind it
// survived.
type holed struct {
	cfg        Config
	cut        *vfs.Mem
	size       int64  // of each record
	lost, back int64  // log offsets: from here to there nothing reached the disk
	stale      []byte // content of the file from back on
}

func makeHole(t *testing.T, hole int64) holed {
	t.Helper()
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	cfg.MappedFileSizeCommitLog, cfg.MappedFileSizeConsumeQueue = 32<<20, 30000*consumequeue.Unit
	// nothing is synced meanwhile
	cfg.FlushIntervalCommitLog, cfg.FlushConsumeQueueThoroughInterval = 3_600_000, 3_600_000
	s := mustStart(t, cfg, mem)
	body := strings.Repeat("x", 1000)
	h := holed{cfg: cfg}
	for i, a := 0, (Appended{}); i < 150 || a.End() < h.back+100*h.size; i++ {
		q := int32(0)
		if i%3 == 0 { // other queues too: their offsets differ from what is assigned after the restart
			q = 1
		}
		if a = mustAppend(t, s, msg("T", q, body)); i == 100 {
			h.size, h.lost = int64(a.Size), a.End()
			h.back = h.lost + (hole/h.size+1)*h.size
		}
	}
	h.cut = mem.CrashClone(1, 1)
	mustStop(t, s)
	mem.Free()
	t.Cleanup(h.cut.Free)
	f, err := h.cut.OpenFile("/s/commitlog/" + datafile.Name(0))
	if err != nil {
		t.Fatal(err)
	}
	h.stale = make([]byte, 200*h.size)
	if _, err := f.ReadAt(h.stale, h.back); err != nil {
		t.Fatal(err)
	}
	if err := f.Zero(h.lost, h.back-h.lost); err != nil {
		t.Fatal(err)
	}
	return h
}

// goOn starts the store and fills the hole.
func (h *holed) goOn(t *testing.T) *Store {
	t.Helper()
	k := mustStart(t, h.cfg, h.cut)
	if end := k.MaxPhyOffset(); end != h.lost {
		t.Fatalf("the log ends at %d, want %d", end, h.lost)
	}
	for k.MaxPhyOffset() < h.back {
		mustAppend(t, k, msg("T", 0, strings.Repeat("x", 1000)))
	}
	if err := k.Flush(); err != nil || k.MaxPhyOffset() != h.back {
		t.Fatal(k.MaxPhyOffset(), err)
	}
	return k
}

// TestStaleRecordsBehindAHole: messages that a power cut took do not come back when the log has grown up to them,
// however large the hole in front of them was.
func TestStaleRecordsBehindAHole(t *testing.T) {
	for _, hole := range []int64{1000, 100_000, 9 << 20, 20 << 20} {
		h := makeHole(t, hole)
		k := h.goOn(t)
		want := fmt.Sprint(k.MinOffset("T", 0), k.MaxOffset("T", 0), k.MinOffset("T", 1), k.MaxOffset("T", 1))
		for name, fsys := range map[string]*vfs.Mem{"process": h.cut.Clone(), "machine": h.cut.CrashClone(2, 1)} {
			t.Cleanup(fsys.Free)
			z := mustStart(t, h.cfg, fsys)
			got := fmt.Sprint(z.MinOffset("T", 0), z.MaxOffset("T", 0), z.MinOffset("T", 1), z.MaxOffset("T", 1))
			if end := z.MaxPhyOffset(); end != h.back || got != want {
				t.Errorf("hole of %d, the %s was killed: the log ends at %d, want %d; queues %s, want %s", hole, name,
					end, h.back, got, want)
			}
			mustStop(t, z)
		}
		mustStop(t, k)
	}
}

// TestResidueOfEarlierVersions: earlier versions left such records behind the end, and the log grew up to them. They
// are cut off; the queues lose nothing.
func TestResidueOfEarlierVersions(t *testing.T) {
	// the first of them goes back in its queue, jumps ahead, goes back
	for _, hole := range []int64{2200, 3300, 100_000} {
		residue(t, hole)
	}
}

func residue(t *testing.T, hole int64) {
	h := makeHole(t, hole)
	k := h.goOn(t)
	f, err := h.cut.OpenFile("/s/commitlog/" + datafile.Name(0))
	if err == nil {
		_, err = f.WriteAt(h.stale, h.back)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := [2]int{len(bodies(t, k, "T", 0)), len(bodies(t, k, "T", 1))}
	for _, queues := range []string{"kept", "lost"} {
		fsys := h.cut.Clone()
		t.Cleanup(fsys.Free)
		if queues == "lost" {
			_ = fsys.Rename("/s/consumequeue", "/gone")
		}
		z := mustStart(t, h.cfg, fsys)
		if got := [2]int{len(bodies(t, z, "T", 0)), len(bodies(t, z, "T", 1))}; got != want ||
			z.MaxPhyOffset() != h.back {
			t.Errorf("queues %s: %v messages, want %v; the log ends at %d, want %d", queues, got, want,
				z.MaxPhyOffset(), h.back)
		}
		mustStop(t, z)
	}
	// a newer record behind them: nobody can say what is the log
	time.Sleep(2 * time.Millisecond)
	at := h.back + 10*h.size
	r := msg("T", 0, strings.Repeat("x", 1000))
	if _, err := f.WriteAt(rawRecord(r, at, 5, time.Now().UnixMilli()+60_000), at); err != nil {
		t.Fatal(err)
	}
	fsys := h.cut.Clone()
	t.Cleanup(fsys.Free)
	var damage *datafile.CorruptionError
	if _, err := Open(h.cfg, fsys, EventListener{}); !errors.As(err, &damage) || damage.Offset != h.back {
		t.Errorf("got %v", err)
	}
	mustStop(t, k)
}

// rawRecord encodes a record as other programs do: without a property CRC.
func rawRecord(r *Record, offset, queueOffset, storeTime int64) []byte {
	m := r.Message
	m.Properties = bytes.Repeat([]byte("x"), len(r.Properties)) // those themselves would get one
	cfg := DefaultConfig()
	st := record.Stamp{QueueOffset: queueOffset, Offset: offset, StoreTime: storeTime}
	b, err := cfg.RecordLimits().Append(nil, &m, st)
	if err != nil {
		panic(err)
	}
	copy(b[len(b)-len(r.Properties):], r.Properties)
	return b
}
