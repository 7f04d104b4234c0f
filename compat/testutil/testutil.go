// Package testutil is what the tests of all packages share: waiting for what happens in the background, and looking for
// goroutines that are left.
package testutil

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	// patience is how long WaitFor waits: what is waited for takes milliseconds, but not on a machine that is busy.
	patience = 20 * time.Second
	// settleTime is how long goroutines may take to end behind the last test.
	settleTime = 5 * time.Second
	// lookEvery is the time between two looks.
	lookEvery = 2 * time.Millisecond
)

// WaitFor waits for a condition that others bring about, and ends the test when they do not.
func WaitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	if !within(patience, ok) {
		t.Fatalf("not within %v: %s", patience, what)
	}
}

// Main runs the tests of a package, then what cleans up, and fails when a goroutine of this module is left. TestMain
// calls it.
func Main(m *testing.M, cleanUp ...func()) {
	code := m.Run()
	for _, f := range cleanUp {
		f()
	}
	if code == 0 && !within(settleTime, func() bool { return left(otherStacks()) == "" }) {
		fmt.Fprintln(os.Stderr, "goroutines are left:\n"+left(otherStacks()))
		code = 1
	}
	os.Exit(code)
}

// within looks at a condition until it holds or the time is over.
func within(d time.Duration, ok func() bool) bool {
	for end := time.Now().Add(d); !ok(); time.Sleep(lookEvery) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// otherStacks are the stacks of all goroutines but the calling one.
func otherStacks() string {
	buf := make([]byte, 1<<20)
	_, others, _ := strings.Cut(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return others
}

// left are those stacks that have to do with this module.
func left(stacks string) string {
	var ours []string
	for s := range strings.SplitSeq(stacks, "\n\n") {
		if strings.Contains(s, "gorocket/") {
			ours = append(ours, s)
		}
	}
	return strings.Join(ours, "\n\n")
}
