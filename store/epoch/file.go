package epoch

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"gorocket/store/vfs"
)

// File keeps a list on disk (Java epochFileCheckpoint): a change is there before it is made known. All methods may be
// called by any goroutine.
type File struct {
	fs   vfs.FS
	name string

	mu   sync.Mutex // held over a write
	list List       // guarded by mu; replaced as a whole
}

// Open reads the file; none, or an empty one, is an empty list. Its .bak is not read instead of it, as Java does: that
// lacks the newest master, and its part of the log would be taken for that of the one before. An error names the file.
func Open(fsys vfs.FS, name string) (*File, error) {
	f := &File{fs: fsys, name: name}
	b, err := vfs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(b) == 0 {
		return f, nil
	}
	if err == nil {
		f.list, err = Parse(b)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; without this file the broker compares the end of its log with its master's before "+
			"it follows", name, err)
	}
	return f, nil
}

// Retire moves the file of a log that goes on without controllers aside, to .old, and tells whether there was one: it
// knows nothing of who writes the log from now on. A .bak would be read by Java in its place, and goes.
func Retire(fsys vfs.FS, name string) (was bool, err error) {
	switch _, err = vfs.ReadFile(fsys, name); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err == nil:
		err = fsys.Rename(name, name+".old")
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	if err = fsys.Remove(name + ".bak"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, fmt.Errorf("%s.bak: %w", name, err)
	}
	return true, fsys.SyncDir(filepath.Dir(name))
}

// List is who wrote the log so far.
func (f *File) List() List {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.list
}

// Begin notes that a master wrote what stands from an offset on, see List.With. It is durable when Begin returns; then
// the first byte may be written. Noting again what is the newest entry does nothing.
func (f *File) Begin(e Entry) error {
	return f.change(func(l List) (List, error) {
		if n := len(l); n > 0 && l[n-1] == e {
			return l, nil
		}
		return l.With(e)
	})
}

// CutBehind forgets who began at the end of the log or behind it. A log is cut before its list.
func (f *File) CutBehind(end int64) error {
	return f.change(func(l List) (List, error) { return l.Below(end), nil })
}

// CutBefore forgets whose part of the log is deleted.
func (f *File) CutBefore(first int64) error {
	return f.change(func(l List) (List, error) { return l.From(first), nil })
}

// change makes another list of it, if it is another one.
func (f *File) change(fn func(List) (List, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	next, err := fn(f.list)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	if slices.Equal(next, f.list) {
		return nil
	}
	if err := vfs.WriteFileAtomic(f.fs, f.name, next.Encode()); err != nil {
		return err
	}
	f.list = next
	return nil
}
