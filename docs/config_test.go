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

Files have Java's syntax (` + "`key=value`" + ` lines of a ` + "`.properties`" + ` file). A key that is not listed here is reported as a warning and has no effect. A value
that does not parse, or that is out of its bounds, stops the start with an error that names the key and the value; Java ignores such a value. ` + "`mqbroker -c file -m`" + ` prints what
differs from the defaults, ` + "`-p`" + ` prints everything.

Flags win over the file: ` + "`-n`" + ` over ` + "`namesrvAddr`" + `. The environment variable ` + "`NAMESRV_ADDR`" + ` is read when neither names a NameServer.
`

// namesrvMeaning says what the keys of the NameServer mean; the struct there has no room for it.
var namesrvMeaning = map[string]string{
	"bindAddress": "address to listen on", "listenPort": "port; 0 = any free one", "rocketmqHome": "from ROCKETMQ_HOME; shown only",
	"kvConfigPath":                         "file of the KV configuration; default: namesrv/kvConfig.json in the home directory",
	"configStorePath":                      "file that UPDATE_NAMESRV_CONFIG writes; default: the file given with -c, else namesrv/namesrv.properties in the home directory",
	"productEnvName":                       "shown only",
	"clusterTest":                          "shown only",
	"orderMessageEnable":                   "send the order configuration with routes",
	"returnOrderTopicConfigToBroker":       "answer registrations with the order configuration",
	"clientRequestThreadPoolNums":          "no effect: route queries run on the event loops",
	"defaultThreadPoolNums":                "workers for all other requests",
	"clientRequestThreadPoolQueueCapacity": "no effect",
	"defaultThreadPoolQueueCapacity":       "requests that may wait for a worker",
	"scanNotActiveBrokerInterval":          "ms between looks for silent brokers",
	"unRegisterBrokerQueueCapacity":        "unregistrations that may wait",
	"supportActingMaster":                  "routes show the smallest slave as an acting master",
	"enableAllTopicList":                   "serve GET_ALL_TOPIC_LIST_FROM_NAMESERVER",
	"enableTopicList":                      "serve the other topic lists",
	"notifyMinBrokerIdChanged":             "tell brokers when the smallest broker id of their group changes",
	"enableControllerInNamesrv":            "refused when true: there is no controller",
	"needWaitForService":                   "answer route queries only after waitSecondsForService",
	"waitSecondsForService":                "seconds, see needWaitForService",
	"deleteTopicWithBrokerRegistration":    "a registration removes the topics that it no longer lists",
	"configBlackList":                      "keys that UPDATE_NAMESRV_CONFIG refuses",
	"serverChannelMaxIdleTimeSeconds":      "s without traffic after which a connection is closed",
}

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
		meaning = namesrvMeaning[name]
	}
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
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, f.Type.Kind(), def, strings.ReplaceAll(meaning, "|", "\\|"))
}

func (r *configRows) write(out *bytes.Buffer, title string, rows []string) {
	fmt.Fprintf(out, "\n## %s\n\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n%s", title, strings.Join(rows, ""))
}
