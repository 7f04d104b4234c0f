package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"
)

// tests knows which tests look at which code.
type tests struct {
	module string
	users  map[string][]string // package -> those whose tests are built with it, as paths of `go test`
	deps   map[string]int      // how many packages one is built of
}

// stage is one call of `go test`.
type stage struct {
	packages []string
	short    bool
}

// limit is how long the tests of each package of a stage may take.
func (s stage) limit(most time.Duration) time.Duration {
	if s.short {
		return most / 2
	}
	return most
}

// listTests asks `go list` about the module in root.
func listTests(root string) (tests, error) {
	t := tests{users: map[string][]string{}, deps: map[string]int{}}
	c := exec.Command("go", "list", "-json=ImportPath,Deps,TestImports,XTestImports,TestGoFiles,XTestGoFiles,Module", "./...")
	c.Dir = root
	out, err := c.Output()
	if err != nil {
		return t, fmt.Errorf("go list: %w", err)
	}
	type pkg struct {
		ImportPath                                                 string
		Deps, TestImports, XTestImports, TestGoFiles, XTestGoFiles []string
		Module                                                     struct{ Path string }
	}
	all := map[string]pkg{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return t, err
		}
		t.module = p.Module.Path
		all[p.ImportPath] = p
	}
	for name, p := range all {
		if len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			continue
		}
		built := append(append([]string{name}, p.Deps...), append(p.TestImports, p.XTestImports...)...)
		for _, i := range append(p.TestImports, p.XTestImports...) {
			built = append(built, all[i].Deps...)
		}
		slices.Sort(built)
		for _, b := range slices.Compact(built) {
			if rel, ours := strings.CutPrefix(b, t.module+"/"); ours {
				t.users[rel] = append(t.users[rel], "./"+strings.TrimPrefix(name, t.module+"/"))
			}
		}
		t.deps["./"+strings.TrimPrefix(name, t.module+"/")] = len(p.Deps)
	}
	return t, nil
}

// of lists the stages for the code of a folder: its own tests, those of the package around it, and all that are built
// with it, without -short.
func (t *tests) of(dir string) (list []stage) {
	users := slices.Clone(t.users[dir])
	slices.SortFunc(users, func(a, b string) int { return t.deps[a] - t.deps[b] })
	for _, near := range []string{"./" + dir, "./" + path.Dir(dir)} {
		if slices.Contains(users, near) {
			list = append(list, stage{[]string{near}, true})
		}
	}
	return append(list, stage{users, false})
}

// testing lists the packages whose tests are built with the code of some folders; with own, only those of the folders, with
// near those around them, too.
func (t *tests) testing(dirs []string, own, near bool) (pkgs []string) {
	for _, dir := range dirs {
		for _, user := range t.users[dir] {
			if !own && !near || user == "./"+dir || near && user == "./"+path.Dir(dir) {
				pkgs = append(pkgs, user)
			}
		}
	}
	slices.Sort(pkgs)
	return slices.Compact(pkgs)
}
