package filter

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// refusedFile holds expressions and what a Java 5.5.0 broker's filter (JDK 17) says to them: two Go strings a line.
// ROCKETMQ_FILTER_RECORD=1 with the test's own variables writes the answers again; to add an expression, add a line
// with it and an empty answer and record.
const (
	refusedFile = "testdata/refused.txt"
	recordedTop = "testdata/consumerFilter.json" // written by a Java 5.5.0 ConsumerFilterManager
)

type refusal struct{ expr, remark string }

func readRefusals(t *testing.T) (all []refusal) {
	t.Helper()
	text, err := os.ReadFile(refusedFile)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		expr, remark, _ := strings.Cut(line, "\t")
		var r refusal
		if r.expr, err = strconv.Unquote(expr); err == nil {
			r.remark, err = strconv.Unquote(remark)
		}
		if err != nil {
			t.Fatalf("%s:%d: %v", refusedFile, i+1, err)
		}
		all = append(all, r)
	}
	return all
}

// TestRefusals compares the texts of errors with those recorded from Java.
func TestRefusals(t *testing.T) {
	all := readRefusals(t)
	if len(all) < 100 {
		t.Errorf("only %d expressions are recorded", len(all))
	}
	for _, r := range all {
		_, err := Compile(r.expr)
		if err == nil {
			t.Errorf("%q is accepted, Java says %q", r.expr, r.remark)
		} else if err.Error() != r.remark {
			t.Errorf("%q:\n got %q\nwant %q", r.expr, err, r.remark)
		}
	}
}

// TestReadsJavasFile reads what Java wrote, and revives it by a heartbeat.
func TestReadsJavasFile(t *testing.T) {
	text, err := os.ReadFile(recordedTop)
	if err != nil {
		t.Fatal(err)
	}
	m := newTestManager(t, 64)
	if problems, err := m.Decode(text); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	d := m.Get("topic", "group")
	if d == nil || d.Expression != "a > 1 AND b = '价'" || d.ClientVersion != 7 || !d.Dead() ||
		!sameBits(d.Bloom, m.bloom.Positions("group#topic")) {
		t.Fatalf("got %v", d)
	}
	if !m.register1("group", "topic", d.Expression, 8) {
		t.Error("a heartbeat changes nothing")
	}
	if now := m.Get("topic", "group"); now.Dead() || now.BornTime != d.BornTime {
		t.Errorf("after a heartbeat: %v", now)
	}
}
