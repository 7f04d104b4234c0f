package dispatch

import (
	"bytes"
	"strconv"
	"strings"

	"gorocket/compat"
	"gorocket/store/record"
)

// Light queues: a message whose property INNER_MULTI_DISPATCH lists queues, separated by ',', is found in each of them
// as well. Only the entries are multiplied; the record is stored once, with its offset in each queue in
// INNER_MULTI_QUEUE_OFFSET (Java LmqDispatch, ConsumeQueue.multiDispatchLmqQueue).

// LightPrefix begins the names of light queues; they have queue id 0 only (Java MixAll.LMQ_PREFIX).
const LightPrefix = "%LMQ%"

// MaxLight is the most light queues of one message.
const MaxLight = 1024

// allowsLight tells whether messages of a topic may go to light queues (Java MultiDispatchUtils,
// MixAll.topicAllowsLMQ).
func (d Rules) allowsLight(topic string) bool {
	return d.Light && !strings.HasPrefix(topic, "%RETRY%") && !strings.HasPrefix(topic, "rmq_sys_") &&
		topic != ScheduleTopic
}

// LightNames splits INNER_MULTI_DISPATCH; nil when the message goes to no light queue.
func (d Rules) LightNames(topic string, properties []byte) []string {
	if !d.allowsLight(topic) {
		return nil
	}
	v, _ := record.Property(properties, record.PropMultiDispatch)
	if len(bytes.TrimSpace(v)) == 0 {
		return nil
	}
	return strings.Split(string(v), ",")
}

// IsLight tells a usable name of a light queue: it becomes a folder.
func IsLight(name string) bool {
	return strings.HasPrefix(name, LightPrefix) && compat.IsFolderName(name)
}

// Lights calls fn for each light queue of a record that has an entry, with the record's offset in it.
func (d Rules) Lights(f *Facts, fn func(name string, offset int64) error) error {
	names := d.LightNames(f.Topic, f.Properties)
	if names == nil || !record.HasQueueEntry(f.SysFlag) {
		return nil
	}
	v, _ := record.Property(f.Properties, record.PropMultiQueueOffset)
	offsets := strings.Split(string(v), ",")
	for i, name := range names {
		if i >= len(offsets) || !IsLight(name) {
			continue
		}
		at, err := strconv.ParseInt(offsets[i], 10, 64)
		if err != nil || at < 0 {
			continue
		}
		if err := fn(name, at); err != nil {
			return err
		}
	}
	return nil
}
