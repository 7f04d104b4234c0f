package recovery

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"gorocket/store/consumequeue"
	"gorocket/store/vfs"
)

// AbortText is the content of the abort file: Java's, which is the process, and the run of the machine, padded so that
// it overwrites any other.
func AbortText(boot string) string {
	return fmt.Sprintf("%-10d\n%-*s\n", os.Getpid(), consumequeue.BootLen, boot)
}

// BootOf is the run of the machine, "" when it is not known.
func BootOf(fsys vfs.FS) string {
	if b, ok := fsys.(vfs.Booter); ok {
		if id := b.BootID(); len(id) <= consumequeue.BootLen {
			return id
		}
	}
	return ""
}

// SameRun tells that whoever left the abort file ran since the machine was started last, so that the page cache has all
// it had written. Java does not say.
func SameRun(fsys vfs.FS, abort string) (bool, error) {
	text, err := vfs.ReadFile(fsys, abort)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	_, boot, _ := strings.Cut(string(text), "\n")
	boot = strings.TrimRight(boot, " \n\x00")
	return err == nil && boot != "" && boot == BootOf(fsys), err
}
