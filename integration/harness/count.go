package harness

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Tally counts the tests of one test binary. The zero value is ready; safe for concurrent use.
type Tally struct {
	mu      sync.Mutex
	run     int            // guarded by mu
	skipped map[string]int // by reason; guarded by mu
}

// tally is the one of this process: TestMain prints it.
var tally Tally

// Count notes the end of a test, run or skipped; call it first in every test.
func Count(t testing.TB) {
	t.Cleanup(func() {
		if !t.Skipped() {
			tally.add("")
		}
	})
}

// Skip ends the test with a reason; with CI set it fails instead.
func Skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("would be skipped, which CI does not allow: %s", why)
	}
	tally.add(why)
	t.Skip("skipped: " + why)
}

func (c *Tally) add(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if why == "" {
		c.run++
		return
	}
	if c.skipped == nil {
		c.skipped = map[string]int{}
	}
	c.skipped[why]++
}

// Summary prints "integration: N run, M skipped (reasons)".
func Summary(w io.Writer) {
	tally.mu.Lock()
	defer tally.mu.Unlock()
	n := 0
	for _, c := range tally.skipped {
		n += c
	}
	fmt.Fprintf(w, "integration: %d run, %d skipped", tally.run, n)
	if n > 0 {
		fmt.Fprintf(w, " (%s)", strings.Join(slices.Sorted(maps.Keys(tally.skipped)), "; "))
	}
	fmt.Fprintln(w)
}
