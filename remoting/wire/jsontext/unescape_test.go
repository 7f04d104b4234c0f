package jsontext

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestAppendString: strings of all kinds of escapes read as another JSON library reads them, wherever in a word an
// escape stands, and end at their quote.
func TestAppendString(t *testing.T) {
	parts := []string{"a", "bc", "0123456", "01234567", `\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0000`, `\u0001`,
		`\u0009`, `\u000a`, `\u000F`, `\u0020`, `\u00e9`, `\uABCD`, `\uabcd`, `\ud83d\ude00`, `\uD83D\uDE00`, "é", "日本"}
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		var text strings.Builder
		for range r.IntN(12) {
			text.WriteString(parts[r.IntN(len(parts))])
		}
		var want string
		if err := json.Unmarshal([]byte(`"`+text.String()+`"`), &want); err != nil {
			t.Fatal(err)
		}
		b := []byte("{" + text.String() + `"` + strings.Repeat("}", r.IntN(20)))
		got, end := AppendString([]byte("head"), b, 1)
		if string(got) != "head"+want || end != 1+text.Len() {
			t.Fatalf("%s is %q up to %d, want %q up to %d", b, got, end, want, 1+text.Len())
		}
		if _, end := AppendString(nil, b[:1+text.Len()], 1); end != -1 {
			t.Fatalf("%s without its quote ends at %d", b, end)
		}
	}
}

// TestBadEscapes: an escape that is none, or cut, is refused; half of a pair stands for U+FFFD, as in Go.
func TestBadEscapes(t *testing.T) {
	for _, text := range []string{`\`, `\x`, `\u`, `\u1`, `\u12`, `\u123`, `\u123g`, `\u123/`, `\u123:`, `\u123@`, "\\u123`",
		`\u000:`, `\u000/`} {
		for pad := range 10 {
			for _, behind := range []string{"", strings.Repeat("x", 10)} {
				b := []byte(strings.Repeat("p", pad) + text + behind + `"`)
				if got, end := AppendString(nil, b, 0); end != -1 {
					t.Errorf("%s is %q up to %d", b, got, end)
				}
			}
		}
	}
	for text, want := range map[string]string{`\ud83d`: "\uFFFD", `\ud83dx`: "\uFFFDx", `\ude00`: "\uFFFD", `\ud83d\u0041`: "\uFFFDA",
		`\ud83d\ud83d`: "\uFFFD\uFFFD", `\udbff\udfff`: "\U0010FFFF", `\ud800\udc00`: "\U00010000", `\'`: "'",
		`\udc00\udc00`: "\uFFFD\uFFFD", `\udbff\ue000`: "\uFFFD\uE000", `\ud7ff\udc00`: "\uD7FF\uFFFD", `\ud800\udbff`: "\uFFFD\uFFFD",
		`\udfff\udc00`: "\uFFFD\uFFFD", `\ud800\udfff`: "\U000103FF", `\ud800\xdc00`[:6] + `\n`: "\uFFFD\n", `\ud800xudc00`: "\uFFFDxudc00", `\ud83d\n`: "\uFFFD\n"} {
		for pad := range 10 {
			b := []byte(strings.Repeat("p", pad) + text + `"`)
			if got, end := AppendString(nil, b, 0); string(got) != strings.Repeat("p", pad)+want || end != len(b)-1 {
				t.Errorf("%s is %q up to %d", b, got, end)
			}
		}
	}
}

// TestNumberEdges: the largest and smallest numbers of each size, and those beside them.
func TestNumberEdges(t *testing.T) {
	for _, c := range []struct {
		text string
		bits uint
		want int64
		ok   bool
	}{
		{"999999999", 32, 999_999_999, true}, {"1000000000", 32, 1_000_000_000, true}, {"2147483647", 32, 1<<31 - 1, true},
		{"2147483648", 32, 0, false}, {"-2147483648", 32, -1 << 31, true}, {"-2147483649", 32, 0, false},
		{"9999999999", 32, 0, false}, {"0000000000000000000001", 32, 1, true}, {"99999999x", 32, 0, false},
		{"1234567890x", 32, 0, false}, {"2147483650", 32, 0, false}, {"21474836470", 32, 0, false},
		{"999999999999999999", 64, 999_999_999_999_999_999, true}, {"1000000000000000000", 64, 1_000_000_000_000_000_000, true},
		{"9223372036854775807", 64, 1<<63 - 1, true}, {"9223372036854775808", 64, 0, false},
		{"-9223372036854775808", 64, -1 << 63, true}, {"-9223372036854775809", 64, 0, false}, {"99999999999999999/", 64, 0, false},
		{"+", 64, 0, false}, {"--1", 64, 0, false}, {"+5", 64, 5, true},
	} {
		if got, ok := ParseInt([]byte(c.text), c.bits); ok != c.ok || ok && got != c.want {
			t.Errorf("%s of %d bits: %d, %v", c.text, c.bits, got, ok)
		}
	}
	for text, want := range map[string]struct {
		n   int32
		end int
		ok  bool
	}{"x12,": {12, 3, true}, "x-12}": {-12, 4, true}, "x": {0, 1, false}, "x-": {0, 2, false}, "x,": {0, 1, false},
		"x2147483648 ": {0, 11, false}, "x0/": {0, 2, true}, "x9:": {9, 2, true}} {
		if n, end, ok := ScanInt32([]byte(text), 1); ok != want.ok || end != want.end || ok && n != want.n {
			t.Errorf("%s: %d up to %d, %v", text, n, end, ok)
		}
	}
}
