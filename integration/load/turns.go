package load

import (
	"fmt"
	"os"
	"slices"

	"gorocket/integration/harness"
)

// Turns measures Java's servers and ours in turns, so that what the machine does beside hits both.
type Turns[F any] struct {
	Rounds int
	Only   string // one kind only; empty for both
	One    func(harness.Kind) (F, error)
	Say    func(F) string // one line on stderr after each measurement
}

// Kinds are the servers that are measured.
func (t *Turns[F]) Kinds() []harness.Kind {
	if t.Only != "" {
		return []harness.Kind{harness.Kind(t.Only)}
	}
	return []harness.Kind{harness.Java, harness.Go}
}

// Run returns what each round found. The JVMs get Apache's own flags.
func (t *Turns[F]) Run() (map[harness.Kind][]F, error) {
	if err := os.Setenv("GOROCKET_JVM_FLAGS", JVMFlags); err != nil {
		return nil, err
	}
	all := map[harness.Kind][]F{}
	for round := range t.Rounds {
		for _, kind := range t.Kinds() {
			f, err := t.One(kind)
			if err != nil {
				return nil, fmt.Errorf("%s, round %d: %w", kind, round+1, err)
			}
			fmt.Fprintf(os.Stderr, "round %d %s: %s\n", round+1, kind, t.Say(f))
			all[kind] = append(all[kind], f)
		}
	}
	return all, nil
}

// Median is the median of a figure over the rounds.
func Median[F any](rounds []F, of func(F) float64) float64 {
	var v []float64
	for _, f := range rounds {
		v = append(v, of(f))
	}
	slices.Sort(v)
	return v[len(v)/2]
}
