package vfs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestDryRunSameAsReal: the same random calls on a DryRun and on a copy give the same content, and the base stays as it
// was.
func TestDryRunSameAsReal(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		base := NewMem()
		defer base.Free()
		f, _ := base.Create("/f")
		_, _ = f.WriteAt(bytes.Repeat([]byte("abcdefg"), 700), 0)
		before, _ := ReadFile(base, "/f")
		twin := base.Clone()
		defer twin.Free()
		dry := NewDryRun(base)
		a, _ := twin.OpenFile("/f")
		b, err := dry.OpenFile("/f")
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			off, n := rnd.Int64N(6000), 1+rnd.Int64N(1500)
			for _, x := range []File{a, b} {
				switch size, _ := x.Size(); (off + n) % 3 {
				case 0:
					_, err = x.WriteAt(bytes.Repeat([]byte{byte(n)}, int(n)), off)
				case 1:
					err = x.Truncate(off)
				case 2:
					if off < size {
						err = x.Zero(off, min(n, size-off))
					}
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			got, _ := ReadFile(dry, "/f")
			want, _ := ReadFile(twin, "/f")
			if !bytes.Equal(got, want) {
				t.Fatalf("seed %d: %d bytes, want %d", seed, len(got), len(want))
			}
		}
		if now, _ := ReadFile(base, "/f"); !bytes.Equal(now, before) {
			t.Fatal("the base was changed")
		}
	}
}

func TestDryRunNames(t *testing.T) {
	base := NewMem()
	defer base.Free()
	_ = base.MkdirAll("/d/old")
	for _, n := range []string{"/d/a", "/d/b", "/d/old/x"} {
		_, _ = base.Create(n)
	}
	dry := NewDryRun(base)
	if err := dry.Remove("/d/old"); err == nil {
		t.Error("a full directory was removed")
	}
	for _, err := range []error{dry.Remove("/d/a"), dry.Rename("/d/old", "/away"), dry.MkdirAll("/d/old/new")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := dry.Create("/d/old/new/y")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.WriteAt([]byte("12"), 0)
	_, _ = f.WriteAt([]byte("34"), 2)
	names := func(dir string) (out []string) {
		list, _ := dry.ReadDir(dir)
		for _, fi := range list {
			out = append(out, fi.Name)
		}
		return out
	}
	if got := names("/d"); !slices.Equal(got, []string{"b", "old"}) {
		t.Errorf("/d: %v", got)
	}
	if got := names("/d/old"); !slices.Equal(got, []string{"new"}) {
		t.Errorf("/d/old: %v", got)
	}
	if _, err := dry.OpenFile("/d/old/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("moved file: %v", err)
	}
	if _, err := f.Map(0, 4, false); err == nil {
		t.Error("a new file was mapped")
	}
	if n, err := f.ReadAt(make([]byte, 9), 0); n != 4 || err != io.EOF {
		t.Errorf("read %d %v", n, err)
	}
	if got, want := dry.Changes(), []Change{{Op: "remove", Name: "/d/a"}, {Op: "rename", Name: "/d/old", To: "/away"},
		{Op: "mkdir", Name: "/d/old/new"}, {Op: "mkdir", Name: "/d/old"}, {Op: "create", Name: "/d/old/new/y"},
		{Op: "write", Name: "/d/old/new/y", Len: 4}}; !slices.Equal(got, want) {
		t.Errorf("noted %+v", got)
	}
	if dry.Forget(5); len(dry.Changes()) != 1 {
		t.Errorf("not forgotten: %+v", dry.Changes())
	}
	if list, _ := base.ReadDir("/d"); len(list) != 3 {
		t.Error("the base was changed")
	}
}
