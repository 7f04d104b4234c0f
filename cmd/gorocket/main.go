// Command gorocket is Apache RocketMQ's NameServer and Broker as one static binary.
//
// It answers to the names mqnamesrv, mqbroker, mqcontroller and mqadmin with the flags of Java's scripts, so that a
// command only changes the program.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/admin"
	"gorocket/cmd/gorocket/bench"
)

// version is set by the linker (make build).
var version = "dev"

func main() {
	zerolog.TimeFieldFormat = zerolog.TimeFormatUnixMs // the only place that sets it
	name := filepath.Base(os.Args[0])
	if name == "mqadmin" {
		os.Exit(admin.Main(os.Args[1:]))
	}
	cmd := commandFor(name)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	if err := cmd.Execute(); err != nil {
		if !errors.Is(err, errLogged) {
			fmt.Fprintln(os.Stderr, "gorocket:", err)
		}
		os.Exit(exitStatus(err))
	}
}

// exitStatus is 2 for a wrong command line of bench, verify, repair and export, 1 for everything else.
func exitStatus(err error) int {
	var wrong *bench.UsageError
	var noDir *usageError
	if errors.As(err, &wrong) || errors.As(err, &noDir) {
		return 2
	}
	return 1
}

// usageError is a wrong command line of a command whose exit codes say what is wrong with a store.
type usageError struct{ error }

// onStore makes c a command on one store folder.
func onStore(c *cobra.Command) *cobra.Command {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{fmt.Errorf("%s needs the folder of one store, not %d words: see %s --help", c.Name(), len(args),
				c.CommandPath())}
		}
		return nil
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w: see %s --help", err, c.CommandPath())}
	})
	return c
}

// commandFor picks the command by the name the binary was called by.
func commandFor(name string) *cobra.Command {
	switch name {
	case "mqnamesrv":
		c := namesrvCommand()
		c.Use = name
		return c
	case "mqbroker":
		c := brokerCommand()
		c.Use = name
		return c
	case "mqcontroller":
		c := controllerCommand()
		c.Use = name
		return c
	}
	root := &cobra.Command{Use: "gorocket", Short: "Apache RocketMQ's NameServer and Broker in one binary",
		Version: versionText()}
	root.AddCommand(standaloneCommand(), clusterCommand(), namesrvCommand(), brokerCommand(), controllerCommand(),
		keyringCommand(), verifyCommand(), repairCommand(), exportCommand(), adminCommand(), consoleCommand(),
		bench.Command(), checkConfigCommand(), healthCommand())
	return root
}
