package main

import (
	"errors"
	"fmt"
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
	for _, name := range []string{"send", "pull", "e2e", "connections", "topics", "routes", "overload", "echo"} {
		c, _, err := root.Find([]string{"bench", name})
		if err != nil || c.Name() != name || c.Short == "" || c.Long == "" {
			t.Errorf("bench %s: %v", name, err)
		}
	}
}
