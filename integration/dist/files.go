package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// entry is one file of a package: from the clone, or a link.
type entry struct {
	to   string // path below the root of the package
	from string // file on this machine; "" for links and folders
	link string // what it points at
	mode fs.FileMode
	dir  bool
	conf bool // what a person changes: an update keeps it
	own  bool // it belongs to the user gorocket
}

// names are those that the program answers to beside its own.
var names = []string{"mqnamesrv", "mqbroker", "mqcontroller", "mqadmin"}

// documents are the pages and files that every package has.
func (r *release) documents(to string) ([]entry, error) {
	var all []entry
	for _, name := range []string{"LICENSE", "README.md", "README.zh-CN.md", "CHANGELOG.md"} {
		all = append(all, entry{to: to + "/" + name, from: filepath.Join(r.root, name), mode: 0o644})
	}
	for _, pattern := range []string{"docs/*.md", "docs/*.svg", "docs/zh-CN/*.md", "docs/monitoring/*"} {
		found, err := filepath.Glob(filepath.Join(r.root, pattern))
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			rel, err := filepath.Rel(r.root, f)
			if err != nil {
				return nil, err
			}
			all = append(all, entry{to: to + "/" + filepath.ToSlash(rel), from: f, mode: 0o644})
		}
	}
	return all, nil
}

// tree lists the files below a folder of the clone; scripts stay executable.
func (r *release) tree(from, to string) (all []entry, err error) {
	base := filepath.Join(r.root, from)
	err = filepath.WalkDir(base, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(base, path)
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(filepath.ToSlash(rel), "bin/") {
			mode = 0o755
		}
		all = append(all, entry{to: to + "/" + filepath.ToSlash(rel), from: path, mode: mode})
		return err
	})
	return all, err
}

// sorted has an order that does not depend on the machine.
func sorted(all []entry) []entry {
	sort.Slice(all, func(i, j int) bool { return all[i].to < all[j].to })
	return all
}

// write makes a file and its folders.
func write(path string, text []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, mode)
}

// copyTo writes entries below a folder.
func copyTo(dir string, all []entry) error {
	for _, e := range all {
		text, err := os.ReadFile(e.from)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(dir, filepath.FromSlash(e.to)), text, e.mode); err != nil {
			return err
		}
	}
	return nil
}
