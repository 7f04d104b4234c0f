package check

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// TestByFile: what a start did is gathered file by file, in the order in which it began, with the first place that was
// cut and the range that was written.
func TestByFile(t *testing.T) {
	got := byFile([]vfs.Change{{Op: "create", Name: "a"}, {Op: "zero", Name: "b", Offset: 0, Len: 5},
		{Op: "write", Name: "a", Offset: 0, Len: 10}, {Op: "truncate", Name: "b", Offset: 100},
		{Op: "write", Name: "a", Offset: 20, Len: 5}, {Op: "write", Name: "a", Offset: 3, Len: 5}, {Op: "remove", Name: "c"},
		{Op: "write", Name: "b", Offset: 7, Len: 1}})
	want := []fileChange{{name: "a", created: true, cut: -1, from: 0, to: 25}, {name: "b", cut: 0, from: 7, to: 8},
		{name: "c", removed: true, cut: -1, from: -1}}
	if len(got) != len(want) {
		t.Fatalf("%d files", len(got))
	}
	for i := range want {
		if *got[i] != want[i] {
			t.Errorf("%+v, want %+v", *got[i], want[i])
		}
	}
}

// TestQueueSteps: what a start does to a file of a queue is told as what it is.
func TestQueueSteps(t *testing.T) {
	for what, c := range map[string]struct {
		change fileChange
		action string
		offset int64
	}{
		"removed":               {fileChange{removed: true, cut: -1, from: -1}, "remove", -1},
		"made and removed":      {fileChange{removed: true, created: true, cut: -1, from: -1}, "", 0},
		"cut":                   {fileChange{cut: 40, from: -1}, "cut", 40},
		"cut at its beginning":  {fileChange{cut: 0, from: -1}, "cut", 0},
		"cut and written":       {fileChange{cut: 40, from: 40, to: 80}, "build", 40},
		"written":               {fileChange{cut: -1, from: 0, to: 80}, "build", 0},
		"made and written":      {fileChange{created: true, cut: 20, from: 60, to: 80}, "build", 60},
		"made, nothing in it":   {fileChange{created: true, cut: -1, from: -1}, "", 0},
		"neither cut nor wrote": {fileChange{cut: -1, from: -1}, "", 0},
	} {
		r := &repairer{plan: &Plan{}}
		r.queueStep(&c.change)
		switch {
		case c.action == "" && len(r.plan.Steps) > 0, c.action != "" && len(r.plan.Steps) != 1:
			t.Errorf("%s: %+v", what, r.plan.Steps)
		case c.action != "" && (r.plan.Steps[0].Action != c.action || r.plan.Steps[0].Offset != c.offset ||
			r.plan.Steps[0].By != ByStart):
			t.Errorf("%s: %+v", what, r.plan.Steps[0])
		}
	}
}

// TestCopyTail: what is copied aside lies at its own offset, up to the last byte that is not zero; nothing is made for
// zeros, nor for a file that is not there.
func TestCopyTail(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	f, err := mem.Create("/f")
	if err == nil {
		_, err = f.WriteAt([]byte("0123456789"), 0)
	}
	if err == nil {
		err = f.Truncate(3 << 20)
	}
	if err == nil {
		_, err = f.WriteAt([]byte("end"), 2<<20)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   int64
		want string // its beginning from at on
		made bool
	}{{4, "456789", true}, {10, "", true}, {2<<20 + 3, "", false}, {3 << 20, "", false}} {
		if err := copyTail(mem, "/f", "/aside/f", c.at); err != nil {
			t.Fatal(err)
		}
		b, err := vfs.ReadFile(mem, "/aside/f")
		if (err == nil) != c.made {
			t.Fatalf("from %d: made %v", c.at, err == nil)
		}
		if !c.made {
			continue
		}
		if len(b) < 2<<20+3 || string(b[c.at:c.at+int64(len(c.want))]) != c.want ||
			string(b[2<<20:2<<20+3]) != "end" || string(b[:4]) != "\x00\x00\x00\x00" {
			t.Errorf("from %d: %d bytes, %q", c.at, len(b), b[:12])
		}
		if err := mem.Remove("/aside/f"); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyTail(mem, "/none", "/aside/none", 0); err != nil {
		t.Errorf("no file: %v", err)
	}
}

// TestPlanIsBounded: steps beyond the list are counted.
func TestPlanIsBounded(t *testing.T) {
	r := &repairer{plan: &Plan{}}
	for range maxFindings + 3 {
		r.add(ByStart, "cut", "f", 0, "x")
	}
	if len(r.plan.Steps) != maxFindings || r.plan.More != 3 {
		t.Errorf("%d steps and %d more", len(r.plan.Steps), r.plan.More)
	}
}

// TestCutFiles: files behind the new end of a log go, with their names made durable; the one that holds it is zero from
// there on, on the disk; the first one stays. What fails ends it, and the files before stay as they are.
func TestCutFiles(t *testing.T) {
	name := func(base int64) string { return "/s/commitlog/" + datafile.Name(base) }
	for _, c := range []struct {
		offset, first int64
		fail          string // which operation
		left          []int64
		zeroFrom      int64 // in the first file that is left last
	}{{150, 0, "", []int64{0, 100}, 50}, {100, 0, "", []int64{0}, 100}, {0, 0, "", []int64{0}, 0}, {200, 0, "", []int64{0,
		100}, 100},
		{50, 0, "remove", []int64{0, 100, 200}, 100}, {50, 0, "syncdir", []int64{0, 100}, 100}, {250, 0, "sync", []int64{0,
			100, 200}, 50},
		{250, 0, "zero", []int64{0, 100, 200}, 100}} {
		mem := vfs.NewMem()
		t.Cleanup(mem.Free)
		k := &cutter{cfg: twoDisks(), fs: mem, offset: c.offset, first: c.first, plan: &Plan{Aside: "aside"}}
		for base := int64(0); base < 300; base += 100 {
			putFile(t, mem, name(base), strings.Repeat("x", 100), 100)
			if base+100 > c.offset {
				k.files = append(k.files, logFile{name(base), base, 100})
			}
		}
		synced := 0
		mem.Inject(func(op, file string) error {
			if !strings.HasPrefix(file, "/s/commitlog") {
				return nil
			}
			if op == c.fail {
				return errors.New("disk")
			}
			if op == "sync" || op == "syncdir" {
				synced++
			}
			return nil
		})
		err := k.cut()
		mem.Inject(nil)
		list, _ := mem.ReadDir("/s/commitlog")
		var left []int64
		for _, fi := range list {
			if base, ok := datafile.ParseName(fi.Name); ok {
				left = append(left, base)
			}
		}
		if (err != nil) != (c.fail != "") || !slices.Equal(left, c.left) || c.fail == "" && synced != 3-int(c.offset)/100 {
			t.Errorf("%+v: %v, left %v, synced %d times", c, err, left, synced)
		}
		if len(left) == 0 {
			continue
		}
		b, _ := vfs.ReadFile(mem, name(left[len(left)-1]))
		if i := strings.IndexByte(string(b), 0); c.zeroFrom < 100 && i != int(c.zeroFrom) || c.zeroFrom == 100 && i >= 0 {
			t.Errorf("%+v: zeros from byte %d on", c, i)
		}
	}
}
