// Command gorocket is Apache RocketMQ's NameServer and Broker as one static binary.
//
// It answers to the names mqnamesrv and mqbroker with the flags of Java's start scripts, so that a start command only changes
// the program.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

// version is set by the linker (make build).
var version = "dev"

func main() {
	zerolog.TimeFieldFormat = zerolog.TimeFormatUnixMs // the only place that sets it
	cmd := commandFor(filepath.Base(os.Args[0]))
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	if err := cmd.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "gorocket:", err)
		os.Exit(1)
	}
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
	root := &cobra.Command{Use: "gorocket", Short: "Apache RocketMQ's NameServer and Broker in one binary", Version: version}
	root.AddCommand(standaloneCommand(), namesrvCommand(), brokerCommand(), verifyCommand(), repairCommand())
	return root
}
