package jsontext

import "testing"

// TestParseInt: what Java takes for an int or a long, and what it does not.
func TestParseInt(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "-1": -1, "+7": 7, "2147483647": 1<<31 - 1,
		"-2147483648": -1 << 31} {
		if got, ok := ParseInt([]byte(text), 32); !ok || got != want {
			t.Errorf("%s: %d %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", "2147483648", "-2147483649", "1 ", " 1", "1.0", "0x1",
		"99999999999999999999999"} {
		if _, ok := ParseInt([]byte(text), 32); ok {
			t.Errorf("%q is not an int32", text)
		}
	}
	if got, ok := ParseInt([]byte("-9223372036854775808"), 64); !ok || got != -1<<63 {
		t.Errorf("min int64: %d %v", got, ok)
	}
}
