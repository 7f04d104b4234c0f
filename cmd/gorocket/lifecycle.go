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

// signals returns where the process is told to end, or to read its file again.
func signals() chan os.Signal {
	ch := make(chan os.Signal, 8) // SIGTERM is not lost behind some SIGHUP
	signal.Notify(ch, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	return ch
}

// process is what a command runs.
type process struct {
	log      zerolog.Logger
	logs     *logFlags   // nil: there are no files
	file     *configFile // nil: there is none
	started  func()      // says so
	services []service

	terminal terminal
	manager  *manager
}

// serve starts the services, says so, and stops them at a signal, or when one of them cannot go on: then with the
// reason. It is where the process becomes a server.
func (p *process) serve() error {
	remoting.ReserveProcessor()
	remoting.DescriptorLimit()
	limitGarbage()
	p.terminal = controlling()
	return p.until(signals(), stopTimeout)
}

// errStartTooLong says that the process was asked to end while it started, and that the start went on for too long. To
// end then is like a kill: what was recovered so far is recovered again.
var errStartTooLong = errors.New("asked to end while starting, and the start is not over: ending as if killed")

// until is serve with a channel of its own for signals, which must exist before anything starts: nobody may tell that
// the process is ready while a signal would still kill it. A start that was under way when the signal came has patience
// to end.
func (p *process) until(signals chan os.Signal, patience time.Duration) error {
	defer signal.Stop(signals)
	p.manager = serviceManager(p.log)
	asked, err := p.begin(signals, patience)
	if err != nil {
		return err
	}
	var failed error
	if !asked {
		p.started()
		p.manager.tell(stateReady)
		failed = p.await(signals)
	}
	p.manager.tell(stateStopping)
	if err = stopAll(p.services); err == nil {
		p.log.Info().Msg("stopped")
	}
	return errors.Join(failed, err)
}

// begin starts the services; asked is that somebody wants the process to end by then.
func (p *process) begin(signals <-chan os.Signal, patience time.Duration) (asked bool, err error) {
	begun := make(chan error, 1)
	go func() { begun <- startAll(p.services) }()
	var late <-chan time.Time
	for {
		select {
		case err := <-begun:
			return asked, err
		case s := <-signals:
			if s == syscall.SIGHUP && !p.terminal.lost() {
				continue // the file has just been read
			}
			p.log.Info().Stringer("signal", s).Msg("asked to end while starting; stopping as soon as the start is over")
			late, asked = time.After(patience), true
		case <-late:
			return asked, errStartTooLong
		}
	}
}

// await waits for a signal that ends the process, or for the first reason why one of the services cannot go on. SIGHUP
// ends it as in Java when the terminal is gone.
func (p *process) await(signals <-chan os.Signal) (failed error) {
	done, failures := make(chan struct{}), make(chan error, len(p.services))
	defer close(done)
	for _, of := range p.services {
		go func() {
			select {
			case err := <-of.Failed():
				failures <- err
			case <-done:
			}
		}()
	}
	alive, stop := p.manager.ticks()
	defer stop()
	for {
		select {
		case <-alive:
			p.manager.tell(stateAlive)
		case s := <-signals:
			if s == syscall.SIGHUP && !p.terminal.lost() {
				p.reload()
				continue
			}
			p.log.Info().Stringer("signal", s).Msg("stopping")
			return nil
		case failed = <-failures:
			p.log.Error().Err(failed).Msg("stopping: it cannot go on")
			return failed
		}
	}
}

// reload reads the file of -c again, and opens the log files again.
func (p *process) reload() {
	p.manager.reloading()
	if p.logs != nil {
		p.logs.reopen()
	}
	p.file.reload(p.log, p.services)
	p.manager.tell(stateReady)
}
