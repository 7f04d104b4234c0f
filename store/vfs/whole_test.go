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

// createWhole: the file has its name once it is prepared (early: before that), and takes it from another one; after an error there is none.
func createWhole(t *testing.T, fsys FS, dir string, early bool) {
	name := dir + "/f"
	there := func() bool {
		_, err := fsys.Stat(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return err == nil
	}
	if _, err := fsys.CreateWhole(name, func(File) error { return syscall.ENOSPC }); !errors.Is(err, syscall.ENOSPC) || there() {
		t.Fatalf("a file that could not be prepared: %v, there: %v", err, there())
	}
	for _, size := range []int64{8192, 4096} {
		_ = fsys.Remove(name)
		if size == 4096 { // the name is taken
			old, err := fsys.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			defer old.Close()
		}
		taken := there()
		f, err := fsys.CreateWhole(name, func(f File) error {
			if there() != (taken || early) || f.Name() != name {
				t.Errorf("there: %v, name %q", there(), f.Name())
			}
			return f.Allocate(0, size)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		if info, err := fsys.Stat(name); err != nil || info.Size != size {
			t.Fatalf("%+v, %v", info, err)
		}
	}
	if _, err := fsys.CreateWhole(dir+"/missing/f", func(File) error { return nil }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a directory that is missing: %v", err)
	}
}
