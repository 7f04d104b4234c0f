package filter

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// refusedFile holds expressions and what a Java 5.5.0 broker's filter (JDK 17) says to them: two Go strings a line. ROCKETMQ_FILTER_RECORD=1
// with the test's own variables writes the answers again; to add an expression, add a line with it and an empty answer and record.
const (
	refusedFile = "testdata/refused.txt"
	recordedTop = "testdata/consumerFilter.json" // written by a Java 5.5.0 ConsumerFilterManager
	envRecord   = "ROCKETMQ_FILTER_RECORD"
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

// TestJavaRecords asks Java for the recorded files again: it compares them, or with ROCKETMQ_FILTER_RECORD=1 writes them.
func TestJavaRecords(t *testing.T) {
	o := startOracle(t)
	record := os.Getenv(envRecord) != ""
	var requests [][]string
	all := readRefusals(t)
	for _, r := range all {
		requests = append(requests, filterRequest(r.expr, nil))
	}
	var out bytes.Buffer
	for i, answer := range o.ask(requests) {
		remark, refused := strings.CutPrefix(answer, "error ")
		if !refused || !record && remark != all[i].remark {
			t.Errorf("%q: recorded %q, Java now says %q", all[i].expr, all[i].remark, answer)
		}
		fmt.Fprintf(&out, "%s\t%s\n", strconv.Quote(all[i].expr), strconv.Quote(remark))
	}
	if !record || t.Failed() {
		return
	}
	if err := os.WriteFile(refusedFile, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	text := o.ask([][]string{{"json", encode64("group"), encode64("topic"), encode64("a > 1 AND b = '价'")}})[0]
	if err := os.WriteFile(recordedTop, []byte(decode64(t, text)), 0o644); err != nil {
		t.Fatal(err)
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
	if d == nil || d.Expression != "a > 1 AND b = '价'" || d.ClientVersion != 7 || !d.Dead() || !sameBits(d.Bloom, m.bloom.Positions("group#topic")) {
		t.Fatalf("got %v", d)
	}
	if !m.register1("group", "topic", d.Expression, 8) {
		t.Error("a heartbeat changes nothing")
	}
	if now := m.Get("topic", "group"); now.Dead() || now.BornTime != d.BornTime {
		t.Errorf("after a heartbeat: %v", now)
	}
}
