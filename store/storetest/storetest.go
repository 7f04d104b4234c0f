// Package storetest is what the tests of the store and of its users share: disks that fail and hang, and messages that
// look like what a crash leaves.
package storetest

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"gorocket/store/vfs"
)

// Fail makes an operation fail on files whose name has a part, until Inject replaces it. Operations as for vfs.Mem.
func Fail(mem *vfs.Mem, op, part string, err error) {
	mem.Inject(func(o, name string) error {
		if o == op && strings.Contains(name, part) {
			return err
		}
		return nil
	})
}

// Stall makes an operation on files whose name has a part hang until release is called, and return err then. It is
// released at the end of the test.
func Stall(t testing.TB, mem *vfs.Mem, op, part string, err error) (release func()) {
	goOn := make(chan struct{})
	release = sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(release)
	mem.Inject(func(o, name string) error {
		if o == op && strings.Contains(name, part) {
			<-goOn
			return err
		}
		return nil
	})
	return release
}

// ZeroProperties are properties that look like pages that never reached the disk, wherever in a page they are written.
func ZeroProperties() [][]byte {
	return [][]byte{
		[]byte("a\x01" + strings.Repeat("\x00", 8) + "\x02"),
		[]byte("a\x01b" + strings.Repeat("\x00", 8)),
		[]byte("a\x01b\x00"),
		[]byte("a\x01" + strings.Repeat("\x00", 9000)),
		[]byte("a\x01" + strings.Repeat("\x00", 9000) + "z\x02"),
		[]byte("__CRC32#\x010123456789\x02"),
		[]byte("a\x01\x00\x02__CRC32#\x010123456789\x02"),
		bytes.Repeat([]byte("a\x01\x00\x02"), 2000),
	}
}
