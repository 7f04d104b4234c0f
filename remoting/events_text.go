package remoting

import (
	"errors"
	"io"
	"syscall"

	"gorocket/remoting/transport"
)

// What servers log of Events: one text for one event, whoever logs it. Remoting itself logs nothing.
const (
	LogOpened       = "connection opened"
	LogClosed       = "connection closed"
	LogTooMany      = "too many connections (maxConnections), the new one was closed"
	LogAcceptFailed = "cannot accept connections; trying again " +
		"(raise the limit of open files, or lower maxConnections)"
	LogBadFrame = "bad frame, closing the connection"
	LogBadTLS   = "not the encryption that is asked for, closing the connection"
	LogOverflow = "peer does not read its answers, or does not finish its frame, closing the connection"
	LogRefused  = "busy: request refused"
	LogAnswered = "request refused"
	LogPanicked = "BUG: handler panicked"
	LogFailed   = "the network has failed"
	// LogBadCertificate is of secure.Keeper.
	LogBadCertificate = "certificates cannot be read again, the ones from before stay"
	LogOldCertificate = "a certificate does not last"
	LogNewCertificate = "certificates were read again, new connections get them"
	LogClosedKey      = "a change of the configuration was refused: " +
		"it has a key that is changed in the file only, or is in configBlackList"
)

// ClosedKey is the remark of what LogClosedKey tells, on all servers, with wire.NoPermission.
const ClosedKey = "Can not update config in black list."

// BadFrameText is the text for the error of Events.BadFrame.
func BadFrameText(err error) string {
	if errors.As(err, new(*transport.TLSError)) || errors.Is(err, transport.ErrTLSRequired) ||
		errors.Is(err, transport.ErrNoTLS) {
		return LogBadTLS
	}
	return LogBadFrame
}

// CloseReason says in words why a connection ended; err is that of Events.Closed.
func CloseReason(err error) string {
	switch {
	case err == nil:
		return "closed by this process"
	case errors.Is(err, io.EOF):
		return "closed by the peer"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset by the peer"
	}
	return err.Error()
}
