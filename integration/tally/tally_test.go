package main

import (
	"bufio"
	"strings"
	"testing"
)

func run(t *testing.T, lines ...string) (*tally, string) {
	t.Helper()
	var out strings.Builder
	c := newTally(&out)
	if err := c.read(bufio.NewReader(strings.NewReader(strings.Join(lines, "\n") + "\n"))); err != nil {
		t.Fatal(err)
	}
	return c, out.String()
}

const (
	passed = `{"Action":"pass","Package":"p","Test":"TestA"}`
	noisy  = `{"Action":"output","Package":"p","Test":"TestA","Output":"noise of TestA\n"}`
	why    = `{"Action":"output","Package":"p","Test":"TestB","Output":"    x_test.go:7: skipped: no JDK\n"}`
	skip   = `{"Action":"skip","Package":"p","Test":"TestB"}`
	ok     = `{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`
	said   = `{"Action":"output","Package":"p","Test":"TestC","Output":"what went wrong\n"}`
	fail   = `{"Action":"fail","Package":"p","Test":"TestC"}`
	pkg    = `{"Action":"fail","Package":"p"}`
)

func TestTally(t *testing.T) {
	for name, c := range map[string]struct {
		lines    []string
		line     string
		good, ci bool
		shown    string
	}{
		"passed": {[]string{noisy, passed, ok}, "1 passed, 0 failed, 0 skipped", true, true, "ok  \tp\t0.1s\n"},
		"skipped": {[]string{passed, why, skip, ok}, "1 passed, 0 failed, 1 skipped (1 x no JDK)", true, false,
			"ok  \tp\t0.1s\n"},
		"failed": {[]string{passed, said, fail, pkg}, "1 passed, 1 failed, 0 skipped", false, false,
			"what went wrong\n"},
		"package crashed": {[]string{passed, pkg}, "1 passed, 1 failed, 0 skipped", false, false, ""},
		"does not build": {[]string{`{"Action":"build-output","ImportPath":"p","Output":"x.go:1: bad\n"}`,
			`{"Action":"build-fail","ImportPath":"p"}`}, "0 passed, 1 failed, 0 skipped", false, false, "x.go:1: bad\n"},
		"nothing": {[]string{"go: no such tool"}, "0 passed, 0 failed, 0 skipped", false, false, "go: no such tool\n"},
	} {
		got, shown := run(t, c.lines...)
		if got.line() != c.line || got.good(false) != c.good || got.good(true) != c.ci || shown != c.shown {
			t.Errorf("%s: %q, good %v, in CI %v, shown %q", name, got.line(), got.good(false), got.good(true), shown)
		}
	}
}
