package vfs

import (
	"errors"
	"io/fs"
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

// TestDryRunWholeFolders: what was made or changed below a folder goes with it when that is moved; a file that is there
// is
// not made whole once more, and one that cannot be prepared tells why; room is that of the folder that is there.
func TestDryRunWholeFolders(t *testing.T) {
	base := NewMem()
	defer base.Free()
	base.Limit(1 << 30)
	if err := base.MkdirAll("/d/sub"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/d/sub/a", "/d/subway", "/d/z"} {
		f, err := base.Create(name)
		if err == nil {
			_, err = f.WriteAt([]byte("old"), 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d := NewDryRun(base)
	for _, name := range []string{"/d/sub/a", "/d/subway", "/d/z"} {
		f, err := d.OpenFile(name)
		if err == nil {
			_, err = f.WriteAt([]byte("new"), 0)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Rename("/d/sub", "/away"); err != nil {
		t.Fatal(err)
	}
	if err := d.Rename("/d/z", "/away.z"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"/d/sub/a": "", "/d/subway": "new", "/d/z": ""} {
		b, err := ReadFile(d, name)
		if string(b) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	prepared := 0
	prepare := func(f File) error { prepared++; return f.Allocate(0, 5000) }
	if _, err := d.CreateWhole("/d/subway", prepare); !errors.Is(err, fs.ErrExist) || prepared != 0 {
		t.Errorf("it is there: %v, prepared %d times", err, prepared)
	}
	f, err := d.CreateWhole("/d/new", prepare)
	if err != nil || prepared != 1 {
		t.Fatalf("%v, prepared %d times", err, prepared)
	}
	if size, err := f.Size(); size != 5000 || err != nil {
		t.Errorf("%d bytes, %v", size, err)
	}
	if err := f.Allocate(0, 100); err != nil {
		t.Fatal(err)
	}
	if size, _ := f.Size(); size != 5000 {
		t.Errorf("to reserve less makes %d bytes of it", size)
	}
	disk := errors.New("disk")
	if _, err := d.CreateWhole("/d/bad", func(File) error { return disk }); !errors.Is(err, disk) {
		t.Errorf("it cannot be prepared: %v", err)
	}
	want, err := base.Usage("/d")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Usage("/d/none/at/all"); err != nil || got != want {
		t.Errorf("room %+v, %v, want %+v", got, err, want)
	}
	none := NewDryRun(noUsage{base})
	if _, err := none.Usage("/a/b"); !errors.Is(err, errNoUsage) {
		t.Errorf("nobody knows the room: %v", err)
	}
}

var errNoUsage = errors.New("no usage")

// noUsage is a file system that does not know its room.
type noUsage struct{ FS }

func (noUsage) Usage(string) (DiskUsage, error) { return DiskUsage{}, errNoUsage }
