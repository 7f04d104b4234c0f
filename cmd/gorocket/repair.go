package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	brokerconfig "gorocket/broker/config"
	"gorocket/store/check"
)

// repairCommand says what a start would do to a store directory and does the safe part of it.
func repairCommand() *cobra.Command {
	var (
		file           string
		dryRun, asJSON bool
		skip           bool
		truncate       int64
	)
	c := &cobra.Command{
		Use:   "repair DIR",
		Short: "say what a start would do to a store directory, and do it",
		Long: "Say step by step what the next start of a broker would do to the store directory DIR of a stopped broker, " +
			"what stands in its way, and where only you can decide.\n" +
			"Without --dry-run the safe steps are taken: files that must go are moved to a folder named repair-DATE, then " +
			"comes what a start and a clean stop do. No record is ever deleted:\n" +
			"the bytes of a torn tail are copied to that folder before they are cut.\n" +
			"With --skip-damaged, what stands in the middle of the commit log and is no record is stepped over: all records " +
			"before and behind it stay readable at their\n" +
			"places and offsets, also for a Java broker; the damaged bytes are kept in that folder. Try a slave's or a " +
			"backup's copy of the file first.\n" +
			"With --truncate-to OFFSET the commit log ends at OFFSET, where a record must begin: for a slave whose log went " +
			"another way than its master's. What stood behind it is kept in that folder.\n" +
			"Exit code 0: nothing is left to do but to start the broker. 1: something is left. 2: cannot be read, or a broker " +
			"runs on it.",
	}
	c.Flags().StringVarP(&file, "configFile", "c", "", "broker.conf with the file sizes and commit log paths, if they "+
		"are not the defaults")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "change nothing")
	c.Flags().BoolVar(&skip, "skip-damaged", false, "cover damage in the middle of the commit log, and keep the records "+
		"before and behind it")
	c.Flags().Int64Var(&truncate, "truncate-to", -1, "commit log offset, at which a record begins, to end the log at")
	c.MarkFlagsMutuallyExclusive("skip-damaged", "truncate-to")
	c.Flags().BoolVar(&asJSON, "json", false, "print the plan as one JSON object")
	c.Run = func(c *cobra.Command, args []string) {
		if code := repair(c.OutOrStdout(), c.ErrOrStderr(), file, args[0],
			repairMode{dryRun, skip, asJSON, c.Flags().Changed("truncate-to"), truncate}); code != verifyHealthy {
			os.Exit(code)
		}
	}
	return onStore(c)
}

// repairMode says what repair does.
type repairMode struct {
	dryRun, skipDamaged, asJSON bool

	truncates bool
	truncate  int64 // commit log offset, if truncates
}

// repair prints the plan and returns the exit code, the same as verify's.
func repair(out, errs io.Writer, file, dir string, mode repairMode) int {
	cfg, _, err := brokerconfig.Load(file)
	if err != nil {
		fmt.Fprintln(errs, "gorocket:", err)
		return verifyFailed
	}
	at := cfg.Offline(dir)
	run := at.Repair
	switch {
	case mode.truncates:
		run = func() (*check.Plan, error) { return at.TruncateTo(mode.truncate, mode.dryRun) }
	case mode.skipDamaged && mode.dryRun:
		run = at.PlanSkipDamaged
	case mode.skipDamaged:
		run = at.SkipDamaged
	case mode.dryRun:
		run = at.PlanRepair
	}
	p, err := run()
	if p != nil {
		write := p.WriteText
		if mode.asJSON {
			write = writeJSON(p)
		}
		if werr := write(out); err == nil {
			err = werr
		}
	}
	switch {
	case err != nil:
		fmt.Fprintln(errs, "gorocket:", err)
		return verifyFailed
	case p.Left() > 0:
		return verifyDamaged
	}
	return verifyHealthy
}

// writeJSON returns a function that writes v as indented JSON.
func writeJSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
}
