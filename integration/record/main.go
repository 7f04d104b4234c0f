// Command record asks real Java servers and writes what they answer to compat/testdata.
//
//	go run ./record badinput          all of the bad input script (about a minute)
//	go run ./record badinput send     one subject
//	go run ./record frames            frames of client sessions, by a proxy
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"gorocket/integration/harness"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: record badinput|frames [subject...]")
	}
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(harness.Root(), "..", "compat", "testdata")
	switch args[0] {
	case "badinput":
		return badInput(dir, filepath.Join(out, "badinput"), args[1:])
	case "frames":
		return frames(dir, filepath.Join(out, "frames"), args[1:])
	default:
		return fmt.Errorf("no such recording %q", args[0])
	}
}
