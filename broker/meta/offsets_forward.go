package meta

import (
	"math"
	"strings"
)

// Advance takes over from a table in the shape of consumerOffset.json what is further on than here, of the groups and
// topics that known tells, and no further than end, where the queue ends. It returns how many offsets have moved.
// Nothing goes back. A table that is full takes no new offsets.
func (t *Offsets) Advance(table map[string]map[int]int64, known func(OffsetKey) bool,
	end func(topic string, queue int32) int64) (moved int) {
	for key, queues := range table {
		topic, group, ok := strings.Cut(key, "@")
		if k := (OffsetKey{group, topic}); !ok || !known(k) {
			continue
		}
		for queue, off := range queues {
			if queue < 0 || queue > math.MaxInt32 {
				continue
			}
			off = min(off, end(topic, int32(queue)))
			if off <= t.Query(group, topic, int32(queue)) { // as a rule: nothing to tell of
				continue
			}
			if forward, err := t.forward(group, topic, int32(queue), off); forward && err == nil {
				moved++
			}
		}
	}
	return moved
}

// Bound sets offsets back to the end of their queue that are behind it: after a crash, or on a slave that has become
// master, the log may have lost its end, and what is stored at those offsets next would never be consumed. end is
// negative for a queue of which nothing is known. told hears of each.
func (t *Offsets) Bound(end func(topic string, queue int32) int64,
	told func(k OffsetKey, queue int32, offset, end int64)) {
	t.Each(func(k OffsetKey) {
		for queue, off := range t.CommittedOf(k.Group, k.Topic) {
			e := end(k.Topic, queue)
			if e < 0 || off <= e {
				continue
			}
			back := false
			_ = t.change(k.Group, k.Topic, queue, func(q *queueOffsets) bool {
				if back = q.committed[queue] == off; !back { // a client has committed meanwhile
					return false
				}
				return q.set(queue, e)
			})
			if back {
				told(k, queue, off, e)
			}
		}
	})
}
