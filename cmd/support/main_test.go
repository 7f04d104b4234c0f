package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestSupportTableIsUpToDate(t *testing.T) {
	var want bytes.Buffer
	write(&want)
	got, err := os.ReadFile("../../docs/support.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/support.md differs from the dispatch tables: run make support")
	}
	for _, row := range []string{"| 310 | SEND_MESSAGE_V2 | unknown | unknown | **yes** |",
		"| 105 | GET_ROUTEINFO_BY_TOPIC | **yes** | unknown | unknown |", "| 200070 | POP_LITE_MESSAGE | unknown | unknown | unknown |"} {
		if !strings.Contains(want.String(), row) {
			t.Errorf("row missing: %s", row)
		}
	}
}
