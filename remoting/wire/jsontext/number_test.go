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

// TestDigitsOnly: at every length, and in every place, only digits are taken.
func TestDigitsOnly(t *testing.T) {
	for _, bits := range []uint{32, 64} {
		for n := 1; n < 20; n++ {
			text := []byte("00000000000000000000000")[:n]
			if got, ok := ParseInt(text, bits); !ok || got != 0 {
				t.Errorf("%s: %d %v", text, got, ok)
			}
			for i := range n {
				for _, bad := range "/:;?. eE\x00\xff" {
					b := append([]byte(nil), text...)
					if b[i] = byte(bad); b[i] == 0 {
						continue
					}
					if got, ok := ParseInt(b, bits); ok {
						t.Errorf("%q is %d of %d bits", b, got, bits)
					}
				}
			}
		}
	}
	for text, want := range map[string]bool{"9223372036854775807": true, "9223372036854775808": false,
		"-9223372036854775809": false, "9223372036854775799": true, "92233720368547758070": false} {
		if _, ok := ParseInt([]byte(text), 64); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
	}
}
