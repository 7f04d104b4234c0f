package index

import (
	"testing"

	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestKnownKeys: keys are used for their own record only, and the position moves by the record's size.
func TestKnownKeys(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	x := New(Options{FS: mem, Dir: "/i", Slots: 100, Entries: 400, Enabled: true}, nil, Events{})
	h := &x.Queue
	for i := range int64(4) { // at 100, 110, 120, 130
		k := dispatch.KeysOf(record.TopicHash("T"), []byte("u"), []byte("a b"))
		h.Add(h.Append(nil, &k, 100+10*i, 1000, 10))
	}
	none := dispatch.KeysOf(record.TopicHash("T"), nil, nil)
	h.Add(h.Append(nil, &none, 140, 0, 10))
	many := dispatch.KeysOf(record.TopicHash("T"), []byte("u"), []byte("a b c d"))
	h.Add(h.Append(nil, &many, 150, 0, 10))
	for _, c := range []struct {
		at      int64
		ok      bool
		entries int // in the file behind it
	}{{90, false, 0}, {100, true, 3}, {110, true, 6}, {130, true, 9}, {140, true, 9}, {150, false, 9}} {
		next, ok, err := x.known(c.at)
		if err != nil || ok != c.ok || ok && next != c.at+10 {
			t.Fatalf("at %d: %d %v %v", c.at, next, ok, err)
		}
		if n := len(x.files); n > 0 && x.files[0].count()-1 != c.entries {
			t.Errorf("at %d: %d entries, want %d", c.at, x.files[0].count()-1, c.entries)
		}
	}
	x.Close()
}

// TestQueueBounded: an index that lags does not let memory grow.
func TestQueueBounded(t *testing.T) {
	h := Queue{on: true}
	k := dispatch.KeysOf(record.TopicHash("T"), []byte("u"), []byte("a b"))
	for i := range int64(maxQueue) {
		h.Add(h.Append(nil, &k, i, 0, 1))
	}
	if len(h.list) > maxQueue || len(h.list) < maxQueue-2*dispatch.MaxKeys {
		t.Errorf("%d keys", len(h.list))
	}
}

// TestQueueToTheEdge: the queue takes keys until it is full to the last one.
func TestQueueToTheEdge(t *testing.T) {
	for more, want := range []int{maxQueue, maxQueue - 2} {
		h := Queue{on: true}
		h.Add(make([]Key, maxQueue-2))
		h.Add(nil)
		if h.Add(make([]Key, 2+more)); len(h.list) != want {
			t.Errorf("%d keys behind %d: %d", 2+more, maxQueue-2, len(h.list))
		}
		if list := h.take(nil); len(list) != want || len(h.list) != 0 {
			t.Errorf("%d taken, %d left", len(list), len(h.list))
		}
	}
}

// FuzzIndexFile looks keys up in a file that holds anything.
func FuzzIndexFile(f *testing.F) {
	f.Add(make([]byte, 400), int32(5))
	f.Fuzz(func(t *testing.T, b []byte, hash int32) {
		mem := vfs.NewMem()
		defer mem.Free()
		file, _ := mem.Create("/20260101000000000")
		_ = file.Truncate(FileSize(10, 20))
		_, _ = file.WriteAt(b[:min(len(b), int(FileSize(10, 20)))], 0)
		x, err := openFile(mem, "/20260101000000000", 10, 20)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		if hash < 0 {
			hash = 0
		}
		if got := x.find(nil, hash, 0, 1<<62, 5); len(got) > 5 {
			t.Fatalf("%d results", len(got))
		}
		if !x.full() {
			x.put(hash, 1, 2)
		}
	})
}
