package config

import (
	"maps"
	"slices"
	"strings"

	"gorocket/compat"
)

// suggest finds the key that was probably meant by one that nobody knows: among known and the keys of Java, the nearest
// one with at most two letters (three in long names) missing, added or different, case aside. "" when there is none.
// Old Java spellings are found so too: mapedFileSizeCommitLog.
func suggest(key string, known []string) string {
	best, least := "", 3
	if len(key) > 15 {
		least = 4
	}
	lower := strings.ToLower(key)
	try := func(k string) {
		if d := distance(lower, strings.ToLower(k), least); d < least {
			best, least = k, d
		}
	}
	for _, k := range known {
		try(k)
	}
	for _, k := range slices.Sorted(maps.Keys(javaKeys())) {
		try(k)
	}
	return best
}

// UnknownKey is the error for a pair of p whose key neither target nor Java has. It names the key that was probably
// meant.
func UnknownKey(p *compat.Properties, key string, target Target) *Error {
	value, _ := p.Get(key)
	return &Error{Key: key, Value: value, Msg: "unknown key" + Hint(key, target), Line: p.Line(key)}
}

// Hint is ": do you mean KEY?" for an unknown key of target, or empty.
func Hint(key string, target Target) string {
	if s := suggest(key, Names(target)); s != "" {
		return ": do you mean " + s + "?"
	}
	return ""
}

// distance is the Levenshtein distance of a and b, or some number of at least limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit || len(a) > 256 {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
