package namesrv

import "time"

// scanLoop looks for silent brokers until stop is closed (RouteInfoManager.scanNotActiveBroker).
func (s *Server) scanLoop(stop <-chan struct{}) {
	tick := time.NewTicker(s.config().scanInterval())
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-tick.C:
			s.scan(now)
		}
	}
}

// scan closes the connections of silent brokers and queues them for removal; what finds no place is found again by the
// next scan.
func (s *Server) scan(now time.Time) {
	for _, d := range s.routes.silent(now) {
		s.log.Warn().Str("cluster", d.cluster).Str("broker", d.name).Int64("id", d.id).Str("addr", d.addr).
			Int64("timeoutMillis", d.dead.timeout.Milliseconds()).Msg("broker expired")
		room := s.departures.submit(d) // before its connection ends, which would be another reason
		if d.dead.conn != nil {
			d.dead.conn.Close()
		}
		if !room {
			return
		}
	}
}
