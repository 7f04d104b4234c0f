package meta

import (
	"fmt"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// Limits of what administrators may put into the tables; those with a key of their own are settings.
const (
	maxGroupBytes     = 64 << 10 // of a group's configuration as JSON
	maxMappingBytes   = 1 << 20  // of a static topic's mapping as JSON
	maxAttributeBytes = 1 << 10  // of one attribute's value
)

// CheckTopic refuses numbers that no topic can have; limit is maxTopicQueueNums. Java takes any number; clients and
// tools then count up to it.
func CheckTopic(c *protocol.TopicConfig, limit int) error {
	for _, n := range []struct {
		name  string
		value int
	}{{"readQueueNums", c.ReadQueueNums}, {"writeQueueNums", c.WriteQueueNums}} {
		if n.value < 0 || n.value > limit {
			return fmt.Errorf("The specified topic: %s, %s=%d is not within 0..%d (maxTopicQueueNums)",
				c.TopicName, n.name, n.value, limit)
		}
	}
	for key, value := range c.Attributes {
		if len(key)+len(value) > maxAttributeBytes {
			return fmt.Errorf("The specified topic: %s, attribute %.100q is longer than %d bytes",
				c.TopicName, key, maxAttributeBytes)
		}
	}
	return nil
}

// CheckGroup refuses names and numbers that no group can have, with Java's text where it has one.
func CheckGroup(g *protocol.SubscriptionGroupConfig, limit int) error {
	if err := compat.ValidateGroup(g.GroupName); err != nil {
		return err
	}
	if g.RetryQueueNums > limit {
		return fmt.Errorf("The specified group: %s, retryQueueNums=%d is above %d (maxTopicQueueNums)",
			g.GroupName, g.RetryQueueNums, limit)
	}
	return checkSize("group", g.GroupName, g, maxGroupBytes)
}

// CheckMapping refuses a static topic with more queues than a topic may have.
func CheckMapping(d *protocol.TopicQueueMappingDetail) error {
	if d.TotalQueues < 0 || d.TotalQueues > MaxQueueNumber+1 {
		return fmt.Errorf("The specified topic: %s, totalQueues=%d is not within 0..%d",
			d.Topic, d.TotalQueues, MaxQueueNumber+1)
	}
	for id, items := range d.HostedQueues {
		if id < 0 || id > MaxQueueNumber {
			return fmt.Errorf("The specified topic: %s, queue %d is not within 0..%d", d.Topic, id, MaxQueueNumber)
		}
		for i := range items {
			if items[i].QueueID > MaxQueueNumber {
				return fmt.Errorf("The specified topic: %s, queueId=%d is not within 0..%d",
					d.Topic, items[i].QueueID, MaxQueueNumber)
			}
		}
	}
	return checkSize("topic", d.Topic, d, maxMappingBytes)
}

func checkSize(kind, name string, v any, limit int) error {
	data, err := compat.Marshal(v)
	if err != nil {
		return err
	}
	if len(data) > limit {
		return fmt.Errorf("The specified %s: %.255s, its configuration has %d bytes, more than %d",
			kind, name, len(data), limit)
	}
	return nil
}
