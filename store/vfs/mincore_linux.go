//go:build !portable

package vfs

import (
	"syscall"
	"unsafe"
)

// mincore asks which pages of b are in memory; vec has one byte a page. x/sys/unix does not export it.
func mincore(b, vec []byte) error {
	_, _, e := syscall.Syscall(syscall.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		uintptr(unsafe.Pointer(&vec[0])))
	if e != 0 {
		return e
	}
	return nil
}
