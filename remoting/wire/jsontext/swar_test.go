package jsontext

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestWordScans compares the scans that look at eight bytes at a time with loops over bytes, on texts dense in what
// they look for.
func TestWordScans(t *testing.T) {
	const alphabet = "aaaa\"\\!#]^\x00\x1f\x20\x7f\x80\xa2\xdc\xff"
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		a := make([]byte, r.IntN(40))
		for i := range a {
			if a[i] = 'x'; r.IntN(6) == 0 {
				a[i] = alphabet[r.IntN(len(alphabet))]
			}
		}
		want := bytes.IndexAny(a, "\"\\")
		if want < 0 {
			want = len(a)
		}
		if got := IndexQuote(a, 0); got != want {
			t.Fatalf("IndexQuote(%q) = %d, want %d", a, got, want)
		}
		plain := strings.IndexFunc(string(a), func(c rune) bool {
			return c < 0x20 || c >= 0x80 || c == '"' ||
				c == '\\'
		})
		if plain < 0 {
			plain = len(a)
		}
		if got := string(AppendPlain([]byte("head"), string(a))); got != "head"+string(a[:plain]) {
			t.Fatalf("AppendPlain(%q) = %q, want %d bytes", a, got, plain)
		}
		old := []byte(strings.Repeat("x", len(a)))
		copy(old, a[:r.IntN(plain+1)]) // some of it is there already
		if ok := ReplacePlain(old, string(a)); ok != (plain == len(a)) || ok && !bytes.Equal(old, a) {
			t.Fatalf("ReplacePlain(%q) = %v, made %q", a, ok, old)
		}
		b := bytes.Clone(a)
		if len(b) > 0 {
			b[r.IntN(len(b))] ^= byte(r.IntN(2))
		}
		b = b[:len(b)-r.IntN(len(b)+1)/4]
		same := 0
		for same < len(b) && a[same] == b[same] {
			same++
		}
		if got := CommonPrefix(a, b); got != same {
			t.Fatalf("CommonPrefix(%q, %q) = %d, want %d", a, b, got, same)
		}
	}
}
