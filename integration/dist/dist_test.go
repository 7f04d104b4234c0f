package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// here is a release of this clone that tests share.
var here struct {
	once    sync.Once
	release *release
}

func shared(t *testing.T) *release {
	t.Helper()
	here.once.Do(func() {
		here.release = of(t, "../..", filepath.Join(os.TempDir(), fmt.Sprintf("gorocket-dist-%d", os.Getpid())))
	})
	if here.release == nil {
		t.Fatal("the release was not made")
	}
	return here.release
}

func TestMain(m *testing.M) {
	status := m.Run()
	if here.release != nil {
		_ = os.RemoveAll(here.release.out)
	}
	os.Exit(status)
}

// of makes a release of this clone with the test itself as the program, in a folder of its own.
func of(t *testing.T, root, out string) *release {
	t.Helper()
	r := &release{root: root, out: out, version: "v1.2.3", commit: "0123456789",
		when: time.Unix(1700000000, 0).UTC()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.sbom("amd64", self), r.tarball("amd64", self), r.packages("amd64", self), r.image(), r.chart(),
		r.checksums()); err != nil {
		t.Fatal(err)
	}
	return r
}

// copyClone copies what packages have, as another clone would have it: with other times and modes.
func copyClone(t *testing.T) string {
	t.Helper()
	root, to := "../..", t.TempDir()
	for _, name := range []string{"docs", "LICENSE", "README.md", "README.zh-CN.md", "CHANGELOG.md"} {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(root, path)
			text, err := os.ReadFile(path)
			if err == nil {
				err = write(filepath.Join(to, rel), text, 0o600)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestReproducible: two folders, other times of the files, another moment: the same bytes. make dist-again does it with
// the compiler.
func TestReproducible(t *testing.T) {
	first := shared(t)
	a, err := sumsOf(first.out)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // a second that would be seen
	second := of(t, copyClone(t), filepath.Join(t.TempDir(), "dist"))
	b, err := sumsOf(second.out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := different(a, b); len(diff) > 0 || strings.Count(a, "\n") < 12 {
		t.Errorf("they differ in %v\n%s", diff, a)
	}
	file, err := os.ReadFile(filepath.Join(first.out, "SHA256SUMS"))
	if err != nil || string(file) != a {
		t.Errorf("SHA256SUMS: %v\n%s", err, file)
	}
	if d := different(a, strings.Replace(a, a[:4], "ffff", 1)); len(d) != 1 {
		t.Errorf("another sum is not seen: %v", d)
	}
}

// TestTarball: the program with its names, in one folder, of root and of the commit's time.
func TestTarball(t *testing.T) {
	r := shared(t)
	f, err := os.Open(filepath.Join(r.out, "gorocket-v1.2.3-linux-amd64.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*tar.Header{}
	for in := tar.NewReader(z); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(r.when) || h.Uid != 0 || h.Uname != "" || !strings.HasPrefix(h.Name, "gorocket-v1.2.3-linux-amd64/") {
			t.Errorf("%+v", h)
		}
		found[strings.TrimPrefix(h.Name, "gorocket-v1.2.3-linux-amd64/")] = h
	}
	for name, mode := range map[string]int64{"bin/gorocket": 0o755, "java-layout/bin/mqbroker": 0o755, "LICENSE": 0o644,
		"conf/broker.conf": 0o644, "systemd/gorocket-namesrv.service": 0o644, "docs/operating.md": 0o644} {
		if h := found[name]; h == nil || h.Mode != mode {
			t.Errorf("%s: %+v", name, h)
		}
	}
	if h := found["bin/mqbroker"]; h == nil || h.Linkname != "gorocket" {
		t.Errorf("bin/mqbroker: %+v", h)
	}
}

// TestSBOM: every module that was linked, once, with a version and a sum.
func TestSBOM(t *testing.T) {
	r := shared(t)
	text, err := os.ReadFile(filepath.Join(r.out, "gorocket-v1.2.3-linux-amd64.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var b bom
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range b.Components {
		if seen[c.Ref] || c.Version == "" || !strings.HasPrefix(c.PURL, "pkg:golang/"+c.Name+"@") {
			t.Errorf("%+v", c)
		}
		seen[c.Ref] = true
	}
	if b.Format != "CycloneDX" || b.Spec != "1.5" || len(b.Serial) != 45 || len(b.Depends) != 1 ||
		len(b.Depends[0].On) != len(b.Components) || len(b.Components) < 2 || b.Components[0].Name != "std" {
		t.Errorf("%.600s", text)
	}
}

// TestNumber: versions as package managers compare them: a commit without a tag is older than every release.
func TestNumber(t *testing.T) {
	r := &release{when: time.Unix(1700000000, 0).UTC(), commit: "0123456789"}
	for version, want := range map[string]string{"v1.2.3": "1.2.3", "1.2.3-4-gabc": "1.2.3~4~gabc",
		"3b5c6df": "0.0.0~20231114221320.0123456", "dirty": "0.0.0~20231114221320.0123456"} {
		if r.version = version; r.number() != want {
			t.Errorf("%s: %s", version, r.number())
		}
	}
}
