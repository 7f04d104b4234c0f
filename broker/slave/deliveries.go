package slave

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// Timers are the timers of a slave; *timer.Timers.
type Timers interface {
	Follow(checkpoint []byte) error
	FollowMetrics(json []byte) error
}

const (
	endPatience   = 200 * time.Millisecond // how long a look waits for this log to have what the master's had
	endLook       = 10 * time.Millisecond  // how often it looks
	metricsPeriod = 30 * time.Second       // between questions for what waits of each topic: numbers for people
)

// deliveries are what a master has delivered of its delayed messages: positions of the delay levels, check point of the
// timers. They count here as soon as this log has the copies: a master that dies takes those with it which it has not
// sent, and who believed it would never deliver these messages. Java believes it.
type deliveries struct {
	master string // who said so
	end    int64  // of its log afterwards
	delays []byte
	timers []byte // nil: it has none
}

// delivered takes over how far the master has delivered its delayed messages.
func (s *Sync) delivered(ctx context.Context, master string) (err error) {
	if h := s.heard; h != nil && h.master == master && s.d.End() >= h.end {
		if err = s.believe(h); err != nil {
			return err
		}
	}
	if s.heard, err = s.hear(ctx, master); err != nil {
		return err
	}
	for until := time.Now().Add(endPatience); s.d.End() < s.heard.end; {
		rest := time.NewTimer(endLook)
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rest.C:
		}
		if time.Now().After(until) {
			return nil // the next look finds it
		}
	}
	return s.believe(s.heard)
}

func (s *Sync) believe(h *deliveries) (err error) {
	s.heard = nil
	if len(h.delays) > 0 {
		err = s.d.Delays(h.delays)
	}
	if s.d.Timers != nil && h.timers != nil {
		err = errors.Join(err, s.d.Timers.Follow(h.timers))
	}
	return err
}

// hear asks the master what it has delivered, and then where its log ends.
func (s *Sync) hear(ctx context.Context, master string) (*deliveries, error) {
	h := &deliveries{master: master}
	resp, err := remoting.Call(ctx, s.d.Client, master, wire.ReqGetAllDelayOffset, wire.None, new(wire.NoHeader), nil)
	if err != nil {
		return nil, err
	}
	h.delays = resp.Body
	if s.d.Timers != nil {
		if h.timers, err = s.askTimers(ctx, master, wire.ReqGetTimerCheckPoint); err != nil {
			return nil, err
		}
	}
	if h.end, err = MasterEnd(ctx, s.d.Client, master); err != nil {
		return nil, err
	}
	return h, nil
}

// MasterEnd asks a master where its log ends, as Java's of every version tell it (GET_BROKER_RUNTIME_INFO).
func MasterEnd(ctx context.Context, client *remoting.Client, master string) (end int64, err error) {
	var info protocol.KVTable
	if err := ask(ctx, client, master, wire.ReqGetBrokerRuntimeInfo, &info); err != nil {
		return 0, err
	}
	const key = "commitLogMaxOffset"
	if end, err = strconv.ParseInt(info.Table[key], 10, 64); err != nil || end < 0 {
		return 0, fmt.Errorf("answer of %s to request %d: %s=%.40q", master, wire.ReqGetBrokerRuntimeInfo, key,
			info.Table[key])
	}
	return end, nil
}

// askTimers asks for something that only a master with timers has: nil from one with timerWheelEnable=false, or before
// 5.0.
func (s *Sync) askTimers(ctx context.Context, master string, code int32) ([]byte, error) {
	resp, err := remoting.Call(ctx, s.d.Client, master, code, wire.None, new(wire.NoHeader), nil)
	var refused *remoting.ResponseError
	if errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// timerMetrics takes over how many timer messages of each topic wait.
func (s *Sync) timerMetrics(ctx context.Context, master string) error {
	if s.d.Timers == nil || time.Since(s.measured) < metricsPeriod {
		return nil
	}
	body, err := s.askTimers(ctx, master, wire.ReqGetTimerMetrics)
	if err != nil || body == nil {
		return err
	}
	s.measured = time.Now()
	return s.d.Timers.FollowMetrics(body)
}
