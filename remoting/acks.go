package remoting

import (
	"unsafe"

	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// Ack is what an answer waits for, see RespondAck.
type Ack = transport.Ack

// Acks decides when answers that wait for more than the log may leave. Its methods do not block.
type Acks interface {
	// Waits is told about answers that have begun to wait; true: some need not wait any more, Settle is asked at once.
	// Any goroutine.
	Waits(w transport.Waits) (over bool)
	// Settle decides about an answer, once and for all when it says Done. now is in ms since 1970. It runs on an event
	// loop and answers nothing itself.
	Settle(a *Ack, now int64) Outcome
}

// Outcome is what became of an answer that waited.
type Outcome struct {
	Done   bool  // false: it waits on
	Code   int32 // SUCCESS, which it was encoded with, or what it gets instead
	Remark string
	Fields []wire.StringField // with another code: the extFields that it gets instead, nil: it keeps its own
}

// RespondAck answers SUCCESS with a header once a has come true, see Options.Acks; until then the answer waits,
// encoded, in the connection.
func RespondAck[T any](r *Replier, a Ack, h *wire.HeaderType[T], v *T) {
	r.conn.respondAck(r, &a, h.Info(), unsafe.Pointer(v))
}

func (c *Conn) respondAck(r *Replier, a *Ack, info *wire.HeaderInfo, v unsafe.Pointer) {
	if r.oneway {
		return
	}
	out := c.net.BeginAck()
	if out == nil {
		return
	}
	c.appendHead(out, r, wire.Success, "", info, v, 0)
	c.net.EndAck(*a, r.onLoop)
}

// SettleAcks looks which answers need not wait any more: more has come true, or time has passed. Any goroutine; it does
// not block.
func (s *Server) SettleAcks() { s.engine.net.Settle() }

// settler is Options.Acks as transport sees it.
type settler struct{ *engine }

func (s settler) Waits(w transport.Waits) bool { return s.opts.Acks.Waits(w) }

// Settle takes the answer apart again when it did not come true, which is seldom.
func (s settler) Settle(a *Ack, frame []byte, now int64) (replaced []byte, done bool) {
	o := s.opts.Acks.Settle(a, now)
	if !o.Done || o.Code == wire.Success {
		return nil, o.Done
	}
	var cmd wire.Command
	if wire.Decode(frame, &cmd) != nil {
		return []byte{}, true // it cannot be: the frame is ours
	}
	head := wire.Head{Code: o.Code, Opaque: cmd.Opaque, Flag: wire.FlagResponse, Remark: o.Remark}
	w := wire.BeginHeader(nil, cmd.Serialize, head)
	if o.Fields == nil {
		for _, f := range cmd.Fields {
			w.Field(string(f.Key), string(f.Value))
		}
	}
	for _, f := range o.Fields {
		w.Field(f.Key, f.Value)
	}
	return w.Finish(0), true
}
