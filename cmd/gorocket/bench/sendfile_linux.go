//go:build !portable

package bench

import "golang.org/x/sys/unix"

// sendHead writes the head of an answer; with more it waits in the kernel for what follows.
func sendHead(socket int, b []byte, more bool) (int, error) {
	flags := unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	if more {
		flags |= unix.MSG_MORE
	}
	return unix.SendmsgN(socket, b, nil, nil, flags)
}

// sendFile writes n bytes of the file at *at, or some of them, and moves it.
func sendFile(socket, file int, at *int64, n int) (int, error) {
	return unix.Sendfile(socket, file, at, n)
}
