//go:build !portable

package vfs

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPoisoned: memory that is broken is a page that cannot be read.
func TestPoisoned(t *testing.T) {
	if !Unreadable(unix.EHWPOISON) || !Unreadable(fmt.Errorf("read: %w", unix.EHWPOISON)) || poisoned(unix.EIO) {
		t.Error("broken memory is not what it is")
	}
}
