package consumequeue

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorocket/store/dispatch"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

var errDisk = errors.New("disk")

// entriesFrom are n entries of 10 bytes each from a place of the log on.
func entriesFrom(at int64, n int) (list []dispatch.Entry) {
	for range n {
		list = append(list, dispatch.Entry{Offset: at, Size: 10})
		at += 10
	}
	return list
}

// TestBacklogWakes: the flusher is woken each time another flushBacklog entries of a queue wait.
func TestBacklogWakes(t *testing.T) {
	m := newModel(t, 0)
	q := m.table.GetOrCreate("P", 0, false)
	woken := func() bool {
		select {
		case <-m.table.kick:
			return true
		default:
			return false
		}
	}
	for _, c := range []struct {
		n    int
		want bool
	}{{flushBacklog - 1, false}, {1, true}, {1, false}, {flushBacklog - 2, false}, {1, true}, {2 * flushBacklog, true}, {5, false}} {
		m.table.Push(q, entriesFrom(0, c.n))
		if got := woken(); got != c.want {
			t.Errorf("%d more, %d wait: woken %v", c.n, q.Entries(), got)
		}
	}
}

// TestIdleQueueKeepsItsNewest: a buffer that has grown large is cut down to keepIdle bytes of the newest entries once
// all are in files.
func TestIdleQueueKeepsItsNewest(t *testing.T) {
	for _, c := range []struct {
		n    int
		kept int64
	}{{4 * keepIdle / Unit, 4 * keepIdle / Unit}, {4*keepIdle/Unit + 1, keepIdle / Unit}} {
		m := newModel(t, 0)
		q := m.table.GetOrCreate("P", 0, false)
		q.mem = make([]byte, 0, c.n*Unit)
		m.table.memory.Add(int64(c.n * Unit))
		m.table.Push(q, entriesFrom(0, c.n))
		if err := m.table.Write(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if kept := int64(len(q.mem)) / Unit; kept != c.kept || q.memStart != int64(c.n)-c.kept ||
			m.table.Memory() != int64(cap(q.mem)) {
			t.Errorf("%d entries: %d kept from %d on, %d bytes counted of %d", c.n, kept, q.memStart, m.table.Memory(),
				cap(q.mem))
		}
		if e, ok := m.table.Entry(q, int64(c.n)-1); !ok || e.Offset != int64(c.n-1)*10 {
			t.Errorf("the newest entry is %+v", e)
		}
	}
}

// TestOpenFiles: of the open files the least recently used go first, and none that is in use.
func TestOpenFiles(t *testing.T) {
	files := Options{FS: vfs.OS{}, Root: t.TempDir(), FileSize: 1000, MaxOpenFiles: 2}.Plain()
	defer files.close()
	q := &Queue{Topic: "T"}
	use := func(base int64) *queueFile {
		t.Helper()
		f, _, err := files.get(q, base, true)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	open := func() (list []int64) {
		for k := range files.open {
			list = append(list, k.base)
		}
		slices.Sort(list)
		return list
	}
	for _, base := range []int64{0, 1000, 0, 2000} {
		files.put(use(base))
	}
	if got := open(); !slices.Equal(got, []int64{0, 2000}) {
		t.Errorf("open are %v", got)
	}
	a, b := use(0), use(2000)
	files.put(use(1000))
	if got := open(); !slices.Equal(got, []int64{0, 1000, 2000}) {
		t.Errorf("with two in use, open are %v", got)
	}
	files.forget(q, func(base int64) bool { return base == 0 })
	if _, err := a.WriteAt([]byte("x"), 0); err != nil {
		t.Errorf("a file that is forgotten while in use: %v", err)
	}
	files.put(a)
	if _, err := a.WriteAt([]byte("x"), 0); err == nil {
		t.Error("its last user did not close it")
	}
	files.put(b)
}

// TestFirstFileRemovedByHand: the queue begins behind it.
func TestFirstFileRemovedByHand(t *testing.T) {
	m := newModel(t, 0)
	q := m.table.GetOrCreate("P", 0, false)
	m.table.Push(q, entriesFrom(0, 120)) // files of 50
	if err := m.table.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.table.ReleaseIdle(0)
	q.CloseFiles()
	if err := m.mem.Remove("/s/consumequeue/P/0/00000000000000000000"); err != nil {
		t.Fatal(err)
	}
	m.log.Readable.Store(1)
	m.table.ev.Error = nil // it tells that a file is missing
	if m.table.Expire(t.Context(), 0, true); q.First() != 50 {
		t.Errorf("the queue begins at %d", q.First())
	}
}

// TestStrangersInFolders: what is no folder of a queue is left alone.
func TestStrangersInFolders(t *testing.T) {
	m := newModel(t, 0)
	m.table.Push(m.table.GetOrCreate("P", 1, false), entriesFrom(0, 5))
	if err := m.table.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.table.Close()
	for _, name := range []string{"/s/consumequeue/P/0", "/s/consumequeue/file"} {
		if _, err := m.mem.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.mem.MkdirAll("/s/consumequeue/P/notes"); err != nil {
		t.Fatal(err)
	}
	m.open()
	defer m.table.Close()
	if ids := m.table.IDs("P"); !slices.Equal(ids, []int32{1}) || !slices.Equal(m.table.Topics(), []string{"P"}) {
		t.Errorf("topics %v, queues %v", m.table.Topics(), ids)
	}
}

// TestRunTellsErrors: what goes wrong in the background is told, with what and where, and tried again.
func TestRunTellsErrors(t *testing.T) {
	for _, thorough := range []time.Duration{time.Millisecond, time.Hour} {
		m := newModel(t, 0)
		var mu sync.Mutex
		told := map[string]int{}
		m.table.ev.Error = func(what, file string, err error) {
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, errDisk) {
				told[what]++
			}
		}
		m.table.Configure(Settings{FlushInterval: time.Millisecond, ThoroughInterval: thorough, LeastPages: 0})
		m.mem.Inject(func(op, name string) error {
			if op == "write" {
				return errDisk
			}
			return nil
		})
		m.table.Push(m.table.GetOrCreate("P", 0, false), entriesFrom(0, 300))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { m.table.Run(ctx); close(done) }()
		what := map[bool]string{true: "flush consume queues", false: "write consume queues"}[thorough < time.Hour]
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			mu.Lock()
			n := told[what]
			mu.Unlock()
			if n >= 2 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s: told %v", what, told)
			}
		}
		m.mem.Inject(nil)
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, err := m.mem.Stat("/s/consumequeue/P/0"); err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("not tried again")
			}
		}
		cancel()
		<-done
	}
}

// TestDeleteTopic: its queues and files are gone, those of others stay, and what failed is told. A running store notes
// the ends again: the manifest lists queues that are not there.
func TestDeleteTopic(t *testing.T) {
	m := newModel(t, 1) // with extensions
	for _, topic := range []string{"P", "B", "Q"} {
		m.table.Push(m.table.GetOrCreate(topic, 0, false), []dispatch.Entry{{Offset: 0, Size: 10, Count: 1}})
	}
	if err := m.table.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"P", "B"} {
		if err := m.table.DeleteTopic(topic); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.table.DeleteTopic("unknown"); err != nil || !m.table.renote.Load() {
		t.Errorf("a topic that is not there: %v; the ends will be noted: %v", err, m.table.renote.Load())
	}
	for _, dir := range []string{Dir, BatchDir, ExtDir} {
		list, err := m.mem.ReadDir("/s/" + dir)
		if err != nil || len(list) > 0 && dir == BatchDir || dir != BatchDir && (len(list) != 1 || list[0].Name != "Q") {
			t.Errorf("%s holds %+v, %v", dir, list, err)
		}
	}
	if m.table.Get("P", 0) != nil || m.table.Get("Q", 0) == nil || m.table.Memory() != m.memory() {
		t.Errorf("queues of %v; %d bytes counted, %d in use", m.table.Topics(), m.table.Memory(), m.memory())
	}
	m.mem.Inject(func(op, name string) error {
		if op == "remove" && strings.Contains(name, "/Q/0/") {
			return errDisk
		}
		return nil
	})
	if err := m.table.DeleteTopic("Q"); !errors.Is(err, errDisk) {
		t.Errorf("a file that cannot be removed: %v", err)
	}
}

// TestDeletedQueueIsForgotten: the flusher keeps no queue of a deleted topic, and writes nothing of it.
func TestDeletedQueueIsForgotten(t *testing.T) {
	m := newModel(t, 0)
	m.table.Push(m.table.GetOrCreate("P", 0, false), entriesFrom(0, 5))
	if err := m.table.DeleteTopic("P"); err != nil {
		t.Fatal(err)
	}
	if err := m.table.Write(t.Context(), 1); err != nil || len(m.table.dirty) != 0 {
		t.Errorf("%d queues are dirty, %v", len(m.table.dirty), err)
	}
	if list, _ := m.mem.ReadDir("/s/consumequeue"); len(list) != 0 {
		t.Errorf("written: %+v", list)
	}
}

// TestReadersKeepFilesOpen: a file that event loops read from is not the next one to be closed.
func TestReadersKeepFilesOpen(t *testing.T) {
	files := Options{FS: vfs.OS{}, Root: t.TempDir(), FileSize: 1000, MaxOpenFiles: 2}.Plain()
	defer files.close()
	q := &Queue{Topic: "T", files: files}
	for _, base := range []int64{0, 1000} {
		f, _, err := files.get(q, base, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(make([]byte, 1000), 0); err != nil {
			t.Fatal(err)
		}
		files.put(f)
	}
	if n := files.tryRead(q, make([]byte, 10*Unit), 45); n != 5 { // up to the end of the file
		t.Fatalf("%d entries are in the page cache, want 5", n)
	}
	f, _, err := files.get(q, 2000, true)
	if err != nil {
		t.Fatal(err)
	}
	files.put(f)
	if files.open[fileKey{q, 0}] == nil || files.open[fileKey{q, 1000}] != nil {
		t.Error("the file that was read last was closed")
	}
	if n := files.tryRead(q, make([]byte, Unit), 50); n != 0 {
		t.Error("an event loop opened a file")
	}
}

// TestStrangersOnDisk: a file where the folder of a queue belongs is no queue, and no reason not to start.
func TestStrangersOnDisk(t *testing.T) {
	opt := Options{FS: vfs.OS{}, Root: t.TempDir(), FileSize: 1000, BatchSize: 920, ExtSize: 1000, MaxOpenFiles: 2}
	if err := opt.FS.MkdirAll(opt.Root + "/consumequeue/T"); err != nil {
		t.Fatal(err)
	}
	f, err := opt.FS.Create(opt.Root + "/consumequeue/T/0")
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	table := New(opt, Settings{}, nil, Events{})
	defer table.Close()
	if _, err := table.Load(-1, true); err != nil || table.Get("T", 0) != nil {
		t.Errorf("%v, %v", err, table.Get("T", 0))
	}
}

// TestKnows: a queue knows the records below its end, and of the last one only what it has.
func TestKnows(t *testing.T) {
	q := &Queue{lastPhy: 40}
	for _, c := range []struct {
		offset, base, have int64
		want               bool
	}{{10, 0, 2, true}, {29, 1, 2, true}, {30, 1, 2, true}, {30, 2, 2, false}, {31, 2, 2, false}, {40, 1, 2, false}} {
		e := dispatch.Entry{Offset: c.offset, Size: 10, Base: c.base}
		if got := q.Knows(&e, c.have); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestClearBehind: what stands behind the last entry becomes zero, in its file, and files behind it go; the first file
// stays, and what is zero is not written.
func TestClearBehind(t *testing.T) {
	for _, c := range []struct {
		entries int
		files   int // that are left
	}{{1, 1}, {49, 1}, {50, 1}, {51, 2}, {100, 2}} {
		m := newModel(t, 0)
		q := m.table.GetOrCreate("P", 0, false)
		m.table.Push(q, entriesFrom(0, 150)) // three files
		if err := m.table.FlushAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := int64(c.entries)
		q.mem, q.memStart, q.flushed, q.synced = nil, end, end, end // as a start finds it that missed a page
		q.max.Store(end)
		if err := m.table.ClearBehind(q); err != nil {
			t.Fatal(err)
		}
		list, _ := m.mem.ReadDir("/s/consumequeue/P/0")
		if len(list) != c.files {
			t.Errorf("%d entries: %d files, want %d", c.entries, len(list), c.files)
		}
		var got int
		for _, fi := range list {
			b, err := vfs.ReadFile(m.mem, "/s/consumequeue/P/0/"+fi.Name)
			if err != nil {
				t.Fatal(err)
			}
			got += q.files.CountValid(b)
			if rest := b[q.files.CountValid(b)*Unit:]; slices.ContainsFunc(rest, func(b byte) bool { return b != 0 }) {
				t.Errorf("%d entries: something stands behind them in %s", c.entries, fi.Name)
			}
		}
		if got != c.entries {
			t.Errorf("%d entries: %d are left", c.entries, got)
		}
		m.table.Close()
	}
}

// TestExtensionsExpire: files of extensions go with the entries that need them.
func TestExtensionsExpire(t *testing.T) {
	m := newModel(t, 1)
	q := m.table.GetOrCreate("P", 0, false)
	m.table.Push(q, entriesFrom(0, 200)) // 49 units of 20 bytes in a file of 1000
	if err := m.table.FlushAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for logMin, want := range []int{0: 5, 490: 4, 500: 4, 980: 3, 1990: 1} {
		if want == 0 {
			continue
		}
		m.log.Readable.Store(int64(logMin))
		m.table.Expire(t.Context(), 0, true)
		if list, err := m.mem.ReadDir("/s/consumequeue_ext/P/0"); err != nil || len(list) != want {
			t.Errorf("the log begins at %d: %d files of extensions, want %d (%v)", logMin, len(list), want, err)
		}
	}
}

// TestFilesAreMadeOnce: who asks for a file hears whether it was made for him; after a failure it was not.
func TestFilesAreMadeOnce(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	files := Options{FS: mem, Root: "/s", FileSize: 1000, MaxOpenFiles: 10}.Plain()
	q := &Queue{Topic: "T"}
	ask := func(q *Queue, create bool) (*queueFile, bool, error) {
		f, created, err := files.get(q, 0, create)
		if f != nil {
			files.put(f)
		}
		return f, created, err
	}
	if f, created, err := ask(q, false); f != nil || created || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is not there: %v, made %v, %v", f, created, err)
	}
	storetest.Fail(mem, "create", "", errDisk)
	if f, created, err := ask(q, true); f != nil || created || !errors.Is(err, errDisk) {
		t.Errorf("no disk: %v, made %v, %v", f, created, err)
	}
	mem.Inject(nil)
	for _, want := range []bool{true, false} {
		if f, created, err := ask(q, true); f == nil || created != want || err != nil {
			t.Errorf("%v, made %v, %v", f, created, err)
		}
	}
	if f, created, err := ask(&Queue{Topic: "../T"}, true); f != nil || created || !errors.Is(err, ErrTopicName) {
		t.Errorf("a name that is no folder's: %v, made %v, %v", f, created, err)
	}
	files.close()
	if f, created, err := ask(&Queue{Topic: "U"}, true); f != nil || created || !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v, made %v, %v", f, created, err)
	}
}

// TestExtensionsHaveAnEnd: where no address is left an entry has its tags code itself.
func TestExtensionsHaveAnEnd(t *testing.T) {
	m := newModel(t, 1)
	for left, addr := range map[int64]bool{extUnit: true, extUnit - 1: false} {
		q := m.table.GetOrCreate("P", int32(left), false)
		x := m.table.newExt(q)
		x.max.Store(extMaxStart - left)
		q.ext.Store(x)
		if got := m.table.extend(q, dispatch.Entry{Tags: 77}); addr && got != extMaxStart-left+math.MinInt64 || !addr &&
			got != 77 {
			t.Errorf("%d bytes are left: %d", left, got)
		}
	}
}

// TestLongBitsAreLeftOut: a bit map that does not fit into a file of extensions, or a unit, is left out; readers look at
// the message then.
func TestLongBitsAreLeftOut(t *testing.T) {
	m := newModel(t, 1)
	q := m.table.GetOrCreate("P", 0, false)
	for n, kept := range map[int]bool{0: false, 1: true, 1000 - extTail - extUnit: true, 1000 - extTail - extUnit + 1: false, 5000: false} {
		before := q.End()
		bits := make([]byte, n)
		m.log.Exclusive(func() { m.table.Push(q, []dispatch.Entry{{Offset: 10, Size: 10, Tags: 3, Bits: &bits}}) })
		e, ok := m.table.Entry(q, before)
		if !ok || !IsExtAddr(e.Tags) {
			t.Fatalf("%d bytes: %+v", n, e)
		}
		x, state := m.table.Tags(q, e.Tags, false)
		if state != ExtFound || x.Tags != 3 || kept && int(x.Size) != extUnit+n || !kept && int(x.Size) != extUnit {
			t.Errorf("%d bytes: %+v", n, x)
		}
	}
}

// TestCutKeepsBits: the extension of the last entry that a cut leaves stays whole, also where it is the first one, and
// what comes then stands behind it.
func TestCutKeepsBits(t *testing.T) {
	for _, keep := range []int64{0, 1, 2, 12, 13, 14} { // 19 units of 50 bytes in a file
		m := newModel(t, 1)
		q := m.table.GetOrCreate("P", 0, false)
		push := func(i int, fill byte) {
			bits := bytes.Repeat([]byte{fill}, 30)
			m.log.Exclusive(func() {
				m.table.Push(q, []dispatch.Entry{{Offset: int64(10 * i), Size: 10, Tags: int64(i), Bits: &bits}})
			})
		}
		for i := range 30 {
			push(i, byte(i))
		}
		if err := m.table.FlushAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := m.table.Truncate(q, 10*keep); err != nil {
			t.Fatal(err)
		}
		push(99, 99)
		push(100, 100)
		for at, want := range []int64{keep - 1, 99, 100} {
			e, ok := m.table.Entry(q, keep-1+int64(at))
			if keep == 0 && at == 0 {
				continue
			}
			x, state := m.table.Tags(q, e.Tags, false)
			if !ok || state != ExtFound || x.Tags != want || !bytes.Equal(x.Bits, bytes.Repeat([]byte{byte(want)}, 30)) {
				t.Errorf("%d entries are left: number %d is %+v, %v", keep, want, x, state)
			}
		}
		m.table.Close()
	}
}
