package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting"
)

// stopTimeout bounds a shutdown: Java's scripts and supervisors kill what takes longer.
const stopTimeout = 4500 * time.Millisecond

// service is what the commands run: something that starts once and stops in order.
type service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
	// Failed delivers the reason why the service cannot go on, if that comes to pass.
	Failed() <-chan error
}

// startAll starts services in order; when one fails, those before it are stopped again.
func startAll(services []service) error {
	for i, s := range services {
		if err := s.Start(context.Background()); err != nil {
			_ = stopAll(services[:i])
			return err
		}
	}
	return nil
}

// stopAll stops services in reverse order and returns the first error.
func stopAll(services []service) (first error) {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	for i := len(services) - 1; i >= 0; i-- {
		if err := services[i].Stop(ctx); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// askedToEnd returns where it is told that the process shall end. A lost terminal (SIGHUP) asks too, as in Java, unless
// nohup said otherwise.
func askedToEnd() chan os.Signal {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGTERM, syscall.SIGINT)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(ch, syscall.SIGHUP)
	}
	return ch
}

// awaitEnd waits for a signal, or for the first reason why one of the services cannot go on.
func awaitEnd(signals <-chan os.Signal, services []service) (s os.Signal, failed error) {
	done, failures := make(chan struct{}), make(chan error, len(services))
	defer close(done)
	for _, of := range services {
		go func() {
			select {
			case err := <-of.Failed():
				failures <- err
			case <-done:
			}
		}()
	}
	select {
	case s = <-signals:
	case failed = <-failures:
	}
	return s, failed
}

// serve starts the services, says so, and stops them at a signal, or when one of them cannot go on: then with the
// reason. It is where the process becomes a server.
func serve(log zerolog.Logger, started func(), services ...service) error {
	remoting.ReserveProcessor()
	remoting.DescriptorLimit()
	limitGarbage()
	return serveUntil(log, askedToEnd(), stopTimeout, started, services...)
}

// errStartTooLong says that the process was asked to end while it started, and that the start went on for too long. To
// end then is like a kill: what was recovered so far is recovered again.
var errStartTooLong = errors.New("asked to end while starting, and the start is not over: ending as if killed")

// serveUntil is serve with a channel of its own for signals, which must exist before anything starts: nobody may tell
// that the process is ready while a signal would still kill it. A start that was under way when the signal came has
// patience to end.
func serveUntil(log zerolog.Logger, signals chan os.Signal, patience time.Duration, started func(),
	services ...service) error {
	defer signal.Stop(signals)
	begun := make(chan error, 1)
	go func() { begun <- startAll(services) }()
	var s os.Signal
	var late <-chan time.Time
	for over := false; !over; {
		select {
		case err := <-begun:
			if err != nil {
				return err
			}
			over = true
		case s = <-signals:
			log.Info().Stringer("signal", s).Msg("asked to end while starting; stopping as soon as the start is over")
			late = time.After(patience)
		case <-late:
			return errStartTooLong
		}
	}
	var failed error
	if s == nil {
		started()
		s, failed = awaitEnd(signals, services)
	}
	if failed != nil {
		log.Error().Err(failed).Msg("stopping: it cannot go on")
	} else {
		log.Info().Stringer("signal", s).Msg("stopping")
	}
	err := stopAll(services)
	if err == nil {
		log.Info().Msg("stopped")
	}
	return errors.Join(failed, err)
}
