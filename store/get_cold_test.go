package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// coldFiles says that nothing of some files of the log is in memory.
func coldFiles(mem *vfs.Mem, cold []bool, size int64) {
	mem.Inject(func(op, name string) error {
		for i := range cold {
			if op == "resident" && cold[i] && strings.HasSuffix(name, "/commitlog/"+datafile.Name(int64(i)*size)) {
				return syscall.EAGAIN
			}
		}
		return nil
	})
}

// TestColdFiles: any Get that is not to wait for the disk finds what one that may wait finds, or, when that lies in
// a file that is not in memory, says so, has nothing and goes on from where it was asked.
func TestColdFiles(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, cold := range [][]bool{{false, false, false, false}, {true, false, false, false}, {false, true, false, false},
		{false, true, true, false}, {true, false, true, true}, {true, true, true, true}} {
		testColdFiles(t, rnd, cold)
	}
}

func testColdFiles(t *testing.T, rnd *rand.Rand, cold []bool) {
	cfg, mem := smallConfig("/s"), vfs.NewMem()
	defer mem.Free()
	s := mustStart(t, cfg, mem)
	const queues, n = 5, 80
	var file [queues][n]int64 // of the log, by queue and number
	tags := func(i int64) int64 { return 1 + i%3 }
	for i := range int64(queues * n) {
		m := msg("T", int32(i%queues), fmt.Sprintf("%d-%s", i%7, strings.Repeat("x", 500)))
		m.TagsCode = tags(i / queues)
		file[i%queues][i/queues] = mustAppend(t, s, m).Offset / cfg.MappedFileSizeCommitLog
	}
	s.openEnd = s.log.End() // as if another run had written them
	coldFiles(mem, cold, cfg.MappedFileSizeCommitLog)
	for range 300 {
		q := GetQuery{Topic: "T", QueueID: rnd.Int32N(queues), Offset: rnd.Int64N(n), MaxCount: 1 + rnd.IntN(32)}
		f := tagFilter{tags: rnd.Int64N(4), body: []string{"", "1-", "none"}[rnd.IntN(3)]}
		if rnd.IntN(3) > 0 {
			q.Filter = f
		}
		var all, hot GetResult
		s.Get(&q, &all)
		q.HotOnly = true
		s.Get(&q, &hot)
		want := false // whether a record is cold that has to be looked at
		for i := q.Offset; i < all.NextBeginOffset; i++ {
			want = want || cold[file[q.QueueID][i]] && (q.Filter == nil || f.MatchTagsCode(tags(i)))
		}
		switch {
		case hot.Cold != want:
			t.Errorf("%+v, cold files %v: cold %v", q, cold, hot.Cold)
		case want && (hot.Count != 0 || len(hot.Slices) != 0 || len(hot.Ranges) != 0 || hot.Bytes != 0 ||
			hot.FilteredCount != 0 || hot.NextBeginOffset != q.Offset || hot.MaxOffset != n):
			t.Errorf("%+v, cold files %v: cold, but %+v", q, cold, hot)
		case !want && (hot.NextBeginOffset != all.NextBeginOffset || hot.Status != all.Status ||
			!slices.Equal(hot.QueueOffsets, all.QueueOffsets) || !slices.Equal(hot.Ranges, all.Ranges) ||
			hot.FilteredCount != all.FilteredCount):
			t.Errorf("%+v, cold files %v: %+v\nis not %+v", q, cold, hot, all)
		}
		all.Release()
		hot.Release()
	}
	mem.Inject(nil)
	mustStop(t, s)
}
