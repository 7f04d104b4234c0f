package wire

import "testing"

// TestIsTrue: "true" in any case, and nothing else, as in Java.
func TestIsTrue(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "TRUE": true, "tRuE": true, "false": false, "nope": false,
		"": false, "tru": false, "true ": false, "1": false} {
		if isTrue([]byte(text)) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
