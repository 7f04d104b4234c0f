package vfs

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUsageIsTheKernels: used, free and total as df shows them, in bytes.
func TestUsageIsTheKernels(t *testing.T) {
	dir := t.TempDir()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	u, err := OS{}.Usage(dir)
	if err != nil {
		t.Fatal(err)
	}
	block := int64(st.Bsize)
	used, free := int64(st.Blocks-st.Bfree)*block, int64(st.Bavail)*block
	// others write and delete meanwhile
	if near := u.Total / 100; max(u.Total-used-free, used+free-u.Total) > near || max(u.Free-free, free-u.Free) > near {
		t.Errorf("total %d, free %d; the kernel says used %d, free %d", u.Total, u.Free, used, free)
	}
	if _, err := (OS{}).Usage(dir + "/none"); err == nil {
		t.Error("a folder that is not there has a usage")
	}
}

// TestWithoutFallocate: on file systems that cannot reserve or clear ranges both is done by writing: what is there
// stays, the size grows as far as it has to, and a cleared range ends where it should.
func TestWithoutFallocate(t *testing.T) {
	for _, c := range []struct{ size, off, n, want int64 }{{0, 0, 10, 10}, {5000, 0, 4096, 5000}, {5000, 4000, 9000,
		13_000},
		{5000, 0, 5000, 5000}, {100, 4096, 4097, 8193}, {100, 200, 0, 200}} {
		file, err := OS{}.Create(t.TempDir() + "/f")
		if err != nil {
			t.Fatal(err)
		}
		f := file.(*osFile)
		data := bytes.Repeat([]byte("abc"), int(c.size)/3+1)[:c.size]
		if _, err := f.WriteAt(data, 0); err != nil {
			t.Fatal(err)
		}
		if err := f.allocateByWriting(c.off, c.n); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		b, err := ReadFile(OS{}, f.Name())
		if err != nil || int64(len(b)) != c.want || !bytes.Equal(b[:c.size], data) || !zeros(b[c.size:]) {
			t.Errorf("%+v: %d bytes, what was there %q..., %v", c, len(b), b[:min(10, len(b))], err)
		}
		var st unix.Stat_t
		if err := unix.Fstat(int(f.Fd()), &st); err != nil || c.n > 0 && st.Blocks*512 < c.n/4096*4096 {
			t.Errorf("%+v: %d bytes are reserved, %v", c, st.Blocks*512, err)
		}
		_ = f.Close()
	}
	for _, c := range []struct{ off, n int64 }{{0, 1}, {10, 0}, {5, 100}, {1, 1 << 20}, {7, 1<<20 + 1}, {3, 2<<20 + 5}} {
		f, err := OS{}.Create(t.TempDir() + "/f")
		if err != nil {
			t.Fatal(err)
		}
		data := bytes.Repeat([]byte{'x'}, int(c.off+c.n)+10)
		if _, err := f.WriteAt(data, 0); err != nil {
			t.Fatal(err)
		}
		if err := writeZeros(f, c.off, c.n); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		clear(data[c.off : c.off+c.n])
		b, err := ReadFile(OS{}, f.Name())
		if err != nil || !bytes.Equal(b, data) {
			t.Errorf("%+v: %d bytes, %v", c, len(b), err)
		}
		_ = f.Close()
		if writeZeros(f, c.off, c.n) == nil && c.n > 0 {
			t.Errorf("%+v: a closed file is written", c)
		}
	}
}

func zeros(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// TestTouch: a byte of each page is read, of the last one too.
func TestTouch(t *testing.T) {
	b := make([]byte, 1000)
	for i := range b {
		b[i] = byte(i/100 + 1)
	}
	for n, want := range map[int]byte{0: 0, 1: 1, 100: 1, 101: 3, 200: 3, 201: 6, 1000: 55} {
		if got := touch(b[:n], 100); got != want {
			t.Errorf("%d bytes: %d, want %d", n, got, want)
		}
	}
}

// TestResidentRanges: ranges of no length are in memory, and long ones too when all their pages are; what a mapping is
// asked for is widened to its pages.
func TestResidentRanges(t *testing.T) {
	f, err := OS{}.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 3 << 20
	if _, err := f.WriteAt(make([]byte, size), 0); err != nil {
		t.Fatal(err)
	}
	m, err := f.Map(0, size, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Unmap() }()
	for _, c := range []struct{ off, n int }{{0, 0}, {5, -1}, {0, 1}, {100, 5000}, {0, 257 * 4096}, {0, 258 * 4096}, {1,
		size - 1}} {
		if err := m.Populate(c.off, c.n); err != nil || !m.Resident(c.off, c.n) {
			t.Errorf("%+v: %v, in memory %v", c, err, m.Resident(c.off, c.n))
		}
	}
	pages := m.(*osMapping).pages
	for _, c := range []struct{ off, n, from, len int }{{0, 1, 0, 4096}, {4095, 1, 0, 4096}, {4095, 2, 0, 8192},
		{4096, 4096, 4096, 4096}, {size - 1, 1, size - 4096, 4096}} {
		if b := pages(c.off, c.n); len(b) != c.len || &b[0] != &m.Bytes()[c.from] {
			t.Errorf("%+v: %d bytes", c, len(b))
		}
	}
}

// TestWriteFilePrivate: nobody but the owner can read the file, its .bak, or what it takes the place of.
func TestWriteFilePrivate(t *testing.T) {
	name := t.TempDir() + "/a/secret"
	if err := WriteFileAtomic(OS{}, name, []byte("zero")); err != nil { // by an earlier program
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := WriteFilePrivate(OS{}, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for file, want := range map[string]string{name: "two", name + ".bak": "one"} {
		got, err := ReadFile(OS{}, file)
		info, statErr := os.Stat(file)
		if err != nil || statErr != nil || string(got) != want || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %q, %v, %v", file, got, err, info)
		}
	}
	if err := WriteFilePrivate(NewMem(), "/x", []byte("y")); err != nil {
		t.Error(err)
	}
}

// TestModesAreKept: a file that is written anew, its .bak and its .orig have the mode that it had.
func TestModesAreKept(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644, 0o666} {
		name := t.TempDir() + "/conf"
		if err := os.WriteFile(name, []byte("zero"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		if err := EditFile(OS{}, name, func([]byte) []byte { return []byte("one") }); err != nil {
			t.Fatal(err)
		}
		if err := WriteFileAtomic(OS{}, name, []byte("two")); err != nil {
			t.Fatal(err)
		}
		for file, want := range map[string]string{name: "two", name + ".bak": "one", name + ".orig": "zero"} {
			got, err := ReadFile(OS{}, file)
			info, statErr := os.Stat(file)
			if err != nil || statErr != nil || string(got) != want || info.Mode().Perm() != mode {
				t.Errorf("%s: %q, %v, %v, want %v", file, got, err, info, mode)
			}
		}
	}
	name := t.TempDir() + "/fresh"
	if err := WriteFileAtomic(OS{}, name, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o077 == 0 {
		t.Errorf("a new file: %v, %v", info, err)
	}
}
