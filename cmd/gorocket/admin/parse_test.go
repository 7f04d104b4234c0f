package admin

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	options := (&command{options: []option{need("t", "topic", "topic name"), either("b", "brokerAddr", "broker"),
		either("c", "clusterName", "cluster"), flag("l", "list", ""), word("qn", "totalQueueNum", ""),
		word("", "attributes", ""), word("tt", "topicType", "")}}).all()
	for line, want := range map[string]map[string]string{
		"-t A -b h:1":                 {"t": "A", "b": "h:1"},
		"-tA -bh:1 -l":                {"t": "A", "b": "h:1", "l": ""},
		"--topic A --clusterName=x":   {"t": "A", "c": "x"},
		"--topic A --cl x":            {"t": "A", "c": "x"},  // cut short
		"-topic A -clusterName x":     {"t": "A", "c": "x"},  // one dash
		"-clusterNamexy -t A":         {"t": "A", "c": "xy"}, // no blank; Java takes one letter for -c with a value
		"-lt A -c x":                  {"t": "A", "c": "x", "l": ""},
		"-t=A -c=x=y":                 {"t": "A", "c": "x=y"},
		"-t A -c x -qn 3":             {"t": "A", "c": "x", "qn": "3"},
		"-t A -c x --attributes +a=b": {"t": "A", "c": "x", "attributes": "+a=b"},
		"-t -1 -c -2.5":               {"t": "-1", "c": "-2.5"}, // negative numbers are values
		`-t "A" -c x`:                 {"t": "A", "c": "x"},
		"-t A -c x -n 1:1;2:2":        {"t": "A", "c": "x", "n": "1:1;2:2"},
		"! -b h:1":                    {"": "Missing required option: t"},
		"! -t A":                      {"": "Missing required option: [-b broker, -c cluster]"},
		"! ":                          {"": "Missing required options: t, [-b broker, -c cluster]"},
		"! -t A -b h -c x":            {"": "The option 'c' was specified but an option from this group has already been selected: 'b'"},
		"! -t":                        {"": "Missing argument for option: t"},
		"! -t -c x":                   {"": "Missing argument for option: t"},
		"! -t A -c x -z":              {"": "Unrecognized option: -z"},
		"! -t A -c x --list=3":        {"": "Unrecognized option: --list=3"},
		"! -t A -c x --topi B":        {"": "Ambiguous option: '--topi'  (could be: 'topic', 'topicType')"},
		"-t A -c x -- -z":             {"t": "A", "c": "x"},
	} {
		rest, wrong := strings.CutPrefix(line, "!")
		v, err := parse(options, strings.Fields(rest))
		if wrong {
			var usage *usageError
			if !errors.As(err, &usage) || err.Error() != want[""] {
				t.Errorf("%s: %v, want %s", line, err, want[""])
			}
			continue
		}
		if diff := cmp.Diff(want, v.given); err != nil || diff != "" {
			t.Errorf("%s: %v %s", line, err, diff)
		}
	}
}

// javaHelp is what Java's tool prints for `mqadmin help topicRoute` and updateStaticTopic.
const javaHelp = `usage: mqadmin topicRoute [-h] [-l] [-n <arg>] -t <arg>
 -h,--help                Print help
 -l,--list                Use list format to print data
 -n,--namesrvAddr <arg>   Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'
 -t,--topic <arg>         topic name
`

func TestHelp(t *testing.T) {
	var b bytes.Buffer
	printHelp(&b, "mqadmin topicRoute", find("TOPICROUTE"))
	if diff := cmp.Diff(javaHelp, b.String()); diff != "" {
		t.Error(diff)
	}
	b.Reset()
	printHelp(&b, "x", &command{options: []option{either("a", "", "one"), either("b", "bb", "two"),
		word("w", "wide", strings.Repeat("word ", 30))}})
	want := "usage: x -a <arg> | -b <arg>  [-h] [-n <arg>] [-w <arg>]\n"
	if !strings.HasPrefix(b.String(), want) || !strings.Contains(b.String(), "\n -a <arg>") {
		t.Errorf("%s", b.String())
	}
	for _, line := range strings.Split(b.String(), "\n") {
		if len(line) > helpWidth || strings.HasSuffix(line, " ") {
			t.Errorf("%d columns: %q", len(line), line)
		}
	}
}

// TestTable: each command of Java's order has a row that can run, and no option stands twice.
func TestTable(t *testing.T) {
	if got := len(javaCommands()); got != len(order) || got != 96 {
		t.Errorf("%d commands of %d", got, len(order))
	}
	for _, list := range [][]command{javaCommands(), ownCommands()} {
		for _, c := range list {
			if c.run == nil || c.summary == "" {
				t.Errorf("%s is not whole", c.name)
			}
			seen := map[string]bool{}
			for _, o := range c.all() {
				for _, name := range []string{o.short, o.long} {
					if name != "" && seen[name] {
						t.Errorf("%s: option %s stands twice", c.name, name)
					}
					seen[name] = true
				}
			}
		}
	}
}
