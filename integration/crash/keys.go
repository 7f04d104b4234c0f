package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"gorocket/integration/load/client"
)

const keySamples = 10

// checkKeys looks some acknowledged messages up by key and by unique key. The index is built in the background: it may
// take a moment.
func (l *ledger) checkKeys(c *client.Client, r *rand.Rand) error {
	for range min(keySamples, len(l.entries)) {
		op := uint64(r.IntN(len(l.entries)))
		e := l.entries[op]
		if !e.acked || e.kind == delayed {
			continue
		}
		s := specOf(l.seed, int(e.round), op)
		i := r.IntN(len(s.items))
		if err := lookUp(c, s.topic, keyOf(op, i), false, e.base+int64(i)); err != nil {
			return err
		}
		if err := lookUp(c, s.topic, fmt.Sprintf("%016X%08X", op, i), true, e.base+int64(i)); err != nil {
			return err
		}
	}
	return nil
}

func lookUp(c *client.Client, topic, key string, unique bool, offset int64) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		found, err := c.QueryKey(topic, key, unique, 64)
		if err != nil {
			return err
		}
		for _, rec := range found {
			if rec.QueueOffset == offset {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: key %s (unique %v) finds %d messages, none at offset %d", topic, key, unique, len(found),
				offset)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
