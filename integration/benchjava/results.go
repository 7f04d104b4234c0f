package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gorocket/integration/harness"
)

// results is what was found, part by part. It is the content of performance.json. Not for concurrent use.
type results struct {
	Parts map[string]*partResult `json:"parts"`
}

// partResult is one part, measured in one run.
type partResult struct {
	origin
	Values map[harness.Kind]map[string][]float64 `json:"values"` // by the figures' names, one of each round
	Curves map[harness.Kind][][]point            `json:"curves,omitempty"`
	Failed []string                              `json:"failed,omitempty"`
}

// origin says where figures come from.
type origin struct {
	Date    string `json:"date"`
	Commit  string `json:"commit"`
	Machine string `json:"machine"`
	Cores   int    `json:"cores"`
	Rounds  int    `json:"rounds"`
	Measure string `json:"measure"`
	WarmUp  string `json:"warmUp"`
	Long    string `json:"long"`
	Topics  int    `json:"topics"`
}

// resultsFile is the name of the file in the docs folder.
const resultsFile = "performance.json"

// readResults reads what earlier runs found; none when there is no folder or no file.
func readResults(folder string) (*results, error) {
	r := &results{Parts: map[string]*partResult{}}
	if folder == "" {
		return r, nil
	}
	name := filepath.Join(folder, resultsFile)
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.Parts == nil {
		r.Parts = map[string]*partResult{}
	}
	maps.DeleteFunc(r.Parts, func(name string, p *partResult) bool {
		return p == nil ||
			!slices.Contains(partNames(), name)
	})
	return r, nil
}

// save writes the file; nothing without a folder.
func (r *results) save(folder string) error {
	if folder == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, resultsFile), append(text, '\n'), 0o644)
}

// begin forgets what earlier runs found of the parts that are measured now.
func (r *results) begin(wanted map[string]bool, from origin) {
	for part := range wanted {
		r.Parts[part] = &partResult{origin: from, Values: map[harness.Kind]map[string][]float64{},
			Curves: map[harness.Kind][][]point{}}
	}
}

// add takes what a round has found.
func (r *results) add(one *round) {
	for part, found := range one.found {
		p := r.Parts[part]
		if p == nil {
			continue // asked for, but not measured
		}
		if p.Values[one.kind] == nil {
			p.Values[one.kind] = map[string][]float64{}
		}
		for name, v := range found.values {
			p.Values[one.kind][name] = append(p.Values[one.kind][name], v)
		}
		if found.curve != nil {
			p.Curves[one.kind] = append(p.Curves[one.kind], found.curve)
		}
		p.Failed = append(p.Failed, found.failed...)
	}
}

// values are what the rounds of a kind found of a figure.
func (r *results) values(kind harness.Kind, name string) []float64 {
	for _, p := range r.Parts {
		if v := p.Values[kind][name]; len(v) > 0 {
			return v
		}
	}
	return nil
}

// origins are the parts by where they come from, in the order of the parts.
func (r *results) origins() (all []origin, parts map[origin][]string) {
	parts = map[origin][]string{}
	for _, name := range partNames() {
		if p := r.Parts[name]; p != nil {
			if parts[p.origin] == nil {
				all = append(all, p.origin)
			}
			parts[p.origin] = append(parts[p.origin], name)
		}
	}
	return all, parts
}

// failed says what was not found, one line each.
func (r *results) failed() (lines []string) {
	for _, name := range partNames() {
		if p := r.Parts[name]; p != nil {
			for _, f := range p.Failed {
				lines = append(lines, name+", "+f)
			}
		}
	}
	return lines
}

// failure is an error when parts of this run have failed.
func (r *results) failure(wanted map[string]bool) error {
	n := 0
	for part := range wanted {
		n += len(r.Parts[part].Failed)
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d measurements failed:\n%s", n, strings.Join(r.failed(), "\n"))
}
