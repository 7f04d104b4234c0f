package broker

import (
	"gorocket/broker/meta"
)

// queueKey names a queue of this broker.
type queueKey struct {
	topic string
	queue int32
}

// eachConsumed yields every queue that has committed offsets with the least of them, until yield returns false. The
// store asks before it deletes messages for want of disk space.
func (b *Broker) eachConsumed(yield func(topic string, queueID int32, offset int64) bool) {
	least := map[queueKey]int64{}
	b.offsets.Each(func(k meta.OffsetKey) {
		for q, off := range b.offsets.CommittedOf(k.Group, k.Topic) {
			key := queueKey{k.Topic, q}
			if have, ok := least[key]; !ok || off < have {
				least[key] = off
			}
		}
	})
	for k, off := range least {
		if !yield(k.topic, k.queue, off) {
			return
		}
	}
}
