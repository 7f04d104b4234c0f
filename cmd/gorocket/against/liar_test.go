package against

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// liar is a peer that answers what it likes.
type liar struct {
	from, to int64 // of its log
	code     int32 // the answer to each question for a record
	queues   int32 // and for the ends of queues; SUCCESS: 0
	busy     atomic.Int32
	body     int // bytes of a record, when code is SUCCESS
}

func (l *liar) serve(t *testing.T) string {
	ends := func(ctx *remoting.Context) {
		if l.queues != wire.Success {
			ctx.Status(l.queues, "no ends")
			return
		}
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.OffsetResponse, &wire.OffsetResponseHeader{}, remoting.Body{})
	}
	return remotingtest.Serve(t,
		remoting.Entry{Code: wire.ReqGetBrokerRuntimeInfo, Handle: func(ctx *remoting.Context) {
			ctx.OK(fmt.Appendf(nil, `{"table":{"commitLogMinOffset":"%d","commitLogMaxOffset":"%d"}}`, l.from, l.to))
		}},
		remoting.Entry{Code: wire.ReqViewMessageById, Handle: func(ctx *remoting.Context) {
			switch {
			case l.busy.Add(-1) >= 0:
				ctx.Status(wire.SystemBusy, "busy")
			case l.code != wire.Success:
				ctx.Status(l.code, "no record")
			default:
				ctx.OK(make([]byte, l.body))
			}
		}},
		remoting.Entry{Code: wire.ReqGetMinOffset, Handle: ends}, remoting.Entry{Code: wire.ReqGetMaxOffset, Handle: ends})
}

// TestPeersThatLie: who says that two stores are the same has compared them; what a peer cannot answer is neither the
// same nor a topic that is gone.
func TestPeersThatLie(t *testing.T) {
	dir := t.TempDir()
	fill(t, configOf(t, dir), 0, 10)
	for name, c := range map[string]struct {
		liar  *liar
		error string // what it is about
		first string // of a difference
	}{
		"its log begins behind the end":  {liar: &liar{from: 1 << 40, to: 1 << 41}, error: "nothing could be compared: the log"},
		"its log ends before it begins":  {liar: &liar{from: 10, to: 5}, error: "a log from 10 to 5"},
		"a negative log":                 {liar: &liar{from: -5, to: -1}, error: "a log from -5 to -1"},
		"it shows nothing":               {liar: &liar{to: 1 << 40, code: wire.SystemError}, error: "shows none of the 10 records"},
		"its topics are gone":            {liar: &liar{to: 1 << 40, code: wire.SystemError, queues: wire.TopicNotExist}, error: "none of"},
		"it does not know the question":  {liar: &liar{to: 1 << 40, code: wire.RequestCodeNotSupported}, error: "code 3"},
		"it does not know of queue ends": {liar: &liar{to: 1 << 40, code: wire.SystemError, queues: wire.RequestCodeNotSupported}, error: "code 3"},
		"an empty answer":                {liar: &liar{to: 1 << 40}, first: "no record"},
		"a large answer":                 {liar: &liar{to: 1 << 40, body: 1 << 20}, first: "no record"},
		"an empty log":                   {liar: &liar{}, first: "the log ends at 0"},
	} {
		cfg := configOf(t, dir)
		r, err := Compare(t.Context(), cfg.Offline(dir), c.liar.serve(t), remoting.Options{})
		switch {
		case c.error != "":
			if err == nil || !strings.Contains(err.Error(), c.error) {
				t.Errorf("%s: error %v, want %q", name, err, c.error)
			}
		case err != nil || r.First == nil || !strings.Contains(r.First.There, c.first):
			t.Errorf("%s: %v, %+v", name, err, r.First)
		}
	}
}

// TestPeerBusyForAWhile: it is asked again.
func TestPeerBusyForAWhile(t *testing.T) {
	dir := t.TempDir()
	fill(t, configOf(t, dir), 0, 3)
	l := &liar{to: 1 << 40, body: 1}
	l.busy.Store(5)
	cfg := configOf(t, dir)
	if r, err := Compare(t.Context(), cfg.Offline(dir), l.serve(t), remoting.Options{}); err != nil || r.First == nil {
		t.Errorf("%v, %+v", err, r)
	}
}
