package config

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	known := []string{"maxMessageSize", "listenPort"}
	for key, want := range map[string]string{
		"maxMesageSize": "maxMessageSize", "MAXMESSAGESIZE": "maxMessageSize", "listenport": "listenPort",
		"mapedFileSizeCommitLog": "mappedFileSizeCommitLog",
		"zzz":                    "", "": "", "something.else.altogether": "", strings.Repeat("x", 1<<20): "",
	} {
		if got := suggest(key, known); got != want {
			t.Errorf("%.40s: %q, want %q", key, got, want)
		}
	}
}
