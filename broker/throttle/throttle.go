// Package throttle limits the log lines that a peer or a broken disk can cause at any rate.
package throttle

import (
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Period is how often a line of one kind is logged at most; the next line says how many were dropped.
const Period = 10 * time.Second

// Log writes warnings, each kind at most once in a Period.
type Log struct {
	log   zerolog.Logger
	mu    sync.Mutex
	kinds map[string]*state // guarded by mu
}

type state struct {
	last    time.Time
	dropped int
}

// New makes a Log that writes to log.
func New(log zerolog.Logger) *Log { return &Log{log: log, kinds: map[string]*state{}} }

// Warn has line fill in a warning and send it, unless one of its kind has just been written. Any goroutine.
func (t *Log) Warn(kind string, line func(*zerolog.Event)) {
	t.mu.Lock()
	s := t.kinds[kind]
	if s == nil {
		s = &state{}
		t.kinds[kind] = s
	}
	now := time.Now()
	if now.Sub(s.last) < Period {
		s.dropped++
		t.mu.Unlock()
		return
	}
	dropped := s.dropped
	s.last, s.dropped = now, 0
	t.mu.Unlock()
	e := t.log.Warn()
	if dropped > 0 {
		e = e.Int("droppedLines", dropped)
	}
	line(e)
}
