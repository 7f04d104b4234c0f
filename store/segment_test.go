package store

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"gorocket/store/vfs"
)

// TestNoShortSegment: a commit log file has no name before it has its size, so that a kill leaves none that Java 4.9
// refuses.
func TestNoShortSegment(t *testing.T) {
	mem, cfg := vfs.NewMem(), smallConfig("/s")
	t.Cleanup(mem.Free)
	s := mustStart(t, cfg, mem)
	made := make(chan error, 100)
	mem.Inject(func(op, name string) error {
		if (op == "create" || op == "allocate") && strings.Contains(name, "commitlog/") {
			_, err := mem.Stat(name)
			made <- err
		}
		return nil
	})
	for range 300 {
		mustAppend(t, s, msg("T", 0, strings.Repeat("x", 600)))
	}
	mem.Inject(nil)
	mustStop(t, s)
	close(made)
	n := 0
	for err := range made {
		if n++; !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("operation %d: the file is there (%v)", n, err)
		}
	}
	if n < 4 {
		t.Errorf("%d operations", n)
	}
}
