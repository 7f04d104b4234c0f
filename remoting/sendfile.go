package remoting

import "golang.org/x/sys/unix"

// Measured on the design's machine: one sendfile of 32 contiguous 1,150-byte records costs 196 ns a record, copying and writing
// 300 ns, but one sendfile per record 3,307 ns. So only long runs go that way.
const (
	sendfileMinRun   = 32 << 10 // bytes of the average run
	sendfileMaxFiles = 4        // runs in one response
)

func worthSendfile(b *Body) bool {
	if len(b.Files) == 0 || len(b.Files) > sendfileMaxFiles {
		return false
	}
	n := 0
	for _, f := range b.Files {
		n += f.Len
	}
	return n >= sendfileMinRun*len(b.Files)
}

// sendFiles writes out, which ends with the header of this frame, and then the file ranges, straight from the page cache. What the socket does
// not take goes through gnet's outbound buffer, copied from Parts, so that a frame is always whole. Event loop only.
func (c *Conn) sendFiles(out *outBuffer, b *Body) {
	if !c.keepPromise() {
		releaseOut(out)
		return
	}
	_, err := c.gc.Write(out.b)
	releaseOut(out)
	if err != nil {
		return
	}
	sent := 0
	if c.gc.OutboundBuffered() == 0 {
		sent = sendRanges(c.gc.Fd(), b.Files)
	}
	for _, p := range b.Parts {
		if sent >= len(p) {
			sent -= len(p)
			continue
		}
		if _, err := c.gc.Write(p[sent:]); err != nil {
			return
		}
		sent = 0
	}
	c.mayWait()
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
			if n > 0 {
				sent += n
				left -= n
			}
			if err != nil || n <= 0 {
				return sent
			}
		}
	}
	return sent
}
