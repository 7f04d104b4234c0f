//go:build !linux || portable

package transport

// SetReading cannot stop gnet's loops here: what a peer may keep waiting is limited by the ends of its connections.
func (s *gnetSocket) SetReading(bool) bool { return false }

func epollOf(executor) int { return -1 }

// sendRanges takes nothing: Conn.sendFiles copies all of it. The sendfile of other systems than Linux counts otherwise.
func sendRanges(int, []FileRange) int { return 0 }
