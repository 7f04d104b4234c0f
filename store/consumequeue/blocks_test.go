package consumequeue

import (
	"sync"
	"testing"

	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// countedFS counts the reads of event loops.
type countedFS struct {
	vfs.FS
	mu    sync.Mutex
	reads int // guarded by mu
}

type countedFile struct {
	vfs.File
	fs *countedFS
}

func (c *countedFS) OpenFile(name string) (vfs.File, error) {
	f, err := c.FS.OpenFile(name)
	return countedFile{f, c}, err
}

func (f countedFile) TryReadAt(b []byte, off int64) bool {
	f.fs.mu.Lock()
	f.fs.reads++
	f.fs.mu.Unlock()
	return f.File.(vfs.TryReader).TryReadAt(b, off)
}

// blockedQueue is a queue of whose n entries those below memStart are in files only.
func blockedQueue(t *testing.T, fs vfs.FS, n, memStart int64) *Queue {
	t.Helper()
	files := Options{FS: fs, Root: t.TempDir(), FileSize: 6_000_000, MaxOpenFiles: 4096}.Plain()
	q := &Queue{Topic: "T", files: files, memStart: memStart}
	t.Cleanup(q.files.close)
	var entries []byte
	for i := range n {
		entries = AppendEntry(entries, &dispatch.Entry{Offset: i * 100, Size: 100, Tags: i})
	}
	if err := q.files.write(q, entries, 0); err != nil {
		t.Fatal(err)
	}
	return q
}

// TestEntryBlocks: readers get the entries that stand in the files, up to those in memory, over the border of two files
// too, and read the files rarely.
func TestEntryBlocks(t *testing.T) {
	const per, end = 300_000, 300_700
	fs := &countedFS{FS: vfs.OS{}}
	q := blockedQueue(t, fs, end+10, end)
	b := newEntryBlocks()
	read := func(at, want int64) int64 {
		dst := make([]byte, min(want, q.onlyInFiles(at))*Unit)
		n := int64(b.read(q, dst, at))
		for i := range n {
			if e := decodeEntry(dst[i*Unit:]); e.Offset != (at+i)*100 || e.Tags != at+i {
				t.Fatalf("entry %d: %+v", at+i, e)
			}
		}
		return n
	}
	const from, step = per - 5000, 32
	other := int64(100) // a second reader, somewhere else in the queue
	for at := int64(from); at < end; {
		n := read(at, 64)
		if n == 0 {
			t.Fatalf("nothing at %d", at)
		}
		at += min(n, step)
		if got := read(other, 64); got < step {
			t.Fatalf("%d entries at %d", got, other)
		}
		other += step
	}
	pulls := (end - from) / step * 2
	if fs.reads > pulls/4 {
		t.Errorf("%d reads for %d pulls", fs.reads, pulls)
	}
	if n := read(end-3, 64); n != 3 {
		t.Errorf("%d entries below those in memory, want 3", n)
	}
	for i := range entryBlocksKept {
		b.slots[i].mu.Lock() // others are reading
	}
	if n := read(from, 64); n != 64 {
		t.Errorf("%d entries while all blocks are in use", n)
	}
}

// TestEntryBlocksOfTwoQueues: a block is of one queue.
func TestEntryBlocksOfTwoQueues(t *testing.T) {
	b := newEntryBlocks()
	for range 200 { // as many as share slots
		q := blockedQueue(t, vfs.OS{}, 40, 40)
		var dst [20 * Unit]byte
		if n := b.read(q, dst[:], 5); n != 20 || decodeEntry(dst[:]).Offset != 500 {
			t.Fatalf("%d entries, the first at %d", n, decodeEntry(dst[:]).Offset)
		}
		q.memStart = 0
		if b.read(q, dst[:0], 5) != 0 {
			t.Fatal("more than there is room for")
		}
	}
}
