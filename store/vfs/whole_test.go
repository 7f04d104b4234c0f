package vfs

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"
)

// named is OS on a file system that does not know files without a name.
type named struct{ OS }

func (n named) CreateWhole(name string, prepare func(f File) error) (File, error) {
	return n.createNamed(name, prepare)
}

func TestCreateWhole(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		early := false
		if fsys == (OS{}) {
			f, err := openUnnamed(dir + "/probe")
			if early = err != nil; early {
				t.Logf("the file system knows no files without a name: %v", err)
			} else {
				_ = f.Close()
			}
		}
		createWhole(t, fsys, dir, early)
	})
	t.Run("named", func(t *testing.T) { createWhole(t, named{}, t.TempDir(), true) })
}

// occupied: a file with data at byte 5000 is not replaced; a file of zeros is, by CreateDurable only.
func occupied(t *testing.T, fsys FS, name string) {
	t.Helper()
	prepare := func(f File) error { return f.Allocate(0, 4096) }
	if _, err := fsys.CreateWhole(name, prepare); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the name is taken: %v", err)
	}
	var why *OccupiedError
	if _, err := CreateDurable(fsys, name, prepare); !errors.As(err, &why) || why.At != 5000 || !errors.Is(err,
		fs.ErrExist) {
		t.Errorf("the name is taken: %v", err)
	}
	b, err := ReadFile(fsys, name)
	if err != nil || len(b) != 8192 || b[5000] != 'x' {
		t.Fatalf("the file was touched: %d bytes, %v", len(b), err)
	}
	f, err := fsys.OpenFile(name)
	if err == nil {
		err = f.Zero(0, 8192)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f, err = CreateDurable(fsys, name, prepare); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := fsys.Stat(name); err != nil || info.Size != 4096 {
		t.Errorf("%+v, %v", info, err)
	}
}

// createWhole: the file has its name once it is prepared (early: before that); after an error there is none, and one
// that is there is not touched.
func createWhole(t *testing.T, fsys FS, dir string, early bool) {
	name := dir + "/f"
	there := func() bool {
		_, err := fsys.Stat(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return err == nil
	}
	if _, err := fsys.CreateWhole(name, func(File) error { return syscall.ENOSPC }); !errors.Is(err, syscall.ENOSPC) ||
		there() {
		t.Fatalf("a file that could not be prepared: %v, there: %v", err, there())
	}
	f, err := fsys.CreateWhole(name, func(f File) error {
		if there() != early || f.Name() != name {
			t.Errorf("there: %v, name %q", there(), f.Name())
		}
		return f.Allocate(0, 8192)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("x"), 5000); err != nil {
		t.Fatal(err)
	}
	if info, err := fsys.Stat(name); err != nil || info.Size != 8192 {
		t.Fatalf("%+v, %v", info, err)
	}
	occupied(t, fsys, name)
	if _, err := fsys.CreateWhole(dir+"/missing/f", func(File) error { return nil }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is missing: %v", err)
	}
}
