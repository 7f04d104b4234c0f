package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRepairCommand checks exit codes, output and that --dry-run changes nothing; what is found is tested in store.
func TestRepairCommand(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "broker.conf")
	if err := os.WriteFile(conf, []byte("mappedFileSizeCommitLog=65536\nmaxHashSlotNum=100\nmaxIndexNum=400\n"),
		0o644); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "store")
	run := func(dryRun, asJSON bool) (int, string, string) {
		var out, errs bytes.Buffer
		return repair(&out, &errs, conf, dir, repairMode{dryRun: dryRun, asJSON: asJSON}), out.String(), errs.String()
	}
	if code, _, errs := run(true, false); code != verifyFailed || !strings.Contains(errs, "no store there") {
		t.Errorf("no directory: %d %s", code, errs)
	}
	if err := os.MkdirAll(filepath.Join(dir, "commitlog"), 0o755); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := run(true, false); code != verifyHealthy || !strings.Contains(out, "a broker can start") {
		t.Errorf("empty store: %d %s%s", code, out, errs)
	}
	strange := filepath.Join(dir, "commitlog", "notes.txt")
	if err := os.WriteFile(strange, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := run(true, false); code != verifyDamaged || !strings.Contains(out, "repair: move "+strange) {
		t.Errorf("dry run: %d %s", code, out)
	}
	if _, err := os.Stat(strange); err != nil {
		t.Fatal("the dry run moved it")
	}
	code, out, errs := run(false, true)
	var p struct {
		Aside string
		Done  bool
		Steps []struct{ File string }
	}
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != verifyHealthy || !p.Done || len(p.Steps) != 1 {
		t.Fatalf("repair: %d %v %s %s", code, err, out, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, p.Aside, "commitlog", "notes.txt")); err != nil {
		t.Error(err)
	}
	if code, out, _ := run(true, false); code != verifyHealthy || !strings.Contains(out, " 0 steps") {
		t.Errorf("afterwards: %d %s", code, out)
	}
}

// TestRepairTruncates: --truncate-to reaches the store; what it does there is tested in store.
func TestRepairTruncates(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "broker.conf")
	if err := os.WriteFile(conf, []byte("mappedFileSizeCommitLog=65536\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "store", "commitlog")
	if err := os.MkdirAll(log, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(log, "00000000000000065536"), make([]byte, 65536), 0o644); err != nil {
		t.Fatal(err)
	}
	for offset, want := range map[int64]string{65536: "the log ends at 65536", 0: "offset 0 is not in the log, whose files are 65536..131072",
		65540: "no record begins at offset 65540"} {
		var out, errs bytes.Buffer
		code := repair(&out, &errs, conf, filepath.Join(dir, "store"), repairMode{truncates: true, truncate: offset})
		if text := out.String() + errs.String(); !strings.Contains(text, want) || (code == verifyHealthy) != (offset == 65536) {
			t.Errorf("%d: exit code %d, %s", offset, code, text)
		}
		if offset != 65536 && out.Len() > 0 {
			t.Errorf("%d: a plan of nothing: %s", offset, &out)
		}
	}
}
