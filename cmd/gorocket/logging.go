package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/compat/config"
	"gorocket/remoting/metrics"
)

// logFlags are the logging flags of every command that runs a server.
type logFlags struct {
	level string
	json  bool
}

func (f *logFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.level, "log-level", "info", "debug, info, warn or error")
	c.Flags().BoolVar(&f.json, "log-json", false,
		"one JSON object a line instead of text, also of what is printed at the start")
}

func (f *logFlags) logger() (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(f.level)
	if err != nil || f.level == "" {
		return zerolog.Nop(), fmt.Errorf("--log-level %s: want debug, info, warn or error", f.level)
	}
	if f.json {
		return zerolog.New(os.Stderr).Level(level).With().Timestamp().Logger(), nil
	}
	console := zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: "2006-01-02 15:04:05.000", NoColor: true}
	return zerolog.New(console).Level(level).With().Timestamp().Logger(), nil
}

// errLogged says that an error is in the log already and need not be printed.
var errLogged = errors.New("see the log")

// report logs an error that ends the command as a JSON line when those are asked for; else main prints it.
func (f *logFlags) report(err error) error {
	if err == nil || !f.json {
		return err
	}
	log, lerr := f.logger()
	if lerr != nil {
		return err
	}
	log.Error().Err(err).Msg("gorocket ends")
	return fmt.Errorf("%w: %w", errLogged, err)
}

// logStart says in one line which program runs, and what makes it different from others: for who reads a log of last
// month. store is "" for a NameServer; changed are keys of the configuration.
func logStart(log zerolog.Logger, command, file, store string, changed []string) {
	b := metrics.BuildOf(version)
	line := log.Info().Str("command", command).Str("version", b.Version).Str("commit", b.Commit).Str("go", b.Go).
		Int("pid", os.Getpid()).Str("configFile", file)
	if store != "" {
		line = line.Str("store", store)
	}
	line.Strs("notDefault", changed).Msg("gorocket starts")
}

// notDefault lists the keys of a configuration that have another value than in defaults.
func notDefault(cfg, defaults config.Target) []string {
	all, def, keys := config.Properties(cfg), config.Properties(defaults), []string{}
	for _, k := range all.Keys() {
		v, _ := all.Get(k)
		if d, _ := def.Get(k); d != v {
			keys = append(keys, k)
		}
	}
	return keys
}
