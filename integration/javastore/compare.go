package javastore

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// same compares what a broker serves after a swap with what the one before served. Queues may only have grown by
// deliveries of delayed messages.
func same(t *testing.T, before, after *snapshot) {
	t.Helper()
	what := fmt.Sprintf("%s after %s", after.side, before.side)
	report(t, what+": queues", diffQueues(before, after))
	report(t, what+": topics", diffTable(before.topics, after.topics))
	report(t, what+": groups", diffTable(before.groups, after.groups))
	report(t, what+": consumer offsets", diffOffsets(before.offsets, after.offsets))
	report(t, what+": delay progress", diffDelay(before.delay, after.delay))
	report(t, what+": lookups", diffLookups(before.lookups, after.lookups))
	if len(before.queues) == 0 || before.count() == 0 {
		t.Errorf("%s: the snapshot before is empty", what)
	}
}

func diffQueues(before, after *snapshot) (out []string) {
	for q, b := range before.queues {
		a := after.queues[q]
		if a == nil {
			if len(b.records) > 0 || b.max > 0 {
				out = append(out, fmt.Sprintf("%v: %d..%d is gone", q, b.min, b.max))
			}
			continue
		}
		if a.min != b.min || a.max < b.max {
			out = append(out, fmt.Sprintf("%v: offsets %d..%d, were %d..%d", q, a.min, a.max, b.min, b.max))
		}
		for i, r := range b.records {
			if i >= len(a.records) || !bytes.Equal(a.records[i].Raw, r.Raw) {
				out = append(out, fmt.Sprintf("%v: was %v, now %v", q, r, at(a, i)))
				break
			}
		}
	}
	return out
}

func at(c *content, i int) any {
	if i >= len(c.records) {
		return "nothing"
	}
	return c.records[i]
}

// diffTable compares our entries in the members that both sides know and that are not empty on both: 4.9 knows fewer
// than 5.5.
func diffTable(before, after table) (out []string) {
	for name, b := range before {
		if !own(name) {
			continue
		}
		a, ok := after[name].(map[string]any)
		if !ok {
			out = append(out, name+" is gone")
			continue
		}
		for k, v := range b.(map[string]any) {
			if w, ok := a[k]; ok && !reflect.DeepEqual(v, w) {
				out = append(out, fmt.Sprintf("%s: %s was %v, is %v", name, k, v, w))
			}
		}
	}
	return out
}

func diffOffsets(before, after map[string]float64) (out []string) {
	for name, b := range before {
		if a, ok := after[name]; own(name) && (!ok || a != b) {
			out = append(out, fmt.Sprintf("%s was %v, is %v (known %v)", name, b, a, ok))
		}
	}
	return out
}

// diffDelay wants no level to go back.
func diffDelay(before, after table) (out []string) {
	for level, b := range before {
		was, _ := b.(float64)
		if is, _ := after[level].(float64); is < was {
			out = append(out, fmt.Sprintf("level %s was %v, is %v", level, was, after[level]))
		}
	}
	return out
}

func diffLookups(before, after map[string][]int64) (out []string) {
	for name, b := range before {
		if a, ok := after[name]; ok && !slices.Equal(a, b) {
			out = append(out, fmt.Sprintf("%q found %v, now %v", name, b, a))
		}
	}
	return out
}

// diffStrict compares our entries in all members: a side must find again what it wrote itself, whoever ran in between.
func diffStrict(before, after table) (out []string) {
	for name, b := range before {
		if !own(name) {
			continue
		}
		a, _ := after[name].(map[string]any)
		for k, v := range b.(map[string]any) {
			if !reflect.DeepEqual(v, a[k]) {
				out = append(out, fmt.Sprintf("%s: %s was %v, is %v", name, k, v, a[k]))
			}
		}
	}
	return out
}
