package main

import (
	"os"

	"github.com/spf13/cobra"

	"gorocket/cmd/gorocket/admin"
)

// adminCommand is mqadmin below gorocket. Its options follow Java's rules, so cobra leaves them alone.
func adminCommand() *cobra.Command {
	return &cobra.Command{Use: "admin COMMAND", Short: "Look at a cluster and change it: Java's mqadmin, without Java",
		DisableFlagParsing: true, Run: func(_ *cobra.Command, args []string) { os.Exit(admin.Main(args)) }}
}
