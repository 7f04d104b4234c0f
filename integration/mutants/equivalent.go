package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// equivalentText lists mutants that change nothing that a test could see, each with the reason. A line holds file and
// function, change, the line of code, the reason, with " | " between; # begins a comment.
//
//go:embed equivalent.txt
var equivalentText string

// equivalents are the listed reasons by key.
func equivalents(text string) (map[string]string, error) {
	all := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, " | ")
		if len(f) != 4 || strings.TrimSpace(f[3]) == "" {
			return nil, fmt.Errorf("equivalent.txt:%d: want file and function | change | code | reason", i+1)
		}
		all[strings.Join(f[:3], " | ")] = f[3]
	}
	return all, nil
}

// key names a place by what stays when lines are added above it.
func (p place) key() string { return p.file + " " + p.fn + " | " + p.what + " | " + p.code }

// without takes the equivalent ones out of a list, and prints them. An entry for a file that is in the list, but not
// that code, is an error: what it excused is gone.
func without(all []place, known map[string]string) (rest, same []place, err error) {
	seen, files := map[string]bool{}, map[string]bool{}
	for _, p := range all {
		files[p.file] = true
		if known[p.key()] != "" {
			seen[p.key()] = true
			same = append(same, p)
			continue
		}
		rest = append(rest, p)
	}
	for key := range known {
		if file, _, _ := strings.Cut(key, " "); files[file] && !seen[key] {
			return nil, nil, fmt.Errorf("equivalent.txt: %q is not in the code any more", key)
		}
	}
	return rest, same, nil
}
