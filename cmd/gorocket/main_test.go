package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gorocket/cmd/gorocket/bench"
)

func TestExitStatus(t *testing.T) {
	for err, want := range map[error]int{
		errors.New("unreachable"):                                           1,
		&bench.UsageError{Reason: "--rate"}:                                 2,
		fmt.Errorf("bench: %w", error(&bench.UsageError{Reason: "--rate"})): 2,
	} {
		if got := exitStatus(err); got != want {
			t.Errorf("%v: status %d, want %d", err, got, want)
		}
	}
}

// TestBenchIsACommand: main has it, with every sub-command of docs/bench.md.
func TestBenchIsACommand(t *testing.T) {
	root := commandFor("gorocket")
	for _, name := range []string{"send", "pull", "e2e", "connections", "topics", "routes", "overload", "echo", "preset"} {
		c, _, err := root.Find([]string{"bench", name})
		if err != nil || c.Name() != name || c.Short == "" || c.Long == "" {
			t.Errorf("bench %s: %v", name, err)
		}
	}
}

// TestWrongCommandLines: commands whose exit codes say what is wrong with a store end with 2 for a wrong command line,
// and say which help to read.
func TestWrongCommandLines(t *testing.T) {
	for _, line := range []string{"verify", "verify a b", "verify --typo", "repair", "repair --dry-run a b", "export",
		"export --queue x a"} {
		c := commandFor("gorocket")
		c.SilenceUsage, c.SilenceErrors = true, true
		c.SetArgs(strings.Fields(line))
		err := c.Execute()
		if err == nil || exitStatus(err) != 2 || !strings.Contains(err.Error(), "--help") {
			t.Errorf("%s: %v, exit %d", line, err, exitStatus(err))
		}
	}
}
