package bench

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestPresetsAreWhatTheySay: each preset has the flags of its line, and those alone differ from its command's; the line
// stands in docs/bench.md.
func TestPresetsAreWhatTheySay(t *testing.T) {
	page, err := os.ReadFile("../../../docs/bench.md")
	if err != nil {
		t.Fatal(err)
	}
	root := Command()
	for _, p := range presets {
		args := strings.Fields(p.args)
		plain, _, err := root.Find(args[:1])
		if err != nil {
			t.Fatal(err)
		}
		if err := plain.ParseFlags(args[1:]); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		c, _, err := root.Find([]string{"preset", p.name})
		if err != nil || c.Name() != p.name || !strings.Contains(c.Long, "gorocket bench "+p.args) {
			t.Fatalf("%s: %v %s", p.name, err, c.Long)
		}
		if err := c.ParseFlags(nil); err != nil {
			t.Fatal(err)
		}
		plain.Flags().VisitAll(func(f *pflag.Flag) {
			got := c.Flags().Lookup(f.Name)
			if got.Value.String() != f.Value.String() || got.DefValue != f.Value.String() {
				t.Errorf("%s: --%s is %s, default %s, want %s", p.name, f.Name, got.Value, got.DefValue, f.Value)
			}
		})
		if line := "| `" + p.name + "` | " + p.short + " | `" + p.args + "` |"; !strings.Contains(string(page), line) {
			t.Errorf("docs/bench.md has no line %s", line)
		}
		root = Command() // without the flags that were parsed
	}
}

// TestPresetRuns: the user's flags count more, the report says which preset it was, and one that is not there is told.
func TestPresetRuns(t *testing.T) {
	_, addr := cluster(t)
	v := runJSON(t, "preset", "small", "-b", addr, "--size", "77", "--duration", "300ms", "--warmup", "0s")
	if v["preset"] != "small" || v["bench"] != "send" || number(t, v, "size") != 77 || number(t, v, "count") < 100 {
		t.Errorf("%v", v)
	}
	if out, err := runCommand("preset"); err != nil || !strings.Contains(out, "bench send --size 128 --batch 32") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := runCommand("preset", "huge", "-b", addr); err == nil || !strings.Contains(err.Error(), "small, medium") {
		t.Errorf("an unknown preset: %v", err)
	}
}
