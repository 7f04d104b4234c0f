package epoch

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestAt(t *testing.T) {
	l := List{{1, 100}, {3, 200}, {7, 350}}
	for at, want := range map[int64]struct {
		e   Entry
		end int64
	}{0: {l[0], 200}, 100: {l[0], 200}, 199: {l[0], 200}, 200: {l[1], 350}, 349: {l[1], 350}, 350: {l[2], math.MaxInt64},
		1 << 60: {l[2], math.MaxInt64}} {
		if e, end, ok := l.At(at); e != want.e || end != want.end || !ok {
			t.Errorf("%d: %v, %d, %v", at, e, end, ok)
		}
	}
	if _, _, ok := (List{}).At(0); ok || (List{}).Last() != -1 || l.Last() != 7 {
		t.Error("an empty list has an entry")
	}
}

// TestWith: a new master takes the place of those that wrote nothing which is in the log.
func TestWith(t *testing.T) {
	l := List{{1, 0}, {2, 100}}
	for _, c := range []struct {
		e    Entry
		want List
	}{
		{Entry{3, 150}, List{{1, 0}, {2, 100}, {3, 150}}}, {Entry{3, 100}, List{{1, 0}, {3, 100}}},
		{Entry{3, 50}, List{{1, 0}, {3, 50}}}, {Entry{9, 0}, List{{9, 0}}}, {Entry{2, 100}, List{{1, 0}, {2, 100}}},
		{Entry{2, 101}, nil}, {Entry{1, 300}, nil}, {Entry{-1, 300}, nil}, {Entry{4, -1}, nil}, {Entry{1, 50}, nil},
	} {
		got, err := l.With(c.e)
		if !reflect.DeepEqual(got, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%v: %v, %v", c.e, got, err)
		}
	}
	if !reflect.DeepEqual(l, List{{1, 0}, {2, 100}}) {
		t.Error("the list itself was changed")
	}
	if _, err := make(List, MaxEntries).With(Entry{math.MaxInt32, 1}); err == nil {
		t.Error("there is no limit")
	}
}

func TestCuts(t *testing.T) {
	l := List{{1, 0}, {2, 100}, {3, 200}}
	for end, n := range map[int64]int{0: 0, 1: 1, 100: 1, 101: 2, 200: 2, 201: 3} {
		if got := l.Below(end); len(got) != n {
			t.Errorf("the log ends at %d: %v", end, got)
		}
	}
	for first, n := range map[int64]int{0: 3, 99: 3, 100: 2, 199: 2, 200: 1, 1000: 1} {
		if got := l.From(first); len(got) != n || got.Last() != 3 {
			t.Errorf("the log begins at %d: %v", first, got)
		}
	}
	if len(List{}.From(5)) != 0 || len(List{}.Below(5)) != 0 {
		t.Error("nothing becomes something")
	}
}

// TestCommon: how far two logs agree, either way round.
func TestCommon(t *testing.T) {
	a := List{{1, 0}, {2, 100}, {4, 200}}
	for name, c := range map[string]struct {
		b          List
		end, other int64
		want       int64 // -1: nothing in common
	}{
		"the same":                        {a, 300, 300, 300},
		"one is behind":                   {a, 250, 300, 250},
		"an old master wrote on alone":    {List{{1, 0}, {2, 100}}, 300, 260, 200},
		"an old master stopped in time":   {List{{1, 0}, {2, 100}}, 300, 150, 150},
		"different masters":               {List{{1, 0}, {2, 100}, {3, 150}}, 300, 300, 150},
		"the same number, another start":  {List{{1, 0}, {2, 100}, {4, 150}}, 300, 300, 150},
		"the first one in common":         {List{{1, 0}, {3, 50}}, 300, 300, 50},
		"another first one":               {List{{1, 7}, {3, 50}}, 300, 300, -1},
		"the beginning was deleted there": {List{{2, 100}, {4, 200}}, 220, 300, 220},
		"nothing in common":               {List{{8, 0}}, 300, 300, -1},
		"a new one":                       {nil, 300, 300, -1},
	} {
		for turned := range 2 {
			x, y, ex, ey := a, c.b, c.end, c.other
			if turned == 1 {
				x, y, ex, ey = y, x, ey, ex
			}
			got, ok := Common(x, ex, y, ey)
			if ok != (c.want >= 0) || ok && got != c.want {
				t.Errorf("%s: %d, %v, turned %d", name, got, ok, turned)
			}
		}
	}
}

func TestEncode(t *testing.T) {
	l := List{{7, 7000}, {8, 8000}} // Java's CheckpointFile
	if got := string(l.Encode()); got != "2\n773307083\n7-7000\n8-8000\n" {
		t.Errorf("%q", got)
	}
	got, err := Parse(l.Encode())
	if err != nil || !reflect.DeepEqual(got, l) {
		t.Error(got, err)
	}
	for name, text := range map[string]string{"no number": "x\n0\n", "nothing": "", "a line too few": "2\n0\n1-0\n",
		"another checksum": "1\n5\n1-0\n", "no line": "1\n0\nx\n", "epochs that fall": "2\n0\n2-0\n1-100\n",
		"starts that fall": "2\n0\n1-100\n2-100\n", "below 0": "1\n0\n-1-0\n", "start below 0": "1\n0\n1--5\n",
		"a file of something else": strings.Repeat("\x00", 1<<20), "a large one": strings.Repeat("\x00", 9<<20),
		"too large": "1\n0\n2147483648-0\n", "no checksum": "0\nx\n", "a large checksum": "0\n4294967295\n"} {
		if l, err := Parse([]byte(text)); err == nil || len(err.Error()) > 400 {
			t.Errorf("%s: %v, %.1000v", name, l, err)
		}
	}
	longest := make(List, MaxEntries)
	for i := range longest {
		longest[i] = Entry{math.MaxInt32 - int32(MaxEntries-i), math.MaxInt64 - int64(MaxEntries-i)}
	}
	if l, err := Parse(longest.Encode()); err != nil || len(l) != MaxEntries {
		t.Errorf("the longest list: %d, %v", len(l), err)
	}
	if l, err := Parse([]byte("1\n0\n1-0\n")); err != nil || len(l) != 1 {
		t.Error("checksum 0 is checked", err)
	}
	if _, err := ListOf([]Entry{{1, 0}, {2, 0}}); err == nil {
		t.Error("a peer may have two masters at one place")
	}
	if _, err := ListOf([]Entry{{-1, 0}}); err == nil {
		t.Error("a peer may have an epoch below 0")
	}
	if l, err := ListOf(l); err != nil || len(l) != 2 {
		t.Error(l, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(List{{7, 7000}, {8, 8000}}.Encode())
	f.Add([]byte("1\n0\n1-0"))
	f.Add([]byte("0\r\n0\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Parse(b)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" || l != nil {
				t.Error(l, err)
			}
			return
		}
		again, err := Parse(l.Encode())
		if err != nil || len(again) != len(l) || len(l) > 0 && again[len(l)-1] != l[len(l)-1] {
			t.Errorf("%v: %v, %v", l, again, err)
		}
	})
}
