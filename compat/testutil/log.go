package testutil

import (
	"bytes"
	"strings"
	"sync"
)

// Log keeps what is logged, also while servers go on doing so. The zero value is empty.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Take returns what was logged since it was called last.
func (l *Log) Take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// Line returns the newest line that has all parts, "" for none.
func (l *Log) Line(parts ...string) (newest string) {
next:
	for line := range strings.Lines(l.String()) {
		for _, p := range parts {
			if !strings.Contains(line, p) {
				continue next
			}
		}
		newest = line
	}
	return newest
}

// Count is how often a text is in it.
func (l *Log) Count(text string) int { return strings.Count(l.String(), text) }
