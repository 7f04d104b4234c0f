package transport

// sendFiles writes out, which ends with the header of this frame, and then the file ranges, straight from the page
// cache. What the kernel does not take is copied from parts, so that a frame is always whole. Event loop only.
func (c *Conn) sendFiles(out *Buffer, parts [][]byte, files []FileRange) {
	if !c.passBarrier() {
		releaseBuffer(out)
		return
	}
	_, err := c.sock.Write(out.B)
	releaseBuffer(out)
	if err != nil {
		return
	}
	sent := c.sock.SendFile(files)
	for _, p := range parts {
		if sent >= len(p) {
			sent -= len(p)
			continue
		}
		if _, err := c.sock.Write(p[sent:]); err != nil {
			return
		}
		sent = 0
	}
	c.checkUnsent()
}
