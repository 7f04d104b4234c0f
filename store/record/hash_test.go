package record

import (
	"math/rand/v2"
	"testing"
	"unicode/utf16"

	"gorocket/compat"
)

// TestHashCode: the same as the definition in String.hashCode, for texts of all lengths with and without characters
// beyond ASCII.
func TestHashCode(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	letters := []rune("abcXYZ019#%_-é中😀")
	for range 20000 {
		text := make([]rune, rnd.IntN(40))
		for i := range text {
			text[i] = letters[rnd.IntN(len(letters)-rnd.IntN(2)*3)] // half of them are ASCII only
		}
		want := int32(17)
		for _, unit := range utf16.Encode(text) {
			want = want*31 + int32(unit)
		}
		if got := compat.ContinueHash(17, []byte(string(text))); got != want {
			t.Fatalf("%q: %d, want %d", string(text), got, want)
		}
	}
}

func BenchmarkIndexHash(b *testing.B) {
	topic, key := "gorocket_bench", []byte("AC1E0A640000000000000000DEADBEEF")
	b.ReportAllocs()
	for b.Loop() {
		KeyHash(TopicHash(topic), key)
	}
}
