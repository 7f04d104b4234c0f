package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// loader reads packages with their types. What they import comes from the compiler's export data.
type loader struct {
	root    string
	files   map[string][]string // folder -> the files that are built, without folder
	names   map[string]string   // folder -> name of the package
	exports map[string]string   // import path -> export data
}

func newLoader(root string) (*loader, error) {
	l := &loader{root: root, files: map[string][]string{}, names: map[string]string{}, exports: map[string]string{}}
	c := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Name,Dir,GoFiles,Export", "./...",
		"os", "strconv", "sync/atomic") // what helperText imports
	c.Dir, c.Stderr = root, os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go list -export: %w", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Name, Dir, Export string
			GoFiles                       []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return l, nil
		} else if err != nil {
			return nil, err
		}
		l.exports[p.ImportPath] = p.Export
		if dir, err := filepath.Rel(root, p.Dir); err == nil && !strings.HasPrefix(dir, "..") {
			l.files[filepath.ToSlash(dir)], l.names[filepath.ToSlash(dir)] = p.GoFiles, p.Name
		}
	}
}

// checked is a package with its types, and what is wrong with it.
type checked struct {
	fset  *token.FileSet
	files map[string]*ast.File // by path from the root
	info  types.Info
	wrong []types.Error
}

// check reads a folder; text, if it is there, stands for a file's own, by path from the root.
func (l *loader) check(dir string, text map[string]string) (*checked, error) {
	c := &checked{fset: token.NewFileSet(), files: map[string]*ast.File{},
		info: types.Info{Types: map[ast.Expr]types.TypeAndValue{}}}
	var all []*ast.File
	names := l.files[dir]
	if text[dir+"/"+helperFile] != "" {
		names = append(names[:len(names):len(names)], helperFile)
	}
	for _, name := range names {
		rel := dir + "/" + name
		var src any
		if t, ok := text[rel]; ok {
			src = t
		}
		f, err := parser.ParseFile(c.fset, filepath.Join(l.root, rel), src, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		c.files[rel], all = f, append(all, f)
	}
	conf := types.Config{Error: func(err error) {
		var e types.Error
		if errors.As(err, &e) {
			c.wrong = append(c.wrong, e)
		}
	}, Importer: importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(l.exports[path])
	})}
	_, _ = conf.Check(dir, c.fset, all, &c.info) // its errors are in wrong
	return c, nil
}
