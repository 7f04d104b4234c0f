package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// A page of the log that cannot be read is an error of who asks for it, with file and place; what lies in front of it
// is served, and health is red.
func TestUnreadablePage(t *testing.T) {
	cfg := smallConfig(t.TempDir())
	s := mustStart(t, cfg, vfs.OS{})
	fill(t, s, "T", 1, 100)
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	s = startQuiet(t, cfg, vfs.OS{})
	name := cfg.StorePathRootDir + "/commitlog/" + datafile.Name(0)
	gone := int64(0) // the first message that does not lie in the first page as a whole
	for whole := true; whole && gone < 100; {
		var one GetResult
		s.Get(&GetQuery{Topic: "T", Offset: gone, MaxCount: 1}, &one)
		m, err := record.Decode(one.Slices[0])
		if whole = err == nil && m.PhysicalOffset+int64(m.Size) <= 4096; whole {
			gone++
		}
		one.Release()
	}
	if gone == 0 || gone > 90 {
		t.Fatalf("the messages are too large or too small: %d in a page", gone)
	}
	if err := os.Truncate(name, 4096); err != nil {
		t.Fatal(err)
	}
	time.Sleep(150 * time.Millisecond) // the kernel is asked again
	get := func(at int64) (res GetResult) {
		s.Get(&GetQuery{Topic: "T", Offset: at, MaxCount: 32}, &res)
		return res
	}
	if res := get(gone - 1); res.Status != Found || res.Count != 1 || res.NextBeginOffset != gone || res.Err != nil {
		t.Errorf("in front of it: %v, %d messages, next %d, %v", res.Status, res.Count, res.NextBeginOffset, res.Err)
	}
	res := get(gone)
	var bad *datafile.ReadError
	if res.Status != NotReadable || !errors.As(res.Err, &bad) || bad.File != name || bad.Offset > 8192 ||
		res.NextBeginOffset != gone || len(res.Slices) != 0 {
		t.Errorf("at it: %v, %v, next %d", res.Status, res.Err, res.NextBeginOffset)
	}
	if err := s.Health(); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("health: %v", err)
	}
	if rec, err := s.LastRecord(func(*record.View) bool { return true }); !errors.As(err, &bad) || len(rec) != 0 { // a slave must not take it for an empty log
		t.Errorf("the last record: %d bytes, %v", len(rec), err)
	}
	if err := s.Writable(); err != nil {
		t.Errorf("writes: %v", err)
	}
	err := s.WithRecord(5000, func([]byte) error { return nil })
	if !errors.As(err, &bad) {
		t.Errorf("WithRecord: %v", err)
	}
}

// The same on demand: the store asks the file layer before it reads.
func TestUnreadableRecordOfFilter(t *testing.T) {
	m := vfs.NewMem()
	s := startQuiet(t, smallConfig("/s"), m)
	fill(t, s, "T", 1, 10)
	m.Inject(func(op, name string) error {
		if op == "populate" || op == "resident" {
			return syscall.EFAULT
		}
		return nil
	})
	time.Sleep(150 * time.Millisecond) // the kernel is asked again
	var res GetResult
	s.Get(&GetQuery{Topic: "T", Offset: 3, MaxCount: 32, Filter: everything{}}, &res)
	if res.Status != NotReadable || res.Err == nil {
		t.Errorf("%v, %v", res.Status, res.Err)
	}
	res.Release()
	m.Inject(nil)
	s.Get(&GetQuery{Topic: "T", Offset: 3, MaxCount: 32, Filter: everything{}}, &res)
	if res.Status != Found || res.Count != 7 || res.Err != nil {
		t.Errorf("when it can be read again: %v, %d, %v", res.Status, res.Count, res.Err)
	}
	res.Release()
}

// startQuiet starts a store whose background errors are expected.
func startQuiet(t *testing.T, cfg Config, fsys vfs.FS) *Store {
	t.Helper()
	s, err := Open(cfg, fsys, EventListener{})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

// everything is a filter that looks at each record.
type everything struct{}

func (everything) MatchTagsCode(int64) bool  { return true }
func (everything) MatchRecord(b []byte) bool { return len(b) > 0 }
