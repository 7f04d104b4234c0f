package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"gopkg.in/natefinch/lumberjack.v2"

	"gorocket/compat/config"
	"gorocket/remoting/metrics"
	"gorocket/remoting/secure"
)

// logFlags are the logging flags of every command that runs a server.
type logFlags struct {
	level    string
	json     bool
	dir      string // of log files; "": none
	java     bool   // they are where Java's are
	maxSize  int    // MB of a file
	maxFiles int    // old ones that are kept

	files []*lumberjack.Logger // that are written, for reopen
}

func (f *logFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.level, "log-level", "info", "debug, info, warn or error; the key logLevel changes it while "+
		"the server runs")
	c.Flags().BoolVar(&f.json, "log-json", false,
		"one JSON object a line instead of text, also of what is printed at the start")
	c.Flags().StringVar(&f.dir, "log-dir", "", "folder of log files, beside standard error: broker.log, namesrv.log, "+
		"controller.log; old ones are compressed")
	c.Flags().BoolVar(&f.java, "java-logs", false, "the same in logs/rocketmqlogs in the home directory, where tools "+
		"for Java's servers look")
	c.Flags().IntVar(&f.maxSize, "log-max-size", 128, "size of a log file, in MB, from which the next one is begun")
	c.Flags().IntVar(&f.maxFiles, "log-max-files", 10, "old log files that are kept")
}

// logger is the log of a server: broker, namesrv or controller, which is the name of its file.
func (f *logFlags) logger(server string) (zerolog.Logger, error) {
	if _, err := f.parse(f.level); err != nil {
		return zerolog.Nop(), fmt.Errorf("--log-level %s: want debug, info, warn or error", f.level)
	}
	f.setLevel("")
	out, err := f.open(server)
	if err != nil {
		return zerolog.Nop(), err
	}
	return zerolog.New(out).With().Timestamp().Logger(), nil
}

// beside is the log of a second server of this process: that of the first one, unless each has a file.
func (f *logFlags) beside(log zerolog.Logger, server string) (zerolog.Logger, error) {
	if len(f.files) == 0 {
		return log, nil
	}
	return f.logger(server)
}

// open is where lines go: standard error, and a file.
func (f *logFlags) open(server string) (io.Writer, error) {
	dir, err := f.folder()
	if dir == "" || err != nil {
		return f.form(os.Stderr), err
	}
	if f.maxSize < 1 || f.maxFiles < 0 {
		return nil, fmt.Errorf("--log-max-size %d, --log-max-files %d: want at least 1 and 0", f.maxSize, f.maxFiles)
	}
	file := &lumberjack.Logger{Filename: filepath.Join(dir, server+".log"), MaxSize: f.maxSize,
		MaxBackups: f.maxFiles, Compress: true, LocalTime: true}
	if _, err := file.Write(nil); err != nil { // opens it
		return nil, fmt.Errorf("log file: %w", err)
	}
	f.files = append(f.files, file)
	return zerolog.MultiLevelWriter(f.form(os.Stderr), f.form(file)), nil
}

// form writes lines as text, unless JSON was asked for.
func (f *logFlags) form(out io.Writer) io.Writer {
	if f.json {
		return out
	}
	return zerolog.ConsoleWriter{Out: out, TimeFormat: "2006-01-02 15:04:05.000", NoColor: true}
}

// folder is that of the log files; "" for none.
func (f *logFlags) folder() (string, error) {
	if f.dir != "" || !f.java {
		return f.dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("--java-logs: the home directory is unknown, use --log-dir: %w", err)
	}
	return filepath.Join(home, "logs", "rocketmqlogs"), nil
}

// reopen closes the log files; the next line opens them again, by name: somebody may have moved them.
func (f *logFlags) reopen() {
	for _, file := range f.files {
		_ = file.Close()
	}
}

func (f *logFlags) parse(level string) (zerolog.Level, error) {
	l, err := zerolog.ParseLevel(level)
	if err == nil && level == "" {
		err = errors.New("no level")
	}
	return l, err
}

// setLevel makes level that of the process; "" is the one that it was started with.
func (f *logFlags) setLevel(level string) {
	if l, err := f.parse(cmp.Or(level, f.level)); err == nil { // compat/config has refused others
		zerolog.SetGlobalLevel(l)
	}
}

// follow has a configuration's logLevel change the level, now and later. A change is logged at every level: who turns
// the log off is seen in it.
func (f *logFlags) follow(log zerolog.Logger, l *config.Logs) {
	f.setLevel(l.LogLevel)
	l.SetLogLevel = func(level string) {
		f.setLevel(level)
		log.Log().Str("logLevel", zerolog.GlobalLevel().String()).Msg("the log has another level")
	}
}

// errLogged says that an error is in the log already and need not be printed.
var errLogged = errors.New("see the log")

// report logs an error that ends the command as a JSON line when those are asked for; else main prints it.
func (f *logFlags) report(err error) error {
	if err == nil || !f.json {
		return err
	}
	if _, lerr := f.parse(f.level); lerr != nil {
		return err
	}
	log := zerolog.New(os.Stderr).With().Timestamp().Logger()
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
	warnJava(log, os.Getenv)
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

// warnJava says what of a JVM's options has no effect here: charts and units of Java's servers set them.
func warnJava(log zerolog.Logger, env func(string) string) {
	for _, name := range []string{secure.JavaOptions, secure.JavaScripts, "JAVA_TOOL_OPTIONS"} {
		var idle []string
		for word := range strings.FieldsSeq(env(name)) {
			if name == "JAVA_TOOL_OPTIONS" || !strings.HasPrefix(word, "-Dtls.") {
				option, _, _ := strings.Cut(word, "=") // its value may be a password
				idle = append(idle, option)
			}
		}
		if len(idle) > 0 {
			log.Warn().Str("variable", name).Strs("options", idle).
				Msg("options of the JVM have no effect here: there is none. Settings belong into the file of -c")
		}
	}
}
