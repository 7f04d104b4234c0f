package compat

import (
	"testing"
	"unicode/utf8"
)

func TestEditProperties(t *testing.T) {
	for _, c := range []struct{ name, text, change, want string }{
		{"one line", "# a\na=1\nb = 2\n", "b=3", "# a\na=1\nb=3\n"},
		{"added", "a=1", "c=3", "a=1\nc=3\n"},
		{"empty", "", "c=3", "c=3\n"},
		{"the last of several", "a=1\na=2\n", "a=3", "a=1\na=3\n"},
		{"continued", "a=1\\\n  2\nb=2\n", "a=3", "a=3\nb=2\n"},
		{"windows", "a=1\r\n! c\r\nb=2\r\n", "b=9\nz=1", "a=1\r\n! c\r\nb=9\r\nz=1\r\n"},
		{"escapes", "k\\=x : 1\n", "k\\=x= v w", "k\\=x=v w\n"},
		{"comment is no key", "#a=1\n", "a=2", "#a=1\na=2\n"},
		{"backslash at the end", "a=1\\\r", "c=3", "a=1\\\r\n\nc=3\n"},
		{"latin1", "a=\xe9\nb=1\n", "b=2", "a=\u00e9\nb=2\n"},
	} {
		p, err := ParseProperties([]byte(c.change))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(EditProperties([]byte(c.text), p)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPropertiesLine(t *testing.T) {
	p, err := ParseProperties([]byte("\r\n# c\na=1\\\n 2\n\nb=3\rc=4\nb=5"))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{"a": 3, "b": 8, "c": 7, "x": 0} {
		if got := p.Line(key); got != want {
			t.Errorf("%s: line %d, want %d", key, got, want)
		}
	}
}

// What is edited reads as the former text with the change, whatever both are.
func FuzzEditProperties(f *testing.F) {
	f.Add("a=1\n# c\nb=2\\\n 3\r\n", "b", "x y")
	f.Add("a", "", " ")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		before, err := ParseProperties([]byte(text))
		if err != nil || key == "" || !utf8.ValidString(key) || !utf8.ValidString(value) {
			return
		}
		change := &Properties{}
		change.Set(key, value)
		edited := EditProperties([]byte(text), change)
		after, err := ParseProperties(edited)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, edited, err)
		}
		round, err := ParseProperties(change.Format())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range round.Keys() {
			want, _ := round.Get(k)
			if got, _ := after.Get(k); got != want {
				t.Fatalf("%q: %q is %q, want %q", edited, k, got, want)
			}
		}
		for _, k := range before.Keys() {
			want, _ := before.Get(k)
			if _, changed := round.Get(k); changed {
				continue
			}
			if got, ok := after.Get(k); !ok || got != want {
				t.Fatalf("%q: %q is %q, was %q", edited, k, got, want)
			}
		}
	})
}
