package consensus

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"

	"gorocket/remoting/throttle"
)

type logger = hclog.Logger

// newLogger passes what raft and its log tell on as lines of ours.
func newLogger(log zerolog.Logger) logger {
	level := hclog.Warn
	if log.GetLevel() <= zerolog.DebugLevel {
		level = hclog.Debug
	}
	away := throttle.New(log, 1, awayPeriod)
	return hclog.New(&hclog.LoggerOptions{Name: "raft", Level: level, Output: lines{log, away}, DisableTime: true})
}

// awayPeriod is how often it is told that a member is not reached, or that nobody is elected: raft says it several
// times a second for as long as it lasts.
const awayPeriod = 10 * time.Second

// ofAway begin the lines that a member which is away causes. They are warnings, whatever raft takes them for.
var ofAway = []string{"failed to heartbeat to", "failed to appendEntries to", "failed to make requestVote RPC",
	"failed to contact:", "failed to send snapshot to", "failed to install snapshot",
	"Election timeout reached, restarting election"}

// ofCatchingUp begin what is told when a member that was away comes back, or an election finds the best one: nothing is
// wrong.
var ofCatchingUp = []string{"failed to get previous log:", "appendEntries rejected, sending older logs",
	"rejecting pre-vote request since our last", "rejecting vote request since our last"}

// lines takes hclog's text lines: "[WARN]  raft: text: key=value".
type lines struct {
	log  zerolog.Logger
	away *throttle.Log
}

var _ io.Writer = lines{}

func (l lines) Write(line []byte) (int, error) {
	text := bytes.TrimSpace(line)
	level := zerolog.DebugLevel
	for _, x := range []struct {
		prefix string
		level  zerolog.Level
	}{{"[ERROR]", zerolog.ErrorLevel}, {"[WARN]", zerolog.WarnLevel}, {"[INFO]", zerolog.InfoLevel}} {
		if bytes.HasPrefix(line, []byte(x.prefix)) {
			level = x.level
		}
	}
	if _, after, found := bytes.Cut(text, []byte("raft: ")); found {
		text = after
	}
	if level == zerolog.WarnLevel && begins(string(text), ofCatchingUp) != "" {
		level = zerolog.InfoLevel
	}
	e := l.log.WithLevel(level)
	if level >= zerolog.WarnLevel {
		if kind := awayKind(string(text)); kind != "" {
			e = l.away.Warn(kind)
		}
	}
	e.Str("part", "raft").Msg(string(text))
	return len(line), nil
}

// begins is which of the texts a line begins with, "" for none.
func begins(line string, texts []string) string {
	for _, text := range texts {
		if strings.HasPrefix(line, text) {
			return text
		}
	}
	return ""
}

// awayKind is what of a line stays the same while a member is away, its address among it; "" for other lines.
func awayKind(line string) string {
	begin := begins(line, ofAway)
	if begin == "" {
		return ""
	}
	_, who, _ := strings.Cut(line, ": ") // only members are asked
	if end := strings.IndexByte(who, '}'); end >= 0 {
		return begin + who[:end]
	}
	who, _, _ = strings.Cut(who, " ")
	return begin + who
}
