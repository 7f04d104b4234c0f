package main

import (
	"fmt"
	"time"

	"gorocket/integration/load/client"
)

// offsetInterval is the broker's flushConsumerOffsetInterval here; offsetSlack what a write may take on a busy machine.
const (
	offsetInterval = 500 * time.Millisecond
	offsetSlack    = 1500 * time.Millisecond
)

// checkCommits wants each consumer offset at least where it stood one write interval before the end, and nowhere that
// nobody committed. After a clean stop it must be the last acknowledged one at least.
func (l *ledger) checkCommits(c *client.Client, end time.Time, clean bool) error {
	for q, p := range l.commits {
		got, err := c.Committed("crash_group", q.topic, q.id)
		if err != nil {
			return err
		}
		low := int64(-1)
		for _, a := range p.acked {
			if clean || a.at.Add(offsetInterval+offsetSlack).Before(end) {
				low = max(low, a.offset)
			}
		}
		if got < low || got > p.tried {
			return fmt.Errorf("consumer offset of %s queue %d is %d, want %d..%d", q.topic, q.id, got, low, p.tried)
		}
		// what a crash took is consumed again: the group goes on from there
		p.acked, p.tried = append(p.acked[:0], commit{time.Time{}, got}), max(got, 0)
	}
	return nil
}
