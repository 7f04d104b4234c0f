package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVerifyCommand checks exit codes and output; what is found is tested in store.
func TestVerifyCommand(t *testing.T) {
	dir := t.TempDir()
	run := func(asJSON bool, dir string) (int, string, string) {
		var out, errs bytes.Buffer
		return verify(&out, &errs, "", dir, asJSON), out.String(), errs.String()
	}
	if code, _, errs := run(false, filepath.Join(dir, "none")); code != verifyFailed ||
		!strings.Contains(errs, "no store there") {
		t.Errorf("no directory: %d %s", code, errs)
	}
	for _, d := range []string{"commitlog", "config"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := run(false, dir); code != verifyHealthy || !strings.Contains(out, "healthy") {
		t.Errorf("empty store: %d %s%s", code, out, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "config", "topics.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, _ := run(true, dir)
	var r struct {
		Healthy  bool
		Findings []struct{ File, Severity string }
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != verifyDamaged || r.Healthy || len(r.Findings) != 2 ||
		!strings.HasSuffix(r.Findings[1].File, "topics.json") {
		t.Errorf("damaged: %d %v %s", code, err, out)
	}
	if code, out, _ := run(false, dir); code != verifyDamaged || !strings.Contains(out, "damaged config "+dir) {
		t.Errorf("text: %d %s", code, out)
	}
	c := verifyCommand()
	if c.Flags().Lookup("json") == nil || c.Args(c, nil) == nil {
		t.Error("flags or arguments are wrong")
	}
}
