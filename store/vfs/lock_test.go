//go:build !portable

package vfs

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestLock: POSIX locks belong to the process, so the other side is another process: flock(1) takes the wrong kind,
// python the right one. Only on Linux do these two not see each other, so not with the tag portable.
func TestLock(t *testing.T) {
	m := NewMem()
	l, err := m.Lock("/lock")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Lock("/lock"); !errors.Is(err, ErrLocked) {
		t.Fatalf("second lock: %v", err)
	}
	_ = l.Close()
	if _, err := m.Lock("/lock"); err != nil {
		t.Fatalf("after Close: %v", err)
	}
	py, err := exec.LookPath("python3")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("python3 is not installed: it plays the other process, and CI allows no skipped test")
	}
	if err != nil {
		t.Skip("python3 is not installed: it plays the other process")
	}
	name := t.TempDir() + "/lock"
	l, err = OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	script := "import fcntl,sys\nf=open(sys.argv[1],'r+')\ntry:\n fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB,1,0)\n " +
		"print('free')\nexcept OSError:\n print('locked')"
	try := func() string {
		out, err := exec.Command(py, "-c", script, name).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	if got := try(); got != "locked" {
		t.Fatalf("the other process found it %s", got)
	}
	_ = l.Close()
	if got := try(); got != "free" {
		t.Fatalf("after Close the other process found it %s", got)
	}
}
