package compat

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func TestAppendHex(t *testing.T) {
	raw := make([]byte, 256)
	for i := range raw {
		raw[i] = byte(i)
	}
	if got, want := string(AppendHex([]byte("id "), raw)), "id "+strings.ToUpper(hex.EncodeToString(raw)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPutHex64(t *testing.T) {
	var b [16]byte
	for _, v := range []uint64{0, 9, 10, 0xF, 0x10, 0x0123456789ABCDEF, 0xFEDCBA9876543210, 1<<64 - 1,
		0x9A9A9A9AA9A9A9A9} {
		if PutHex64(b[:], v); string(b[:]) != fmt.Sprintf("%016X", v) {
			t.Errorf("%d: %s, want %016X", v, b, v)
		}
	}
}
