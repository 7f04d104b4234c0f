package metrics

import "gorocket/remoting/transport"

// Network lists the metrics of a server's connections; SendNetwork gives their values.
func Network() []Metric {
	return []Metric{
		{"gorocket_connections", Gauge, "connections", nil, "Open connections"},
		{"gorocket_connections_limit", Gauge, "connections", nil,
			"How many connections may be open (maxConnections)"},
		{"gorocket_connections_refused_total", Counter, "connections", nil,
			"Connections that were closed at once because as many were open as may be"},
		{"gorocket_accept_errors_total", Counter, "errors", nil,
			"Times that accept failed, as it does when the process may open no more files"},
		{"gorocket_connections_closed_total", Counter, "connections", []string{"cause"},
			"Connections closed to bound memory: the peer did not read (slow), or did not finish its frame " +
				"(unfinished)"},
		{"gorocket_reading_stopped_total", Counter, "times", nil,
			"How often a connection was not read for a while, because too much waited"},
		{"gorocket_waiting_bytes", Gauge, "bytes", []string{"kind"},
			"What waits on all connections together: unfinished frames (inbound), unread answers (outbound), " +
				"requests for a worker (queued)"},
		{"gorocket_waiting_bytes_limit", Gauge, "bytes", nil, "How much may wait (maxWaitingBytes)"},
	}
}

// SendNetwork gives the values of the metrics that Network lists.
func SendNetwork(s *Sink, f transport.Figures) {
	s.Send("gorocket_connections", float64(f.Connections))
	s.Send("gorocket_connections_limit", float64(f.MaxConnections))
	s.Send("gorocket_connections_refused_total", float64(f.Refused))
	s.Send("gorocket_accept_errors_total", float64(f.AcceptErrors))
	s.Send("gorocket_connections_closed_total", float64(f.ClosedSlow), "slow")
	s.Send("gorocket_connections_closed_total", float64(f.ClosedUnfinished), "unfinished")
	s.Send("gorocket_reading_stopped_total", float64(f.Paused))
	s.Send("gorocket_waiting_bytes", float64(f.Inbound), "inbound")
	s.Send("gorocket_waiting_bytes", float64(f.Outbound), "outbound")
	s.Send("gorocket_waiting_bytes", float64(f.Queued), "queued")
	s.Send("gorocket_waiting_bytes_limit", float64(f.MaxWaiting))
}
