//go:build !portable

package vfs

import "golang.org/x/sys/unix"

// TotalMemory is the RAM of the machine in bytes, 0 when unknown.
func TotalMemory() int64 {
	var si unix.Sysinfo_t
	if unix.Sysinfo(&si) != nil {
		return 0
	}
	return int64(si.Totalram) * int64(si.Unit)
}
