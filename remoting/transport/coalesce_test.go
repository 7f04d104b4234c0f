package transport

import (
	"testing"
	"time"
)

// TestCoalescer: connections that come right after each other are written together; one alone, or pauses, are not.
func TestCoalescer(t *testing.T) {
	a, b := &Conn{}, &Conn{}
	at := time.Now()
	var w coalescer
	come := func(times int, gap time.Duration, conns ...*Conn) int {
		for i := range times {
			at = at.Add(gap)
			w.begin(conns[i%len(conns)], at)
			w.ended = at
		}
		return w.close
	}
	if n := come(100, time.Microsecond, a); n != 0 {
		t.Errorf("one connection: %d in a row", n)
	}
	if n := come(100, time.Millisecond, a, b); n != 0 {
		t.Errorf("pauses: %d in a row", n)
	}
	if n := come(coalesceAt+1, time.Microsecond, b, a); n < coalesceAt {
		t.Errorf("after %d connections in a row: %d in a row", coalesceAt+1, n)
	}
	if n := come(100, time.Microsecond, a, b); n != coalesceMax {
		t.Errorf("many: %d in a row", n)
	}
	if n := come(coalesceMax-coalesceAt+1, time.Millisecond, a, b); n >= coalesceAt {
		t.Errorf("pauses after many: %d in a row", n)
	}
}
