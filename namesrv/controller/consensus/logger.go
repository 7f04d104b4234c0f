package consensus

import (
	"bytes"
	"io"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"
)

type logger = hclog.Logger

// newLogger passes what raft and its log tell on as lines of ours.
func newLogger(log zerolog.Logger) logger {
	level := hclog.Warn
	if log.GetLevel() <= zerolog.DebugLevel {
		level = hclog.Debug
	}
	return hclog.New(&hclog.LoggerOptions{Name: "raft", Level: level, Output: lines{log}, DisableTime: true})
}

// lines takes hclog's text lines: "[WARN]  raft: text: key=value".
type lines struct{ log zerolog.Logger }

var _ io.Writer = lines{}

func (l lines) Write(line []byte) (int, error) {
	e, text := l.log.Debug(), bytes.TrimSpace(line)
	switch {
	case bytes.HasPrefix(line, []byte("[ERROR]")):
		e = l.log.Error()
	case bytes.HasPrefix(line, []byte("[WARN]")):
		e = l.log.Warn()
	case bytes.HasPrefix(line, []byte("[INFO]")):
		e = l.log.Info()
	}
	if _, after, found := bytes.Cut(text, []byte("raft: ")); found {
		text = after
	}
	e.Str("part", "raft").Msg(string(text))
	return len(line), nil
}
