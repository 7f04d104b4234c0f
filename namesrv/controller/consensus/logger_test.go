package consensus

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// TestAwayIsToldSeldom: a member that is away is told of once in a while, each by itself, and what else raft says always.
func TestAwayIsToldSeldom(t *testing.T) {
	var out bytes.Buffer
	l := newLogger(zerolog.New(&out).Level(zerolog.InfoLevel))
	for i := range 20 {
		for _, peer := range []string{"h:1", "h:2"} {
			l.Error("failed to heartbeat to", "peer", peer, "backoff time", fmt.Sprint(i, "ms"), "error", "refused")
		}
		l.Error("failed to make requestVote RPC", "target", "{Voter n2 h:2}", "error", fmt.Sprint("refused ", i), "term", i)
		l.Warn("Election timeout reached, restarting election")
	}
	l.Error("failed to commit logs", "error", "the disk")
	l.Error("failed to commit logs", "error", "the disk")
	l.Warn("appendEntries rejected, sending older logs", "peer", "{Voter n1 h:1}", "next", 44)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 7 {
		t.Fatalf("%d lines, want 7:\n%s", len(lines), out.String())
	}
	if n := strings.Count(out.String(), `"level":"error"`); n != 2 {
		t.Errorf("%d errors, want 2, of the disk:\n%s", n, out.String())
	}
	for i, want := range []string{"h:1", "h:2", "n2 h:2", "restarting", "the disk", "the disk", `"level":"info"`} {
		if !strings.Contains(lines[i], want) || !strings.Contains(lines[i], `"part":"raft"`) {
			t.Errorf("line %d: %s, want %q in it", i, lines[i], want)
		}
	}
}
