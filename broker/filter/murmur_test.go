package filter

import "testing"

// TestMurmur: the first half of the published values of MurmurHash3_x64_128, for texts with and without whole blocks.
func TestMurmur(t *testing.T) {
	for text, want := range map[string]uint64{
		"": 0,
		"The quick brown fox jumps over the lazy dog": 0xe34bbc7bbc071b6c,
		"The quick brown fox jumps over the lazy cog": 0x658ca970ff85269a,
		"hello": 0xcbd8a7b341bd9b02, "hello, world": 0x342fac623a5ebc8e,
	} {
		if got := murmur3(text); got != want {
			t.Errorf("%q: %x, want %x", text, got, want)
		}
	}
}
