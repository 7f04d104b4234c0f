package main

import (
	"strings"
	"testing"
)

// TestTables: the two tables beside the code can be read and belong together.
func TestTables(t *testing.T) {
	base, err := baseline()
	if err != nil {
		t.Fatal(err)
	}
	passes := map[string]bool{} // classes with a method that passes on Java
	for key, result := range base {
		switch class, _, _ := strings.Cut(key, "#"); result {
		case "pass":
			passes[class] = true
		case "fail", "skip", "left-out":
		default:
			t.Errorf("%s: result %q", key, result)
		}
	}
	all, err := groups()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range all {
		for _, c := range g.classes {
			class, method, one := strings.Cut(c, "#")
			if one && base[c] == "" || !one && method == "" && !known(base, class) {
				t.Errorf("group %s: %s is not in baseline.tsv", g.name, c)
			}
		}
	}
	if len(passes) < 50 {
		t.Errorf("only %d classes pass on Java", len(passes))
	}
}

func known(base table, class string) bool {
	for key := range base {
		if strings.HasPrefix(key, class+"#") {
			return true
		}
	}
	return false
}

// TestTake: what the runner reports becomes rows, and no planned method stays without one.
func TestTake(t *testing.T) {
	for _, c := range []struct {
		name, lines, why string
		want             []string // key and result
	}{
		{"pass and fail", "@plan A m1/@plan A m2/@row A m1 pass 1.0 -/@row A m2 fail 1.0 text/@done A", "no result",
			[]string{"A#m1 pass", "A#m2 fail"}},
		{"a method without a result", "@plan A m1/@plan A m2/@row A m1 pass 1.0 -/@done A", "no result",
			[]string{"A#m1 pass", "A#m2 error"}},
		{"before the class", "@plan A m1/@plan A m2/@row A * error 0 text/@done A", "no result",
			[]string{"A#m1 error", "A#m2 error"}},
		{"ignored class", "@row A - skip 0 @Ignore/@done A", "no result", []string{"A#- skip"}},
		{"time is over", "@plan A m1/@plan A m2/@row A m1 pass 1.0 -", "too late", []string{"A#m1 pass", "A#m2 error"}},
		{"ended before the plan", "", "the JVM ended", []string{"A#- error"}},
		{"noise", "hello/@row A/@done A", "no result", nil},
	} {
		var j jvm
		for _, line := range strings.Split(c.lines, "/") {
			j.take(strings.Split(line, " "))
		}
		j.giveUp("org.A", c.why)
		var got []string
		for _, r := range j.rows {
			got = append(got, r.key()+" "+r.result)
		}
		if strings.Join(got, ",") != strings.Join(c.want, ",") {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestSummary: only what passes on Java makes the run fail.
func TestSummary(t *testing.T) {
	base := table{"A#good": "pass", "A#bad": "fail"}
	for _, c := range []struct {
		r    row
		want bool
	}{{row{class: "A", method: "good", result: "error"}, true}, {row{class: "A", method: "good", result: "skip"}, false},
		{row{class: "A", method: "bad", result: "fail"}, false}, {row{class: "A", method: "good", result: "pass"}, false}} {
		if got := summary([]row{c.r}, base); got != c.want {
			t.Errorf("%+v: %v", c.r, got)
		}
	}
}
