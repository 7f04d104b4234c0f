package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// testedCode has a change of every kind, some in places where a switch is hard to build in.
const testedCode = `package p

import "strings"

type flag bool

const room = 2 + 2

type box struct{ n []int }

func (b *box) add(i int) { b.n = append(b.n, i) }

func Sum(a, b int, name string, up bool) (s int, ok bool) {
	var x box
	for i := range a {
		x.add(i)
	}
	for _, v := range x.n {
		s += v
	}
	s -= b * 2
	s |= 1 << uint(b)
	s += len(name + name)
	if a == b && !up || strings.Contains(name, "x") {
		s--
	}
	var at [room + 1]int
	s += len(at) & 7
	return s, flag(a > b) == flag(true)
}

func Untested(a int) bool { return a < 3 }

func Loose(a int) bool { return a < 3 }

func Forever(a int) {
	for a > 0 {
		a--
	}
}
`

const testsOfIt = `package p

import "testing"

func TestSum(t *testing.T) {
	var got []int
	for a := range 4 {
		for b := range 4 {
			for _, up := range []bool{true, false} {
				for _, name := range []string{"", "x"} {
					s, ok := Sum(a, b, name, up)
					n := s
					if ok {
						n += 1000
					}
					got = append(got, n)
				}
			}
		}
	}
	sum := 0
	for i, n := range got {
		sum = sum*31 + n + i
	}
	if sum != WANT {
		t.Errorf("sum %d", sum)
	}
}

func TestLoose(t *testing.T) {
	if !Loose(1) || Loose(5) {
		t.Error("loose")
	}
	Forever(3)
}
`

// TestRun: all mutants of a package are built in together, each is switched on for the tests that meet it, and those
// that nobody looks at survive.
func TestRun(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module m\n\ngo 1.26\n")
	write("p/p.go", testedCode)
	write("p/p_test.go", strings.Replace(testsOfIt, "WANT", "1", 1))
	list, err := places(root, "p", "")
	if err != nil {
		t.Fatal(err)
	}
	run := func() *runner {
		r := &runner{o: &options{n: len(list), parallel: 1, timeout: time.Second}, root: root, stop: make(chan os.Signal)}
		if r.tests, err = listTests(root); err != nil {
			t.Fatal(err)
		}
		err = r.all(slices.Clone(list))
		return r
	}
	if run(); err == nil || !strings.Contains(err.Error(), "fail without a mutant") {
		t.Fatalf("a test that fails as the code is: %v", err)
	}
	write("p/p_test.go", strings.Replace(testsOfIt, "WANT", wantOfIt, 1))
	r := run()
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, p := range r.survived {
		left = append(left, p.fn+": "+p.what)
	}
	want := []string{"Untested: < became <=", "Loose: < became <=", "Forever: > became >="}
	if !slices.Equal(left, want) || r.caught+len(left)+r.broken != len(list) || r.broken == 0 {
		t.Errorf("%d of %d caught, %d broken, %q survived", r.caught, len(list), r.broken, left)
	}
}

const wantOfIt = "671968881854688708"
