package protocol

import "gorocket/compat"

// TopicQueueMappingInfo says which queues of a static topic a broker holds now
// (statictopic/TopicQueueMappingInfo.java).
type TopicQueueMappingInfo struct {
	Bname       string      `json:"bname"`
	CurrIDMap   map[int]int `json:"currIdMap"` // logical queue id → queue id on the broker
	Dirty       bool        `json:"dirty"`
	Epoch       int64       `json:"epoch"`
	Scope       string      `json:"scope"`
	Topic       string      `json:"topic"`
	TotalQueues int         `json:"totalQueues"`
}

// TopicQueueMappingDetail adds the history of each hosted queue (statictopic/TopicQueueMappingDetail.java); it stays
// on the broker.
type TopicQueueMappingDetail struct {
	TopicQueueMappingInfo
	HostedQueues map[int][]LogicQueueMappingItem `json:"hostedQueues"` // global queue id → its pieces, oldest first
}

// LogicQueueMappingItem is one piece of a logical queue (statictopic/LogicQueueMappingItem.java). Offsets count
// messages; an EndOffset of -1 is open, a LogicOffset below 0 undecided.
type LogicQueueMappingItem struct {
	Bname       string `json:"bname"`
	EndOffset   int64  `json:"endOffset"`
	Gen         int    `json:"gen"`
	LogicOffset int64  `json:"logicOffset"`
	QueueID     int    `json:"queueId"`
	StartOffset int64  `json:"startOffset"`
	TimeOfEnd   int64  `json:"timeOfEnd"`
	TimeOfStart int64  `json:"timeOfStart"`
}

// MessageQueue names one queue (common/.../message/MessageQueue.java). As a map key fastjson prints it as an object.
type MessageQueue struct {
	BrokerName string `json:"brokerName"`
	QueueID    int    `json:"queueId"`
	Topic      string `json:"topic"`
}

// UnmarshalText reads the text of an object key, as compat.Normalize leaves it.
func (q *MessageQueue) UnmarshalText(text []byte) error {
	type plain MessageQueue
	if err := compat.Unmarshal(text, (*plain)(q)); err != nil {
		return err
	}
	return checkInts("queue of topic", q.Topic, number{"queueId", q.QueueID})
}

// UnmarshalJSON reads a queue that stands as a value, where JSON libraries would expect the text form too, and the
// quoted text of a key.
func (q *MessageQueue) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		var key string
		if err := compat.Unmarshal(text, &key); err != nil {
			return err
		}
		text = []byte(key)
	}
	return q.UnmarshalText(text)
}
