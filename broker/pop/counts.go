package pop

import (
	"sync/atomic"

	"gorocket/broker/stats"
)

// Counts is what has gone into the revive topic and come out of it since the start. Java: PopMetricsManager.
type Counts struct {
	CheckPoints, Acks         Stored // into the revive topic
	CheckPointsRead, AcksRead atomic.Int64
	Retries                   Stored // messages that came again

	Scans stats.Histogram // of the keeper's rounds, ms by ScanBuckets
}

// ScanBuckets are the upper bounds of rocketmq_pop_buffer_scan_time_consume, ms. Java:
// PopMetricsManager.getMetricsView.
var ScanBuckets = stats.Bounds{1, 10, 100, 1000, 2000, 3000}

// Behind is how far one queue of the revive topic is behind.
type Behind struct {
	Messages int64 // that are not settled
	Late     int64 // for how long the oldest check point is over, ms
}

// Each visits how far the queues of the revive topic are behind, as of the last look at them.
func (s *Service) Each(visit func(queue int, b Behind)) {
	if list := s.revive.behind.Load(); list != nil {
		for i, b := range *list {
			visit(i, b)
		}
	}
}

// Stored counts messages that the store took, and that it refused.
type Stored struct{ OK, Failed atomic.Int64 }

func (c *Counts) put(of *Stored, err error) {
	if err != nil {
		of.Failed.Add(1)
		return
	}
	of.OK.Add(1)
}
