// Command dist builds what operators install: tarballs, .deb and .rpm for each architecture, the folder that an image is
// built from, the Helm chart, SBOMs and checksums. The bytes depend on the commit and the Go version only.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// release is what is built.
type release struct {
	root    string // of the clone
	out     string
	version string
	commit  string
	when    time.Time // of the commit: every time in what is built
}

// arches are those that packages exist for.
var arches = []string{"amd64", "arm64"}

func main() {
	root := flag.String("root", "..", "the clone")
	out := flag.String("out", "../dist", "folder that is made anew")
	again := flag.Bool("again", false, "build a clone of the commit in another folder, too, and compare the bytes")
	flag.Parse()
	if err := run(*root, *out, *again); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(root, out string, again bool) error {
	r, err := open(root, out)
	if err == nil {
		err = r.build()
	}
	if err != nil || !again {
		return err
	}
	return r.compare()
}

// open asks git what is built. SOURCE_DATE_EPOCH wins over the commit's time.
func open(root, out string) (*release, error) {
	r := &release{}
	var err error
	if r.root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	if r.out, err = filepath.Abs(out); err != nil {
		return nil, err
	}
	if r.commit, err = r.git("rev-parse", "HEAD"); err != nil {
		return nil, err
	}
	if r.version, err = r.git("describe", "--tags", "--always", "--dirty"); err != nil {
		return nil, err
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		if epoch, err = r.git("show", "-s", "--format=%ct", "HEAD"); err != nil {
			return nil, err
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	r.when = time.Unix(seconds, 0).UTC()
	return r, err
}

func (r *release) git(args ...string) (string, error) {
	out, err := exec.Command("git", append([]string{"-C", r.root}, args...)...).Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// number is the version as packages have it: they want a digit first.
func (r *release) number() string {
	v := strings.TrimPrefix(r.version, "v")
	if v == "" || v[0] < '0' || v[0] > '9' || !strings.Contains(v, ".") {
		return "0.0.0~" + r.when.Format("20060102150405") + "." + r.commit[:7]
	}
	return strings.ReplaceAll(v, "-", "~")
}

func (r *release) build() error {
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	for _, arch := range arches {
		binary, err := r.compile(arch)
		if err != nil {
			return err
		}
		if err := errors.Join(r.sbom(arch, binary), r.tarball(arch, binary), r.packages(arch, binary)); err != nil {
			return err
		}
	}
	if err := errors.Join(r.image(), r.chart()); err != nil {
		return err
	}
	return r.checksums()
}

// compile builds the program of an architecture into the folder of the image.
func (r *release) compile(arch string) (string, error) {
	binary := filepath.Join(r.out, "image", arch, "gorocket")
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags", "-s -w -buildid= -X main.version="+r.version,
		"-o", binary, "./cmd/gorocket")
	c.Dir = r.root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=-mod=readonly")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build for %s: %w: %s", arch, err, out)
	}
	return binary, nil
}
