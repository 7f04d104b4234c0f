package plain

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"gorocket/compat/stamp"
	"gorocket/compat/yaml"
)

// TestOddFiles: what is no file of accounts, or more than one can be, ends nothing, is not waited for and takes no
// memory: it stops a start, and leaves a running server with the accounts that it has, with the name in the error.
func TestOddFiles(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for what, c := range map[string]struct {
		put  func(path string)
		want string
	}{
		"a pipe":            {func(path string) { must(syscall.Mkfifo(path, 0o600)) }, "is no file"},
		"a device":          {func(path string) { must(os.Symlink("/dev/zero", path)) }, "is no file"},
		"a terabyte":        {func(path string) { must(os.WriteFile(path, nil, 0o600)); must(os.Truncate(path, 1<<40)) }, "more than"},
		"too much":          {func(path string) { must(os.WriteFile(path, []byte(strings.Repeat("#", yaml.MaxSize+1)), 0o600)) }, "more than"},
		"a billion laughs":  {func(path string) { must(os.WriteFile(path, []byte(laughs()), 0o600)) }, "an alias of what holds aliases"},
		"ten thousand deep": {func(path string) { must(os.WriteFile(path, []byte(strings.Repeat("[", 10000)), 0o600)) }, "odd.yml"},
		"a folder in itself": {func(path string) {
			must(os.Symlink(filepath.Dir(path), strings.TrimSuffix(path, ".yml")))
		}, "a link to one above?"},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t, true, one)
			must(os.MkdirAll(filepath.Join(r.home, folder), 0o755))
			path := filepath.Join(r.home, folder, "odd.yml")
			c.put(path)
			if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) < stamp.Settle {
				old := time.Now().Add(-2 * stamp.Settle)
				must(os.Chtimes(path, old, old))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			done := make(chan struct{})
			go func() {
				defer close(done)
				r.watch.Look()
				r.watch.Look()
			}()
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				t.Fatal("it is waited for")
			}
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 128<<20 {
				t.Errorf("%d MiB were taken", grown>>20)
			}
			select {
			case err := <-r.told:
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), r.home) {
					t.Errorf("told %v", err)
				}
			default:
				t.Error("nothing is told")
			}
			if got := r.ask("28", "account123", "one-secret-12", "127.0.0.1"); got != "let in" {
				t.Error(got)
			}
			if _, err := New(Settings{Home: r.home}, nil, time.Now); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("a start: %v", err)
			}
		})
	}
}

// laughs is the list of lists of aliases that is 10^9 texts when somebody writes it out.
func laughs() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [lol]\n")
	for i := range 9 {
		from := string(rune('0' + i))
		b.WriteString("a" + string(rune('1'+i)) + ": &a" + string(rune('1'+i)) + " [" + strings.Repeat("*a"+from+",", 10) + "]\n")
	}
	return b.String()
}

// TestLinkedFolders: conf/acl, and a folder in it, may be links to folders: Java follows them.
func TestLinkedFolders(t *testing.T) {
	elsewhere, home := t.TempDir(), t.TempDir()
	write(t, elsewhere, "all/team/x.yml", one)
	write(t, elsewhere, "other/y.yaml", strings.ReplaceAll(one, "account123", "account456"))
	write(t, home, "plain_acl.yml", "accounts:\n- {accessKey: account789, secretKey: one-secret-12}\n")
	for link, to := range map[string]string{filepath.Join(home, folder): "all", filepath.Join(elsewhere, "conf", "all", "linked"): "other"} {
		if err := os.Symlink(filepath.Join(elsewhere, "conf", to), link); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(Settings{Home: home}, nil, time.Now)
	if err != nil || s.Sizes() != 3 {
		t.Fatalf("%v, %v", s, err)
	}
}
