package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestProfile: the run's error comes first, a profile is written either way, and a file that cannot be made stops the
// start.
func TestProfile(t *testing.T) {
	failed := errors.New("failed")
	name := filepath.Join(t.TempDir(), "cpu.pprof")
	if err := profile(name, func() error { return failed }); err != failed {
		t.Errorf("got %v", err)
	}
	if b, err := os.ReadFile(name); err != nil || len(b) < 2 || b[0] != 0x1f || b[1] != 0x8b {
		t.Errorf("no profile: %d bytes, %v", len(b), err)
	}
	if err := profile(filepath.Join(name, "x"), func() error { t.Error("it ran"); return nil }); err == nil {
		t.Error("a file that cannot be made is no error")
	}
	if err := profile("", func() error { return nil }); err != nil {
		t.Errorf("without a name: %v", err)
	}
}
