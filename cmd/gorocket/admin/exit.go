package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"gorocket/remoting"
	"gorocket/remoting/admin"
)

// Exit statuses.
const (
	exitGood   = 0
	exitFailed = 1
	exitUsage  = 2
)

// status is what a command ends with. Java's tool ends with 0 even when a command failed, and with 1 only when the
// command line cannot be read.
func status(err error, partFailed, java bool) int {
	var usage *usageError
	switch {
	case errors.As(err, &usage) && java:
		return exitFailed
	case errors.As(err, &usage):
		return exitUsage
	case java:
		return exitGood
	case errors.Is(err, errUsage):
		return exitUsage
	case err != nil || partFailed:
		return exitFailed
	}
	return exitGood
}

// failure is an error as JSON.
type failure struct {
	Error   string `json:"error"`
	Command string `json:"command"`
	Broker  string `json:"broker,omitempty"`
	Addr    string `json:"addr,omitempty"`
	Code    *int32 `json:"code,omitempty"` // of the answer
	Remark  string `json:"remark,omitempty"`
}

// report tells of an error.
func report(w io.Writer, asJSON bool, command string, err error) {
	if !asJSON {
		fmt.Fprintf(w, "mqadmin %s: %v\n", command, err)
		if errors.Is(err, remoting.ErrConnClosed) {
			fmt.Fprintln(w, "A server with tls.server.mode=enforcing (or --secure) closes plain connections: encrypt with "+
				"--tls-ca FILE, or --tls.")
		}
		return
	}
	f := failure{Error: err.Error(), Command: command}
	var e *admin.Error
	if errors.As(err, &e) {
		f.Broker, f.Addr, f.Remark = e.Broker, e.Addr, e.Remark
		if e.Code >= 0 {
			f.Code = &e.Code
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(f) // standard error: nobody left to tell
}
