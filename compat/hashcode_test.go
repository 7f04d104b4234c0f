package compat

import "testing"

// Expected values were computed by Java's String.hashCode.
var hashCases = []struct {
	text string
	want int32
}{
	{"", 0}, {"a", 97}, {"TagA", 2598919}, {"Aa", 2112}, {"BB", 2112}, {"polygenelubricants", -2147483648},
	{"unique-k", -294461073}, {"0123456789abcdefZ", 258821810}, {"~~~~~~~~~~~~~~~~", 529939968},
	{"AC1E0A640000000000000000DEADBEEF", 1981562605}, {"é", 233}, {"中文", 646394}, {"😀", 1772899}, {"a😀b", 1772899*31 + 97*31*31*31 + 98},
}

func TestHashCode(t *testing.T) {
	for _, c := range hashCases {
		if got := HashCode(c.text); got != c.want {
			t.Errorf("HashCode(%q) = %d, want %d", c.text, got, c.want)
		}
		if got := HashCodeBytes([]byte(c.text)); got != c.want {
			t.Errorf("HashCodeBytes(%q) = %d, want %d", c.text, got, c.want)
		}
	}
}

func FuzzHashCode(f *testing.F) {
	for _, c := range hashCases {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want int32
		for _, u := range utf16Of(s) {
			want = 31*want + int32(u)
		}
		if got := HashCode(s); got != want {
			t.Fatalf("HashCode(%q) = %d, want %d", s, got, want)
		}
	})
}

func BenchmarkHashCode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		HashCode("TopicTest#ordinary-message-key-0001")
	}
}
