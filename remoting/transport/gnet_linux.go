//go:build !portable

package transport

import (
	"reflect"

	"golang.org/x/sys/unix"
)

// SetReading tells epoll. gnet asks epoll to read again when it has to wait for the peer, and when the peer has read
// all: then Conn.updateFlow and Conn.noteUnsent stop it once more.
func (s *gnetSocket) SetReading(on bool) bool {
	if s.epoll < 0 {
		return false // not gnet as we know it; a test would have seen it
	}
	fd := s.Fd()
	ev := unix.EpollEvent{Fd: int32(fd)}
	if on {
		ev.Events = unix.EPOLLIN | unix.EPOLLPRI
	}
	if s.OutboundBuffered() > 0 {
		ev.Events |= unix.EPOLLOUT
	}
	_ = unix.EpollCtl(s.epoll, unix.EPOLL_CTL_MOD, fd, &ev)
	return true
}

// epollOf finds the epoll descriptor of a loop of gnet, which has no way to stop reading of its own; -1 when its
// types have changed.
func epollOf(el executor) int {
	v := reflect.Indirect(reflect.ValueOf(el))
	if v.Kind() != reflect.Struct {
		return -1
	}
	p := v.FieldByName("poller")
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return -1
	}
	if fd := reflect.Indirect(p).FieldByName("fd"); fd.IsValid() && fd.CanInt() {
		return int(fd.Int())
	}
	return -1
}

// sendRanges returns how many bytes the socket took. Errors are left to the write that follows: it meets them again.
func sendRanges(socket int, files []FileRange) (sent int) {
	for _, f := range files {
		off, left := f.Offset, f.Len
		for left > 0 {
			n, err := unix.Sendfile(socket, f.Fd, &off, left)
			if err == unix.EINTR {
				continue
			}
			if err != nil || n == 0 {
				return sent
			}
			sent += n
			left -= n
		}
	}
	return sent
}
