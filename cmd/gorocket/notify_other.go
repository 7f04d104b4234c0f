//go:build !linux

package main

// monotonicMicros has no meaning where there is no systemd.
func monotonicMicros() int64 { return 0 }
