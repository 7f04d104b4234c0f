// Command gorocket is Apache RocketMQ's NameServer and Broker as one static binary.
//
// It answers to the names mqnamesrv and mqbroker with the flags of Java's start scripts, so that a start command only
// changes the program.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/bench"
)

// version is set by the linker (make build).
var version = "dev"

func main() {
	zerolog.TimeFieldFormat = zerolog.TimeFormatUnixMs // the only place that sets it
	cmd := commandFor(filepath.Base(os.Args[0]))
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	if err := cmd.Execute(); err != nil {
		if !errors.Is(err, errLogged) {
			fmt.Fprintln(os.Stderr, "gorocket:", err)
		}
		os.Exit(exitStatus(err))
	}
}

// exitStatus is 2 for a wrong command line of bench, 1 for everything else.
func exitStatus(err error) int {
	var wrong *bench.UsageError
	if errors.As(err, &wrong) {
		return 2
	}
	return 1
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
	}
	root := &cobra.Command{Use: "gorocket", Short: "Apache RocketMQ's NameServer and Broker in one binary",
		Version: version}
	root.AddCommand(standaloneCommand(), namesrvCommand(), brokerCommand(), verifyCommand(), repairCommand(),
		exportCommand(), bench.Command())
	return root
}
