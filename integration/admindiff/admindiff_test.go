package admindiff

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gorocket/integration/harness"
)

// TestMain lets the tests run on demand only: they take minutes.
func TestMain(m *testing.M) {
	harness.OnDemand(m, "ADMINDIFF", "admindiff", "make admin-diff runs it (about 5 minutes)")
}

// always are masks of every case: times, ids, addresses of clients.
var always = []*regexp.Regexp{
	regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(,\d{3})?`), regexp.MustCompile(`\b1[6-9]\d{11}\b`),
	regexp.MustCompile(`\b[0-9A-F]{32,56}\b`), regexp.MustCompile(`/\S*/mqadmin/`), regexp.MustCompile(`(?m)[ \t]+$`),
}

// masked is an output with what may differ replaced, its lines in order of their texts: Java's come in the order of
// hash tables.
func masked(text string, masks []string) []string {
	for _, re := range always {
		text = re.ReplaceAllString(text, "*")
	}
	for _, m := range masks {
		text = regexp.MustCompile(`(?m)`+m).ReplaceAllString(text, "*")
	}
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return l == "" })
	for i, l := range lines {
		if strings.HasPrefix(l, "\t") { // of JSON, whose members have no order
			lines[i] = strings.TrimSuffix(l, ",")
		}
	}
	slices.Sort(lines)
	return lines
}

// arena is a cluster and both tools.
type arena struct {
	t     *testing.T
	java  *runner
	dir   string
	words map[string]string // what the placeholders of cases stand for
}

func newArena(t *testing.T, kind harness.Kind) *arena {
	t.Helper()
	c := harness.New(t)
	ns := c.Namesrv(kind, nil)
	b := c.Broker(kind, "broker-a", harness.Conf{"traceTopicEnable": "true", "timerWheelEnable": "true"})
	r, err := startRunner(c.Dir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	a := &arena{t: t, java: r, dir: c.Dir(), words: map[string]string{"NAMES": ns.Addr(), "BROKER": b.Addr(),
		"CLUSTER": "DefaultCluster", "DIR": c.Dir()}}
	for name, text := range map[string]string{"topics.json": `[{"topicName":"L1","readQueueNums":2},{"topicName":"L2"}]`,
		"groups.json": `[{"groupName":"l1","retryMaxTimes":3}]`} {
		if err := os.WriteFile(filepath.Join(c.Dir(), name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// args are the words of a line, with the NameServers in any case.
func (a *arena) args(line string) []string {
	words := strings.Fields(line)
	for i, w := range words {
		for from, to := range a.words {
			w = strings.ReplaceAll(w, from, to)
		}
		words[i] = w
	}
	if !slices.Contains(words, "-n") {
		words = append(words, "-n", a.words["NAMES"])
	}
	return words
}

func (a *arena) ours(line string) (string, string) { return ours(a.dir, a.args(line)...) }

func (a *arena) javas(words ...string) (string, string) {
	a.t.Helper()
	out, errs, err := a.java.run(words...)
	if err != nil {
		a.t.Fatal(err)
	}
	return out, errs
}

// fill makes what the cases look at: messages with known ids, a consumer, a producer.
func (a *arena) fill() {
	a.t.Helper()
	a.ours("updateTopic -b BROKER -t A -r 4 -w 4")
	names := a.words["NAMES"]
	for _, words := range [][]string{{"!producer", names, "pg", "A"}, {"!consumer", names, "cg", "A"}} {
		if _, errs := a.javas(words...); errs != "" {
			a.t.Fatalf("%v: %s", words, errs)
		}
	}
	a.ours("sendMessage -t A -p hello -k find -c tagA -b broker-a -i 0")
	out, _ := a.ours("queryMsgByOffset -t A -b broker-a -i 0 -o 0")
	offset := regexp.MustCompile(`OffsetID: +(\S+)`).FindStringSubmatch(out)
	unique := regexp.MustCompile(`UNIQ_KEY=(\w+)`).FindStringSubmatch(out)
	if offset == nil || unique == nil {
		a.t.Fatalf("no ids in %s", out)
	}
	a.words["OFFSETID"], a.words["UNIQUEID"], a.words["TRACED"] = offset[1], unique[1], unique[1]
}

// compare runs one case with both tools.
func (a *arena) compare(c *test) {
	file := filepath.Join(a.dir, c.file)
	run := func(tool func() (string, string)) ([]string, string) {
		for _, line := range strings.Split(c.before, "|") {
			if line != "" {
				a.ours(line)
			}
		}
		if c.file != "" {
			_ = os.Remove(file)
		}
		out, errs := tool()
		if c.file != "" {
			text, err := os.ReadFile(file)
			if err != nil {
				errs += err.Error()
			}
			out += string(text)
		}
		return masked(out, c.masks), errs
	}
	want, javaErrs := run(func() (string, string) { return a.javas(a.args(c.line)...) })
	got, errs := run(func() (string, string) { return a.ours(c.line) })
	if diff := firstDiff(want, got); diff != "" || (errs == "") != (javaErrs == "") && !c.errs {
		a.t.Errorf("%s\n%s\nJava's errors: %q\nours: %q", c.line, diff, head(javaErrs), head(errs))
	}
}

func head(text string) string { return text[:min(len(text), 400)] }

// firstDiff shows the lines that only one of both has.
func firstDiff(want, got []string) string {
	var b strings.Builder
	count := map[string]int{}
	for _, l := range got {
		count[l]++
	}
	for _, l := range want {
		if count[l]--; count[l] < 0 {
			fmt.Fprintf(&b, "  Java %q\n", l)
		}
	}
	for _, l := range got {
		if count[l] > 0 {
			count[l] = 0
			fmt.Fprintf(&b, "  ours %q\n", l)
		}
	}
	return b.String()
}

// TestCommands runs all cases against Java's cluster and against ours.
func TestCommands(t *testing.T) {
	for _, kind := range []harness.Kind{harness.Java, harness.Go} {
		t.Run(string(kind), func(t *testing.T) {
			harness.NeedJava(t)
			a := newArena(t, kind)
			a.fill()
			ran := 0
			for i := range tests {
				if c := &tests[i]; (c.kind == "" || c.kind == string(kind)) && only(c.line) {
					a.compare(c)
					ran++
				}
			}
			t.Logf("%d command lines compared", ran)
		})
	}
}

// only tells whether ADMINDIFF_ONLY, a regular expression, lets a case run.
func only(line string) bool {
	re := os.Getenv("ADMINDIFF_ONLY")
	return re == "" || regexp.MustCompile(re).MatchString(line)
}

// TestTable: our tool has each of Java's commands with its options and the same help, and each has a case or a reason.
func TestTable(t *testing.T) {
	harness.NeedJava(t)
	r, err := startRunner(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.stop()
	table, _, err := r.run("!table")
	if err != nil {
		t.Fatal(err)
	}
	compared := map[string]bool{}
	for _, c := range slices.Concat(tests, controllerTests) {
		compared[strings.Fields(c.line)[0]] = true
	}
	names, reasons := strings.Fields(table), 0
	for _, name := range names {
		want, _, err := r.run("help", name)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := ours(t.TempDir(), "help", name)
		if got, _, _ = strings.Cut(got, "\nOf gorocket: "); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("help %s\n%s\nJava\n%s", name, got, want)
		}
		switch {
		case compared[name] && notCompared[name] != "":
			t.Errorf("%s has a case: take it out of notCompared", name)
		case !compared[name] && notCompared[name] == "":
			t.Errorf("%s has no case and no reason", name)
		case !compared[name]:
			reasons++
			t.Logf("not compared: %s: %s", name, notCompared[name])
		}
	}
	t.Logf("%d commands, %d compared, %d not", len(names), len(names)-reasons, reasons)
	if len(names) < 90 {
		t.Errorf("only %d commands: the table was not read", len(names))
	}
}
