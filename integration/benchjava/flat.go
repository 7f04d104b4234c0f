package main

import (
	"time"

	"gorocket/integration/harness"
)

// A JVM is warm when its rate does not rise any more.
const (
	flatStep  = 8 * time.Second
	flatTries = 8
	flatRise  = 1.03 // what counts as a rise
)

// flat loads a JVM with l until it is warm.
func (r *round) flat(p *harness.Pair, l toolRun) error {
	if r.kind != harness.Java {
		return nil
	}
	l.takes, l.warm = flatStep, 0.01
	best := 0.0
	for range flatTries {
		v, err := r.tool(p, l)
		if err != nil {
			return err
		}
		n, err := v.number("perSecond")
		if err != nil {
			return err
		}
		if n < best*flatRise {
			break
		}
		best = n
	}
	return nil
}

// warm is a step that makes a JVM warm with l, for the steps behind it.
func warm(part string, l toolRun) step {
	return step{part: part, do: func(r *round, p *harness.Pair, _ []figure) error { return r.flat(p, l) },
		length: fixed(4*flatStep, 0)}
}
