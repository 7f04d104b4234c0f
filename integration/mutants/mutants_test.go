package main

import (
	"fmt"
	"slices"
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
	c := make([]int, a+1, 2*b+1)
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
p.go:11: + became -
p.go:12: true became false`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// TestStages: a mutant meets its own tests first, and in the end all that are built with it, none left out by -short.
func TestStages(t *testing.T) {
	known := tests{users: map[string][]string{"store/record": {"./broker", "./store", "./store/record", "./store/index"},
		"store/pause": {"./store"}},
		deps: map[string]int{"./store/record": 1, "./store/index": 2, "./store": 3, "./broker": 4}}
	for dir, want := range map[string]string{
		"store/record": "[{[./store/record] true} {[./store] true} " +
			"{[./store/record ./store/index ./store ./broker] false}]",
		"store/pause": "[{[./store] true} {[./store] false}]"} {
		if got := fmt.Sprint(known.of(dir)); got != want {
			t.Errorf("%s: %s, want %s", dir, got, want)
		}
	}
}

// TestListTests: packages are found by what their tests are built of, not only the code.
func TestListTests(t *testing.T) {
	known, err := listTests("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"./store/record", "./store", "./broker", "./cmd/gorocket"} {
		if !slices.Contains(known.users["store/record"], user) {
			t.Errorf("store/record is not tested by %s but by %v", user, known.users["store/record"])
		}
	}
	if slices.Contains(known.users["broker"], "./store") {
		t.Error("store is built without broker")
	}
}

// TestEquivalents: what is listed is left out and said; an entry whose code is gone is an error.
func TestEquivalents(t *testing.T) {
	all, err := inFile("p.go", []byte("package p\n\nfunc f(a int) {\n\ta++\n\tg(a == 1)\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	known, err := equivalents("# why\n\np.go f | ++ became -- | a++ | nobody reads it\n")
	if err != nil {
		t.Fatal(err)
	}
	rest, same, err := without(all, known)
	if err != nil || len(same) != 1 || same[0].line != 4 || len(rest) != len(all)-1 {
		t.Errorf("%v left, %v the same, %v", rest, same, err)
	}
	known["p.go f | ++ became -- | b++"] = "gone"
	if _, _, err := without(all, known); err == nil {
		t.Error("an entry without its code is taken")
	}
	if _, err := equivalents("p.go f | ++ became -- | a++\n"); err == nil {
		t.Error("an entry without a reason is taken")
	}
	if _, err := equivalents(equivalentText); err != nil {
		t.Error(err)
	}
}

// TestWatched: the first package that fails is enough, wherever its line is cut.
func TestWatched(t *testing.T) {
	const text = "ok  \tgorocket/a\t1s\n--- FAIL: TestX (0.1s)\n    x_test.go:1: FAIL\tno\nFAIL\nFAIL\tgorocket/b\t2s\n"
	for cut := range len(text) {
		n := 0
		w := watched{enough: func() { n++ }}
		for _, piece := range []string{text[:cut], text[cut:], "FAIL\tgorocket/c\t3s\n"} {
			_, _ = w.Write([]byte(piece))
		}
		if n != 1 || firstFailure(w.text) != "TestX" {
			t.Fatalf("cut at %d: %d times, %s", cut, n, firstFailure(w.text))
		}
	}
	w := watched{enough: func() { t.Error("nothing failed") }}
	_, _ = w.Write([]byte("ok  \tgorocket/a\t1s\n    x_test.go:1: FAIL\tno\n"))
}
