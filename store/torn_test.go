package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// zeroProperties are values that look like pages that never reached the disk, to be written anywhere in a page.
func zeroProperties() [][]byte {
	return [][]byte{
		[]byte("a\x01" + strings.Repeat("\x00", 8) + "\x02"),
		[]byte("a\x01b" + strings.Repeat("\x00", 8)),
		[]byte("a\x01b\x00"),
		[]byte("a\x01" + strings.Repeat("\x00", 9000)),
		[]byte("a\x01" + strings.Repeat("\x00", 9000) + "z\x02"),
		[]byte("__CRC32#\x010123456789\x02"),
		[]byte("a\x01\x00\x02__CRC32#\x010123456789\x02"),
		bytes.Repeat([]byte("a\x01\x00\x02"), 2000),
	}
}

// TestZerosInPropertiesAreNoTornTail: after a kill, and after a power cut behind a flush, everything is there whatever
// the properties hold, in single messages and in batches, wherever they end in a page.
func TestZerosInPropertiesAreNoTornTail(t *testing.T) {
	for i, props := range zeroProperties() {
		for _, batch := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d batch %v", i, batch), func(t *testing.T) {
				mem := vfs.NewMem()
				t.Cleanup(mem.Free)
				cfg := smallConfig("/s")
				cfg.MappedFileSizeCommitLog, cfg.FlushIntervalCommitLog, cfg.FlushIntervalConsumeQueue = 1<<20,
					3_600_000, 3_600_000
				s := mustStart(t, cfg, mem)
				n := 0
				for n < 60 {
					r := msg("T", 0, strings.Repeat("b", n*7%500))
					if r.Properties = props; batch {
						body := record.AppendBatchItem(nil, record.BatchItem{Body: r.Body, Properties: props})
						r.Properties = nil
						if _, _, err := s.AppendBatch(r, body, nil); err != nil {
							t.Fatal(err)
						}
					} else {
						mustAppend(t, s, r)
					}
					n++
					if n%20 == 0 { // it is the last record of the log
						afterCrash(t, cfg, mem.Clone(), n)
					}
				}
				if err := s.Flush(); err != nil {
					t.Fatal(err)
				}
				afterCrash(t, cfg, mem.CrashClone(1, 0), n)
				afterCrash(t, cfg, mem.CrashClone(2, 0.5), n)
			})
		}
	}
}

func afterCrash(t *testing.T, cfg Config, fsys *vfs.Mem, want int) {
	t.Helper()
	t.Cleanup(fsys.Free)
	again := mustOpen(t, cfg, fsys, EventListener{})
	if got := len(bodies(t, again, "T", 0)); got != want || again.Report().Clean {
		t.Fatalf("%d messages, want %d; %+v", got, want, again.Report())
	}
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	mustStop(t, again)
	if r := mustVerify(t, cfg, fsys); len(r.Findings) != 0 {
		t.Fatalf("%+v", r.Findings)
	}
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

// TestTornRecords holds the two crash models against records cut at any page or sector: what a crash can leave is torn,
// nothing else is.
func TestTornRecords(t *testing.T) {
	r := msg("SomeTopic", 0, strings.Repeat("b", 300))
	for _, props := range []string{"", "KEYS\x01k\x02", strings.Repeat("KEYS\x01some keys\x02", 800)} {
		r.Properties = []byte(props)
		for p := int64(3500); p < 4100; p += 3 {
			whole := rawRecord(r, 0, 0, 1)
			seg := make([]byte, 64<<10)
			copy(seg[p:], whole)
			m, err := record.Decode(seg[p:])
			if err != nil || cutShort(&m, p, seg[p+int64(m.Size):]) || lostSector(&m, p) {
				t.Fatalf("position %d, %d bytes of properties: whole, but %v torn", p, len(props), err)
			}
			for _, unit := range []int64{killPage, sectorLen} {
				for at := (p/unit + 1) * unit; at < p+int64(len(whole)); at += unit {
					cut := bytes.Clone(seg)
					clear(cut[at : p+int64(len(whole))])
					m, err := record.Decode(cut[p:])
					lost := err != nil || !m.BodyCRCOK() || bytes.Equal(cut, seg)
					if unit == killPage && !lost && !cutShort(&m, p, cut[p+int64(m.Size):]) {
						t.Fatalf("position %d, %d bytes of properties: killed at %d and taken for whole", p,
							len(props), at)
					}
					one := bytes.Clone(seg) // one sector is missing
					clear(one[at:min(at+unit, p+int64(len(whole)))])
					n, err := record.Decode(one[p:])
					if err == nil && n.BodyCRCOK() && !bytes.Equal(one, seg) && !lostSector(&n, p) {
						t.Fatalf("position %d, %d bytes of properties: sector at %d lost and taken for whole", p,
							len(props), at)
					}
				}
			}
		}
	}
}

// TestOtherProgramsZeros: a record without CRC, with zeros that end in no page or not behind everything, is whole after
// a kill.
func TestOtherProgramsZeros(t *testing.T) {
	for _, props := range zeroProperties() {
		r := msg("T", 0, "body")
		r.Properties = props
		seg := make([]byte, 64<<10)
		copy(seg[100:], rawRecord(r, 100, 0, 1))
		m, err := record.Decode(seg[100:])
		if err != nil {
			t.Fatal(err)
		}
		copy(seg[100+int(m.Size):], "the next record")
		if cutShort(&m, 100, seg[100+int(m.Size):]) {
			t.Errorf("%.30q: something follows, but torn", props)
		}
	}
}

// TestSameRun: only an abort file of this run of the machine, written by gorocket and not after a failed flush, says that
// the page cache has everything.
func TestSameRun(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := smallConfig("/s")
	s := mustStart(t, cfg, mem)
	fill(t, s, "T", 1, 3)
	cut := mem.CrashClone(1, 1)
	t.Cleanup(cut.Free)
	for name, c := range map[string]struct {
		fsys *vfs.Mem
		text string
		want bool
	}{
		"kill": {mem.Clone(), "", true}, "power cut": {cut, "", false}, "Java": {mem.Clone(), "4711", false},
		"no content": {mem.Clone(), "\x00", false}, "shorter than before": {mem.Clone(), "1\n", false},
		"another machine": {mem.Clone(), abortText("a3b1"), false}, "failed": {mem.Clone(), abortText(""), false},
	} {
		t.Cleanup(c.fsys.Free)
		if c.text != "" {
			f, err := c.fsys.Create("/s/abort")
			if err == nil {
				_, err = f.WriteAt([]byte(c.text), 0)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got, err := sameRun(c.fsys, "/s/abort"); err != nil || got != c.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	if got, err := sameRun(mem, "/s/missing"); got || err != nil {
		t.Errorf("no file: %v %v", got, err)
	}
	dir := t.TempDir()
	on := mustStart(t, smallConfig(dir), vfs.OS{})
	if got, err := sameRun(vfs.OS{}, dir+"/abort"); !got || err != nil {
		t.Errorf("on this machine: %v %v", got, err)
	}
	mustStop(t, on)
	failing(mem, "sync", "commitlog", errors.New("broken"))
	if s.Flush() == nil {
		t.Fatal("flushed")
	}
	if got, _ := sameRun(mem, "/s/abort"); got {
		t.Error("after a failed flush the page cache may lack what was written")
	}
}

// TestDamageAfterKill: while the machine went on, a broken record with whole ones behind it is damage, synced or not: a
// kill leaves no such thing, and cutting the log there would lose what had been acknowledged.
func TestDamageAfterKill(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	cfg.FlushIntervalCommitLog, cfg.FlushConsumeQueueThoroughInterval = 3_600_000, 3_600_000
	s := mustStart(t, cfg, mem)
	var at []Appended
	for range 100 {
		at = append(at, mustAppend(t, s, msg("T", 0, "body")))
	}
	killed := mem.Clone()
	t.Cleanup(killed.Free)
	flip(t, killed, "/s/commitlog/"+datafile.Name(0), at[50].Offset+90)
	var damage *datafile.CorruptionError
	if s, err := Open(cfg, killed, EventListener{}); !errors.As(err, &damage) || damage.Offset != at[50].Offset {
		t.Errorf("%v", err)
		_ = s.Stop(t.Context())
	}
	if r := mustVerify(t, cfg, killed); r.Healthy {
		t.Error("verify says healthy")
	}
}

// TestForcedPropCRCCutsNothing: forceVerifyPropCRC on a store whose records have none refuses the start.
func TestForcedPropCRCCutsNothing(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	fill(t, s, "T", 1, 100)
	mustStop(t, s)
	cfg.ForceVerifyPropCRC = true
	if s, err := Open(cfg, mem, EventListener{}); err == nil || !strings.Contains(err.Error(), "forceVerifyPropCRC") {
		t.Errorf("%v", err)
		_ = s.Stop(t.Context())
	}
}

// FuzzTorn: no record, whatever it holds, leads the tests of the crash models out of its bytes.
func FuzzTorn(f *testing.F) {
	cfg := DefaultConfig()
	r := msg("Topic", 1, "body")
	r.Properties = []byte("KEYS\x01a b\x02TAGS\x01x\x02")
	b, _ := cfg.RecordLimits().Append(nil, &r.Message, record.Stamp{})
	f.Add(b, int64(4000))
	f.Fuzz(func(t *testing.T, b []byte, p int64) {
		m, err := record.Decode(b)
		if err != nil || p < 0 || p > 1<<30 {
			return
		}
		if (lostSector(&m, p) || cutShort(&m, p, nil)) && m.Sealed() {
			t.Fatal("a record whose property CRC fits is whole")
		}
	})
}
