package overlay

import "testing"

// TestPatchesFit: this Go and the product have the lines that are replaced.
func TestPatchesFit(t *testing.T) {
	for _, plant := range append(Plants(), "") {
		if _, err := Write(t.TempDir(), "../../..", plant); err != nil {
			t.Errorf("%q: %v", plant, err)
		}
	}
	if _, err := Write(t.TempDir(), "../../..", "another"); err == nil {
		t.Error("a fault that is not known is planted")
	}
}
