package bench

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// grouped prints n with commas: 1,234,567.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// micros prints nanoseconds with three digits and a unit.
func micros(ns int64) string {
	switch {
	case ns < int64(10*time.Microsecond):
		return fmt.Sprintf("%.1f µs", float64(ns)/1e3)
	case ns < int64(time.Millisecond):
		return fmt.Sprintf("%d µs", ns/1e3)
	case ns < int64(10*time.Millisecond):
		return fmt.Sprintf("%.2f ms", float64(ns)/1e6)
	case ns < int64(time.Second):
		return fmt.Sprintf("%.0f ms", float64(ns)/1e6)
	}
	return fmt.Sprintf("%.2f s", float64(ns)/1e9)
}

// size prints bytes in KiB or MiB.
func size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return grouped(int64(n)) + " " + many(what)
}

// many is the plural of what.
func many(what string) string {
	if stem, ok := strings.CutSuffix(what, "y"); ok {
		return stem + "ies"
	}
	return what + "s"
}
