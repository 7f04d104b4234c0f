package controller

import (
	"context"
	"time"

	"gorocket/namesrv/controller/replicas"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// noticeTimeout bounds reaching one broker. Java: 3 s.
const noticeTimeout = 3 * time.Second

// maxNotices is how many notices are on their way at a time: each keeps a goroutine, until noticeTimeout where a broker
// does not take it.
const maxNotices = 4096

// notify tells the living brokers of a set about its master (1008), all at once and without waiting. One that does not
// hear it finds out by asking (1004). Java: ControllerManager.notifyBrokerRoleChanged.
func (s *Server) notify(set *replicas.Set) {
	if !s.config().NotifyBrokerRoleChanged || set.Master == 0 {
		return
	}
	h := wire.BrokerRoleChangedHeader{MasterAddress: set.MasterAddress(), MasterEpoch: set.MasterEpoch,
		SyncStateSetEpoch: set.SyncEpoch, MasterBrokerID: set.Master}
	body := syncStateBody(set.InSync, set.SyncEpoch).Bytes
	for _, l := range s.alive.Members(set, time.Now()) {
		addr := set.Replicas[l.ID].Address
		if addr == "" {
			continue
		}
		if s.notices.Add(1) > maxNotices {
			s.notices.Add(-1)
			s.noise.Warn("notices").Int("limit", maxNotices).Str("broker", set.Broker).
				Msg("many brokers do not take what they are told: this one has to ask who is master")
			continue
		}
		s.workers.Go(func() {
			defer s.notices.Add(-1)
			ctx, cancel := context.WithTimeout(context.Background(), noticeTimeout)
			defer cancel()
			conn, err := s.client.Conn(ctx, addr)
			if err == nil {
				err = remoting.Notify(conn, wire.ReqNotifyBrokerRoleChanged, wire.BrokerRoleChanged, &h, body)
			}
			if err != nil {
				s.noise.Warn("notice").Err(err).Str("addr", addr).Str("broker", set.Broker).
					Msg("cannot tell a broker who is master")
			}
		})
	}
}
