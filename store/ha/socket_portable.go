//go:build !linux || portable

package ha

import "syscall"

// direct leaves raw nil: heads and blocks are copied into net.Conn.Write.
func (o *output) direct(syscall.Conn) error { return nil }

// more does not know.
func (f *follower) more() bool { return false }
