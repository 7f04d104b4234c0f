package compat

import (
	"strings"
	"testing"
)

func TestParseProperties(t *testing.T) {
	cases := []struct {
		name, text string
		want       []string // key, value, key, value …
	}{
		{"plain", "a=1\nb=2\n", []string{"a", "1", "b", "2"}},
		{"separators", "a : 1\nb 2\nc\t=\t3\nd==4\ne: =5", []string{"a", "1", "b", "2", "c", "3", "d", "=4", "e", "=5"}},
		{"comments and blank lines", "# x=1\n  ! y=2\n\n \t\na=1", []string{"a", "1"}},
		{"trailing blanks stay", "a=1 \t", []string{"a", "1 \t"}},
		{"no value", "a\nb=\nc:", []string{"a", "", "b", "", "c", ""}},
		{"continued", "a=1\\\n   2\\\r\n  3\nb=4", []string{"a", "123", "b", "4"}},
		{"two backslashes do not continue", "a=x\\\\\nb=4", []string{"a", `x\`, "b", "4"}},
		{"comment is not continued", "#a\\\nb=1", []string{"b", "1"}},
		{"escapes", `a\=b\:c\ d=\t\n\u0041\q\\`, []string{"a=b:c d", "\t\nAq\\"}},
		{"surrogate pair", `a=\ud83d\ude00`, []string{"a", "😀"}},
		{"last wins, first place", "a=1\nb=2\na=3", []string{"a", "3", "b", "2"}},
		{"utf-8", "a=中文", []string{"a", "中文"}},
		{"latin-1", "a=\xe9", []string{"a", "é"}},
		{"carriage returns", "a=1\rb=2\r\nc=3", []string{"a", "1", "b", "2", "c", "3"}},
		{"broker.conf", "brokerClusterName = DefaultCluster\nmessageDelayLevel=1s 5s 10s\nnamesrvAddr=h1:9876;h2:9876",
			[]string{"brokerClusterName", "DefaultCluster", "messageDelayLevel", "1s 5s 10s", "namesrvAddr", "h1:9876;h2:9876"}},
		{"unfinished", "a=1\\", []string{"a", "1"}},
		{"empty", "", nil},
	}
	for _, c := range cases {
		p, err := ParseProperties([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, k := range p.Keys() {
			v, _ := p.Get(k)
			got = append(got, k, v)
		}
		if strings.Join(got, "\x00") != strings.Join(c.want, "\x00") {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestParsePropertiesRefuses(t *testing.T) {
	for _, text := range []string{`a=\u12`, `a=\u12g4`, `\uzzzz=1`} {
		if _, err := ParseProperties([]byte(text)); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
	var b strings.Builder
	for i := range MaxProperties + 1 {
		b.WriteString(strings.Repeat("k", 1+i%7) + strings.Repeat("x", i/7%97) + string(rune('a'+i/679%26)) +
			string(rune('a'+i/17654)) + "=\n")
	}
	if p, err := ParseProperties([]byte(b.String())); err == nil {
		t.Errorf("%d entries were accepted", p.Len())
	}
}

func TestPropertiesDelete(t *testing.T) {
	p, _ := ParseProperties([]byte("a=1\nb=2\nc=3"))
	p.Delete("b")
	p.Delete("zz")
	if got := string(p.Format()); got != "a=1\nc=3\n" {
		t.Errorf("got %q", got)
	}
}

func TestPropertiesFormatLooksLikeJava(t *testing.T) {
	text := "messageDelayLevel=1s 5s\nnamesrvAddr=h1:9876;h2:9876\nempty=\n"
	p, err := ParseProperties([]byte(text))
	if err != nil || string(p.Format()) != text {
		t.Errorf("got %q, %v", p.Format(), err)
	}
}

func FuzzParseProperties(f *testing.F) {
	for _, s := range []string{"a=1\n", "a\\=b : c\\\n d", `\u0041=\ud83d\ude00`, "#c\\\nx", "a=\xff\\", " \\ =\\ x\t"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParseProperties(text)
		if err != nil {
			return
		}
		back, err := ParseProperties(p.Format())
		if err != nil {
			t.Fatalf("own output refused: %v\n%q", err, p.Format())
		}
		if back.Len() != p.Len() {
			t.Fatalf("%d entries became %d: %q", p.Len(), back.Len(), p.Format())
		}
		for _, k := range p.Keys() {
			want, _ := p.Get(k)
			if got, ok := back.Get(k); !ok || got != want {
				t.Fatalf("key %q: %q became %q", k, want, got)
			}
		}
	})
}

func BenchmarkParseProperties(b *testing.B) {
	text := []byte(strings.Repeat("brokerClusterName = DefaultCluster\nlistenPort=10911\n", 20))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := ParseProperties(text); err != nil {
			b.Fatal(err)
		}
	}
}
