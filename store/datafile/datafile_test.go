package datafile

import (
	"errors"
	"testing"

	"gorocket/store/vfs"
)

// TestNames: 20 digits and nothing else.
func TestNames(t *testing.T) {
	for _, base := range []int64{0, 1 << 30, 1<<63 - 1} {
		if got, ok := ParseName(Name(base)); !ok || got != base || len(Name(base)) != 20 {
			t.Errorf("%d became %q, %d", base, Name(base), got)
		}
	}
	for _, bad := range []string{"", "0", "0000000000000000000x", "-0000000000000000001", "000000000000000000000"} {
		if _, ok := ParseName(bad); ok {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestList: what a power cut during allocation leaves is removed; any other odd file ends the start, and stays.
func TestList(t *testing.T) {
	zeros, data := make([]byte, 50), []byte("data")
	for _, c := range []struct {
		name    string
		files   map[string][]byte // beside two whole ones
		want    int
		removed string
		wrong   bool // a name
		kind    Kind
	}{
		{name: "empty file in the middle of what can be rebuilt", files: map[string][]byte{Name(0): nil}, want: 1,
			removed: Name(0), kind: Kind{Rebuildable: true}},
		{name: "short file in the middle of what can be rebuilt", files: map[string][]byte{Name(0): zeros},
			kind: Kind{Rebuildable: true}},
		{name: "empty file in the middle", files: map[string][]byte{Name(0): nil}},
		{name: "empty last file that is only read", files: map[string][]byte{Name(200): nil}, kind: Kind{ReadOnly: true}},
		{name: "empty file that is only read of what can be rebuilt", files: map[string][]byte{Name(0): nil},
			kind: Kind{ReadOnly: true, Rebuildable: true}},
		{name: "a long last file", files: map[string][]byte{Name(200): make([]byte, 101)}},
		{name: "a long file of what can be rebuilt", files: map[string][]byte{Name(200): make([]byte, 101)},
			kind: Kind{Rebuildable: true}},
		{name: "whole", want: 2},
		{name: "empty last file", files: map[string][]byte{Name(200): nil}, want: 2, removed: Name(200)},
		{name: "zeros in a short last file", files: map[string][]byte{Name(200): zeros}, want: 2, removed: Name(200)},
		{name: "a short last file", files: map[string][]byte{Name(200): data}},
		{name: "a short file in the middle", files: map[string][]byte{Name(0): zeros}},
		{name: "no multiple", files: map[string][]byte{Name(250): zeros}, wrong: true},
		{name: "another name", files: map[string][]byte{"notes": data}, wrong: true},
	} {
		mem := vfs.NewMem()
		t.Cleanup(mem.Free)
		put(t, mem, Name(0), make([]byte, 100))
		put(t, mem, Name(100), make([]byte, 100))
		for name, b := range c.files {
			put(t, mem, name, b)
		}
		list, err := List(mem, "/d", Kind{Size: 100, Key: "size", ReadOnly: c.kind.ReadOnly, Rebuildable: c.kind.Rebuildable})
		var misfit *MisfitError
		if refused := c.want == 0; refused != errors.As(err, &misfit) || !refused && len(list) != c.want {
			t.Errorf("%s: %d files, %v", c.name, len(list), err)
		}
		if misfit != nil && misfit.Name != c.wrong {
			t.Errorf("%s: %+v", c.name, misfit)
		}
		for name := range c.files {
			if _, err := mem.Stat("/d/" + name); (err != nil) != (name == c.removed) {
				t.Errorf("%s: %s: %v", c.name, name, err)
			}
		}
	}
}

func put(t *testing.T, mem *vfs.Mem, name string, b []byte) {
	t.Helper()
	if err := mem.MkdirAll("/d"); err != nil {
		t.Fatal(err)
	}
	f, err := mem.Create("/d/" + name)
	if err == nil {
		_, err = f.WriteAt(b, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
}

// TestIsZero: zeros of any number are zeros, and one other byte anywhere is seen.
func TestIsZero(t *testing.T) {
	for n := range 40 {
		b := make([]byte, n)
		if !IsZero(b) {
			t.Errorf("%d zeros are none", n)
		}
		for i := range b {
			b[i] = 1
			if IsZero(b) {
				t.Errorf("%d bytes, not zero at %d", n, i)
			}
			b[i] = 0
		}
	}
}

// TestUnreadableFileStays: a short last file that cannot be read may hold something: the start ends, and it stays.
func TestUnreadableFileStays(t *testing.T) {
	for _, op := range []string{"open", "read"} {
		mem := vfs.NewMem()
		t.Cleanup(mem.Free)
		put(t, mem, Name(0), make([]byte, 100))
		put(t, mem, Name(100), make([]byte, 50))
		mem.Inject(func(o, name string) error {
			if o == op {
				return errors.New("disk")
			}
			return nil
		})
		_, err := List(mem, "/d", Kind{Size: 100, Key: "size"})
		mem.Inject(nil)
		var misfit *MisfitError
		if !errors.As(err, &misfit) || misfit.File != "/d/"+Name(100) || misfit.Size != 50 {
			t.Errorf("%s fails: %v", op, err)
		}
		if _, err := mem.Stat("/d/" + Name(100)); err != nil {
			t.Errorf("%s fails: it is removed", op)
		}
	}
}
