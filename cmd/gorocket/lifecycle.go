package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/remoting"
)

// stopTimeout bounds a shutdown: Java's scripts and supervisors kill what takes longer.
const stopTimeout = 4500 * time.Millisecond

// service is what the commands run: something that starts once and stops in order.
type service interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
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

// waitForSignal returns when the process is asked to end. A lost terminal (SIGHUP) asks too, as in Java, unless nohup said otherwise.
func waitForSignal(log zerolog.Logger) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGTERM, syscall.SIGINT)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(ch, syscall.SIGHUP)
	}
	log.Info().Stringer("signal", <-ch).Msg("stopping")
}

// serve starts the services, says so, and stops them at a signal. It is where the process becomes a server.
func serve(log zerolog.Logger, started func(), services ...service) error {
	remoting.ReserveProcessor()
	limitGarbage()
	if err := startAll(services); err != nil {
		return err
	}
	started()
	waitForSignal(log)
	err := stopAll(services)
	if err == nil {
		log.Info().Msg("stopped")
	}
	return err
}

// logFlags are the logging flags of every command.
type logFlags struct {
	level string
	json  bool
}

func (f *logFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.level, "log-level", "info", "debug, info, warn or error")
	c.Flags().BoolVar(&f.json, "log-json", false, "one JSON object a line instead of text")
}

func (f *logFlags) logger() (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(f.level)
	if err != nil {
		return zerolog.Nop(), err
	}
	if f.json {
		return zerolog.New(os.Stderr).Level(level).With().Timestamp().Logger(), nil
	}
	return zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: "2006-01-02 15:04:05.000", NoColor: true}).Level(level).With().Timestamp().Logger(), nil
}
