package index

import (
	"testing"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// TestSkipUnreadable: the index goes on behind the file of the log that cannot be read, at most to the end of the log,
// if that is the one where it stands; a file that is gone, or another one, moves nothing.
func TestSkipUnreadable(t *testing.T) {
	const size = 64 << 10
	mem := vfs.NewMem()
	defer mem.Free()
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	name := func(n int64) string { return "/log/" + datafile.Name(n*size) }
	for n := range int64(3) {
		f, err := mem.Create(name(n))
		if err == nil {
			err = f.Truncate(size)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l := commitlog.New(commitlog.Options{FS: mem, Paths: []string{"/log"}, SegmentSize: size}, commitlog.Settings{}, nil,
		commitlog.Events{})
	if err := l.Load(); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.Readable.Store(2*size + 500)
	for _, c := range []struct{ pos, file, want int64 }{{10, 0, size}, {10, 1, 10}, {0, 0, size}, {size - 1, 0, size},
		{size, 0, size}, {size, 1, 2 * size}, {2*size + 100, 2, 2*size + 500}, {2*size + 100, 1, 2*size + 100},
		{3 * size, 2, 3 * size}} {
		x := New(Options{}, l, Events{})
		x.pos.Store(c.pos)
		if x.skipUnreadable(&datafile.ReadError{File: name(c.file)}); x.pos.Load() != c.want {
			t.Errorf("at %d, file %d cannot be read: goes on at %d, want %d", c.pos, c.file, x.pos.Load(), c.want)
		}
	}
}
