// Package bare is what programs have in common that measure what a machine can do at the most: threads on processors of
// their own, and sockets without a runtime's poller.
package bare

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Pin keeps this thread, which has to be locked, on one processor.
func Pin(cpu int) {
	var set unix.CPUSet
	set.Set(cpu % runtime.NumCPU())
	_ = unix.SchedSetaffinity(0, &set)
}

// Listen listens on a free port of 127.0.0.1 for so many connections that wait.
func Listen(backlog int) (fd, port int, err error) {
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err != nil {
		return 0, 0, err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		return 0, 0, err
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		return 0, 0, err
	}
	return fd, at.(*unix.SockaddrInet4).Port, nil
}
