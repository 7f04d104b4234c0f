// Package docs_test keeps the documents true: the tables of docs/config.md are made from the code, the two READMEs hold the same
// commands and programs, docs/architecture.md shows the arrows that lint_test.go checks, and links inside the documents lead somewhere.
package docs_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"gorocket/broker"
	"gorocket/namesrv"
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

Flags win over the file: ` + "`-n`" + ` over ` + "`namesrvAddr`" + `. The environment variable ` + "`NAMESRV_ADDR`" + ` is read when neither names a NameServer.
`

func TestConfigTable(t *testing.T) {
	var want bytes.Buffer
	want.WriteString(configHead)
	var rows configRows
	b := reflect.TypeFor[broker.Config]()
	rows.collect(t, b, false)
	rows.write(&want, "Broker", rows.own)
	rows.write(&want, "Store (in the broker's file)", rows.embedded)
	rows = configRows{}
	rows.collect(t, reflect.TypeFor[namesrv.Config](), false)
	rows.write(&want, "NameServer", rows.own)
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
}

// configRows are the table's lines, those of embedded structs apart.
type configRows struct{ own, embedded []string }

func (r *configRows) collect(t *testing.T, s reflect.Type, embedded bool) {
	t.Helper()
	for i := range s.NumField() {
		f := s.Field(i)
		name := f.Tag.Get("prop")
		switch {
		case f.Anonymous:
			r.collect(t, f.Type, true)
		case name == "":
		case embedded:
			r.embedded = append(r.embedded, row(t, f, name))
		default:
			r.own = append(r.own, row(t, f, name))
		}
	}
}

func row(t *testing.T, f reflect.StructField, name string) string {
	t.Helper()
	meaning := f.Tag.Get("doc")
	if meaning == "" {
		t.Errorf("key %s has no meaning: give it a doc tag", name)
	}
	if least, most := f.Tag.Get("min"), f.Tag.Get("max"); least != "" && most != "" {
		meaning += fmt.Sprintf(" (%s..%s)", least, most)
	} else if least != "" {
		meaning += fmt.Sprintf(" (at least %s)", least)
	}
	def := f.Tag.Get("default")
	if def != "" {
		def = "`" + def + "`"
	}
	changes := map[string]string{"": "at once", "restart": "next start", "start": "not while running"}[f.Tag.Get("effect")]
	if list := f.Tag.Get("enum"); list != "" {
		meaning += " (" + strings.ReplaceAll(list, ",", ", ") + ")"
	}
	meaning = strings.ReplaceAll(meaning, "|", "\\|")
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", name, f.Type.Kind(), def, changes, meaning)
}

func (r *configRows) write(out *bytes.Buffer, title string, rows []string) {
	fmt.Fprintf(out, "\n## %s\n\n| Key | Type | Default | Changes act | Meaning |\n|---|---|---|---|---|\n%s", title, strings.Join(rows, ""))
}
