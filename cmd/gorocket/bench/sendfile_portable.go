//go:build !linux || portable

package bench

import "golang.org/x/sys/unix"

// sendHead writes the head of an answer.
func sendHead(socket int, b []byte, _ bool) (int, error) { return unix.Write(socket, b) }

// sendFile writes n bytes of the file at *at, or some of them, and moves it: by a copy, since each system has its own
// sendfile.
func sendFile(socket, file int, at *int64, n int) (int, error) {
	var buf [64 << 10]byte
	n, err := unix.Pread(file, buf[:min(n, len(buf))], *at)
	if n <= 0 || err != nil {
		return 0, err
	}
	n, err = unix.Write(socket, buf[:n])
	*at += int64(max(n, 0))
	return max(n, 0), err
}
