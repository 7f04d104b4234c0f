package protocol

// TopicOffset is one queue in a TopicStatsTable (protocol/admin/TopicOffset.java).
type TopicOffset struct {
	LastUpdateTimestamp int64 `json:"lastUpdateTimestamp"` // ms; store time of the last message, 0 when there is none
	MaxOffset           int64 `json:"maxOffset"`
	MinOffset           int64 `json:"minOffset"`
}

// TopicStatsTable answers GET_TOPIC_STATS_INFO (protocol/admin/TopicStatsTable.java). Its keys are printed as objects.
type TopicStatsTable struct {
	OffsetTable map[MessageQueue]TopicOffset `json:"offsetTable"`
	TopicPutTPS float64                      `json:"topicPutTps"` // messages per second of the last minute
}
