package store

import (
	"bytes"
	"strconv"
	"strings"

	"gorocket/store/record"
)

// Light queues: a message whose property INNER_MULTI_DISPATCH lists queues, separated by ',', is found in each of them as well. Only the entries are
// multiplied; the record is stored once, with its offset in each queue in INNER_MULTI_QUEUE_OFFSET (Java LmqDispatch, ConsumeQueue.multiDispatchLmqQueue).

// lmqPrefix begins the names of light queues; they have queue id 0 only (Java MixAll.LMQ_PREFIX).
const lmqPrefix = "%LMQ%"

// maxDispatch is the most light queues of one message.
const maxDispatch = 1024

// multiDispatch tells whether messages of a topic may go to light queues (Java MultiDispatchUtils, MixAll.topicAllowsLMQ).
func (c *Config) multiDispatch(topic string) bool {
	return c.EnableLmq && c.EnableMultiDispatch && !strings.HasPrefix(topic, "%RETRY%") && !strings.HasPrefix(topic, "rmq_sys_") && topic != ScheduleTopic
}

// lightNames splits INNER_MULTI_DISPATCH; nil when the message goes to no light queue.
func (c *Config) lightNames(topic string, properties []byte) []string {
	if !c.multiDispatch(topic) {
		return nil
	}
	v, _ := record.Property(properties, record.PropMultiDispatch)
	if len(bytes.TrimSpace(v)) == 0 {
		return nil
	}
	return strings.Split(string(v), ",")
}

// isLight tells a usable name of a light queue: it becomes a folder.
func isLight(name string) bool {
	return strings.HasPrefix(name, lmqPrefix) && hasFolder(name, 0)
}

// lightOffsets finds the queues of names and joins their next offsets as Java does; a name that is no light queue
// leaves its place empty. own is the record's own queue, where it takes n offsets first. Caller holds the append lock.
func (s *Store) lightOffsets(names []string, own *queue, n int64) (joined string, err error) {
	type place struct {
		q      *queue
		offset int64
	}
	var list []place
	offsets := make([]string, len(names))
	for i, name := range names {
		if !isLight(name) {
			continue
		}
		q := s.queues.get(name, 0)
		if q == nil {
			if s.queues.light.Load() >= int64(s.cfg.Load().MaxLmqConsumeQueueNum) {
				return "", ErrTooManyLightQueues
			}
			q = s.queues.getOrCreate(name, 0, false)
		}
		at := q.end()
		if q == own {
			at += n
		}
		for _, e := range list { // the same name twice takes two offsets
			if e.q == q {
				at = e.offset + 1
			}
		}
		offsets[i] = strconv.FormatInt(at, 10)
		list = append(list, place{q, at})
	}
	return strings.Join(offsets, ","), nil
}
