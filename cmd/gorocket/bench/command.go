package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/access"
	"gorocket/remoting"
)

// UsageError is a mistake in the command line; the program ends with status 2. All other errors mean status 1.
type UsageError struct{ Reason string }

func (e *UsageError) Error() string { return e.Reason }

func usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// common is the flags that all commands but echo have.
type common struct {
	namesrv, broker  string
	pid, threads     int
	duration, warmup time.Duration
	timeout          time.Duration
	asJSON, quiet    bool
	access           *access.Flags

	durationHelp string // what --duration means
	preset       preset // with no name: the flags are the user's
	noWarmup     bool   // the command has no --warmup
	oneThread    bool   // the command has no --threads
}

// benchmark is one sub-command.
type benchmark interface {
	// flags declares the flags of its own; it may change the defaults in k and say which common flags make no sense.
	flags(c *cobra.Command, k *common)
	// check looks at the flags; its errors are *UsageError.
	check(k *common) error
	run(ctx context.Context, e *env) (*report, error)
}

// env is what a running benchmark works with.
type env struct {
	*common
	progress io.Writer // nil: none
	cl       *remoting.Client
	sign     *signing    // nil: requests are not signed
	tls      *tls.Config // nil: connections are plain
}

// Command returns `gorocket bench`. Called by main.
func Command() *cobra.Command {
	root := &cobra.Command{
		Use:   "bench",
		Short: "load a RocketMQ broker or NameServer, gorocket's or Java's, and measure it",
		Long: "Load a RocketMQ broker or NameServer, gorocket's or Java's, and measure it.\n\n" +
			"Every command needs -n (NameServers) or -b (one broker); NAMESRV_ADDR serves as -n. While it runs it prints a " +
			"line a second to\n" +
			"standard error, at the end a table to standard output, or one JSON object with --json. Ctrl-C ends a measurement " +
			"early and prints\n" +
			"what was measured. Messages are really stored: use a topic of its own. docs/bench.md explains each figure.\n\n" +
			"Exit status: 0, 1 when the measurement failed or found a fault, 2 for a wrong command line.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %q for gorocket bench; see gorocket bench --help", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &UsageError{err.Error()} })
	byName := map[string]func() (*cobra.Command, *common){}
	add := func(name, short, long string, b func() benchmark) {
		byName[name] = func() (*cobra.Command, *common) { return newCommand(name, short, long, b()) }
		c, _ := byName[name]()
		root.AddCommand(c)
	}
	add("send", "send messages: as many as it takes, or at a fixed rate", sendLong,
		func() benchmark { return &sendBench{} })
	add("pull", "pull messages and verify every one", pullLong, func() benchmark { return &pullBench{} })
	add("pop", "pop messages and acknowledge them", popLong, func() benchmark { return &popBench{} })
	add("e2e", "time from the intended send to the receipt by a consumer with held pulls", e2eLong,
		func() benchmark { return &e2eBench{} })
	add("connections", "open idle connections with heartbeats, measure their memory", connectionsLong,
		func() benchmark { return &connectionsBench{} })
	add("topics", "create topics, wait for their routes, send to each queue", topicsLong,
		func() benchmark { return &topicsBench{} })
	add("routes", "ask a NameServer for the route of a topic", routesLong, func() benchmark { return &routesBench{} })
	add("overload", "far more requests in flight than can be served, compared with the peak", overloadLong,
		func() benchmark { return &overloadBench{} })
	root.AddCommand(echoCommand(), presetCommand(byName))
	return root
}

func newCommand(use, short, long string, b benchmark) (*cobra.Command, *common) {
	k := &common{duration: 10 * time.Second, warmup: 2 * time.Second, timeout: 30 * time.Second,
		threads:      max(1, runtime.GOMAXPROCS(0)/2),
		durationHelp: "time that is measured", access: new(access.Flags)}
	c := &cobra.Command{Use: use, Short: short, Long: long, Args: noArgs}
	b.flags(c, k)
	f := c.Flags()
	k.access.Add(c)
	f.StringVarP(&k.namesrv, "namesrv", "n", os.Getenv("NAMESRV_ADDR"), "NameServers, host:port;host:port")
	f.StringVarP(&k.broker, "broker", "b", "", "one broker, host:port, instead of asking a NameServer")
	f.IntVar(&k.pid, "pid", 0, "process id of the server on this machine: report its CPU time and RssAnon")
	if !k.oneThread {
		f.IntVar(&k.threads, "threads", k.threads, "threads of this tool; leave the server its cores")
	}
	f.DurationVar(&k.duration, "duration", k.duration, k.durationHelp)
	if !k.noWarmup {
		f.DurationVar(&k.warmup, "warmup", k.warmup, "load before that, not measured; a JVM needs 20 s or more")
	}
	f.DurationVar(&k.timeout, "timeout", k.timeout, "give up when a server is silent for so long")
	f.BoolVar(&k.asJSON, "json", false, "print one JSON object instead of a table")
	f.BoolVarP(&k.quiet, "quiet", "q", false, "no lines while it runs")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := k.check(b); err != nil {
			return err
		}
		return execute(c.Context(), k, b, c.OutOrStdout(), c.ErrOrStderr())
	}
	return c, k
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, only flags: %q", c.CommandPath(), args[0])
	}
	return nil
}

func (k *common) check(b benchmark) error {
	switch {
	case k.namesrv == "" && k.broker == "":
		return usage("where is the server? -n host:port of a NameServer, or -b host:port of a broker")
	case k.duration <= 0 || k.warmup < 0 || k.timeout <= 0:
		return usage("--duration and --timeout must be more than 0, --warmup not less")
	case k.threads < 1 || k.threads > 1024:
		return usage("--threads must be 1 to 1024, not %d", k.threads)
	case k.pid < 0:
		return usage("--pid %d is no process id", k.pid)
	}
	return b.check(k)
}

// execute runs a benchmark and prints its report.
func execute(ctx context.Context, k *common, b benchmark, out, errs io.Writer) error {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if k.pid != 0 {
		if _, err := sampleProcess(k.pid); err != nil {
			return err
		}
	}
	table, err := remoting.NewTable()
	if err != nil {
		return err
	}
	how, err := k.access.Access(access.Access{})
	if err != nil {
		return err
	}
	opts := how.Options()
	opts.IdleTimeout = time.Hour
	cl, err := remoting.NewClient(table, opts)
	if err != nil {
		return err
	}
	if err := cl.Start(); err != nil {
		return err
	}
	defer func() { _ = cl.Stop() }()
	e := &env{common: k, cl: cl, sign: newSigning(how.Credentials), tls: how.TLS}
	if !k.quiet {
		e.progress = errs
	}
	r, err := b.run(ctx, e)
	if err != nil {
		return err
	}
	if k.preset.name != "" {
		r.row("preset", k.preset.name+": bench "+k.preset.args, "preset", k.preset.name)
	}
	if e.sign != nil {
		r.row("signed as", how.Credentials.AccessKey, "signedAs", how.Credentials.AccessKey)
	}
	if e.tls != nil {
		r.row("connections", "encrypted (TLS)", "tls", true)
	}
	return errors.Join(r.write(out, k.asJSON), r.failed)
}
