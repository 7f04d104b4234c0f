package namesrv

import (
	"context"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// Limits of NOTIFY_MIN_BROKER_ID_CHANGE: how many changes may wait, and how long reaching one broker may take (Java:
// 300 ms).
const (
	maxPendingNotices = 1024
	noticeTimeout     = 300 * time.Millisecond
)

// notifyMinID queues a change for the brokers it concerns, if notifyMinBrokerIdChanged is set.
func (s *Server) notifyMinID(c *minIDChange) {
	if c == nil || !s.config().NotifyMinBrokerIDChanged {
		return
	}
	select {
	case s.notices <- c:
	default:
		s.peerWarn().Str("broker", c.broker).Msg("too many changes of the smallest broker id are waiting: notice dropped")
	}
}

// notifyLoop sends the notices until ctx ends. One goroutine, so brokers see changes in their order.
func (s *Server) notifyLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-s.notices:
			s.log.Info().Str("broker", c.broker).Int64("minBrokerId", c.minID).Strs("notify", c.targets).Str("offline",
				c.offlineAddr).Msg("smallest broker id changed")
			for _, addr := range c.targets {
				s.sendNotice(ctx, addr, c)
			}
		}
	}
}

func (s *Server) sendNotice(ctx context.Context, addr string, c *minIDChange) {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	conn, err := s.client.Conn(ctx, addr)
	if err == nil {
		h := wire.NotifyMinBrokerIDChangeHeader{MinBrokerID: c.minID, MinBrokerAddr: c.minAddr,
			OfflineBrokerAddr: c.offlineAddr, HABrokerAddr: c.haAddr}
		err = remoting.Notify(conn, wire.ReqNotifyMinBrokerIdChange, wire.NotifyMinBrokerIDChange, &h, nil)
	}
	if err != nil {
		s.peerWarn().Err(err).Str("addr", addr).Msg("cannot tell a broker that the smallest id changed")
	}
}
