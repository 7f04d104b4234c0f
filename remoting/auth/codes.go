package auth

import (
	"strconv"
	"strings"
	"sync/atomic"
)

// Codes is a set of request codes as a white list has them.
type Codes map[int32]bool

// ParseCodes reads a list with commas. What is no number as Java writes one can match no request, and is left out.
func ParseCodes(list string) Codes {
	c := Codes{}
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		if n, err := strconv.ParseInt(text, 10, 32); err == nil && strconv.FormatInt(n, 10) == text {
			c[int32(n)] = true
		}
	}
	return c
}

// Tallies count requests by what came of them.
type Tallies struct {
	Passed          atomic.Int64
	Unauthenticated atomic.Int64 // refused: not who it says
	Unauthorized    atomic.Int64 // refused: may not do that
	Slowed          atomic.Int64 // of the unauthenticated: not even looked at, as too many failed before
}

// Each visits the counts by what metrics name them.
func (t *Tallies) Each(visit func(result string, n int64)) {
	visit("passed", t.Passed.Load())
	visit("unauthenticated", t.Unauthenticated.Load())
	visit("slowed", t.Slowed.Load())
	visit("unauthorized", t.Unauthorized.Load())
}

// Tallies are the service's own.
func (s *Service) Tallies() *Tallies { return &s.tallies }
