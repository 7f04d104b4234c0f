package epoch

import (
	"reflect"
	"strings"
	"syscall"
	"testing"

	"gorocket/store/vfs"
)

const name = "/store/epochFileCheckpoint"

func open(t *testing.T, fsys vfs.FS) *File {
	t.Helper()
	f, err := Open(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFile: each change is what the next start finds, after a power cut too.
func TestFile(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	f := open(t, mem)
	if len(f.List()) != 0 {
		t.Error(f.List())
	}
	for _, step := range []struct {
		what string
		do   func() error
		want List
	}{
		{"the first", func() error { return f.Begin(Entry{1, 0}) }, List{{1, 0}}},
		{"again", func() error { return f.Begin(Entry{1, 0}) }, List{{1, 0}}},
		{"the second", func() error { return f.Begin(Entry{2, 100}) }, List{{1, 0}, {2, 100}}},
		{"in the place of the second", func() error { return f.Begin(Entry{3, 100}) }, List{{1, 0}, {3, 100}}},
		{"the third", func() error { return f.Begin(Entry{4, 300}) }, List{{1, 0}, {3, 100}, {4, 300}}},
		{"cut behind", func() error { return f.CutBehind(300) }, List{{1, 0}, {3, 100}}},
		{"cut before", func() error { return f.CutBefore(100) }, List{{3, 100}}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		cut := mem.CrashClone(1, 0)
		t.Cleanup(cut.Free)
		if got := open(t, cut).List(); !reflect.DeepEqual(got, step.want) || !reflect.DeepEqual(f.List(), step.want) {
			t.Errorf("%s: %v on disk, %v in memory", step.what, got, f.List())
		}
	}
	if err := f.Begin(Entry{2, 900}); err == nil || !strings.Contains(err.Error(), name) || len(f.List()) != 1 {
		t.Error(err, f.List())
	}
}

// TestDamagedFile: the copy of the former content lacks the newest master, and is not read; an empty file is none.
func TestDamagedFile(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	f := open(t, mem)
	for i := range int32(3) {
		if err := f.Begin(Entry{i, int64(i) * 10}); err != nil {
			t.Fatal(err)
		}
	}
	if err := vfs.WriteFileAtomic(mem, name, []byte("3\n77\n1-0\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(mem, name); err == nil || !strings.Contains(err.Error(), name) {
		t.Error(err)
	}
	if err := vfs.WriteFileAtomic(mem, name, nil); err != nil {
		t.Fatal(err)
	}
	if got := open(t, mem).List(); len(got) != 0 {
		t.Error(got)
	}
}

// TestFileFull: what could not be written is not known.
func TestFileFull(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	f := open(t, mem)
	if err := f.Begin(Entry{1, 0}); err != nil {
		t.Fatal(err)
	}
	mem.Inject(func(op, _ string) error {
		if op == "write" {
			return syscall.ENOSPC
		}
		return nil
	})
	if err := f.Begin(Entry{2, 10}); err == nil || len(f.List()) != 1 {
		t.Error(err, f.List())
	}
}
