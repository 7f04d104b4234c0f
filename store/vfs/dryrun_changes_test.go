package vfs

import (
	"slices"
	"testing"
)

// TestDryRunChanges: each change is noted, in order; writes that continue each other are one; what is forgotten stays in
// effect.
func TestDryRunChanges(t *testing.T) {
	base := NewMem()
	defer base.Free()
	if err := base.MkdirAll("/d"); err != nil {
		t.Fatal(err)
	}
	old, err := base.Create("/d/old")
	if err == nil {
		_, err = old.WriteAt(make([]byte, 2000), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	d := NewDryRun(base)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(d.MkdirAll("/d/e/f"))
	f, err := d.Create("/d/e/new.tmp")
	must(err)
	for _, off := range []int64{0, 10, 30, 40} {
		_, err = f.WriteAt(make([]byte, 10), off)
		must(err)
	}
	must(d.Rename("/d/e/new.tmp", "/d/e/new"))
	g, err := d.OpenFile("/d/old")
	must(err)
	for _, x := range []File{f, g} { // the second one continues nothing: it is another file
		_, err = x.WriteAt(make([]byte, 5), 50)
		must(err)
	}
	must(g.Zero(1000, 1000))
	must(g.Truncate(100))
	must(g.Sync())
	must(d.Remove("/d/e/new"))
	want := []Change{{Op: "mkdir", Name: "/d/e/f"}, {Op: "mkdir", Name: "/d/e"}, {Op: "create", Name: "/d/e/new.tmp"},
		{Op: "write", Name: "/d/e/new.tmp", Len: 20}, {Op: "write", Name: "/d/e/new.tmp", Offset: 30, Len: 20},
		{Op: "create", Name: "/d/e/new"}, {Op: "write", Name: "/d/e/new.tmp", Offset: 50, Len: 5},
		{Op: "write", Name: "/d/old", Offset: 50, Len: 5}, {Op: "zero", Name: "/d/old", Offset: 1000, Len: 1000},
		{Op: "truncate", Name: "/d/old", Offset: 100}, {Op: "remove", Name: "/d/e/new"}}
	if got := d.Changes(); !slices.Equal(got, want) {
		t.Errorf("noted\n%+v\nwant\n%+v", got, want)
	}
	d.Forget(9)
	if got := d.Changes(); !slices.Equal(got, want[9:]) {
		t.Errorf("left %+v", got)
	}
	if fi, err := d.Stat("/d/old"); err != nil || fi.Size != 100 {
		t.Errorf("%+v, %v", fi, err)
	}
	if fi, err := base.Stat("/d/old"); err != nil || fi.Size != 2000 {
		t.Errorf("the base was changed: %+v, %v", fi, err)
	}
	if list, err := d.ReadDir("/d/e"); err != nil || len(list) != 1 || list[0].Name != "f" || !list[0].IsDir {
		t.Errorf("%+v, %v", list, err)
	}
}
