package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"gorocket/integration/badinput"
	"gorocket/integration/harness"
)

// TestBadInputSameAsJava replays compat/testdata/badinput against our servers and compares every answer with the one
// that Java 5.5.0 gave.
func TestBadInputSameAsJava(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(harness.Root(), "..", "compat", "testdata", "badinput", "*.json"))
	if err != nil || len(files) < 9 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	if why := harness.DefaultKind().Missing(); why != "" {
		t.Fatal(why)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			harness.Count(t)
			replay(t, name)
		})
	}
}

// stale fails for accepted deviations of a case that no longer deviate.
func stale(t *testing.T, c badinput.Case, accepted int) {
	t.Helper()
	want := 0
	for _, s := range c.Steps {
		if badinput.Reason(c.Name, s.Why) != "" && !s.Setup {
			want++
		}
	}
	if accepted != want && harness.DefaultKind() == harness.Go {
		t.Errorf("%d of %d accepted deviations still deviate: shorten badinput/accepted.go", accepted, want)
	}
}

func replay(t *testing.T, name string) {
	var f badinput.File
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	target, err := badinput.StartTarget(harness.DefaultKind(), t.TempDir(), f.Profile)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	for _, c := range f.Cases {
		t.Run(c.Name, func(t *testing.T) {
			r, err := target.Compare(c)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range r.Different {
				t.Error(d)
			}
			for _, d := range r.Accepted {
				t.Logf("accepted: %s", d)
			}
			if n := len(r.Unknown); n > 0 {
				t.Logf("%d requests of later codes are answered as unknown codes", n)
			}
			stale(t, c, len(r.Accepted))
		})
	}
	if t.Failed() {
		t.Logf("---- end of the output of the broker\n%s", target.Broker.Process().Tail(20))
	}
}
