package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gorocket/integration/badinput"
	"gorocket/integration/harness"
)

// badInput records the subjects, every one of them when none is named. One pair of servers per subject: no case sees
// another subject's topics.
func badInput(work, out string, subjects []string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, f := range badinput.Files() {
		if len(subjects) > 0 && !slices.Contains(subjects, f.Subject) {
			continue
		}
		if err := recordFile(filepath.Join(work, f.Subject), out, f); err != nil {
			return err
		}
	}
	return nil
}

func recordFile(work, out string, f badinput.File) error {
	t, err := badinput.StartTarget(harness.Java, work, f.Profile)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := t.Record(&f); err != nil {
		return err
	}
	f.Server = harness.JavaVersion
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(f); err != nil {
		return err
	}
	n := 0
	for _, c := range f.Cases {
		n += len(c.Steps)
	}
	fmt.Printf("%s: %d cases, %d requests\n", f.Subject, len(f.Cases), n)
	return os.WriteFile(filepath.Join(out, f.Subject+".json"), text.Bytes(), 0o644)
}
