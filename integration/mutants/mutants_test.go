package main

import (
	"strings"
	"testing"
)

// TestPlaces: each kind of change is found once, at its place, and texts for people are left alone.
func TestPlaces(t *testing.T) {
	src := `package p
import "fmt"
func f(a, b int, log logger) (bool, error) {
	if a == b && a < 3 {
		g(a)
		b++
		b -= 2
		return !h(), fmt.Errorf("x %d", 1+1)
	}
	log.Warn().Msg("a" + "b")
	return true, nil
}
`
	all, err := inFile("p.go", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range all {
		changed := src[:p.from] + p.text + src[p.to:]
		if changed == src || strings.Count(changed, "\n") != strings.Count(src, "\n") {
			t.Errorf("%v changes nothing, or lines", p)
		}
		got = append(got, p.String())
	}
	want := `p.go:4: && became ||
p.go:4: == became !=
p.go:4: < became <=
p.go:5: the call of g went away
p.go:6: ++ became --
p.go:7: -= became =
p.go:8: ! went away
p.go:11: true became false`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestTestedBy(t *testing.T) {
	for dir, want := range map[string]string{"store/record": "store/record store broker", "broker": "broker",
		"broker/hold": "broker/hold broker", "remoting": "remoting broker"} {
		if got := strings.Join(testedBy(dir), " "); got != want {
			t.Errorf("%s: %s, want %s", dir, got, want)
		}
	}
}
