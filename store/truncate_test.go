package store

import (
	"bytes"
	"strings"
	"testing"

	"gorocket/store/check"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// TestTruncateTo ends the log of a store at records of each file: what is in front stays readable, queues and index
// follow, what was cut is kept, and a slave of another log goes on from there.
func TestTruncateTo(t *testing.T) {
	for _, clean := range []bool{true, false} {
		mem := vfs.NewMem()
		t.Cleanup(mem.Free)
		cfg := smallConfig("/s")
		s := mustStart(t, cfg, mem)
		var all []Appended
		for range 1500 {
			r := msg("T", int32(len(all)%2), "body "+strings.Repeat("x", len(all)%300))
			r.Properties = []byte("KEYS\x01k\x02")
			all = append(all, mustAppend(t, s, r))
		}
		size, end := cfg.MappedFileSizeCommitLog, s.MaxPhyOffset()
		if end < 3*size {
			t.Fatalf("the log ends at %d", end)
		}
		killed := mem.Clone()
		t.Cleanup(killed.Free)
		mustStop(t, s)
		fsys := mem
		if !clean {
			fsys = killed
		}
		for _, n := range []int{1400, 700, 300, 0} {
			cut := all[n].Offset
			o := Offline{Config: cfg, FS: fsys}
			before := snapshot(t, fsys, "/s", map[string]string{})
			if _, err := o.TruncateTo(cut+1, false); err == nil || !strings.Contains(err.Error(), "no record begins at") {
				t.Errorf("inside a record: %v", err)
			}
			if _, err := o.TruncateTo(end+10*size, false); err == nil {
				t.Error("behind the log")
			}
			if p, err := o.TruncateTo(cut, true); err != nil || !p.Starts || p.LogTo != cut || p.Left() == 0 {
				t.Fatalf("dry run: %+v %v", p, err)
			}
			for name, content := range snapshot(t, fsys, "/s", map[string]string{}) {
				if before[name] != content {
					t.Errorf("the dry run, or a refusal, changed %s", name)
				}
			}
			p, err := o.TruncateTo(cut, false)
			if err != nil || !p.Done || p.Left() != 0 || p.LogTo != cut {
				t.Fatalf("%d: %+v %v", n, p, err)
			}
			last := all[n].Offset / size * size
			kept, err := vfs.ReadFile(fsys, "/s/"+p.Aside+"/commitlog/"+datafile.Name(last))
			if want := before["/s/commitlog/"+datafile.Name(last)]; err != nil || n > 0 && !bytes.Equal(kept[cut-last:],
				[]byte(want)[cut-last:]) {
				t.Errorf("%d: what was cut from %d is not kept: %d bytes, %v", n, last, len(kept), err)
			}
			if r := mustVerify(t, cfg, fsys); r.LogTo != cut || r.Counts[check.Damaged]+r.Counts[check.Repairable] > 0 {
				t.Errorf("%d: verify: the log ends at %d, want %d: %+v", n, r.LogTo, cut, r.Findings)
			}
			again := mustOpen(t, cfg, fsys, EventListener{})
			if err := again.Start(); err != nil {
				t.Fatal(err)
			}
			if got := len(bodies(t, again, "T", 0)) + len(bodies(t, again, "T", 1)); got != n {
				t.Errorf("%d messages are left, want %d", got, n)
			}
			found, err := again.QueryByKey("T", "k", 64, 0, 1<<62)
			if err != nil || len(found.Records) != min(n, 64) {
				t.Errorf("%d: %d messages are found by key, %v", n, len(found.Records), err)
			}
			mustStop(t, again)
		}
	}
}

// TestTruncateTwice: what was kept stays when more has to go within the same second.
func TestTruncateTwice(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	cfg := smallConfig("/s")
	s := mustStart(t, cfg, mem)
	var all []Appended
	for i := range 30 {
		all = append(all, mustAppend(t, s, msg("T", 0, strings.Repeat(string(rune('a'+i%26)), 50))))
	}
	mustStop(t, s)
	o, asides := Offline{Config: cfg, FS: mem}, map[string]int{}
	for _, n := range []int{25, 20, 10, 5} {
		p, err := o.TruncateTo(all[n].Offset, false)
		if err != nil {
			t.Fatal(err)
		}
		asides[p.Aside] = n
		for aside, n := range asides {
			kept, err := vfs.ReadFile(mem, "/s/"+aside+"/commitlog/"+datafile.Name(0))
			if err != nil || !bytes.Contains(kept, []byte(strings.Repeat(string(rune('a'+n%26)), 50))) {
				t.Errorf("what was cut at message %d is gone: %v", n, err)
			}
		}
	}
	if len(asides) != 4 {
		t.Errorf("%d folders, want 4", len(asides))
	}
}
