package check

import (
	"fmt"
	"strings"
	"testing"

	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// TestMisfit: an entry belongs to a record of its queue, offset, size and, in a batch queue, number of messages; light
// queues have entries of records of others.
func TestMisfit(t *testing.T) {
	plain, batch := consumequeue.Options{FileSize: 1000}.Plain(), consumequeue.Options{BatchSize: 920}.Batches()
	const inner = "INNER_BASE\x0110\x02INNER_NUM\x013\x02"
	const light = "INNER_MULTI_DISPATCH\x01%LMQ%a\x02INNER_MULTI_QUEUE_OFFSET\x015\x02"
	for what, c := range map[string]struct {
		files   *consumequeue.Files
		queue   queueKey
		at      int64
		sysFlag int32
		props   string
		entry   dispatch.Entry
		why     string
	}{
		"its own":            {plain, queueKey{"T", 1}, 7, 0, "", dispatch.Entry{Size: 100}, ""},
		"another size":       {plain, queueKey{"T", 1}, 7, 0, "", dispatch.Entry{Size: 99}, "another size"},
		"another topic":      {plain, queueKey{"U", 1}, 7, 0, "", dispatch.Entry{Size: 100}, "another queue"},
		"another queue":      {plain, queueKey{"T", 2}, 7, 0, "", dispatch.Entry{Size: 100}, "another queue"},
		"another offset":     {plain, queueKey{"T", 1}, 8, 0, "", dispatch.Entry{Size: 100}, "another queue"},
		"half":               {plain, queueKey{"T", 1}, 7, record.SysFlagPrepared, "", dispatch.Entry{Size: 100}, "no entry"},
		"of a batch":         {batch, queueKey{"T", 1}, 10, record.SysFlagInnerBatch, inner, dispatch.Entry{Size: 100, Count: 3}, ""},
		"of fewer":           {batch, queueKey{"T", 1}, 10, record.SysFlagInnerBatch, inner, dispatch.Entry{Size: 100, Count: 2}, "another"},
		"of a later one":     {batch, queueKey{"T", 1}, 11, record.SysFlagInnerBatch, inner, dispatch.Entry{Size: 100, Count: 3}, "another"},
		"batch, other topic": {batch, queueKey{"U", 1}, 10, record.SysFlagInnerBatch, inner, dispatch.Entry{Size: 100, Count: 3}, "another"},
		"light":              {plain, queueKey{"%LMQ%a", 0}, 5, 0, light, dispatch.Entry{Size: 100}, ""},
		"light, other queue": {plain, queueKey{"%LMQ%a", 1}, 5, 0, light, dispatch.Entry{Size: 100}, "another queue"},
		"light, other place": {plain, queueKey{"%LMQ%a", 0}, 6, 0, light, dispatch.Entry{Size: 100}, "another queue"},
		"other light":        {plain, queueKey{"%LMQ%b", 0}, 5, 0, light, dispatch.Entry{Size: 100}, "another queue"},
	} {
		v := &verifier{}
		m := record.View{Topic: []byte("T"), QueueID: 1, QueueOffset: 7, Size: 100, SysFlag: c.sysFlag,
			Properties: []byte(c.props)}
		got := v.misfit(c.files, c.queue, &m, c.at, c.entry)
		if (got == "") != (c.why == "") || !strings.Contains(got, c.why) {
			t.Errorf("%s: %q, want %q", what, got, c.why)
		}
	}
}

// TestDataFiles: files of another name or size are told, as what a start makes of them.
func TestDataFiles(t *testing.T) {
	const name = "/d/00000000000000000%03d"
	for what, c := range map[string]struct {
		clean bool
		kind  string
		sizes []int64 // of the files that begin at 0, 100, ...
		found string  // severities, in order
		files int
	}{
		"whole":                    {true, "commitlog", []int64{100, 100, 100}, "", 3},
		"last one empty":           {true, "commitlog", []int64{100, 100, 0}, "repairable", 2},
		"last one short":           {true, "commitlog", []int64{100, 100, 50}, "damaged", 2},
		"last one short, killed":   {false, "commitlog", []int64{100, 100, 50}, "repairable", 2},
		"last one long, killed":    {false, "commitlog", []int64{100, 100, 150}, "damaged", 2},
		"a short one, killed":      {false, "commitlog", []int64{100, 50, 100}, "damaged", 2},
		"an empty one, killed":     {false, "commitlog", []int64{100, 0, 100}, "damaged", 2},
		"an empty queue file":      {false, "consumequeue", []int64{100, 0, 100}, "repairable", 2},
		"an empty queue file, but": {true, "consumequeue", []int64{100, 0, 100}, "damaged", 2},
		"short queue file, killed": {false, "consumequeue", []int64{100, 50, 100}, "damaged", 2},
		"none":                     {true, "commitlog", nil, "", 0},
	} {
		mem := vfs.NewMem()
		t.Cleanup(mem.Free)
		_ = mem.MkdirAll("/d/folder")
		for i, size := range c.sizes {
			f, err := mem.Create(fmt.Sprintf(name, i*100))
			if err == nil {
				err = f.Truncate(size)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_ = mem.Remove("/d/folder") // sorted behind them it would be the last one
		v := &verifier{fs: mem, report: &Report{CleanStop: c.clean, Counts: map[Severity]int{}}}
		files, used, err := v.dataFiles(c.kind, "/d", 100)
		var found []string
		for _, f := range v.report.Findings {
			found = append(found, string(f.Severity))
		}
		if err != nil || used != 100 || len(files) != c.files || strings.Join(found, " ") != c.found {
			t.Errorf("%s: %d files of %d, found %v, %v", what, len(files), used, v.report.Findings, err)
		}
	}
	v := &verifier{fs: vfs.NewMem(), report: &Report{Counts: map[Severity]int{}}}
	if files, used, err := v.dataFiles("commitlog", "/none", 100); len(files) != 0 || used != 100 || err != nil {
		t.Errorf("no folder: %v, %d, %v", files, used, err)
	}
}

// TestFittingSize: the size of files is the configured one if any has it, else that of the first that is not empty.
func TestFittingSize(t *testing.T) {
	for _, c := range []struct {
		sizes []int64
		want  int64
	}{{nil, 100}, {[]int64{100}, 100}, {[]int64{50, 100}, 100}, {[]int64{50, 70}, 50}, {[]int64{0, 70, 50}, 70}, {[]int64{0}, 100},
		{[]int64{1<<31 - 1}, 1<<31 - 1}, {[]int64{1 << 31}, 100}} {
		list := []vfs.FileInfo{{Name: "folder", Size: 7, IsDir: true}}
		for _, size := range c.sizes {
			list = append(list, vfs.FileInfo{Size: size})
		}
		if got := fittingSize(list, 100); got != c.want {
			t.Errorf("%v: %d, want %d", c.sizes, got, c.want)
		}
	}
}
