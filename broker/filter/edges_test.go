package filter

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestNumbersToTheEdge: the smallest and largest numbers of each kind are numbers, those beside them are refused.
func TestNumbersToTheEdge(t *testing.T) {
	for text, ok := range map[string]bool{"4.9E-324": true, "2.0E-324": false, "0.0": false, "1.7976931348623157E308": true,
		"1.8E308": false, "1.0": true} {
		if _, err := Compile("a = " + text); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, c := range []struct {
		text        string
		low, high   int64
		want        int64
		isAnInteger bool
	}{{"-2147483648", math.MinInt32, math.MaxInt32, math.MinInt32, true},
		{"-2147483649", math.MinInt32, math.MaxInt32, 0, false},
		{"2147483647", math.MinInt32, math.MaxInt32, math.MaxInt32, true},
		{"2147483648", math.MinInt32, math.MaxInt32, 0, false},
		{"-9223372036854775808", math.MinInt64, math.MaxInt64, math.MinInt64, true},
		{"9223372036854775807", math.MinInt64, math.MaxInt64, math.MaxInt64, true},
		{"9223372036854775808", math.MinInt64, math.MaxInt64, 0, false},
		{"", math.MinInt64, math.MaxInt64, 0, false}, {"-", math.MinInt64, math.MaxInt64, 0, false},
		{"\u0660", math.MinInt64, math.MaxInt64, 0, true}, {"\u0669", math.MinInt64, math.MaxInt64, 9, true},
		{"\u065f", math.MinInt64, math.MaxInt64, 0, false}, {"\u066a", math.MinInt64, math.MaxInt64, 0, false},
		{"\uff10\uff19", math.MinInt64, math.MaxInt64, 9, true}, {"\U0001d7ce", math.MinInt64, math.MaxInt64, 0, false},
		{"/", math.MinInt64, math.MaxInt64, 0, false}, {":", math.MinInt64, math.MaxInt64, 0, false}} {
		got, ok := parseInteger(c.text, c.low, c.high)
		if ok != c.isAnInteger || ok && got != c.want {
			t.Errorf("%q: %d, %v", c.text, got, ok)
		}
	}
}

// TestNames: a name begins with a letter, _ or $, the first and last letters among them.
func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{"a": true, "z": true, "A": true, "Z": true, "_": true, "$": true, "a0": true, "a9": true,
		"`": false, "{": false, "@": false, "[": false, "0a": false, "é": false} {
		if _, err := Compile(name + " = 1"); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCacheKeepsShortOnes: an expression of maxCached bytes is kept, a longer one is compiled each time.
func TestCacheKeepsShortOnes(t *testing.T) {
	c := NewCache(2)
	for more, kept := range []bool{true, false} {
		text := "a = 1" + strings.Repeat(" ", maxCached-5+more)
		first, err := c.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := c.Compile(text); (again == first) != kept {
			t.Errorf("%d bytes: kept %v", len(text), again == first)
		}
	}
}

// TestColumns: columns count from 1, a tab leads to the next multiple of eight, a line ends once.
func TestColumns(t *testing.T) {
	for text, want := range map[string]string{"a": "1:1", "ab": "1:2", "\tb": "1:9", "1234567\tb": "1:9", "12345678\tb": "1:17",
		"\t\tb": "1:17", "1\t2\tb": "1:17", "a\nb": "2:1", "a\r\nb": "2:1", "a\rb": "2:1", "a\n\nb": "3:1", "": "0:0"} {
		units := utf16.Encode([]rune(text))
		line, column := (&lexer{units: units}).position(len(units) - 1)
		if got := fmt.Sprint(line, ":", column); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// TestRoomToTheByte: as many bytes and subscriptions are kept as may be; one that takes less than before always fits.
func TestRoomToTheByte(t *testing.T) {
	for over, ok := range []bool{true, false} {
		m := newTestManager(t, 32)
		d := &Data{Topic: "t", ConsumerGroup: "g", Expression: "a = 1"}
		m.bytes = MaxBytes - d.size() + over
		if got := m.put("t", "g", d); got != ok {
			t.Errorf("%d bytes over: %v", over, got)
		}
		m = newTestManager(t, 32)
		m.count = MaxEntries - 1 + over
		if got := m.put("t", "g", d); got != ok || m.Size() != MaxEntries {
			t.Errorf("%d entries over: %v, %d", over, got, m.Size())
		}
	}
	m := newTestManager(t, 32)
	long, short := &Data{Expression: "a = 1 AND b = 1"}, &Data{Expression: "a = 1"}
	m.put("t", "g", long)
	if m.bytes = MaxBytes + 100; !m.put("t", "g", short) || m.bytes != MaxBytes+100-10 {
		t.Errorf("a shorter one is refused, or counted wrong: %d", m.bytes-MaxBytes)
	}
	if text, err := (*Data)(nil).JSON(); text != "null" || err != nil {
		t.Errorf("no data: %s, %v", text, err)
	}
	if text, err := short.JSON(); !strings.Contains(text, `"a = 1"`) || err != nil {
		t.Errorf("data: %s, %v", text, err)
	}
}

// TestExpectations: which sequences of tokens an error text names, with JavaCC's quirk: a sequence is left out as known
// when the last one of the list has another length.
func TestExpectations(t *testing.T) {
	type step struct {
		k   kind
		pos int
	}
	for what, c := range map[string]struct {
		steps []step
		want  string
	}{
		"nothing":               {[]step{{0, 0}}, "[]"},
		"out of the blue":       {[]step{{3, 2}, {0, 0}}, "[]"},
		"one":                   {[]step{{3, 1}, {0, 0}}, "[[3]]"},
		"two tokens":            {[]step{{3, 1}, {4, 2}, {0, 0}}, "[[3 4]]"},
		"one of two":            {[]step{{3, 1}, {4, 1}, {0, 0}}, "[[3] [4]]"},
		"the same twice":        {[]step{{3, 1}, {4, 1}, {3, 1}, {4, 1}, {0, 0}}, "[[3] [4]]"},
		"told twice":            {[]step{{3, 1}, {0, 0}, {0, 0}}, "[[3]]"},
		"longer behind shorter": {[]step{{3, 1}, {0, 0}, {4, 2}, {0, 0}}, "[[3]]"},
		"falls back":            {[]step{{3, 1}, {4, 2}, {5, 3}, {6, 2}, {0, 0}}, "[[3 4 5]]"},
		"the last one differs":  {[]step{{3, 1}, {4, 2}, {5, 2}, {6, 2}, {0, 0}}, "[[3 4] [3 5] [3 6]]"},
	} {
		var e expectations
		for _, s := range c.steps {
			e.add(s.k, s.pos)
		}
		if got := fmt.Sprint(e.entries); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
	var e expectations
	for pos := 1; pos <= maxSequence+1; pos++ {
		e.add(7, pos)
	}
	if e.add(0, 0); len(e.entries) != 1 || len(e.entries[0]) != maxSequence-1 {
		t.Errorf("%d sequences, the first of %d tokens", len(e.entries), len(e.entries[0]))
	}
}
