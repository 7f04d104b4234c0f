package admin

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDouble(t *testing.T) {
	for v, want := range map[float64]string{0: "0.0", 1: "1.0", 0.1: "0.1", 1234567: "1234567.0", 12345678.5: "1.23456785E7",
		0.0001: "1.0E-4", -2.5: "-2.5", math.Inf(1): "Infinity", 1e20: "1.0E20"} {
		if got := double(v); got != want {
			t.Errorf("%v: %s, Java %s", v, got, want)
		}
	}
}

// TestHashOrder: the orders are those that Java's HashMap gave.
func TestHashOrder(t *testing.T) {
	m := map[string]string{"MSG_REGION": "r", "UNIQ_KEY": "u", "CLUSTER": "c", "MIN_OFFSET": "0", "TAGS": "t", "WAIT": "true",
		"TRACE_ON": "true", "MAX_OFFSET": "1"}
	want := "{MSG_REGION=r, CLUSTER=c, UNIQ_KEY=u, MIN_OFFSET=0, TAGS=t, WAIT=true, TRACE_ON=true, MAX_OFFSET=1}"
	if got := orderedText(m, keysOf(m), propertiesCapacity); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := listText(hashOrder([]string{"broker-a", "broker-b"}, 0)); got != "[broker-b, broker-a]" {
		t.Error(got)
	}
}

func TestPretty(t *testing.T) {
	v := map[string]any{"a": map[int64]string{0: "h:1"}, "e": map[string]int{}, "l": []any{1, "x,{\"}"}, "n": []int{},
		"next": []int64{1, 5}}
	want := "{\n\t\"a\":{\n\t\t0:\"h:1\"\n\t},\n\t\"e\":{},\n\t\"l\":[\n\t\t1,\n\t\t\"x,{\\\"}\"\n\t],\n\t\"n\":[],\n\t\"next\":[1,5]\n}"
	if diff := cmp.Diff(want, pretty(v)); diff != "" {
		t.Error(diff)
	}
}

func TestTimes(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 67_000_000, time.Local).UnixMilli()
	if stampMillis(at) != "2026-01-02 03:04:05,067" || stamp(at) != "2026-01-02 03:04:05" ||
		stampDense(at) != "20260102030405067" {
		t.Error(stampMillis(at), stamp(at), stampDense(at))
	}
	c := &call{vals: &values{given: map[string]string{"a": "2026-01-02#03:04:05:067", "b": "12", "c": "2026", "d": "x"}}}
	for key, want := range map[string]int64{"a": at, "b": 12, "c": 2026} {
		if got, err := c.timestamp(key); err != nil || got != want {
			t.Errorf("%s: %d %v", key, got, err)
		}
	}
	if _, err := c.timestamp("d"); err == nil {
		t.Error("x was a time")
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{"a@b": "a@b", "../x": ".._x", "..": "_", "": "_", "a\x00b": "a_b"} {
		if got := safeName(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
	if parseGroup("%RETRY%g") != "g" || parseGroup("%RETRY%g+T") != "g" || parseGroup("%RETRY%g_T") != "g_T" {
		t.Error("parseGroup")
	}
	if permText(6) != "RW-" || permText(0) != "---" || permText(7) != "RWX" {
		t.Error("permText")
	}
}
