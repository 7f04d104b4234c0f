package vfs

import (
	"errors"
	"testing"
)

var errCut = errors.New("cut")

// halfRenamed returns a file system that lost power in the first WriteFileAtomic of a file, between the two halves of
// its rename: the file has both names, and both are durable.
func halfRenamed(t *testing.T, name string, data []byte) *Mem {
	t.Helper()
	m := NewMem()
	t.Cleanup(m.Free)
	if err := MkdirDurable(m, "/c"); err != nil {
		t.Fatal(err)
	}
	if err := writeFresh(m, name+".tmp", data, FS.Create); err != nil {
		t.Fatal(err)
	}
	if err := m.SyncDir("/c"); err != nil {
		t.Fatal(err)
	}
	if err := m.Rename(name+".tmp", name); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(100) {
		c := m.CrashClone(seed, 0.5)
		t.Cleanup(c.Free)
		_, tmp := c.Stat(name + ".tmp")
		if _, err := c.Stat(name); err == nil && tmp == nil {
			return c
		}
	}
	t.Fatal("no power cut left the file both names")
	return nil
}

// TestWriteFileAtomicAfterHalfRename: what a power cut left under the name that the next content is written to is the
// file itself. At every moment the old or the new content is there, whatever fails and when the power is cut again.
func TestWriteFileAtomicAfterHalfRename(t *testing.T) {
	for stop := range 20 {
		for seed := range uint64(10) {
			m := halfRenamed(t, "/c/f", []byte("old"))
			n := 0
			m.Inject(func(op, name string) error {
				if n++; n > stop {
					return errCut
				}
				return nil
			})
			err := WriteFileAtomic(m, "/c/f", []byte("new"))
			m.Inject(nil)
			c := m.CrashClone(seed, 0.5)
			t.Cleanup(c.Free)
			for _, at := range []*Mem{m, c} {
				b, rerr := ReadFile(at, "/c/f")
				if got := string(b); rerr != nil || got != "old" && got != "new" || err == nil && got != "new" {
					t.Fatalf("stopped after %d, seed %d: %q, %v (write: %v)", stop, seed, b, rerr, err)
				}
			}
		}
	}
}

// TestOriginalIsWhole: the copy of a file that a person wrote is there whole or not at all; half of one would be taken
// for the original for ever.
func TestOriginalIsWhole(t *testing.T) {
	const by = "by a person"
	for stop := range 30 {
		for seed := range uint64(10) {
			m := NewMem()
			t.Cleanup(m.Free)
			if err := WriteFileAtomic(m, "/c/f", []byte(by)); err != nil {
				t.Fatal(err)
			}
			n := 0
			m.Inject(func(op, name string) error {
				if n++; n > stop {
					return errCut
				}
				return nil
			})
			edit := func([]byte) []byte { return []byte("edited") }
			_ = EditFile(m, "/c/f", edit)
			m.Inject(nil)
			for _, c := range []*Mem{m.CrashClone(seed, 0.5), m.Clone()} {
				t.Cleanup(c.Free)
				if err := EditFile(c, "/c/f", edit); err != nil {
					t.Fatal(err)
				}
				if b, err := ReadFile(c, "/c/f.orig"); err != nil || string(b) != by {
					t.Fatalf("stopped after %d, seed %d: the original is %q, %v", stop, seed, b, err)
				}
			}
		}
	}
}
