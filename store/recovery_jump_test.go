package store

import (
	"encoding/binary"
	"fmt"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// patchRecord changes a record in a log file, as another program might have written it.
func patchRecord(t *testing.T, fsys *vfs.Mem, at, pos int64, value []byte) {
	t.Helper()
	f, err := fsys.OpenFile("/s/commitlog/" + datafile.Name(0))
	if err == nil {
		_, err = f.WriteAt(value, at+pos)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestRecoveryKeepsAQueue: records whose sysFlag or queue offset does not fit, such as batches that said they were
// prepared messages and were stored by earlier versions, cost themselves and nobody else. The start says so.
func TestRecoveryKeepsAQueue(t *testing.T) {
	for _, c := range []struct {
		name        string
		pos         int64
		value       []byte
		gone, jumps int
	}{
		{"prepared", record.PosSysFlag, binary.BigEndian.AppendUint32(nil, record.SysFlagPrepared), 10, 1},
		{"goes back", record.PosQueueOffset, binary.BigEndian.AppendUint64(nil, 5), 10, 11},
		{"far ahead", record.PosQueueOffset, binary.BigEndian.AppendUint64(nil, 1<<60), 10, 11},
	} {
		for _, queues := range []string{"kept", "lost"} {
			t.Run(c.name+" "+queues, func(t *testing.T) {
				mem, cfg := vfs.NewMem(), smallConfig("/s")
				t.Cleanup(mem.Free)
				cfg.FlushIntervalConsumeQueue = 3_600_000 // or the flusher may have noted the entries already
				s := mustStart(t, cfg, mem)
				testutil.WaitFor(t, "the flusher notes the ends once at its start", func() bool {
					_, err := mem.Stat(cfg.sub(consumequeue.ManifestFile))
					return err == nil
				})
				var at []Appended
				for i := range 100 {
					at = append(at, mustAppend(t, s, msg("T", 0, fmt.Sprint(i))))
				}
				killed := mem.Clone()
				t.Cleanup(killed.Free)
				for _, a := range at[40:50] {
					patchRecord(t, killed, a.Offset, c.pos, c.value)
				}
				if queues == "lost" {
					_ = killed.Rename("/s/consumequeue", "/gone")
				}
				var told []recovery.Jump
				ev := EventListener{QueueJump: func(j recovery.Jump) { told = append(told, j) }}
				again := mustOpen(t, cfg, killed, ev)
				if r := again.Report(); int(r.Jumps) != len(told) || len(told) < c.jumps || told[0].Topic != "T" ||
					told[0].Want != 40 {
					t.Errorf("report %+v; told %+v", r, told)
				}
				if err := again.Start(); err != nil {
					t.Fatal(err)
				}
				checkJumped(t, again, c.gone)
				if a := mustAppend(t, again, msg("T", 0, "next")); a.QueueOffset != 100 {
					t.Errorf("the next message is %d, want 100", a.QueueOffset)
				}
				mustStop(t, again)
				again = mustStart(t, cfg, killed)
				checkJumped(t, again, c.gone)
				mustStop(t, again)
			})
		}
	}
}

// checkJumped pulls a queue that lacks messages 40 to 49.
func checkJumped(t *testing.T, s *Store, gone int) {
	t.Helper()
	var res GetResult
	defer res.Release()
	for _, at := range []int64{39, 50, 99} { // a search by time steps over the fillers
		if got := s.OffsetByTime("T", 0, s.StoreTimeAt("T", 0, at), Upper); got < at {
			t.Errorf("by the time of %d: %d", at, got)
		}
	}
	n := 0
	for at := int64(0); at < 100; at = res.NextBeginOffset {
		res.Release()
		s.Get(&GetQuery{Topic: "T", Offset: at, MaxCount: 7}, &res)
		if res.NextBeginOffset <= at {
			t.Fatalf("pull at %d: %v, next %d", at, res.Status, res.NextBeginOffset)
		}
		for i, rec := range res.Slices {
			m, err := record.Decode(rec)
			if err != nil || string(m.Body) != fmt.Sprint(res.QueueOffsets[i]) && string(m.Body) != "next" {
				t.Fatalf("offset %d: %q %v", res.QueueOffsets[i], m.Body, err)
			}
			if res.QueueOffsets[i] < 100 {
				n++
			}
		}
	}
	if n != 100-gone || s.MinOffset("T", 0) != 0 || s.MaxOffset("T", 0) < 100 {
		t.Errorf("%d messages, want %d; %d..%d", n, 100-gone, s.MinOffset("T", 0), s.MaxOffset("T", 0))
	}
}

// TestForgedLightOffsets: offsets in light queues that a client wrote while light queues were off are no reason to
// lose, or to make, anything.
func TestForgedLightOffsets(t *testing.T) {
	for _, forged := range []string{"1152921504606846976", "9223372036854775807", "-1", "1000000000"} {
		mem, cfg := vfs.NewMem(), smallConfig("/s")
		t.Cleanup(mem.Free)
		s := mustStart(t, cfg, mem)
		r := msg("T", 0, "x")
		r.Properties = []byte("INNER_MULTI_DISPATCH\x01%LMQ%a\x02INNER_MULTI_QUEUE_OFFSET\x01" + forged + "\x02")
		mustAppend(t, s, r)
		mustAppend(t, s, msg("T", 0, "y"))
		killed := mem.Clone()
		t.Cleanup(killed.Free)
		lmq := lightConfig()
		again := mustOpen(t, lmq, killed, EventListener{})
		if err := again.Start(); err != nil {
			t.Fatal(err)
		}
		wantBodies(t, again, "T", 0, []string{"x", "y"})
		if got := again.MaxOffset("%LMQ%a", 0); got != 0 {
			t.Errorf("%s: the light queue ends at %d", forged, got)
		}
		mustAppend(t, again, dispatched("P", "%LMQ%a", "z"))
		if got := lightBodies(t, again, "%LMQ%a"); len(got) != 1 {
			t.Errorf("%s: %q", forged, got)
		}
		mustStop(t, again)
	}
}
