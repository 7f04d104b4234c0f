package checkpoint

import (
	"syscall"
	"testing"

	"gorocket/store/vfs"
)

// TestRecoverBefore: recovery begins 3 s behind the oldest of the times that count, and never below 0.
func TestRecoverBefore(t *testing.T) {
	for _, c := range []struct {
		v             Values
		with, without int64
	}{
		{Values{10_000, 20_000, 30_000, 0, 0}, 7000, 7000}, {Values{20_000, 10_000, 30_000, 0, 0}, 7000, 7000},
		{Values{20_000, 15_000, 10_000, 0, 0}, 7000, 12_000}, {Values{3000, 3000, 3000, 0, 0}, 0, 0},
		{Values{3001, 3001, 3001, 0, 0}, 1, 1}, {Values{}, 0, 0},
	} {
		if a, b := c.v.RecoverBefore(true), c.v.RecoverBefore(false); a != c.with || b != c.without {
			t.Errorf("%+v: %d with the index, %d without", c.v, a, b)
		}
	}
}

// TestFile: what was saved is there after a power cut; a file that is missing, short or longer is mended.
func TestFile(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	open := func(fsys vfs.FS) *File {
		t.Helper()
		f, err := Open(fsys, "/checkpoint")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	content := func() Values {
		t.Helper()
		b, err := vfs.ReadFile(mem, "/checkpoint")
		if err != nil || len(b) != Size {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		v, ok := Decode(b)
		if !ok {
			t.Fatal("a whole file is not read")
		}
		return v
	}
	f := open(mem)
	if content() != (Values{}) || f.Get() != (Values{}) {
		t.Errorf("a new file holds %+v", content())
	}
	if err := mem.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	want := Values{1, 2, 3, 4, 5}
	f.Update(func(v *Values) { *v = want })
	if f.Get() != want || content() != (Values{}) {
		t.Errorf("before the save: %+v in memory, %+v in the file", f.Get(), content())
	}
	if err := f.Save(); err != nil || content() != want {
		t.Errorf("saved: %+v, %v", content(), err)
	}
	cut := mem.CrashClone(1, 0)
	t.Cleanup(cut.Free)
	if got := open(cut).Get(); got != want {
		t.Errorf("after a power cut: %+v", got)
	}
	writes := 0
	mem.Inject(func(op, _ string) error {
		if op == "write" || op == "truncate" {
			writes++
		}
		return nil
	})
	if err := f.Save(); err != nil || writes != 0 {
		t.Errorf("nothing changed, but %d writes, %v", writes, err)
	}
	mem.Inject(nil)
	raw, err := mem.OpenFile("/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int64]Values{39: {}, 40: want, Size - 1: want, Size + 1: want} {
		if err := raw.Truncate(size); err != nil {
			t.Fatal(err)
		}
		f := open(mem)
		if err := f.Save(); err != nil || content() != want {
			t.Errorf("of %d bytes: %+v, %v", size, content(), err)
		}
		f.Update(func(v *Values) { *v = Values{1, 2, 3, 4, 5} })
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

// TestSaveThatFails: it is tried again, although nothing changes meanwhile.
func TestSaveThatFails(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	f, err := Open(mem, "/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	f.Update(func(v *Values) { v.PhysicTime = 7 })
	for _, op := range []string{"write", "sync"} {
		mem.Inject(func(o, _ string) error {
			if o == op {
				return syscall.EIO
			}
			return nil
		})
		if err := f.Save(); err == nil {
			t.Errorf("a failed %s is no error", op)
		}
	}
	mem.Inject(nil)
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	b, _ := vfs.ReadFile(mem, "/checkpoint")
	if v, _ := Decode(b); v.PhysicTime != 7 {
		t.Errorf("%+v", v)
	}
}

// TestCheckpointEdges: a file of the right size is not written again by who opens it, nor cut; a cut that fails is
// told, and tried again.
func TestCheckpointEdges(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	f, err := Open(mem, "/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	var did []string
	fail := ""
	mem.Inject(func(op, _ string) error {
		if op == "write" || op == "truncate" {
			did = append(did, op)
		}
		if op == fail {
			return syscall.EIO
		}
		return nil
	})
	if f, err = Open(mem, "/checkpoint"); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(); err != nil || len(did) != 0 {
		t.Errorf("a whole file that nobody changed: %q, %v", did, err)
	}
	raw, err := mem.OpenFile("/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Truncate(Size + 1); err != nil {
		t.Fatal(err)
	}
	if f, err = Open(mem, "/checkpoint"); err != nil {
		t.Fatal(err)
	}
	fail = "truncate"
	if err := f.Save(); err == nil {
		t.Error("a failed cut is no error")
	}
	if fail = ""; f.Save() != nil {
		t.Error("the second cut fails, too")
	}
	if size, err := raw.Size(); err != nil || size != Size {
		t.Errorf("%d bytes, %v", size, err)
	}
	fail = "write"
	if err := raw.Truncate(39); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(mem, "/checkpoint"); err == nil {
		t.Error("a short file that can not be written is opened")
	}
	if _, ok := Decode(make([]byte, 39)); ok {
		t.Error("39 bytes are a checkpoint")
	}
}
