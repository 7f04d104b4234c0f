// Package docs_test keeps the documents true: the tables of docs/config.md are made from the code, the two READMEs hold
// the same commands and programs, docs/architecture.md shows the arrows that lint_test.go checks, and links inside the
// documents lead somewhere.
package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	brokerconfig "gorocket/broker/config"
	"gorocket/compat/config"
	"gorocket/namesrv"
	"gorocket/namesrv/controller"
)

var update = flag.Bool("update", false, "write docs/config.md anew")

const configHead = `# Configuration keys

Generated from the code by ` + "`go test ./docs -update`" + `; a test fails when it is out of date. Names and defaults are Java's; additions of gorocket say so.

Files have Java's syntax (` + "`key=value`" + ` lines of a ` + "`.properties`" + ` file); blanks around a value do not count. A key that is not listed here is
reported as a warning and has no effect. A value that does not parse, or that is out of its bounds, stops the start with an error that names
the line, the key and the value; Java ignores such a value. ` + "`mqbroker -c file -m`" + ` prints what differs from the defaults,
` + "`-p`" + ` prints everything; both check the file as the start does.

` + "`mqadmin updateBrokerConfig`" + ` and ` + "`updateNamesrvConfig`" + ` go by the same table: a value that the start would refuse, an unknown key, and a key
that cannot change while the server runs are answered with an error, and nothing changes. What is accepted changes its line in the file and
nothing else there; the file as it was first stays as ` + "`.orig`" + `, the last one as ` + "`.bak`" + `. A value that a peer sends may be at most what the
table says.

"In the file only" are keys that nobody changes over the wire, whoever it is, with users and permissions or without: paths, addresses, ports,
programs, identity, and what protects the server. Such a change is answered 16, ` + "`Can not update config in black list.`" + `, and nothing of the
request is done; keys in ` + "`configBlackList`" + ` are refused in the same way. Keys of Java without effect here are among them, as the file may be
Java's again (` + "`filterServerNums`, `rocketmqHome`, `aclEnable`" + `). ` + "`namesrvAddr` and `controllerAddr`" + ` act at once when they change in the
broker's file, unless a flag or the environment has named them. Answers to GET_..._CONFIG have ` + "`***`" + ` in the place of secrets.

Flags win over the file: ` + "`-n`" + ` over ` + "`namesrvAddr`" + `. The environment variable ` + "`NAMESRV_ADDR`" + ` is read when neither names a NameServer.
`

func TestConfigTable(t *testing.T) {
	var want bytes.Buffer
	want.WriteString(configHead)
	writeTable(&want, "Broker", config.Broker)
	writeTable(&want, "Store (in the broker's file)", config.Store)
	writeTable(&want, "NameServer", config.NameServer)
	writeTable(&want, "Controller", config.Controller)
	if *update {
		if err := os.WriteFile("config.md", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("config.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/config.md differs from the code: run go test ./docs -update")
	}
	for _, c := range []struct {
		target config.Target
		keys   int
	}{{new(brokerconfig.Config), len(config.BrokerFile)}, {new(namesrv.Config), len(config.NameServer)},
		{new(controller.Config), len(config.Controller)}} {
		if names := config.Names(c.target); len(names) != c.keys {
			t.Errorf("%T has fields for %d keys, the table has %d", c.target, len(names), c.keys)
		}
	}
}

func writeTable(out *bytes.Buffer, title string, keys config.Table) {
	fmt.Fprintf(out, "\n## %s\n\n| Key | Default | Unit | Changes act | Meaning |\n|---|---|---|---|---|\n", title)
	for _, k := range keys {
		def := k.Default
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s |\n", k.Name, def, k.Unit, k.Changes(), meaning(k))
	}
}

// meaning is what a key says about itself, with what it allows.
func meaning(k config.Key) string {
	m := k.Doc
	number := k.Choices == nil && k.Min != k.Max
	switch {
	case k.Choices != nil:
		m += " (" + strings.Join(k.Choices, ", ") + ")"
	case number && k.Max == math.MaxInt64:
		m += fmt.Sprintf(" (at least %d)", k.Min)
	case number:
		m += fmt.Sprintf(" (%d..%d)", k.Min, k.Max)
	}
	if k.Ours {
		m += " (gorocket)"
	}
	return strings.ReplaceAll(m, "|", "\\|")
}
