package against

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// askRange asks where the peer's log begins and ends.
func (c *comparison) askRange() (err error) {
	resp, err := ask(c, wire.ReqGetBrokerRuntimeInfo, wire.None, new(wire.NoHeader))
	if err != nil {
		return fmt.Errorf("it does not say where its log begins and ends; is it the listenPort of a broker, with the "+
			"encryption (tls.enable) of -c? %w", err)
	}
	var info protocol.KVTable
	if err := compat.Unmarshal(resp.Body, &info); err != nil {
		return fmt.Errorf("answer of %s to request %d: %w", c.r.Peer, wire.ReqGetBrokerRuntimeInfo, err)
	}
	for key, to := range map[string]*int64{"commitLogMinOffset": &c.r.PeerFrom, "commitLogMaxOffset": &c.r.PeerTo} {
		if *to, err = strconv.ParseInt(info.Table[key], 10, 64); err != nil {
			return fmt.Errorf("answer of %s to request %d: %s=%.40q", c.r.Peer, wire.ReqGetBrokerRuntimeInfo, key,
				info.Table[key])
		}
	}
	if c.r.PeerFrom < 0 || c.r.PeerTo < c.r.PeerFrom {
		return fmt.Errorf("answer of %s to request %d: a log from %d to %d", c.r.Peer, wire.ReqGetBrokerRuntimeInfo,
			c.r.PeerFrom, c.r.PeerTo)
	}
	return nil
}

// ask asks the peer, again and again while it is too busy.
func ask[T any](c *comparison, code int32, ht *wire.HeaderType[T], h *T) (*wire.Command, error) {
	ctx, cancel := context.WithTimeout(c.ctx, askTimeout)
	defer cancel()
	for {
		resp, err := remoting.Call(ctx, c.client, c.r.Peer, code, ht, h, nil)
		var e *remoting.ResponseError
		if !errors.As(err, &e) || e.Code != wire.SystemBusy {
			return resp, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(busyPause):
		}
	}
}

// queueRange asks where a queue begins and ends; 0, 0 for one that the peer does not have.
func (c *comparison) queueRange(q queue) (least, most int64, err error) {
	h := wire.QueueRequestHeader{Topic: q.topic, QueueID: q.id}
	begin, err := ask(c, wire.ReqGetMinOffset, wire.GetMinOffsetRequest, &h)
	if err != nil {
		return 0, 0, unlessRefused(err)
	}
	end, err := ask(c, wire.ReqGetMaxOffset, wire.GetMaxOffsetRequest,
		&wire.GetMaxOffsetRequestHeader{QueueRequestHeader: h})
	if err != nil {
		return 0, 0, unlessRefused(err)
	}
	var from, to wire.OffsetResponseHeader
	err = errors.Join(wire.OffsetResponse.Decode(begin, nil, &from), wire.OffsetResponse.Decode(end, nil, &to))
	return from.Offset, to.Offset, err
}

// refused tells that the peer answers that there is no such thing; one that is busy has not answered.
func refused(err error) bool {
	var e *remoting.ResponseError
	return errors.As(err, &e) && (e.Code == wire.SystemError || e.Code == wire.TopicNotExist ||
		e.Code == wire.NotLeaderForQueue)
}

// unlessRefused is err, or nil when it is such an answer.
func unlessRefused(err error) error {
	if refused(err) {
		return nil
	}
	return err
}
