package datafile

import (
	"fmt"
	"strings"
)

// CorruptionError says that a file holds something that neither this program nor Java wrote, at a place that had been
// synced. Nothing is deleted or changed when it is returned.
type CorruptionError struct {
	File   string
	Offset int64 // position inside File
	Reason string
	// Missing tells that File is whole, but a file in front of it is not there.
	Missing bool
	// Dir is the root of the store if SkipDamaged can step over the damage, else "".
	Dir string
}

func (e *CorruptionError) Error() string {
	text := fmt.Sprintf("store: %s is damaged at byte %d: %s", e.File, e.Offset, e.Reason)
	if e.Dir != "" {
		text += ". " + SkipAdvice(e.Dir)
	}
	return text
}

// MisfitError says that a file in a data directory has a name or a size that cannot be. Nothing is deleted or changed
// when it is returned.
type MisfitError struct {
	File        string
	Size        int64  // bytes of the file
	Key         string // configuration key of the size that was expected; for an index file two keys with their values
	Want        int64  // bytes expected
	Name        bool   // the name is wrong: not 20 digits, or no multiple of Want
	Rebuildable bool   // what the file should hold can be built again from the commit log
}

func (e *MisfitError) Error() string {
	if e.Name {
		return fmt.Sprintf("store: %s: unexpected file name in a data directory (%s=%d)", e.File, e.Key, e.Want)
	}
	sep := "="
	if strings.Contains(e.Key, "=") {
		sep = " asks for "
	}
	return fmt.Sprintf("store: %s has %d bytes, but %s%s%d", e.File, e.Size, e.Key, sep, e.Want)
}

// ReadError says that the device, or the file, does not give a page that the store has written: a bad sector, a file
// cut short behind our back. Who asked gets it, Health tells it until the next start, and nothing is deleted or
// changed.
type ReadError struct {
	File   string
	Offset int64 // position inside File: of the page, or of what was to be read
	Err    error
}

func (e *ReadError) Error() string {
	return fmt.Sprintf("store: %s cannot be read at byte %d: %v", e.File, e.Offset, e.Err)
}

// Unwrap gives the cause.
func (e *ReadError) Unwrap() error { return e.Err }

// SkipAdvice names the commands that go on with a store whose log is damaged in the middle.
func SkipAdvice(dir string) string {
	return fmt.Sprintf("gorocket repair %s --skip-damaged steps over the damage and keeps all records before and "+
		"behind it (see what it would do with --dry-run); gorocket export %s reads what can be read and changes "+
		"nothing", dir, dir)
}
