// Command tally reads what `go test -json` prints, shows what a person wants to see of it, and ends with a line that
// counts what passed, failed and was skipped, with the reasons: `go test` itself hides the skipped tests of a package
// that passes.
//
//	go test -json ./... | tally -name unit -log FILE
//
// The line is appended to FILE, for a summary of several runs. The exit status is 1 when a test or a package failed,
// when none ran, and, with CI set, when one was skipped.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	name := flag.String("name", "tests", "name of the run")
	log := flag.String("log", "", "file to append the last line to")
	flag.Parse()
	t := newTally(os.Stdout)
	if err := t.read(bufio.NewReaderSize(os.Stdin, 1<<20)); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	line := *name + ": " + t.line()
	fmt.Println(line)
	if *log != "" {
		if err := appendLine(*log, line); err != nil {
			fmt.Fprintln(os.Stderr, "tally:", err)
			os.Exit(1)
		}
	}
	if !t.good(os.Getenv("CI") != "") {
		os.Exit(1)
	}
}

func appendLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, line+"\n")
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
