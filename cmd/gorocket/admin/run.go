package admin

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// ownOptions are options that all commands have and Java's have not.
type ownOptions struct {
	json     bool
	javaExit bool
	dryRun   bool
	timeout  time.Duration // 0: the client's default
	access   accessOptions
}

// ownHelp describes them below the help of a command.
const ownHelp = `
Of gorocket: --json prints the result as JSON; --timeout 5s bounds one request;
--java-exit ends with 0 after failures, as Java's tool does (otherwise 0 good, 1 failed, 2 wrong command line).`

const dryRunHelp = "--dry-run says what would be deleted, and deletes nothing."

// Main runs mqadmin and returns the status to exit with.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, args, os.Stdout, os.Stderr, os.Getenv)
}

// Run is Main with everything that it reads and writes.
func Run(ctx context.Context, args []string, out, errs io.Writer, env func(string) string) int {
	own, args, err := cutOwn(args)
	if err != nil {
		report(errs, own.json, "", err)
		return status(err, false, own.javaExit)
	}
	if len(args) == 0 || args[0] == "-h" || args[0] == "--help" || len(args) == 1 && args[0] == "help" {
		printCommands(out)
		return exitGood
	}
	if args[0] == "__complete" && len(args) > 1 {
		return completeWords(ctx, &call{ctx: ctx, cmd: &command{}, own: own, out: out, errs: errs, env: env}, args[1:])
	}
	name, rest := args[0], args[1:]
	if name == "help" {
		name, rest = rest[0], []string{"-h"}
	}
	cmd := find(name)
	if cmd == nil {
		fmt.Fprintf(out, "The sub command %s not exist.\n", name)
		return status(errUsage, false, own.javaExit)
	}
	return runCommand(ctx, &call{ctx: ctx, cmd: cmd, own: own, out: out, errs: errs, env: env}, rest)
}

func runCommand(ctx context.Context, c *call, args []string) int {
	vals, err := parse(c.cmd.all(), args)
	c.vals = vals
	if _, asked := vals.given["h"]; asked && !(err != nil && c.own.javaExit) {
		c.help(c.out)
		return exitGood
	}
	if err == nil && c.own.dryRun && !c.cmd.deletes {
		err = usagef("%s deletes nothing: it has no --dry-run", c.cmd.name)
	}
	if err != nil {
		fmt.Fprintln(c.errs, err)
		c.help(c.out)
		return status(err, false, c.own.javaExit)
	}
	defer c.close()
	err = c.cmd.run(c)
	switch {
	case err == errUsage:
		c.help(c.out)
	case err != nil:
		report(c.errs, c.own.json, c.cmd.name, err)
	}
	return status(err, c.failed, c.own.javaExit)
}

// completeWords answers a shell that completes a command line.
func completeWords(ctx context.Context, c *call, words []string) int {
	ctx, cancel := context.WithTimeout(ctx, 2*completeTimeout)
	defer cancel()
	c.ctx, c.vals = ctx, &values{given: map[string]string{}}
	for i, w := range words[:len(words)-1] {
		if w == "-n" || w == "--namesrvAddr" {
			c.vals.given["n"] = words[i+1]
		}
	}
	defer c.close()
	return status(c.complete(words), false, false)
}

func (c *call) help(w io.Writer) {
	printHelp(w, "mqadmin "+c.cmd.name, c.cmd)
	if !c.own.javaExit {
		fmt.Fprintln(w, ownHelp)
		if c.cmd.deletes {
			fmt.Fprintln(w, dryRunHelp)
		}
	}
}

// cutOwn takes our options out of a command line, wherever they stand, so that Java's rules see only Java's options.
func cutOwn(args []string) (*ownOptions, []string, error) {
	own := &ownOptions{}
	var rest []string
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(args[i], "=")
		takes, ok := own.takes(name)
		if !ok {
			rest = append(rest, args[i])
			continue
		}
		if takes && !has {
			if i++; i == len(args) {
				return own, rest, usagef("Missing argument for option: %s", name)
			}
			value = args[i]
		}
		if err := own.set(name, value); err != nil {
			return own, rest, err
		}
	}
	return own, rest, nil
}

// takes tells whether name is one of our options, and whether it takes a value.
func (o *ownOptions) takes(name string) (value, ok bool) {
	switch name {
	case "--json", "--java-exit", "--dry-run":
		return false, true
	case "--timeout":
		return true, true
	}
	return o.access.takes(name)
}

func (o *ownOptions) set(name, value string) (err error) {
	switch name {
	case "--json":
		o.json = true
	case "--java-exit":
		o.javaExit = true
	case "--dry-run":
		o.dryRun = true
	case "--timeout":
		if o.timeout, err = time.ParseDuration(value); err != nil || o.timeout <= 0 {
			return usagef("option --timeout: %q is no time such as 5s", value)
		}
	default:
		return o.access.set(name, value)
	}
	return nil
}
