package remoting

import (
	"sync"
	"sync/atomic"
	"testing"

	"gorocket/remoting/transport"
	"gorocket/remoting/wire"
)

// markAcks is an Acks whose log is safe up to a number; what is odd fails.
type markAcks struct {
	at      atomic.Int64
	waited  atomic.Int64 // the highest End that was told of
	outcome Outcome      // of odd ends
}

func (m *markAcks) Waits(w transport.Waits) bool {
	m.waited.Store(max(w.Disk, w.Replicas))
	return m.at.Load() >= max(w.Disk, w.Replicas)
}

func (m *markAcks) Settle(a *Ack, _ int64) Outcome {
	if a.End%2 == 1 {
		return m.outcome
	}
	return Outcome{Done: m.at.Load() >= a.End}
}

// acking starts a server whose answers to code 1 wait until m has passed the number of the request: on its loop, or
// on a worker, in turns.
func acking(t *testing.T, m *markAcks) (s *Server, addr string) {
	var n atomic.Int64
	handle := func(ctx *Context) {
		end := n.Add(1)
		if end%3 == 0 && ctx.OnLoop() {
			n.Add(-1)
			ctx.Offload()
			return
		}
		RespondAck(&ctx.Replier, Ack{End: end, Disk: true}, wire.TopicRequest, &wire.TopicHeader{Topic: "T"})
	}
	return serving(t, Options{EventLoops: 2, Acks: m}, Entry{Code: 1, Handle: handle})
}

// invoke sends a request with code 1 and returns the answer, whatever its code; nil after an error of the test.
func invoke(t *testing.T, cl *Client, addr string) *wire.Command {
	conn, err := cl.Conn(t.Context(), addr)
	if err == nil {
		var resp *wire.Command
		if resp, err = Invoke(t.Context(), conn, 1, wire.TopicRequest, &wire.TopicHeader{}, nil); err == nil {
			return resp
		}
	}
	t.Error(err)
	return nil
}

// TestAcks: no answer is there before its mark, and all are once it has moved; several connections, on loops and
// workers, while the mark moves on.
func TestAcks(t *testing.T) {
	m := new(markAcks)
	s, addr := acking(t, m)
	m.outcome = Outcome{Done: true, Code: wire.FlushDiskTimeout}
	stop := make(chan struct{})
	var mover, callers sync.WaitGroup
	mover.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				m.at.Store(m.waited.Load())
				s.SettleAcks()
			}
		}
	})
	for range 4 {
		cl := startClient(t)
		callers.Go(func() {
			for range 300 {
				resp := invoke(t, cl, addr)
				if resp == nil {
					return
				}
				if topic, _ := resp.Get("topic"); string(topic) != "T" ||
					resp.Code != wire.Success && resp.Code != wire.FlushDiskTimeout {
					t.Errorf("code %d, topic %q", resp.Code, topic)
				}
			}
		})
	}
	callers.Wait()
	close(stop)
	mover.Wait()
}

// TestAcksThatFail: another code keeps the fields, unless others are given; both forms of a header.
func TestAcksThatFail(t *testing.T) {
	for _, fields := range [][]wire.StringField{nil, {{Key: "MSG_REGION", Value: "R"}}} {
		m := new(markAcks)
		m.outcome = Outcome{Done: true, Code: wire.ServiceNotAvailable, Remark: "gone", Fields: fields}
		_, addr := acking(t, m)
		m.at.Store(1 << 40)
		resp := invoke(t, startClient(t), addr)
		if resp == nil || resp.Code != wire.ServiceNotAvailable || resp.Remark != "gone" {
			t.Fatalf("%+v", resp)
		}
		_, kept := resp.Get("topic")
		_, given := resp.Get("MSG_REGION")
		if kept != (fields == nil) || given != (fields != nil) {
			t.Errorf("fields %v: %q", fields, resp.Fields)
		}
	}
}
