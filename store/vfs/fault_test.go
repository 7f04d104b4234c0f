package vfs

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// A file that becomes shorter under its mapping gives the same SIGBUS as a sector that cannot be read.
func TestGuardOfShortenedFile(t *testing.T) {
	name := t.TempDir() + "/f"
	if err := os.WriteFile(name, make([]byte, 3*4096), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OS{}.OpenReadOnly(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := f.Map(0, 3*4096, false)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Unmap()
	if err := os.Truncate(name, 4096); err != nil {
		t.Fatal(err)
	}
	sum := byte(0)
	if err := Guard(func() error { sum += m.Bytes()[100]; return nil }); err != nil {
		t.Errorf("a page that is there: %v", err)
	}
	err = Guard(func() error { sum += m.Bytes()[5000]; return nil })
	var fault *FaultError
	if !errors.As(err, &fault) || !Unreadable(err) {
		t.Fatalf("a page that is gone: %v (%d)", err, sum)
	}
	if at, ok := PlaceOf(m.Bytes(), fault.Addr); !ok || at < 4096 || at > 5000 {
		t.Errorf("place %d %v", at, ok)
	}
	if _, ok := PlaceOf(nil, fault.Addr); ok {
		t.Error("nothing holds an address")
	}
	if err := m.Populate(4096, 4096); !Unreadable(err) {
		t.Errorf("Populate: %v", err)
	}
	if err := m.Populate(0, 4096); err != nil {
		t.Errorf("Populate: %v", err)
	}
	// What Populate does on kernels before 5.14: a read whose result nobody uses is still a read.
	if err := Guard(func() error { touch(m.Bytes()[4096:8192], 4096); return nil }); !Unreadable(err) {
		t.Errorf("touch: %v", err)
	}
}

func TestGuardKeepsErrorsAndPanics(t *testing.T) {
	want := errors.New("mine")
	if err := Guard(func() error { return want }); err != want {
		t.Errorf("%v", err)
	}
	defer func() {
		if v := recover(); v != "other" {
			t.Errorf("%v", v)
		}
	}()
	_ = Guard(func() error { panic("other") })
}

// TestUnreadable: the errors that say that a page cannot be read, alone or wrapped, and others.
func TestUnreadable(t *testing.T) {
	for _, err := range []error{syscall.EFAULT, syscall.EIO, &FaultError{7},
		fmt.Errorf("read: %w", syscall.EIO), fmt.Errorf("read: %w", &FaultError{7})} {
		if !Unreadable(err) {
			t.Errorf("%v does not say so", err)
		}
	}
	for _, err := range []error{nil, syscall.EINVAL, syscall.EAGAIN, syscall.ENOMEM, errors.New("other")} {
		if Unreadable(err) {
			t.Errorf("%v says so", err)
		}
	}
}

var heap []byte

// TestPlaceOf: an address is in a mapping from its first to its last byte.
func TestPlaceOf(t *testing.T) {
	b := make([]byte, 100)
	heap = b // an array on the stack moves
	begin := uintptr(unsafe.Pointer(&b[0]))
	for add, want := range map[int]bool{-1: false, 0: true, 99: true, 100: false} {
		at, ok := PlaceOf(b, begin+uintptr(add))
		if ok != want || ok && at != int64(add) {
			t.Errorf("byte %d: at %d, %v", add, at, ok)
		}
	}
}
