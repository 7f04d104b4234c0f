// Package throttle limits the log lines that a peer or a broken disk can cause at any rate.
package throttle

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Log writes lines of several kinds, so many of each in a period; the next one of the kind says how many were
// dropped. Any goroutine.
type Log struct {
	log    zerolog.Logger
	burst  uint32
	period time.Duration

	mu    sync.Mutex
	kinds map[string]zerolog.Logger // guarded by mu
}

// New makes a Log that writes at most burst lines of a kind to log in each period.
func New(log zerolog.Logger, burst int, period time.Duration) *Log {
	return &Log{log: log, burst: uint32(burst), period: period, kinds: map[string]zerolog.Logger{}}
}

// Warn begins a warning, or returns nil, which takes the same calls and writes nothing. Kinds are few and fixed: they
// are kept.
func (t *Log) Warn(kind string) *zerolog.Event {
	l := t.logger(kind)
	return l.Warn()
}

// Info is Warn for what is no fault.
func (t *Log) Info(kind string) *zerolog.Event {
	l := t.logger(kind)
	return l.Info()
}

func (t *Log) logger(kind string) zerolog.Logger {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.kinds[kind]
	if !ok {
		s := &sampler{BurstSampler: zerolog.BurstSampler{Burst: t.burst, Period: t.period}}
		l = t.log.Sample(s).Hook(s)
		t.kinds[kind] = l
	}
	return l
}

// sampler counts the lines that it drops, and adds their number to the next one.
type sampler struct {
	zerolog.BurstSampler
	dropped atomic.Int64
}

// Sample implements zerolog.Sampler.
func (s *sampler) Sample(level zerolog.Level) bool {
	if s.BurstSampler.Sample(level) {
		return true
	}
	s.dropped.Add(1)
	return false
}

// Run implements zerolog.Hook.
func (s *sampler) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if n := s.dropped.Swap(0); n > 0 {
		e.Int64("droppedLines", n)
	}
}
