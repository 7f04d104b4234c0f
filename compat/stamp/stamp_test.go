package stamp

import (
	"os"
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
