package vfs

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"
	"time"
)

// DryRun is a file system that shows another one and keeps all changes in memory: what a program would do to a
// directory can be watched without touching it. Changes are noted in order. Mappings are read-only and show the file as
// it was when it was mapped.
type DryRun struct {
	base FS

	mu      sync.Mutex
	files   map[string]*dryNode // files opened for writing or made; guarded by mu
	dirs    map[string]bool     // directories made; guarded by mu
	gone    map[string]bool     // removed or renamed away, with all below it; guarded by mu
	changes []Change            // guarded by mu
}

var _ FS = (*DryRun)(nil)

// Change is one noted call of a DryRun.
type Change struct {
	Op     string // create, remove, rename, mkdir, write, truncate, zero
	Name   string
	Offset int64  // write, zero: first byte; truncate: the new size
	Len    int64  // write, zero: bytes
	To     string // rename: the new name
}

// NewDryRun shows base.
func NewDryRun(base FS) *DryRun {
	return &DryRun{base: base, files: map[string]*dryNode{}, dirs: map[string]bool{}, gone: map[string]bool{}}
}

// Changes returns what was changed so far. Writes that continue each other are one.
func (d *DryRun) Changes() []Change {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Change(nil), d.changes...)
}

// Forget drops the first n changes from the notes; they stay in effect.
func (d *DryRun) Forget(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes = d.changes[n:]
}

// note adds a change. Caller holds mu.
func (d *DryRun) note(c Change) {
	if n := len(d.changes); n > 0 && c.Op == "write" {
		if last := &d.changes[n-1]; last.Op == "write" && last.Name == c.Name && last.Offset+last.Len == c.Offset {
			last.Len += c.Len
			return
		}
	}
	d.changes = append(d.changes, c)
}

// hidden tells that name of the base is not there any more. Caller holds mu.
func (d *DryRun) hidden(name string) bool {
	for p := name; p != "/" && p != "."; p = path.Dir(p) {
		if d.gone[p] {
			return true
		}
	}
	return false
}

// Create implements FS.
func (d *DryRun) Create(name string) (File, error) {
	name = path.Clean(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	n := &dryNode{time: time.Now(), blocks: map[int64]*dryBlock{}}
	d.files[name] = n
	d.note(Change{Op: "create", Name: name})
	return &dryFile{d: d, n: n, name: name}, nil
}

// CreateWhole implements FS.
func (d *DryRun) CreateWhole(name string, prepare func(f File) error) (File, error) {
	if _, err := d.Stat(name); err == nil {
		return nil, pathErr("create", name, fs.ErrExist)
	}
	f, err := d.Create(name)
	if err == nil {
		err = prepare(f)
	}
	return f, err
}

// OpenFile implements FS.
func (d *DryRun) OpenFile(name string) (File, error) {
	name = path.Clean(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.node(name)
	if err != nil {
		return nil, err
	}
	return &dryFile{d: d, n: n, name: name}, nil
}

// OpenReadOnly implements FS.
func (d *DryRun) OpenReadOnly(name string) (File, error) { return d.OpenFile(name) }

// node finds or makes the changes of a file. Caller holds mu.
func (d *DryRun) node(name string) (*dryNode, error) {
	if n := d.files[name]; n != nil {
		return n, nil
	}
	if d.hidden(name) {
		return nil, pathErr("open", name, fs.ErrNotExist)
	}
	fi, err := d.base.Stat(name)
	if err != nil {
		return nil, err
	}
	n := &dryNode{below: name, size: fi.Size, shown: fi.Size, time: fi.ModTime, blocks: map[int64]*dryBlock{}}
	d.files[name] = n
	return n, nil
}

// Remove implements FS.
func (d *DryRun) Remove(name string) error {
	name = path.Clean(name)
	if _, err := d.Stat(name); err != nil {
		return err
	}
	if list, err := d.ReadDir(name); err == nil && len(list) > 0 {
		return pathErr("remove", name, errors.New("directory not empty"))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	delete(d.dirs, name)
	d.gone[name] = true
	d.note(Change{Op: "remove", Name: name})
	return nil
}

// Rename implements FS for moving something out of sight: it is not shown under its new name.
func (d *DryRun) Rename(oldName, newName string) error {
	if _, err := d.Stat(oldName); err != nil {
		return err
	}
	oldName = path.Clean(oldName)
	d.mu.Lock()
	defer d.mu.Unlock()
	newName = path.Clean(newName)
	if n := d.files[oldName]; n != nil && n.below == "" { // a new file gets its name
		delete(d.files, oldName)
		delete(d.gone, newName)
		d.files[newName] = n
		d.note(Change{Op: "create", Name: newName})
		return nil
	}
	for name := range d.files {
		if name == oldName || strings.HasPrefix(name, oldName+"/") {
			delete(d.files, name)
		}
	}
	d.gone[oldName] = true
	d.note(Change{Op: "rename", Name: oldName, To: newName})
	return nil
}

// ReadDir implements FS.
func (d *DryRun) ReadDir(name string) ([]FileInfo, error) {
	name = path.Clean(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []FileInfo
	if !d.hidden(name) {
		list, err := d.base.ReadDir(name)
		if err != nil && !d.dirs[name] {
			return nil, err
		}
		for _, fi := range list {
			full := path.Join(name, fi.Name)
			if d.files[full] == nil && !d.dirs[full] && !d.hidden(full) {
				out = append(out, fi)
			}
		}
	} else if !d.dirs[name] {
		return nil, pathErr("readdir", name, fs.ErrNotExist)
	}
	for full, n := range d.files {
		if path.Dir(full) == name {
			out = append(out, n.info(full))
		}
	}
	for full := range d.dirs {
		if path.Dir(full) == name {
			out = append(out, FileInfo{Name: path.Base(full), IsDir: true})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// Stat implements FS.
func (d *DryRun) Stat(name string) (FileInfo, error) {
	name = path.Clean(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch n := d.files[name]; {
	case n != nil:
		return n.info(name), nil
	case d.dirs[name]:
		return FileInfo{Name: path.Base(name), IsDir: true}, nil
	case d.hidden(name):
		return FileInfo{}, pathErr("stat", name, fs.ErrNotExist)
	}
	return d.base.Stat(name)
}

// MkdirAll implements FS.
func (d *DryRun) MkdirAll(name string) error {
	for p := path.Clean(name); ; p = path.Dir(p) {
		if fi, err := d.Stat(p); err == nil && fi.IsDir || p == path.Dir(p) {
			return nil
		}
		d.mu.Lock()
		d.dirs[p] = true
		d.note(Change{Op: "mkdir", Name: p})
		d.mu.Unlock()
	}
}

// BootID implements Booter if the base does.
func (d *DryRun) BootID() string {
	if b, ok := d.base.(Booter); ok {
		return b.BootID()
	}
	return ""
}

// SyncDir implements FS: there is nothing to sync.
func (d *DryRun) SyncDir(string) error { return nil }

// SyncAll implements FS: there is nothing to sync.
func (d *DryRun) SyncAll(string) error { return nil }

// Lock implements FS and locks nothing.
func (d *DryRun) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// Usage implements FS.
func (d *DryRun) Usage(name string) (DiskUsage, error) {
	for {
		u, err := d.base.Usage(name)
		if err == nil || name == path.Dir(name) {
			return u, err
		}
		name = path.Dir(name)
	}
}
