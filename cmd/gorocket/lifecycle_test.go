package main

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// fakeService calls begin when it starts.
type fakeService struct {
	begin            func()
	started, stopped bool
	failed           chan error
}

func (s *fakeService) Failed() <-chan error { return s.failed }

func (s *fakeService) Start(context.Context) error {
	s.begin()
	s.started = true
	return nil
}

func (s *fakeService) Stop(context.Context) error { s.stopped = true; return nil }

// TestSignalWhileStarting: a signal that comes during the start, or at the moment at which the process says that it is
// ready, stops it in order. Without a handler it would end this test.
func TestSignalWhileStarting(t *testing.T) {
	ask := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func() {}
	for name, c := range map[string]struct{ begin, ready func() }{"starting": {ask, nothing}, "ready": {nothing, ask}} {
		s := &fakeService{begin: c.begin}
		p := &process{log: zerolog.Nop(), started: c.ready, services: []service{s}}
		if err := p.until(signals(), time.Minute); err != nil || !s.started || !s.stopped {
			t.Errorf("%s: %v, started %v, stopped %v", name, err, s.started, s.stopped)
		}
	}
}

// TestSignalDuringALongStart: a recovery of minutes does not keep the process.
func TestSignalDuringALongStart(t *testing.T) {
	signals, goOn := make(chan os.Signal, 1), make(chan struct{})
	defer close(goOn)
	signals <- syscall.SIGTERM
	s := &fakeService{begin: func() { <-goOn }}
	p := &process{log: zerolog.Nop(), started: func() { t.Error("ready") }, services: []service{s}}
	if err := p.until(signals, 10*time.Millisecond); !errors.Is(err, errStartTooLong) {
		t.Errorf("%v", err)
	}
}

// TestServeEndsWithTheReason: a service that cannot go on ends the process, after all have been stopped, and the reason
// is what it ends with.
func TestServeEndsWithTheReason(t *testing.T) {
	a, b := &fakeService{begin: func() {}, failed: make(chan error, 1)}, &fakeService{begin: func() {}}
	reason := errors.New("an event loop has ended")
	p := &process{log: zerolog.Nop(), started: func() { a.failed <- reason }, services: []service{a, b}}
	err := p.until(signals(), time.Minute)
	if !errors.Is(err, reason) || !a.stopped || !b.stopped {
		t.Errorf("ended with %v, stopped %v %v", err, a.stopped, b.stopped)
	}
}
