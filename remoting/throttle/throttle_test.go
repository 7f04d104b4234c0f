package throttle

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestLog: a kind has its lines in each period and no more, whatever the others do, and the next line tells how many
// were dropped.
func TestLog(t *testing.T) {
	var out bytes.Buffer
	l := New(zerolog.New(&out), 2, 50*time.Millisecond)
	for range 5 {
		l.Warn("a").Msg("x")
	}
	l.Info("b").Msg("y")
	if a, b := strings.Count(out.String(), `"x"`), strings.Count(out.String(), `"y"`); a != 2 || b != 1 {
		t.Errorf("%d and %d lines: %s", a, b, &out)
	}
	if !strings.Contains(out.String(), `{"level":"info","message":"y"}`) {
		t.Errorf("no information: %s", &out)
	}
	if strings.Contains(out.String(), "droppedLines") {
		t.Errorf("nothing was dropped before: %s", &out)
	}
	time.Sleep(60 * time.Millisecond)
	out.Reset()
	l.Warn("a").Msg("x")
	l.Warn("a").Msg("x")
	if got := out.String(); strings.Count(got, `"droppedLines":3`) != 1 || strings.Count(got, "droppedLines") != 1 {
		t.Errorf("got %s", got)
	}
}
