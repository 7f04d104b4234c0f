package namesrv

import "gorocket/remoting"

// unregisterQueue gathers departures so that many brokers going at once cost one pass over the topics
// (BatchUnregistrationService.java).
type unregisterQueue struct {
	items chan departure
	apply func([]departure)
}

func newUnregisterQueue(capacity int, apply func([]departure)) *unregisterQueue {
	return &unregisterQueue{items: make(chan departure, capacity), apply: apply}
}

// submit never blocks; false means that the queue is full. It may be called on an event loop.
func (q *unregisterQueue) submit(d departure) bool {
	select {
	case q.items <- d:
		return true
	default:
		return false
	}
}

// run applies batches until stop is closed; what is queued then is dropped together with the tables.
func (q *unregisterQueue) run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case d := <-q.items:
			q.apply(q.drain(d))
		}
	}
}

func (q *unregisterQueue) drain(first departure) []departure {
	batch := []departure{first}
	for {
		select {
		case d := <-q.items:
			batch = append(batch, d)
		default:
			return batch
		}
	}
}

// applyDepartures is the queue's worker: tables, log, notification.
func (s *Server) applyDepartures(batch []departure) {
	changes, gone := s.routes.unregister(batch)
	for i := range gone {
		s.logGone(&gone[i])
	}
	for _, c := range changes {
		s.notifyMinID(c)
	}
}

// logGone says why a broker is in the tables no more: it left by itself, or its connection ended without a word, as
// when it was killed. One that was silent for too long has been logged by the scan.
func (s *Server) logGone(d *departure) {
	line, text := s.log.Info(), "broker unregistered"
	switch {
	case d.dead != nil:
		s.counts.expired.Add(1)
		return
	case d.conn != nil:
		s.counts.lost.Add(1)
		line, text = s.log.Warn().Str("reason", d.why), "broker lost: its connection ended and it had not unregistered"
	default:
		s.counts.left.Add(1)
	}
	line.Str("cluster", d.cluster).Str("broker", d.name).Int64("id", d.id).Str("addr", d.addr).Str("peer", d.peer).
		Msg(text)
}

// brokerConn marks a connection on which a broker registered.
type brokerConn struct{}

// connClosed unregisters the brokers of a connection at once (BrokerHousekeepingService.java). Event loop: it only
// queues.
func (s *Server) connClosed(c *remoting.Conn, err error) {
	if c.Attachment.Load() == nil {
		return
	}
	if !s.departures.submit(departure{conn: c, peer: c.RemoteAddr(), why: remoting.CloseReason(err)}) {
		s.peerWarn().Str("peer", c.RemoteAddr()).Msg("connection of a broker ended, but the unregister queue is full: it " +
			"stays until it times out")
	}
}
