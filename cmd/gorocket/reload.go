package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"

	"gorocket/compat"
	"gorocket/compat/config"
)

// rereads is a server whose file can be read again while it runs.
type rereads interface {
	Reload(now, last *compat.Properties) (*config.Reread, error)
}

// configFile is the file of -c, as it was last read. One goroutine.
type configFile struct {
	path  string                  // "": there is none
	check func(path string) error // why a start would refuse the file
	last  *compat.Properties
}

// openConfigFile reads what a start is going to read.
func openConfigFile(path string, check func(path string) error) (*configFile, error) {
	f := &configFile{path: path, check: check, last: &compat.Properties{}}
	if path == "" {
		return f, nil
	}
	p, err := readProperties(path)
	if err == nil {
		f.last = p
	}
	return f, err
}

func readProperties(path string) (*compat.Properties, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, err := compat.ParseProperties(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// reload has the servers take what has changed in the file, and says what came of it. A file that a start would refuse
// changes nothing.
func (f *configFile) reload(log zerolog.Logger, services []service) {
	if f == nil || f.path == "" {
		log.Warn().Msg("SIGHUP: there is no file of -c to be read again")
		return
	}
	now, err := readProperties(f.path)
	if err == nil {
		err = f.check(f.path)
	}
	if err != nil {
		log.Error().Err(err).Str("file", f.path).Msg("SIGHUP: the file cannot be used, nothing is changed")
		return
	}
	for _, s := range services {
		if r, ok := s.(rereads); ok {
			told(log, f.path, fmt.Sprintf("%T", s), now, f.last, r)
		}
	}
	f.last = now
}

func told(log zerolog.Logger, path, server string, now, last *compat.Properties, s rereads) {
	r, err := s.Reload(now, last)
	log = log.With().Str("file", path).Str("server", serverNames[server]).Logger()
	switch {
	case err != nil:
		log.Error().Err(err).Msg("SIGHUP: the file cannot be used, nothing is changed")
		return
	case r.Nothing():
		log.Info().Msg("SIGHUP: the file says what is in force already")
		return
	}
	line := log.Info()
	if len(r.Later)+len(r.Closed)+len(r.Fixed)+len(r.Unknown) > 0 {
		line = log.Warn()
	}
	for name, keys := range map[string][]string{"changed": r.AtOnce(), "atNextStart": r.Later, "inFileOnly": r.Closed,
		"notWhileRunning": r.Fixed, "unknown": r.Unknown} {
		if len(keys) > 0 {
			line = line.Strs(name, keys)
		}
	}
	line.Msg("SIGHUP: the file was read again; what is inFileOnly or notWhileRunning acts at the next start")
}

// serverNames are the servers by their types.
var serverNames = map[string]string{"*broker.Host": "broker", "*namesrv.Server": "namesrv",
	"*controller.Server": "controller"}

// terminal tells a lost terminal from somebody who sends SIGHUP.
type terminal struct{ had bool }

// controlling is the terminal that ends the process when it goes: none of a service, nor under nohup.
func controlling() terminal { return terminal{!signal.Ignored(syscall.SIGHUP) && hasTerminal()} }

// lost tells whether there was one, and is no more.
func (t terminal) lost() bool { return t.had && !hasTerminal() }

func hasTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}
