package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is one line of `go test -json` (go doc test2json). Build failures come with ImportPath instead of Package.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// tally counts tests and keeps the output of those that run, to show it when they fail.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	broken                  int            // packages that failed without a failing test, and builds
	reasons                 map[string]int // why tests were skipped
	order                   []string       // of reasons
	pending                 map[string][]string
	failedIn                map[string]bool // packages with a failed test
}

func newTally(out io.Writer) *tally {
	return &tally{out: out, reasons: map[string]int{}, pending: map[string][]string{}, failedIn: map[string]bool{}}
}

// read takes events until the end. Lines that are no events are shown as they are.
func (t *tally) read(r *bufio.Reader) error {
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			t.event(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) event(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(t.out, line)
		return
	}
	t.add(e)
}

func (t *tally) add(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		if e.Test == "" {
			t.packageOutput(e.Output)
			return
		}
		t.pending[key] = append(t.pending[key], e.Output)
		return
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "build-fail":
		t.broken++
	case "pass":
		t.count(&t.passed, e)
	case "fail":
		if e.Test == "" && !t.failedIn[e.Package] {
			t.broken++
		}
		t.failedIn[e.Package] = true
		t.count(&t.failed, e)
		fmt.Fprint(t.out, strings.Join(t.pending[key], ""))
	case "skip":
		t.count(&t.skipped, e)
		if e.Test != "" {
			t.reason(strings.Join(t.pending[key], ""))
		}
	default:
		return
	}
	delete(t.pending, key)
}

// count counts tests, not packages. A test with sub-tests counts beside them.
func (t *tally) count(n *int, e event) {
	if e.Test != "" {
		*n++
	}
}

// packageOutput shows the line of each package and what it prints outside of tests, but not the markers of go test.
func (t *tally) packageOutput(text string) {
	if text == "PASS\n" || text == "FAIL\n" {
		return
	}
	fmt.Fprint(t.out, text)
}

var skipLine = regexp.MustCompile(`(?m)^\s+\S+\.go:\d+: (?:skipped: )?(.*)$`)

func (t *tally) reason(output string) {
	why := "without a reason"
	if m := skipLine.FindStringSubmatch(output); m != nil {
		why = m[1]
	}
	if t.reasons[why] == 0 {
		t.order = append(t.order, why)
	}
	t.reasons[why]++
}

// line is the summary, in the plain form that test runners are read by.
func (t *tally) line() string {
	s := fmt.Sprintf("%d passed, %d failed, %d skipped", t.passed, t.failed+t.broken, t.skipped)
	if t.skipped == 0 {
		return s
	}
	slices.Sort(t.order)
	for i, why := range t.order {
		t.order[i] = fmt.Sprintf("%d x %s", t.reasons[why], why)
	}
	return s + " (" + strings.Join(t.order, "; ") + ")"
}

// good tells whether the run may pass.
func (t *tally) good(ci bool) bool {
	return t.failed == 0 && t.broken == 0 && t.passed > 0 && (!ci || t.skipped == 0)
}
