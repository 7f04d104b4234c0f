package remoting

import (
	"fmt"

	"gorocket/remoting/wire"
)

// Mode says where a handler runs.
type Mode uint8

const (
	// Inline handlers run on the connection's event loop: they must not block, and what they read dies when they
	// return.
	Inline Mode = iota
	// Pooled handlers run on a worker with a copy of the frame. They may read files and wait for locks.
	Pooled
	// Blocking handlers may wait for other machines; they have workers of their own so that they cannot starve the
	// pooled ones.
	Blocking
)

// Handler answers one request through ctx. It answers at once, or keeps ctx.Later() and answers from another goroutine.
type Handler func(ctx *Context)

// Entry is one row of the dispatch table.
type Entry struct {
	Code    int32
	Mode    Mode
	NotFast bool // the fast port (listenPort-2) does not serve it. Java: BrokerController.registerProcessor
	Handle  Handler
}

// denseCodes is the range of codes looked up by index instead of by map.
const denseCodes = 1024

// Table maps request codes to handlers. Immutable once an engine uses it.
type Table struct {
	dense  [denseCodes]*Entry
	sparse map[int32]*Entry
	// Fallback handles codes without an entry; nil answers REQUEST_CODE_NOT_SUPPORTED.
	Fallback Handler
}

// NewTable makes a table of entries. Two entries for one code are an error.
func NewTable(entries ...Entry) (*Table, error) {
	t := &Table{sparse: map[int32]*Entry{}}
	for i := range entries {
		e := entries[i]
		if t.Lookup(e.Code) != nil {
			return nil, fmt.Errorf("remoting: two handlers for request code %d", e.Code)
		}
		if e.Code >= 0 && e.Code < denseCodes {
			t.dense[e.Code] = &e
		} else {
			t.sparse[e.Code] = &e
		}
	}
	return t, nil
}

// Lookup returns the entry of a code, nil when there is none.
func (t *Table) Lookup(code int32) *Entry {
	if code >= 0 && code < denseCodes {
		return t.dense[code]
	}
	return t.sparse[code]
}

// Unsupported answers as Java's NettyRemotingAbstract does for a code without a processor: a handler that serves a code
// under some settings only calls it under the others.
func Unsupported(ctx *Context) {
	ctx.Status(wire.RequestCodeNotSupported, fmt.Sprintf(" request type %d not supported", ctx.Req.Code))
}
