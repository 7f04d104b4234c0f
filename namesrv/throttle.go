package namesrv

import (
	"sync"
	"time"
)

// linesPerSecond is how many lines of one kind a peer may cause.
const linesPerSecond = 5

// throttle lets a few log lines a second pass and counts the others.
type throttle struct {
	mu      sync.Mutex
	second  int64 // guarded by mu
	lines   int   // guarded by mu
	dropped int   // guarded by mu
}

// allow says whether to write a line now, and how many were dropped since the last one.
func (t *throttle) allow() (dropped int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now().Unix(); now != t.second {
		t.second, t.lines = now, 0
	}
	if t.lines >= linesPerSecond {
		t.dropped++
		return 0, false
	}
	t.lines++
	dropped, t.dropped = t.dropped, 0
	return dropped, true
}
