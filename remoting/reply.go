package remoting

import (
	"unicode/utf8"
	"unsafe"

	"gorocket/remoting/wire"
)

// Replier answers one request, once. It may be kept (see Later) and used from any goroutine; answers to one-way
// requests and to closed connections vanish.
type Replier struct {
	conn   *Conn
	opaque int32
	form   wire.SerializeType
	oneway bool
	onLoop bool // the caller runs on the connection's event loop: bodies may go out without a copy
}

// Context is one request in the hands of its handler. It dies when the handler returns.
type Context struct {
	Replier
	Req      *wire.Command
	In       *wire.Interner // for strings that outlive the request
	Received int64          // when the request was taken from the socket, ms since 1970

	offload bool
	let     bool // Options.Guard has let it in
	cmd     wire.Command
	frame   []byte // pooled requests: the copied frame
	code    int32  // pooled requests: the request code
	refused string // pooled requests: why it is not served
	entry   *Entry
}

// Later returns a Replier that may be used after the handler has returned, from any goroutine.
func (r *Replier) Later() Replier {
	l := *r
	l.onLoop = false
	return l
}

// head is what an answer's header has beside its extFields.
func (r *Replier) head(code int32, remark string) wire.Head {
	return wire.Head{Code: code, Opaque: r.opaque, Flag: wire.FlagResponse, Remark: clip(remark)}
}

// maxRemark bounds a remark, in bytes: many quote what the peer has sent, which may be a frame full of it.
const maxRemark = 16 << 10

// clip cuts a remark that is too long.
func clip(remark string) string {
	if len(remark) <= maxRemark {
		return remark
	}
	n := maxRemark
	for n > maxRemark-utf8.UTFMax && !utf8.RuneStart(remark[n]) {
		n--
	}
	return remark[:n] + "..."
}

// Conn returns the connection that the request came in on.
func (r *Replier) Conn() *Conn { return r.conn }

// Oneway tells whether nobody waits for the answer.
func (r *Replier) Oneway() bool { return r.oneway }

// OnLoop tells whether the handler runs on an event loop and therefore must not block.
func (c *Context) OnLoop() bool { return c.onLoop }

// Offload asks for the request to be handled once more on a worker, where blocking is allowed. Only on the event loop
// and before answering.
func (c *Context) Offload() { c.offload = true }

// Barrier says that the answers of this turn are true only once Options.Barrier was called with n, or a higher number,
// and returned nil; they do not leave before. Only on the event loop.
func (c *Context) Barrier(n int64) { c.conn.net.Barrier(n) }

// Status answers with a code and a remark and nothing else.
func (r *Replier) Status(code int32, remark string) {
	r.conn.respond(r, code, remark, nil, nil, Body{})
}

// OK answers SUCCESS with an optional body.
func (r *Replier) OK(body []byte) {
	r.conn.respond(r, wire.Success, "", nil, nil, Body{Bytes: body})
}

// Header reads the request's header. When it returns false the answer is given already: SYSTEM_ERROR with the error's
// text, as Java does for an exception in a handler.
func Header[T any](ctx *Context, h *wire.HeaderType[T]) (v T, ok bool) {
	if err := h.Decode(ctx.Req, ctx.In, &v); err != nil {
		ctx.Status(wire.SystemError, err.Error())
		return v, false
	}
	return v, true
}

// Respond answers with a header and a body.
func Respond[T any](r *Replier, code int32, remark string, h *wire.HeaderType[T], v *T, body Body) {
	r.conn.respond(r, code, remark, h.Info(), unsafe.Pointer(v), body)
}

// RespondFields answers with extFields that have no header class in Java.
func (r *Replier) RespondFields(code int32, remark string, fields []wire.StringField, body []byte) {
	r.conn.respondFields(r, code, remark, fields, body)
}
