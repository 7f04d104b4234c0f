package pop

import "sync/atomic"

// Counts is what has gone into the revive topic and come out of it since the start. Java: PopMetricsManager.
type Counts struct {
	CheckPoints, Acks         Stored // into the revive topic
	CheckPointsRead, AcksRead atomic.Int64
	Retries                   Stored // messages that came again
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
