package vfs

import (
	"errors"
	"os"
	"testing"
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
