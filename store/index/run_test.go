package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/storetest"
	"gorocket/store/vfs"
)

// indexOf is an index of a log of n records of 10 bytes, which it knows by their keys, two entries each; its files hold
// three.
func indexOf(t *testing.T, n int64, ev Events) (*Index, *vfs.Mem) {
	t.Helper()
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	opt := commitlog.Options{FS: mem, Paths: []string{"/log"}, SegmentSize: 64 << 10}
	l := commitlog.New(opt, commitlog.Settings{}, nil, commitlog.Events{})
	if err := mem.MkdirAll("/log"); err != nil {
		t.Fatal(err)
	}
	f, err := mem.Create("/log/" + datafile.Name(0))
	if err == nil {
		err = f.Truncate(64 << 10)
	}
	if err == nil {
		err = l.Load()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	l.Readable.Store(10 * n)
	ev.Guard = func(fn func() error) error { return fn() }
	x := New(Options{FS: mem, Dir: "/i", Slots: 10, Entries: 4, Enabled: true}, l, ev)
	t.Cleanup(x.Close)
	for i := range n {
		k := dispatch.KeysOf(record.TopicHash("T"), []byte("u"), []byte("a"))
		x.Queue.Add(x.Queue.Append(nil, &k, 10*i, 1000+i, 10))
	}
	return x, mem
}

// TestRunTellsErrors: what cannot be indexed is told and tried again, without a record left out; with
// messageIndexEnable
// off nothing is done.
func TestRunTellsErrors(t *testing.T) {
	told := make(chan string, 100)
	x, mem := indexOf(t, 3, Events{Error: func(what, file string, err error) {
		told <- fmt.Sprint(what, " ", file, " ",
			err)
	}})
	storetest.Fail(mem, "create", "/i/", errors.New("no room"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { x.Run(ctx); close(done) }()
	select {
	case s := <-told:
		if !strings.HasPrefix(s, "build index /i ") || !strings.Contains(s, "no room") {
			t.Errorf("told %q", s)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("an error is not told")
	}
	mem.Inject(nil)
	for until := time.Now().Add(10 * time.Second); x.Position() < 30; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("it stays at %d", x.Position())
		}
	}
	cancel()
	<-done
	for i, f := range x.files {
		if n := f.count() - 1; n != 3 || f.endOffset() != []int64{10, 20}[i] {
			t.Errorf("file %d: %d entries, up to %d", i, n, f.endOffset())
		}
	}
	x.opt.Enabled = false
	x.Run(t.Context()) // returns at once
	if x.log.Readable.Store(70); x.Position() != 70 {
		t.Errorf("one that is off is at %d", x.Position())
	}
}

// TestFinish: a stop indexes what is left and syncs every file, up to the first error or the end of its time.
func TestFinish(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	disk := errors.New("disk")
	for what, c := range map[string]struct {
		ctx   context.Context
		op    string
		at    int64   // position behind it
		times []int64 // what was said to be synced
		want  error
		off   bool
	}{
		"all is well":        {t.Context(), "", 60, []int64{1001, 1002, 1004, 1005}, nil, false},
		"no file":            {t.Context(), "create", 0, nil, disk, false},
		"a file is full":     {t.Context(), "sync", 10, nil, disk, false},
		"no time":            {ended, "", 60, []int64{1001, 1002, 1004}, context.Canceled, false},
		"it is switched off": {t.Context(), "", 60, nil, nil, true},
	} {
		var times []int64
		x, mem := indexOf(t, 6, Events{Synced: func(end int64) { times = append(times, end) }})
		x.opt.Enabled = !c.off
		if c.op != "" {
			storetest.Fail(mem, c.op, "/i/", disk)
		}
		err := x.Finish(c.ctx)
		mem.Inject(nil)
		if x.opt.Enabled = true; c.off {
			c.at = 0
		}
		if slices.Sort(times); !errors.Is(err, c.want) || x.Position() != c.at || !slices.Equal(slices.Compact(times),
			c.times) {
			t.Errorf("%s: %v, at %d, synced %v", what, err, x.Position(), times)
		}
	}
	x, mem := indexOf(t, 6, Events{})
	if _, err := x.build(100); err != nil {
		t.Fatal(err)
	}
	for bad := range x.files { // the first that fails is the last that is tried
		var synced []int
		mem.Inject(func(op, name string) error {
			if op != "sync" {
				return nil
			}
			i := slices.IndexFunc(x.files, func(f *File) bool { return f.name == name })
			if synced = append(synced, i); i == bad {
				return disk
			}
			return nil
		})
		if err := x.Finish(t.Context()); !errors.Is(err, disk) || len(synced) != bad+1 {
			t.Errorf("file %d fails: %v, synced %v", bad, err, synced)
		}
	}
	mem.Inject(nil)
}
