package vfs

import (
	"errors"
	"fmt"
	"runtime/debug"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FaultError says that memory of a mapped file could not be read: the device does not give the page (EIO), or the file
// has become shorter. To the process it is a SIGBUS, which ends it unless the read is inside of Guard.
type FaultError struct{ Addr uintptr }

func (e *FaultError) Error() string {
	return fmt.Sprintf("the memory at %#x cannot be read: an I/O error, or the file has become shorter", e.Addr)
}

// Unreadable tells whether an error of Mapping.Populate or of Guard says that pages cannot be read, and not merely that
// the kernel did not look.
func Unreadable(err error) bool {
	var fault *FaultError
	return errors.Is(err, unix.EFAULT) || poisoned(err) || errors.Is(err, unix.EIO) || errors.As(err, &fault)
}

// Guard calls fn and returns its error, or a *FaultError when fn reads a page of a mapped file that cannot be read. fn
// must not hold a lock then that it does not give back by defer. Other panics go on.
func Guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			fault, ok := v.(interface{ Addr() uintptr })
			if !ok {
				panic(v)
			}
			err = &FaultError{fault.Addr()}
		}
	}()
	return fn()
}

// PlaceOf tells where in a mapping an address is, in bytes from its start.
func PlaceOf(mapping []byte, addr uintptr) (at int64, ok bool) {
	if len(mapping) == 0 {
		return 0, false
	}
	begin := uintptr(unsafe.Pointer(&mapping[0]))
	return int64(addr - begin), addr >= begin && addr-begin < uintptr(len(mapping))
}
