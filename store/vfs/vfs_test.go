package vfs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

// both runs a test on the operating system's file system and on the memory one: they must behave the same.
func both(t *testing.T, test func(t *testing.T, fsys FS, dir string)) {
	t.Run("OS", func(t *testing.T) { test(t, OS{}, t.TempDir()) })
	t.Run("Mem", func(t *testing.T) {
		m := NewMem()
		defer m.Free()
		_ = m.MkdirAll("/d")
		test(t, m, "/d")
	})
}

func TestContract(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		name := dir + "/a/b/f"
		if _, err := fsys.OpenFile(name); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("open of a missing file: %v", err)
		}
		if err := MkdirDurable(fsys, dir+"/a/b"); err != nil {
			t.Fatal(err)
		}
		f, err := fsys.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte("hello"), 10); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 20)
		if n, err := f.ReadAt(b, 0); n != 15 || err != io.EOF || string(b[:n]) != strings.Repeat("\x00", 10)+"hello" {
			t.Fatalf("read %d %q %v", n, b, err)
		}
		if err := f.Allocate(0, 8192); err != nil {
			t.Fatal(err)
		}
		if size, _ := f.Size(); size != 8192 {
			t.Fatalf("size %d after Allocate", size)
		}
		m, err := f.Map(4096, 4096, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Populate(0, 4096); err != nil {
			t.Fatal(err)
		}
		copy(m.Bytes()[100:], "mapped")
		if _, err := f.ReadAt(b[:6], 4196); err != nil || string(b[:6]) != "mapped" {
			t.Fatalf("a mapped write is not read: %q %v", b[:6], err)
		}
		if !m.Resident(0, 4096) {
			t.Error("a page just written is not resident")
		}
		if err := f.Punch(4196+3-20, 20); err != nil {
			t.Fatal(err)
		}
		if err := f.Zero(12, 4196+3-12); err != nil {
			t.Fatal(err)
		}
		if got := string(m.Bytes()[100:106]); got != "\x00\x00\x00ped" {
			t.Fatalf("after Zero: %q", got)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		if err := m.Unmap(); err != nil {
			t.Fatal(err)
		}
		if err := m.Unmap(); err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(11); err != nil {
			t.Fatal(err)
		}
		if err := fsys.Rename(name, dir+"/a/g"); err != nil {
			t.Fatal(err)
		}
		list, err := fsys.ReadDir(dir + "/a")
		if err != nil || len(list) != 2 || list[0].Name != "b" || !list[0].IsDir || list[1].Name != "g" ||
			list[1].Size != 11 {
			t.Fatalf("%+v %v", list, err)
		}
		if err := fsys.Remove(dir + "/a"); err == nil {
			t.Fatal("removed a directory that is not empty")
		}
		if err := fsys.Remove(dir + "/a/g"); err != nil {
			t.Fatal(err)
		}
		if _, err := fsys.Stat(dir + "/a/g"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("stat after remove: %v", err)
		}
		r, err := fsys.OpenReadOnly(dir + "/a/g")
		if err == nil {
			t.Fatal("opened a removed file", r)
		}
		if u, err := fsys.Usage(dir); err != nil || u.Total <= 0 || u.UsedRatio() < 0 || u.UsedRatio() > 1 {
			t.Fatalf("%+v %v", u, err)
		}
		if err := fsys.SyncAll(dir); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWriteFileAtomic(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		name := dir + "/config/topics.json"
		read := func(want string) {
			t.Helper()
			var got string
			err := ReadFileWithBackup(fsys, name, func(b []byte) error {
				if string(b) == "broken" {
					return errors.New("does not parse")
				}
				got = string(b)
				return nil
			}, nil)
			if err != nil || got != want {
				t.Fatalf("%q %v, want %q", got, err, want)
			}
		}
		if err := ReadFileWithBackup(fsys, name, func([]byte) error { return nil }, nil); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("nothing there: %v", err)
		}
		for _, v := range []string{"one", "two", "three"} {
			if err := WriteFileAtomic(fsys, name, []byte(v)); err != nil {
				t.Fatal(err)
			}
			read(v)
		}
		if b, _ := ReadFile(fsys, name+".bak"); string(b) != "two" {
			t.Fatalf("backup holds %q", b)
		}
		for _, bad := range []string{"broken", ""} {
			f, _ := fsys.Create(name)
			_, _ = f.WriteAt([]byte(bad), 0)
			_ = f.Close()
			read("two")
		}
		if err := fsys.Remove(name); err != nil {
			t.Fatal(err)
		}
		read("two")
		list, _ := fsys.ReadDir(dir + "/config")
		if len(list) != 1 {
			t.Fatalf("left over: %+v", list)
		}
	})
}

// TestWriteFileAtomicCrash: at every operation, failed or cut, the old or the new content is there.
func TestWriteFileAtomicCrash(t *testing.T) {
	for stop := 0; stop < 20; stop++ {
		for seed := uint64(0); seed < 20; seed++ {
			m := NewMem()
			if err := WriteFileAtomic(m, "/c/f", []byte("old")); err != nil {
				t.Fatal(err)
			}
			n := 0
			m.Inject(func(op, name string) error {
				if n++; n > stop {
					return syscall.EIO
				}
				return nil
			})
			err := WriteFileAtomic(m, "/c/f", []byte("new"))
			m.Inject(nil)
			c := m.CrashClone(seed, 0.5)
			var got string
			rerr := ReadFileWithBackup(c, "/c/f", func(b []byte) error { got = string(b); return nil }, nil)
			if rerr != nil || got != "old" && got != "new" || err == nil && got != "new" {
				t.Fatalf("stop %d seed %d: %q %v (write: %v)", stop, seed, got, rerr, err)
			}
			m.Free()
			c.Free()
		}
	}
}

func TestCrashClone(t *testing.T) {
	m := NewMem()
	defer m.Free()
	_ = m.MkdirAll("/d")
	_ = m.SyncDir("/")
	f, _ := m.Create("/d/f")
	_ = f.Allocate(0, 64*memPage)
	_, _ = f.WriteAt(bytes.Repeat([]byte("a"), 64*memPage), 0)
	_ = f.Sync()
	_ = m.SyncDir("/d")
	mp, _ := f.Map(0, 64*memPage, true)
	for p := 0; p < 64; p++ {
		mp.Bytes()[p*memPage] = 'b'
	}
	_, _ = m.Create("/d/unsynced")
	count := func(c *Mem) (n int) {
		b, err := ReadFile(c, "/d/f")
		if err != nil || len(b) != 64*memPage {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		for p := 0; p < 64; p++ {
			if b[p*memPage] == 'b' {
				n++
			}
		}
		return n
	}
	if n := count(m.CrashClone(1, 0)); n != 0 {
		t.Errorf("share 0 kept %d pages", n)
	}
	if n := count(m.CrashClone(1, 1)); n != 64 {
		t.Errorf("share 1 kept %d pages", n)
	}
	a, b := count(m.CrashClone(7, 0.5)), count(m.CrashClone(7, 0.5))
	if a != b || a < 10 || a > 54 {
		t.Errorf("same seed: %d and %d pages", a, b)
	}
	if _, err := m.CrashClone(3, 0).Stat("/d/unsynced"); err == nil {
		t.Error("an entry that was not synced survived with share 0")
	}
	if _, err := m.Clone().Stat("/d/unsynced"); err != nil {
		t.Error("kill -9 lost an entry")
	}
}

func TestMemLimit(t *testing.T) {
	m := NewMem()
	defer m.Free()
	m.Limit(10 * memPage)
	f, _ := m.Create("/f")
	if err := f.Allocate(0, 8*memPage); err != nil {
		t.Fatal(err)
	}
	if err := f.Allocate(0, 11*memPage); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("beyond the limit: %v", err)
	}
	if _, err := f.WriteAt([]byte("x"), 7*memPage); err != nil {
		t.Fatalf("write to reserved space: %v", err)
	}
	if err := m.Remove("/f"); err != nil {
		t.Fatal(err)
	}
	g, _ := m.Create("/g")
	if err := g.Allocate(0, 10*memPage); err != nil {
		t.Fatalf("space of a removed file is not free: %v", err)
	}
}

func TestBootID(t *testing.T) {
	if a, b := (OS{}).BootID(), (OS{}).BootID(); a != b || len(a) != 36 {
		t.Errorf("%q %q", a, b)
	}
	m := NewMem()
	defer m.Free()
	k, c := m.Clone(), m.CrashClone(1, 1)
	if m.BootID() != k.BootID() || m.BootID() == c.BootID() {
		t.Error("a kill is no power cut")
	}
	k.Free()
	c.Free()
}

// TestRestoredIsTold: whoever reads a table hears when its content is not that of its file.
func TestRestoredIsTold(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		for i, c := range []struct{ file, bak, from, table string }{
			{"-", "-", "none", ""},
			{"new", "old", "none", "new"},
			{"", "-", "", ""},
			{"-", "", "", ""},
			{"", "old", ".bak", "old"},
			{"-", "old", ".bak", "old"},
			{"broken", "old", ".bak", "old"},
			{"broken", "-", "none", ""}, // an error says it
			{"broken", "", "none", ""},
		} {
			name := fmt.Sprintf("%s/t%d", dir, i)
			for file, text := range map[string]string{name: c.file, name + ".bak": c.bak} {
				if text == "-" {
					continue
				}
				f, err := fsys.Create(file)
				if err == nil {
					_, err = f.WriteAt([]byte(text), 0)
				}
				if err != nil {
					t.Fatal(err)
				}
				_ = f.Close()
			}
			table, from := "", "none"
			_ = ReadFileWithBackup(fsys, name, func(b []byte) error {
				if string(b) == "broken" {
					return errors.New("does not parse")
				}
				table = string(b)
				return nil
			}, func(r Restored) {
				if r.File != name || r.Why == nil || r.String() == "" {
					t.Errorf("%+v", r)
				}
				from = strings.TrimPrefix(r.From, name)
			})
			if table != c.table || from != c.from {
				t.Errorf("%+v: table %q, told %q", c, table, from)
			}
		}
	})
}
