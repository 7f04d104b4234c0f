package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	brokerconfig "gorocket/broker/config"
)

// Exit codes of verify.
const (
	verifyHealthy = 0
	verifyDamaged = 1
	verifyFailed  = 2 // the directory cannot be read, or a broker runs on it
)

// verifyCommand checks a store directory without changing anything in it.
func verifyCommand() *cobra.Command {
	var (
		file   string
		asJSON bool
	)
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "check a store directory, read-only",
		Long: "Check everything in the store directory DIR of a stopped broker, Java's or gorocket's, and change nothing.\n" +
			"Exit code 0: healthy. 1: damaged. 2: cannot be read, or a broker runs on it.",
	}
	c.Flags().StringVarP(&file, "configFile", "c", "", "broker.conf with the file sizes and commit log paths, if they "+
		"are not the defaults")
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object")
	c.Run = func(c *cobra.Command, args []string) {
		if code := verify(c.OutOrStdout(), c.ErrOrStderr(), file, args[0], asJSON); code != verifyHealthy {
			os.Exit(code)
		}
	}
	return onStore(c)
}

// verify prints the report and returns the exit code.
func verify(out, errs io.Writer, file, dir string, asJSON bool) int {
	cfg, _, err := brokerconfig.Load(file)
	if err != nil {
		fmt.Fprintln(errs, "gorocket:", err)
		return verifyFailed
	}
	r, err := cfg.Offline(dir).Verify()
	if err != nil {
		fmt.Fprintln(errs, "gorocket:", err)
		return verifyFailed
	}
	if asJSON {
		err = writeJSON(r)(out)
	} else {
		for _, f := range r.Findings {
			fmt.Fprintf(out, "%s %s %s: %s\n", f.Severity, f.Kind, f.Place(), f.Text)
		}
		_, err = fmt.Fprintf(out, "%s: %s: log %d..%d with %d records, %d queues with %d entries, %d index files with %d "+
			"entries, %d config files; %s\n",
			dir, map[bool]string{true: "healthy", false: "damaged"}[r.Healthy], r.LogFrom, r.LogTo, r.Records, r.Queues,
			r.QueueEntries, r.IndexFiles, r.IndexEntries, r.ConfigFiles,
			counted(r.Counts["damaged"], r.Counts["repairable"], r.Counts["note"]))
	}
	switch {
	case err != nil:
		fmt.Fprintln(errs, "gorocket:", err)
		return verifyFailed
	case !r.Healthy:
		return verifyDamaged
	}
	return verifyHealthy
}

// counted says how many findings of each kind there are.
func counted(damaged, repairable, notes int) string {
	plural := "s"
	if notes == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d damaged, %d repairable, %d note%s", damaged, repairable, notes, plural)
}
