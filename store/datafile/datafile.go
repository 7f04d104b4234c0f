// Package datafile is what the data folders of a store have in common: files of one size, named by the offset of their
// first byte in 20 digits (Java MappedFileQueue, UtilAll.offset2FileName), and what can be wrong with them.
package datafile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"gorocket/store/vfs"
)

// MaxSize is the largest file in bytes: Java maps files by an int.
const MaxSize = 1<<31 - 1

// Name is the name of the file that begins at base.
func Name(base int64) string { return fmt.Sprintf("%020d", base) }

// ParseName is the reverse of Name; ok is false for any other name.
func ParseName(name string) (base int64, ok bool) {
	base, err := strconv.ParseInt(name, 10, 64)
	return base, err == nil && len(name) == 20 && base >= 0
}

// File is a data file in one of the store's folders.
type File struct {
	Path     string
	Base     int64
	ReadOnly bool
	Short    int64 // its size in bytes, if that is not what it must be: read by who takes what there is
}

// Kind says what a folder holds.
type Kind struct {
	Size        int64  // bytes of a file
	Key         string // configuration key of Size
	ReadOnly    bool
	Rebuildable bool // files may be removed: they are built again from the log
}

// List finds the files of a folder, ascending, and checks their names and sizes: a wrong one is a *MisfitError and ends
// the start, as in Java (MappedFileQueue.doLoad). What a power cut during allocation leaves is removed: an empty file,
// or a short last file full of zeros. A folder that is not there is empty.
func List(fsys vfs.FS, dir string, kind Kind) ([]File, error) {
	list, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []File
	for i, fi := range list {
		if fi.IsDir {
			continue
		}
		name := dir + "/" + fi.Name
		misfit := &MisfitError{File: name, Size: fi.Size, Key: kind.Key, Want: kind.Size, Rebuildable: kind.Rebuildable}
		base, ok := ParseName(fi.Name)
		if !ok || base%kind.Size != 0 {
			misfit.Name = true
			return nil, misfit
		}
		if fi.Size == kind.Size {
			out = append(out, File{Path: name, Base: base, ReadOnly: kind.ReadOnly})
			continue
		}
		last := i == len(list)-1
		leftOver := !kind.ReadOnly && fi.Size < kind.Size && (last || kind.Rebuildable && fi.Size == 0)
		if !leftOver || !zeroFile(fsys, name, fi.Size) {
			return nil, misfit
		}
		if err := fsys.Remove(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// zeroFile tells whether the first n bytes of a file are zeros.
func zeroFile(fsys vfs.FS, name string, n int64) bool {
	f, err := fsys.OpenReadOnly(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return ZeroRange(f, 0, n)
}

// ZeroRange tells whether [from, to) of a file can be read and is zeros.
func ZeroRange(f vfs.File, from, to int64) bool {
	at, err := vfs.FirstData(f, from, to)
	return at < 0 && err == nil
}

// IsZero tells that b holds zeros only. It compares b with itself, shifted by one: bytes.Equal is fast.
func IsZero(b []byte) bool {
	return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1])
}
