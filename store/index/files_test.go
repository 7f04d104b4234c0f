package index

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"syscall"
	"testing"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// filled returns an index of files with four entries each, on a memory file system: entry i (1..n) has hash i%2, log
// offset 100*i and store time 1000*i ms.
func filled(t *testing.T, n int64) (*Index, *vfs.Mem, *[]int64) {
	t.Helper()
	mem, synced := vfs.NewMem(), new([]int64)
	t.Cleanup(mem.Free)
	x := New(Options{FS: mem, Dir: "/i", Slots: 10, Entries: 5, Enabled: true}, nil,
		Events{Synced: func(end int64) { *synced = append(*synced, end) }})
	for i := int64(1); i <= n; i++ {
		if err := x.put(int32(i%2), 100*i, 1000*i); err != nil {
			t.Fatal(err)
		}
	}
	return x, mem, synced
}

// TestQuery: what is found comes newest first, no more than asked for, and only from the time asked for; the end values
// are those of the newest file, whatever is found.
func TestQuery(t *testing.T) {
	x, _, synced := filled(t, 10) // files 1..4, 5..8, 9..10
	if len(x.files) != 3 || !slices.Equal(*synced, []int64{4000, 8000}) {
		t.Fatalf("%d files, synced up to %v", len(x.files), *synced)
	}
	for _, c := range []struct {
		hash       int32
		begin, end int64
		limit      int
		want       []int64
	}{
		{0, 0, math.MaxInt64, 32, []int64{1000, 800, 600, 400, 200}},
		{1, 0, math.MaxInt64, 32, []int64{900, 700, 500, 300, 100}},
		{0, 0, math.MaxInt64, 2, []int64{1000, 800}},
		{0, 0, math.MaxInt64, 1, []int64{1000}},
		{0, 0, math.MaxInt64, 0, nil},
		{0, 6000, 8000, 32, []int64{800, 600}}, // both ends belong to it
		{0, 6001, 7999, 32, nil},
		{1, 7000, 7000, 32, []int64{700}},
		{0, 0, 4000, 32, []int64{400, 200}},
		{0, 4000, 4000, 32, []int64{400}},
		{0, 2000, 2000, 32, []int64{200}},
		{1, 0, 999, 32, nil},
		{0, 10_001, math.MaxInt64, 32, nil},
	} {
		got, lastTime, lastOffset := x.Query(c.hash, c.begin, c.end, c.limit)
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: found %v", c, got)
		}
		if c.limit > 0 && (lastTime != 10_000 || lastOffset != 1000) {
			t.Errorf("%+v: the newest file ends at %d, offset %d", c, lastTime, lastOffset)
		}
	}
}

// TestHeader: the header of each file is Java's: times and offsets of its first and last entry, the slots in use and
// the number of the next entry.
func TestHeader(t *testing.T) {
	x, _, _ := filled(t, 6)
	for i, want := range [][6]int64{{1000, 4000, 100, 400, 2, 5}, {5000, 6000, 500, 600, 2, 3}} {
		f := x.files[i]
		got := [6]int64{f.get64(hdrBeginTime), f.endTime(), f.get64(hdrBeginOffset), f.endOffset(),
			int64(f.get32(hdrSlotsUsed)), int64(f.get32(hdrCount))}
		if got != want {
			t.Errorf("file %d: %v, want %v", i, got, want)
		}
	}
	// the first entry of a file is counted from the end of the file before, as in Java
	if f := x.files[1]; f.get32(f.entryPos(1)+12) != 1 || f.get32(f.entryPos(2)+12) != 1 {
		t.Errorf("seconds: %d and %d", f.get32(f.entryPos(1)+12), f.get32(f.entryPos(2)+12))
	}
	if err := x.nextFile(); err != nil { // nothing is in it yet
		t.Fatal(err)
	}
	f := x.files[2]
	if f.get64(hdrBeginTime) != 6000 || f.endTime() != 6000 || f.get64(hdrBeginOffset) != 600 || f.endOffset() != 600 ||
		f.count() != 1 || f.full() {
		t.Errorf("an empty file begins at %d and ends at %d", f.get64(hdrBeginTime), f.endOffset())
	}
	for i := 1; i < len(x.files); i++ {
		if path.Base(x.files[i].name) <= path.Base(x.files[i-1].name) {
			t.Errorf("%s comes behind %s", x.files[i].name, x.files[i-1].name)
		}
	}
}

// TestSecondsSinceBegin: an entry holds whole seconds since the file's first; a clock that went back counts as none,
// and one that is far ahead as the most that fits.
func TestSecondsSinceBegin(t *testing.T) {
	x, _, _ := filled(t, 1)
	f := x.files[0]
	for at, want := range map[int64]int32{1000: 0, 1999: 0, 2000: 1, 999: 0, 0: 0, math.MaxInt64: math.MaxInt32} {
		if got := f.seconds(at); got != want {
			t.Errorf("%d ms: %d s, want %d", at, got, want)
		}
	}
	f.put64(hdrBeginTime, 0)
	if got := f.seconds(5000); got != 0 {
		t.Errorf("a file without a beginning: %d s", got)
	}
}

// TestExpire: files whose newest record lies below the log go, but never the last one.
func TestExpire(t *testing.T) {
	for minOffset, left := range map[int64]int{0: 3, 400: 3, 401: 2, 800: 2, 801: 1, 1000: 1, 5000: 1} {
		x, mem, _ := filled(t, 10)
		if err := x.Expire(minOffset); err != nil {
			t.Fatal(err)
		}
		if list, _ := mem.ReadDir("/i"); len(x.files) != left || len(list) != left {
			t.Errorf("the log begins at %d: %d files, %d on disk, want %d", minOffset, len(x.files), len(list), left)
		}
	}
	x, mem, _ := filled(t, 10)
	mem.Inject(func(op, _ string) error {
		if op == "remove" {
			return errDisk
		}
		return nil
	})
	if err := x.Expire(5000); !errors.Is(err, errDisk) {
		t.Errorf("a file that cannot be removed: %v", err)
	}
}

var errDisk = errors.New("disk")

// TestDropBehind: files that point at or behind the end of the log go with all that is newer; others stay, an empty one
// as well.
func TestDropBehind(t *testing.T) {
	for _, c := range []struct {
		end  int64
		left int
	}{{1001, 3}, {1000, 2}, {801, 2}, {800, 1}, {400, 0}, {0, 0}} {
		x, mem, _ := filled(t, 10)
		dropped, err := x.DropBehind(c.end)
		if list, _ := mem.ReadDir("/i"); err != nil || len(x.files) != c.left || len(list) != c.left ||
			dropped != 3-c.left {
			t.Errorf("the log ends at %d: %d files, %d on disk, %d dropped, want %d: %v", c.end, len(x.files),
				len(list), dropped, c.left, err)
		}
	}
	x, _, _ := filled(t, 4)
	if err := x.nextFile(); err != nil {
		t.Fatal(err)
	}
	x.files = x.files[1:]
	if dropped, err := x.DropBehind(400); err != nil || dropped != 0 {
		t.Errorf("an empty file hands on what the one before it said: %d dropped, %v", dropped, err)
	}
}

// TestLoad: after a crash files with records newer than the checkpoint are built again; after a clean stop all are
// taken, and one of another size is an error. Folders are nobody's.
func TestLoad(t *testing.T) {
	for _, c := range []struct {
		clean   bool
		safe    int64
		dropped int
	}{{true, 0, 0}, {false, 10_000, 0}, {false, 9_999, 1}, {false, 8_000, 1}, {false, 7_999, 2}, {false, 0, 3}} {
		x, mem, _ := filled(t, 10)
		x.Close()
		if err := mem.MkdirAll("/i/folder"); err != nil {
			t.Fatal(err)
		}
		y := New(x.opt, nil, Events{})
		dropped, err := y.Load(c.clean, c.safe)
		if list, _ := mem.ReadDir("/i"); err != nil || dropped != c.dropped || len(y.files) != 3-c.dropped ||
			len(list) != 1+3-c.dropped {
			t.Errorf("%+v: %d dropped, %d files, %v", c, dropped, len(y.files), err)
		}
		y.Close()
		if n := mem.Mapped(); n != 0 {
			t.Errorf("%+v: %d files stay mapped", c, n)
		}
	}
	x, _, _ := filled(t, 10)
	x.Close()
	x.opt.Entries = 6
	var misfit *datafile.MisfitError
	if _, err := New(x.opt, nil, Events{}).Load(true, 0); !errors.As(err, &misfit) {
		t.Errorf("files of another size, stopped cleanly: %v", err)
	}
	if dropped, err := New(x.opt, nil, Events{}).Load(false, math.MaxInt64); err != nil || dropped != 3 {
		t.Errorf("files of another size, killed: %d dropped, %v", dropped, err)
	}
	x.opt.Dir = "/none"
	if dropped, err := New(x.opt, nil, Events{}).Load(true, 0); err != nil || dropped != 0 {
		t.Errorf("no folder: %d, %v", dropped, err)
	}
}

// TestCheckFile: each kind of damage is told with its place, and the entries of whole chains are counted.
func TestCheckFile(t *testing.T) {
	check := func(f *File) (told []string, entries int64, seen int) {
		entries = f.Check(func(pos int64, format string, _ ...any) { told = append(told, fmt.Sprint(pos)) },
			func(pos int64, n int, hash int32, offset int64) {
				if seen++; int64(f.entryPos(n)) != pos || offset != int64(100*n) || hash != int32(n%2) {
					t.Errorf("entry %d at %d: hash %d, offset %d", n, pos, hash, offset)
				}
			})
		return told, entries, seen
	}
	for what, c := range map[string]struct {
		harm    func(f *File)
		told    int
		at      int
		entries int64
		seen    int
	}{
		"healthy":           {func(*File) {}, 0, 0, 3, 3},
		"count below":       {func(f *File) { f.put32(hdrCount, -1) }, 1, hdrCount, 0, 0},
		"count above":       {func(f *File) { f.put32(hdrCount, 6) }, 1, hdrCount, 0, 0},
		"count of none":     {func(f *File) { f.put32(hdrCount, 0) }, 2, indexHeader, 0, 0},
		"ends early":        {func(f *File) { f.put64(hdrEndTime, 999) }, 1, hdrEndTime, 3, 3},
		"ends as it begins": {func(f *File) { f.put64(hdrEndTime, 1000) }, 0, 0, 3, 3},
		"slot below":        {func(f *File) { f.put32(indexHeader+8, -1) }, 1, indexHeader + 8, 3, 3},
		"slot above":        {func(f *File) { f.put32(indexHeader+8, 4) }, 1, indexHeader + 8, 3, 3},
		"chain below":       {func(f *File) { f.put32(f.entryPos(2)+16, -1) }, 1, indexHeader + 80, 3, 2},
		"chain to itself":   {func(f *File) { f.put32(f.entryPos(3)+16, 3) }, 1, indexHeader + 100, 3, 2},
	} {
		x, _, _ := filled(t, 3)
		c.harm(x.files[0])
		told, entries, seen := check(x.files[0])
		if len(told) != c.told || c.told > 0 && told[0] != fmt.Sprint(c.at) || entries != c.entries || seen != c.seen {
			t.Errorf("%s: told %v, %d entries, %d seen", what, told, entries, seen)
		}
	}
}

// TestDamagedChains: a chain that leads in a circle, outside of the file or below its beginning ends there.
func TestDamagedChains(t *testing.T) {
	for what, harm := range map[string]func(f *File){
		"circle":       func(f *File) { f.put32(f.entryPos(2)+16, 4) },
		"itself":       func(f *File) { f.put32(f.entryPos(2)+16, 2) },
		"outside":      func(f *File) { f.put32(f.entryPos(2)+16, 5) },
		"negative":     func(f *File) { f.put32(f.entryPos(2)+16, -7) },
		"before begin": func(f *File) { f.put32(f.entryPos(2)+12, -1) },
	} {
		x, _, _ := filled(t, 4)
		harm(x.files[0])
		got, _, _ := x.Query(0, 0, math.MaxInt64, 32)
		if len(got) < 1 || len(got) > 5 || got[0] != 400 {
			t.Errorf("%s: found %v", what, got)
		}
	}
}

// TestWake: who sleeps is woken once, and nobody else.
func TestWake(t *testing.T) {
	x := New(Options{}, nil, Events{})
	x.Wake()
	if len(x.kick) != 0 {
		t.Error("woken while it worked")
	}
	x.idle.Store(true)
	if x.Wake(); len(x.kick) != 1 || x.idle.Load() {
		t.Errorf("woken %d times, asleep %v", len(x.kick), x.idle.Load())
	}
	<-x.kick
	if x.Wake(); len(x.kick) != 0 {
		t.Error("woken again")
	}
}

// TestNewFile: the first entry of a file has number 1, on the disk too, where Java reads it, and begins where the file
// before it ended.
func TestNewFile(t *testing.T) {
	x, _, _ := filled(t, 4)
	first := x.files[0]
	second, err := createFile(x.opt.FS, "/i/next", x.opt.Slots, x.opt.Entries, first)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if n := second.get32(hdrCount); n != 1 || second.get32(hdrSlotsUsed) != 0 {
		t.Errorf("an empty file counts %d, with %d slots", n, second.get32(hdrSlotsUsed))
	}
	if second.get64(hdrBeginTime) != 4000 || second.endTime() != 4000 || second.get64(hdrBeginOffset) != 400 ||
		second.endOffset() != 400 {
		t.Errorf("it begins at %d, offset %d", second.get64(hdrBeginTime), second.get64(hdrBeginOffset))
	}
	alone, err := createFile(x.opt.FS, "/i/alone", x.opt.Slots, x.opt.Entries, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	if alone.endTime() != 0 || alone.get32(hdrCount) != 1 {
		t.Errorf("a file without another before it ends at %d", alone.endTime())
	}
}

// TestNoRoomForAFile: a file that can not be reserved leaves nothing behind.
func TestNoRoomForAFile(t *testing.T) {
	for _, op := range []string{"create", "allocate", "map"} {
		x, mem, _ := filled(t, 1)
		mapped := mem.Mapped()
		mem.Inject(func(o, name string) error {
			if o == op && name == "/i/next" {
				return syscall.ENOSPC
			}
			return nil
		})
		if f, err := createFile(x.opt.FS, "/i/next", x.opt.Slots, x.opt.Entries, nil); err == nil {
			f.Close()
			t.Errorf("%s fails, and a file is there", op)
		}
		mem.Inject(nil)
		if _, err := mem.Stat("/i/next"); err == nil || mem.Mapped() != mapped {
			t.Errorf("%s failed: a file is left, or %d mappings of %d", op, mem.Mapped(), mapped)
		}
	}
}
