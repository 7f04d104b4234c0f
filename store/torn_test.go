package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// TestZerosInPropertiesAreNoTornTail: after a kill, and after a power cut behind a flush, everything is there whatever
// the properties hold, in single messages and in batches, wherever they end in a page.
func TestZerosInPropertiesAreNoTornTail(t *testing.T) {
	for i, props := range storetest.ZeroProperties() {
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

// TestSameRun: only an abort file of this run of the machine, written by gorocket and not after a failed flush, says
// that the page cache has everything.
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
		"another machine": {mem.Clone(), recovery.AbortText("a3b1"), false},
		"failed":          {mem.Clone(), recovery.AbortText(""), false},
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
		if got, err := recovery.SameRun(c.fsys, "/s/abort"); err != nil || got != c.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	if got, err := recovery.SameRun(mem, "/s/missing"); got || err != nil {
		t.Errorf("no file: %v %v", got, err)
	}
	dir := t.TempDir()
	on := mustStart(t, smallConfig(dir), vfs.OS{})
	if got, err := recovery.SameRun(vfs.OS{}, dir+"/abort"); !got || err != nil {
		t.Errorf("on this machine: %v %v", got, err)
	}
	mustStop(t, on)
	storetest.Fail(mem, "sync", "commitlog", errors.New("broken"))
	if s.Flush() == nil {
		t.Fatal("flushed")
	}
	if got, _ := recovery.SameRun(mem, "/s/abort"); got {
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
