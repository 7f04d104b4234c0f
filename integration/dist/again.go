package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// compare builds the commit once more, from a clone in another folder, and tells what is different.
func (r *release) compare() error {
	if strings.HasSuffix(r.version, "-dirty") {
		return errors.New("files are changed that are not committed: there is no commit to be built again")
	}
	dir, err := os.MkdirTemp("", "gorocket-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	clone := filepath.Join(dir, "elsewhere")
	if out, err := exec.Command("git", "clone", "-q", r.root, clone).CombinedOutput(); err != nil {
		return fmt.Errorf("git clone: %w: %s", err, out)
	}
	if out, err := exec.Command("git", "-C", clone, "checkout", "-q", r.commit).CombinedOutput(); err != nil {
		return fmt.Errorf("git checkout: %w: %s", err, out)
	}
	other := *r
	other.root, other.out = clone, filepath.Join(dir, "dist")
	if err := other.build(); err != nil {
		return err
	}
	first, err := sumsOf(r.out)
	if err != nil {
		return err
	}
	second, err := sumsOf(other.out)
	if err != nil {
		return err
	}
	if diff := different(first, second); len(diff) > 0 {
		return fmt.Errorf("two builds of %s differ in %s", r.commit, strings.Join(diff, ", "))
	}
	fmt.Printf("two builds of %s: %d files, the same bytes\n", r.commit[:7], strings.Count(first, "\n"))
	return nil
}

// different lists the files whose sums differ, or that only one has.
func different(a, b string) (names []string) {
	sums := map[string]string{}
	for line := range strings.Lines(a) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[name] = sum
	}
	for line := range strings.Lines(b) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if sums[name] != sum {
			names = append(names, name)
		}
		delete(sums, name)
	}
	for name := range sums {
		names = append(names, name)
	}
	return names
}
