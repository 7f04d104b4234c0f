package stamp

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestChanged: files are read again when their size or time is another one, or when they are so new that they may have been
// written twice within a tick; only another content counts.
func TestChanged(t *testing.T) {
	dir := t.TempDir()
	var k Files
	file := dir + "/f"
	old, now := time.Now().Add(-2*time.Minute).Truncate(time.Second), time.Now().Truncate(time.Second)
	step := func(what, text string, at time.Time, want bool) {
		t.Helper()
		err := os.WriteFile(file, []byte(text), 0o600)
		if err == nil {
			err = os.Chtimes(file, at, at)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := k.Changed([]string{file, dir + "/none"}); got != want {
			t.Errorf("%s: changed %v", what, got)
		}
	}
	step("at first", "one", old, true)
	step("the same", "one", old, false)
	step("a file that is old and says that it is the same", "two", old, false)
	step("another size", "three", old, true)
	step("another time, the same content", "three", old.Add(-time.Second), false)
	step("another time and content", "tHree", old.Add(-2*time.Second), true)
	step("new, the same content", "tHree", now, false)
	step("new, and written twice within a tick", "thrEE", now, true)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if !k.Changed([]string{file}) || k.Changed([]string{file}) {
		t.Error("a file that went is told once")
	}
	if step("it is back", "thrEE", old, true); len(k.seen) != 2 {
		t.Errorf("%d files are known", len(k.seen))
	}
}

// TestOddFiles: what is no file is not waited for and has a content of its own; a long one is looked at as far as it
// goes, and by its time.
func TestOddFiles(t *testing.T) {
	dir := t.TempDir()
	file, pipe := dir+"/f", dir+"/pipe"
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var k Files
	if !k.Changed([]string{file, pipe}) || k.Changed([]string{file, pipe}) {
		t.Error("a pipe that comes is told once")
	}
	for name, want := range map[string]error{pipe: errNoFile, dir: errNoFile, "/dev/zero": errNoFile, file: fs.ErrNotExist} {
		if _, err := Read(name, 10); !errors.Is(err, want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(file, []byte("eleven byte"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := Read(file, 11); string(text) != "eleven byte" || err != nil {
		t.Errorf("%q %v", text, err)
	}
	if _, err := Read(file, 10); err == nil || !strings.Contains(err.Error(), file+": more than 10 bytes") {
		t.Errorf("one byte too much: %v", err)
	}
	if !Fresh([]string{dir + "/none", file}, time.Now()) || Fresh([]string{file}, time.Now().Add(2*Settle)) {
		t.Error("fresh")
	}
	if err := os.Truncate(file, 1<<40); err != nil {
		t.Fatal(err)
	}
	if !k.Changed([]string{file, pipe}) || k.Changed([]string{file, pipe}) {
		t.Error("a terabyte is told once")
	}
	at := time.Now().Add(-time.Hour)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
	if !k.Changed([]string{file, pipe}) {
		t.Error("another time of what is too long to be looked at")
	}
}
