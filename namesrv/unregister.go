package namesrv

import "gorocket/remoting"

// unregisterQueue gathers departures so that many brokers going at once cost one pass over the topics (BatchUnregistrationService.java).
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
	for _, k := range gone {
		s.log.Info().Str("cluster", k.cluster).Str("addr", k.addr).Msg("broker unregistered")
	}
	for _, c := range changes {
		s.notifyMinID(c)
	}
}

// brokerConn marks a connection on which a broker registered.
type brokerConn struct{}

// connClosed unregisters the brokers of a connection at once (BrokerHousekeepingService.java). Event loop: it only queues.
func (s *Server) connClosed(c *remoting.Conn, _ error) {
	if c.Attachment.Load() == nil {
		return
	}
	if !s.departures.submit(departure{conn: c}) {
		s.peerWarn().Str("peer", c.RemoteAddr()).Msg("connection of a broker ended, but the unregister queue is full: it stays until it times out")
	}
}
