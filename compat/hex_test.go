package compat

import (
	"encoding/hex"
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
