package meta

import (
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/store/vfs"
)

// TestPersistRests: a table that changes without end is not written without end, the first change and the last are,
// and the end of the process does not wait.
func TestPersistRests(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	var writes, value atomic.Int64
	p := NewPersister(mem, "/s", func(file string, err error) { t.Errorf("%s: %v", file, err) })
	changed := p.Add("t.json", 0, func() ([]byte, error) {
		writes.Add(1)
		time.Sleep(20 * time.Millisecond)
		return strconv.AppendInt(nil, value.Load(), 10), nil
	})
	p.Start()
	begin := time.Now()
	for time.Since(begin) < 600*time.Millisecond {
		value.Add(1)
		changed()
		time.Sleep(time.Millisecond)
	}
	took := time.Since(begin)
	// a write and its rest take 100 ms at least; the ticker may add one
	if n := writes.Load(); n < 1 || n > int64(took/(100*time.Millisecond))+2 {
		t.Errorf("%d writes of 20 ms in %v", n, took)
	}
	value.Add(1)
	changed()
	begin = time.Now()
	p.Close()
	if d := time.Since(begin); d > 400*time.Millisecond {
		t.Errorf("closing took %v", d)
	}
	if b, err := vfs.ReadFile(mem, "/s/config/t.json"); err != nil || string(b) != strconv.FormatInt(value.Load(), 10) {
		t.Errorf("%s %v, want %d", b, err, value.Load())
	}
}

// TestPersistSave: Save writes those of the files that are named and have changed, and tells what could not be written,
// which the next one tries again.
func TestPersistSave(t *testing.T) {
	mem := vfs.NewMem()
	t.Cleanup(mem.Free)
	failed := 0
	p := NewPersister(mem, "/s", func(string, error) { failed++ })
	changed := map[string]func(){}
	for _, file := range []string{"a.json", "b.json", "c.json"} {
		changed[file] = p.Add(file, time.Hour, func() ([]byte, error) { return []byte(file), nil })
	}
	there := func(file string) bool {
		b, err := vfs.ReadFile(mem, "/s/config/"+file)
		return err == nil && string(b) == file
	}
	changed["a.json"]()
	changed["c.json"]()
	mem.Inject(func(op, name string) error { return errors.New("disk") })
	if err := p.Save("a.json", "b.json"); err == nil || failed != 1 {
		t.Errorf("%v, told %d times", err, failed)
	}
	mem.Inject(nil)
	if err := p.Save("a.json", "b.json"); err != nil {
		t.Error(err)
	}
	if !there("a.json") || there("b.json") || there("c.json") {
		t.Errorf("a %v, b %v, c %v", there("a.json"), there("b.json"), there("c.json"))
	}
}
