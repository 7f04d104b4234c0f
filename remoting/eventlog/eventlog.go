// Package eventlog writes what an engine tells about its peers as lines of a log, in the words that all servers share.
package eventlog

import (
	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/remoting/throttle"
)

// Log is where the lines go.
type Log struct {
	Log   zerolog.Logger
	Noise *throttle.Log // for lines that peers cause
}

// warn begins a line that peers can cause; too many of them are dropped and counted.
func (l *Log) warn() *zerolog.Event { return l.Noise.Warn("peer") }

// Events are the callbacks of an engine. failed is told that its network has ended; closed, which may be nil, that a
// connection has; refused, which may be nil, that a request was answered SYSTEM_BUSY. They run on event loops.
func (l *Log) Events(failed func(error), closed func(*remoting.Conn, error), refused func()) remoting.Events {
	e := remoting.Events{
		Failed: failed, Closed: closed,
		TooMany: func(peer string, open int) {
			l.warn().Str("peer", peer).Int("connections", open).Msg(remoting.LogTooMany)
		},
		AcceptFailed: func(err error) { l.warn().Err(err).Msg(remoting.LogAcceptFailed) },
		BadFrame: func(c *remoting.Conn, err error) {
			l.warn().Err(err).Str("peer", c.RemoteAddr()).Msg(remoting.BadFrameText(err))
		},
		Overflow: func(c *remoting.Conn, n int) {
			l.warn().Int("bytes", n).Str("peer", c.RemoteAddr()).Msg(remoting.LogOverflow)
		},
		Refused: func(c *remoting.Conn, code int32, cause string) {
			if refused != nil {
				refused()
			}
			l.warn().Int32("code", code).Str("peer", c.RemoteAddr()).Str("cause", cause).Msg(remoting.LogRefused)
		},
		Panicked: func(c *remoting.Conn, code int32, value any, stack []byte) {
			l.Log.Error().Int32("code", code).Str("peer", c.RemoteAddr()).Any("panic", value).Bytes("stack", stack).
				Msg(remoting.LogPanicked)
		},
	}
	l.debug(&e)
	return e
}

// debug adds what only level debug tells. The level may change while the server runs, so each event looks at it.
func (l *Log) debug(e *remoting.Events) {
	e.Opened = func(c *remoting.Conn) {
		if line := l.Log.Debug(); line.Enabled() {
			line.Str("peer", c.RemoteAddr()).Msg(remoting.LogOpened)
		}
	}
	closed := e.Closed
	e.Closed = func(c *remoting.Conn, err error) {
		if line := l.Log.Debug(); line.Enabled() {
			line.Str("peer", c.RemoteAddr()).Str("reason", remoting.CloseReason(err)).Msg(remoting.LogClosed)
		}
		if closed != nil {
			closed(c, err)
		}
	}
	e.Answered = func(c *remoting.Conn, code int32, remark string) {
		if line := l.Log.Debug(); line.Enabled() {
			line.Str("peer", c.RemoteAddr()).Int32("answer", code).Str("remark", remark).Msg(remoting.LogAnswered)
		}
	}
}
