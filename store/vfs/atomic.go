package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// MaxWholeFile is the largest file ReadFile accepts, in bytes.
const MaxWholeFile = 1 << 30

// ReadFile reads a whole file of at most MaxWholeFile bytes.
func ReadFile(fsys FS, name string) ([]byte, error) {
	f, err := fsys.OpenReadOnly(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > MaxWholeFile {
		return nil, fmt.Errorf("%s: %d bytes, more than %d", name, size, MaxWholeFile)
	}
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:n], err
}

// WriteFileAtomic replaces name by data so that a crash leaves the old or the new content: name.tmp is written and
// synced, a differing previous content is kept as name.bak (as Java's MixAll.string2File does), then the renames and
// the directory are synced. It keeps the mode that name has, as its .bak does. This and ReadFileWithBackup are the only
// home of whole-file writes.
func WriteFileAtomic(fsys FS, name string, data []byte) error {
	return writeAtomic(fsys, name, data, like(name))
}

// like creates files with the mode of name, if that is there and the file system has modes: what only its owner may
// read stays so.
func like(name string) creator {
	return func(fsys FS, fresh string) (File, error) {
		if p, ok := fsys.(interface {
			CreateLike(name, like string) (File, error)
		}); ok {
			return p.CreateLike(fresh, name)
		}
		return fsys.Create(fresh)
	}
}

// WriteFilePrivate is WriteFileAtomic of a file that holds secrets: it, its .bak and what a crash leaves of a write can
// be read by their owner only.
func WriteFilePrivate(fsys FS, name string, data []byte) error {
	return writeAtomic(fsys, name, data, createPrivate)
}

// creator creates a file, as FS.Create does.
type creator func(fsys FS, name string) (File, error)

// createPrivate creates a file of mode 0600 where the file system has modes.
func createPrivate(fsys FS, name string) (File, error) {
	if p, ok := fsys.(interface {
		CreatePrivate(name string) (File, error)
	}); ok {
		return p.CreatePrivate(name)
	}
	return fsys.Create(name)
}

func writeAtomic(fsys FS, name string, data []byte, create creator) error {
	if err := MkdirDurable(fsys, path.Dir(name)); err != nil {
		return err
	}
	if err := writeFresh(fsys, name+".tmp", data, create); err != nil {
		return err
	}
	if err := keepBackup(fsys, name, create); err != nil {
		return err
	}
	if err := fsys.Rename(name+".tmp", name); err != nil {
		return err
	}
	return fsys.SyncDir(path.Dir(name))
}

// EditFile replaces a file that a person wrote by what edit makes of it, as WriteFileAtomic does; nothing is written
// when that is the same. The content before the first change stays as name.orig, besides the last one as name.bak. A
// file that is not there is empty to edit.
func EditFile(fsys FS, name string, edit func(old []byte) []byte) error {
	old, err := ReadFile(fsys, name)
	found := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := edit(old)
	if found && string(text) == string(old) {
		return nil
	}
	if _, err := fsys.Stat(name + ".orig"); found && errors.Is(err, fs.ErrNotExist) {
		if err := replaceBy(fsys, name+".orig", old, like(name)); err != nil {
			return err
		}
		if err := fsys.SyncDir(path.Dir(name)); err != nil {
			return err
		}
	}
	return WriteFileAtomic(fsys, name, text)
}

// keepBackup copies name to name.bak. It is a copy and not a rename, so that name exists at every moment. An empty file
// is none to keep: its .bak is what was read instead of it.
func keepBackup(fsys FS, name string, create creator) error {
	old, err := ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(old) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return replaceBy(fsys, name+".bak", old, create)
}

// replaceBy gives name other content: before SyncDir a crash leaves the old or the new.
func replaceBy(fsys FS, name string, data []byte, create creator) error {
	if err := writeFresh(fsys, name+".tmp", data, create); err != nil {
		return err
	}
	return fsys.Rename(name+".tmp", name)
}

// CreateFresh creates a file that is to be renamed. What a crash left under its name is taken away and not written to:
// where a file system loses power between the two halves of a rename, that is the renamed file by another name. The
// removal needs no sync of its own: until it is durable, that file has two names, and nothing is written to it.
func CreateFresh(fsys FS, name string) (File, error) {
	return createFresh(fsys, name, FS.Create)
}

func createFresh(fsys FS, name string, create creator) (File, error) {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return create(fsys, name)
}

// writeFresh makes a file with synced content.
func writeFresh(fsys FS, name string, data []byte, create creator) error {
	f, err := createFresh(fsys, name, create)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = fsys.Remove(name)
	}
	return err
}

// Restored says that a table was not read from its file.
type Restored struct {
	File string
	From string // the .bak that was read instead; "" when there was nothing: the table is empty
	Why  error  // what is wrong with File
}

// String is a line for the log.
func (r Restored) String() string {
	if r.From == "" {
		return "a table is empty: its file is, and there is no .bak"
	}
	return "a table was restored from its older .bak: the last changes are lost"
}

// ReadFileWithBackup hands the content of name to parse; when name is missing, empty or parse refuses it, name.bak is
// tried (Java ConfigManager.load), which told hears, unless it is nil. Neither there: an error that is fs.ErrNotExist.
// Both refused: parse's error for name.
func ReadFileWithBackup(fsys FS, name string, parse func([]byte) error, told func(Restored)) error {
	first := tryParse(fsys, name, parse)
	if first == nil {
		return nil
	}
	second := tryParse(fsys, name+".bak", parse)
	if told != nil {
		switch {
		case second == nil:
			told(Restored{name, name + ".bak", first})
		case errors.Is(first, errEmpty) || errors.Is(second, errEmpty):
			if errors.Is(first, fs.ErrNotExist) && errors.Is(second, fs.ErrNotExist) {
				told(Restored{name, "", first})
			}
		}
	}
	if second == nil || errors.Is(first, fs.ErrNotExist) {
		return second
	}
	return first
}

// errEmpty is a file of no bytes, which counts as one that is not there.
var errEmpty = fmt.Errorf("%w: empty", fs.ErrNotExist)

func tryParse(fsys FS, name string, parse func([]byte) error) error {
	b, err := ReadFile(fsys, name)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return fmt.Errorf("%s: %w", name, errEmpty)
	}
	if err := parse(b); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// MkdirDurable is MkdirAll with the new directories' entries synced, so that they survive a power cut.
func MkdirDurable(fsys FS, name string) error {
	name = path.Clean(name)
	if st, err := fsys.Stat(name); err == nil && st.IsDir {
		return nil
	}
	parent := path.Dir(name)
	if parent != name && parent != "." && parent != "/" {
		if err := MkdirDurable(fsys, parent); err != nil {
			return err
		}
	}
	if err := fsys.MkdirAll(name); err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}

// CreateDurable is CreateWhole of a file that is durable with its directory entry when it returns. A file that is there
// already gives way if it holds nothing but zeros, as a kill may leave it; else the error is an *OccupiedError. After
// any other error there is no file.
func CreateDurable(fsys FS, name string, prepare func(f File) error) (File, error) {
	synced := func(f File) error {
		if err := prepare(f); err != nil {
			return err
		}
		return f.Sync()
	}
	f, err := fsys.CreateWhole(name, synced)
	if errors.Is(err, fs.ErrExist) {
		if err = removeEmpty(fsys, name); err == nil {
			f, err = fsys.CreateWhole(name, synced)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := fsys.SyncDir(path.Dir(name)); err != nil {
		_ = f.Close()
		_ = fsys.Remove(name)
		return nil, err
	}
	return f, nil
}

// OccupiedError says that a file is to be made whose name another one has, which holds data. It is left alone.
type OccupiedError struct {
	Name string
	At   int64 // first byte that is not zero
}

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("vfs: %s is to be made, but is there and holds data at byte %d", e.Name, e.At)
}

// Is makes the error one of fs.ErrExist.
func (e *OccupiedError) Is(target error) bool { return target == fs.ErrExist }

// removeEmpty removes a file of zeros.
func removeEmpty(fsys FS, name string) error {
	f, err := fsys.OpenReadOnly(name)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	at, err := FirstData(f, 0, size)
	if err != nil {
		return err
	}
	if at >= 0 {
		return &OccupiedError{Name: name, At: at}
	}
	return fsys.Remove(name)
}
