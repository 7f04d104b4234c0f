package index

import (
	"slices"
	"testing"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestResumePlaces: the index goes on behind the newest record that is in it with all of its keys, at that record when
// some are missing, and at the beginning of the log when it knows nothing of it.
func TestResumePlaces(t *testing.T) {
	const size = 64 << 10
	mem := vfs.NewMem()
	defer mem.Free()
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	f, err := mem.Create("/log/" + datafile.Name(size)) // the first file was cleaned away
	if err == nil {
		err = f.Truncate(size)
	}
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	var at []int64
	var hashes []int32
	for i := range 3 {
		m := record.Message{Topic: "T", BornTimestamp: 1, Body: []byte("b"), Properties: []byte("KEYS\x01a b c\x02")}
		at = append(at, size+int64(len(b)))
		limits := record.Limits{MaxBody: 1 << 20}
		if b, err = limits.Append(b, &m, record.Stamp{Offset: at[i], QueueOffset: int64(i), StoreTime: 1000}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	l := commitlog.New(commitlog.Options{FS: mem, Paths: []string{"/log"}, SegmentSize: size}, commitlog.Settings{}, nil,
		commitlog.Events{})
	if err := l.Load(); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	end := size + int64(len(b))
	l.Readable.Store(end)
	m, ok := l.RecordAt(at[0])
	if !ok {
		t.Fatal("no record")
	}
	hashes = slices.Collect(dispatch.HashesOf(&m))
	if len(hashes) != 3 {
		t.Fatalf("%d keys", len(hashes))
	}
	for name, c := range map[string]struct {
		last    int64 // the newest record that is in it
		keys    int   // of its keys
		want    int64
		indexed int
	}{
		"nothing":          {keys: 0, want: size},
		"the first":        {last: at[0], keys: 3, want: at[1]},
		"some keys of it":  {last: at[0], keys: 2, want: at[0], indexed: 2},
		"the second":       {last: at[1], keys: 3, want: at[2]},
		"one key of it":    {last: at[1], keys: 1, want: at[1], indexed: 1},
		"the last":         {last: at[2], keys: 3, want: end},
		"what is gone":     {last: 100, keys: 3, want: size},
		"behind the log":   {last: end, keys: 3, want: size},
		"far behind it":    {last: end + 500, keys: 1, want: size},
		"none, in a file?": {last: size - 1, keys: 1, want: size},
	} {
		disk := vfs.NewMem()
		x := New(Options{FS: disk, Dir: "/i", Slots: 10, Entries: 20, Enabled: true}, l, Events{})
		for i := range c.keys {
			if err := x.put(hashes[i], c.last, 1000); err != nil {
				t.Fatal(err)
			}
		}
		if x.Resume(); x.pos.Load() != c.want || x.indexed != c.indexed {
			t.Errorf("%s: goes on at %d with %d keys, want %d with %d", name, x.pos.Load(), x.indexed, c.want, c.indexed)
		}
		disk.Free()
	}
}
