package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportCommand checks exit codes, flags and output; what is read is tested in store.
func TestExportCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	run := func(o exportOptions) (int, string, string) {
		var out, errs bytes.Buffer
		o.queue = -1
		return export(&out, &errs, dir, o), out.String(), errs.String()
	}
	if code, _, errs := run(exportOptions{}); code != verifyFailed || !strings.Contains(errs, "no store there") {
		t.Errorf("no directory: %d %s", code, errs)
	}
	if err := os.MkdirAll(filepath.Join(dir, "commitlog"), 0o755); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := run(exportOptions{from: "2026-01-02 03:04:05",
		to: "2026-01-02T15:04:05Z"}); code != verifyHealthy || out+errs != "" {
		t.Errorf("empty store: %d %s%s", code, out, errs)
	}
	if code, _, errs := run(exportOptions{from: "yesterday"}); code != verifyFailed ||
		!strings.Contains(errs, "--from=yesterday") {
		t.Errorf("no time: %d %s", code, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "commitlog", "notes.txt"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run(exportOptions{}); code != verifyDamaged || !strings.Contains(errs, "stepped over: ") {
		t.Errorf("a stranger: %d %s", code, errs)
	}
}

// TestSkipDamagedCommand: the flag reaches the store.
func TestSkipDamagedCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.MkdirAll(filepath.Join(dir, "commitlog"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []repairMode{{dryRun: true, skipDamaged: true}, {skipDamaged: true}} {
		var out, errs bytes.Buffer
		conf := filepath.Join(t.TempDir(), "broker.conf")
		if err := os.WriteFile(conf, []byte("mappedFileSizeCommitLog=65536\nmaxHashSlotNum=100\nmaxIndexNum=400\n"),
			0o644); err != nil {
			t.Fatal(err)
		}
		if code := repair(&out, &errs, conf, dir, mode); code != verifyHealthy ||
			!strings.Contains(out.String(), "a broker can start") {
			t.Errorf("%+v: %d %s%s", mode, code, out.String(), errs.String())
		}
	}
}
