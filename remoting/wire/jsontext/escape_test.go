package jsontext

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestAppendEscaped: each byte, in front of and behind one that has to be escaped and anywhere in a word of eight bytes,
// is written in its shortest form, and reads as it was.
func TestAppendEscaped(t *testing.T) {
	for ch := range 0x80 {
		want := string(rune(ch))
		switch {
		case ch == '"' || ch == '\\':
			want = "\\" + want
		case ch == '\n':
			want = `\n`
		case ch == '\r':
			want = `\r`
		case ch == '\t':
			want = `\t`
		case ch < 0x20:
			want = fmt.Sprintf(`\u%04x`, ch)
		}
		for pad := range 18 {
			plain := strings.Repeat("p", pad)
			for _, c := range [][2]string{{"", ""}, {"\n", `\n`}, {"é", "é"}, {"\xff", "\uFFFD"}} {
				s := plain + c[0] + string(rune(ch)) + plain
				got := string(AppendEscaped([]byte("before"), s))
				if got != "before"+plain+c[1]+want+plain {
					t.Fatalf("%q became %q", s, got)
				}
				var back string
				if err := json.Unmarshal([]byte(`"`+got[len("before"):]+`"`), &back); err != nil ||
					back != strings.ToValidUTF8(s, "\uFFFD") {
					t.Fatalf("%q reads as %q, %v", got, back, err)
				}
			}
		}
	}
	for s, want := range map[string]string{"a\uFFFDb": "a\uFFFDb", "日本": "日本", "\xe6\x97": "\uFFFD\uFFFD",
		"\x80": "\uFFFD", "\"\x80b\x7f\xff": `\"` + "\uFFFDb\x7f\uFFFD", "😀\n": `😀\n`} {
		if got := string(AppendEscaped(nil, s)); got != want {
			t.Errorf("%q became %q", s, got)
		}
	}
}
