package consumequeue

import (
	"sync"
	"testing"

	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// TestQueueFilesMadeTogether: many goroutines ask for new files at once, each for one that another asks for, too. A
// file made twice would take the name of the first, and with it what was written there.
func TestQueueFilesMadeTogether(t *testing.T) {
	files := Options{FS: vfs.OS{}, Root: t.TempDir(), FileSize: 6_000_000, MaxOpenFiles: 4096}.Plain()
	defer files.close()
	q := &Queue{Topic: "T"}
	var wg sync.WaitGroup
	for i := range int64(128) {
		wg.Go(func() {
			f, _, err := files.get(q, i/2*files.Size, true)
			if err != nil {
				t.Error(err)
				return
			}
			defer files.put(f)
			if _, err := f.WriteAt([]byte{1}, i%2); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range int64(64) {
		checkMade(t, files, fileKey{q, i * files.Size})
	}
}

// checkMade fails unless the file under this name has its size and what both goroutines wrote.
func checkMade(t *testing.T, files *Files, k fileKey) {
	t.Helper()
	f, err := files.fs.OpenFile(files.path(k))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [2]byte
	if _, err := f.ReadAt(b[:], 0); err != nil || b != [2]byte{1, 1} {
		t.Errorf("%s: %v %v", files.path(k), b, err)
	}
	if size, err := f.Size(); err != nil || size != files.Size {
		t.Errorf("%s: %d bytes, not %d (%v)", files.path(k), size, files.Size, err)
	}
}

// TestFileLeftByACrash: what lies under the name of a file that is being made may be a queue's file by another name,
// where a file system lost power within a rename. It is not written to.
func TestFileLeftByACrash(t *testing.T) {
	files := Options{FS: vfs.OS{}, Root: t.TempDir(), FileSize: 6_000_000, MaxOpenFiles: 4096}.Plain()
	defer files.close()
	left, err := files.fs.Create(files.Root + ".new")
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	if _, err := left.WriteAt([]byte("an entry"), 0); err != nil {
		t.Fatal(err)
	}
	f, created, err := files.get(&Queue{Topic: "T"}, 0, true)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	defer files.put(f)
	if _, err := f.WriteAt([]byte("another one"), 0); err != nil {
		t.Fatal(err)
	}
	var b [8]byte
	if _, err := left.ReadAt(b[:], 0); err != nil || string(b[:]) != "an entry" {
		t.Errorf("what was left holds %q now, %v", b, err)
	}
}

// TestQueueCutToNothingStaysSo: when all entries of a queue are cut off, that is durable before the checkpoint moves on;
// else a power cut brings back entries that point to what other queues have there by then.
func TestQueueCutToNothingStaysSo(t *testing.T) {
	m := newModel(t, 0)
	q := m.table.GetOrCreate("P", 0, false)
	m.table.Push(q, []dispatch.Entry{{Offset: 100, Size: 10}, {Offset: 200, Size: 10}})
	if err := m.table.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.table.Close()
	m.open()
	q = m.table.Get("P", 0)
	if err := m.table.Truncate(q, 50); err != nil || q.Entries() != 0 {
		t.Fatalf("%d entries, %v", q.Entries(), err)
	}
	if err := m.table.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.table.Close()
	m.mem = m.mem.CrashClone(1, 0)
	t.Cleanup(m.mem.Free)
	m.open()
	defer m.table.Close()
	if q := m.table.Get("P", 0); q != nil && q.Entries() != 0 {
		t.Errorf("%d entries are back", q.Entries())
	}
}
