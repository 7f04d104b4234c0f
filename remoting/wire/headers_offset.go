package wire

import "math"

// QueryConsumerOffsetRequestHeader heads QUERY_CONSUMER_OFFSET (14). Java: QueryConsumerOffsetRequestHeader.
type QueryConsumerOffsetRequestHeader struct {
	ConsumerGroup     string `header:"consumerGroup,required"`
	Topic             string `header:"topic,must"`
	QueueID           int32  `header:"queueId,must"`
	SetZeroIfNotFound bool   `header:"setZeroIfNotFound" default:"true"`
	Lo                string `header:"lo"` // see TopicHeader
}

// UpdateConsumerOffsetRequestHeader heads UPDATE_CONSUMER_OFFSET (15). Java: UpdateConsumerOffsetRequestHeader.
type UpdateConsumerOffsetRequestHeader struct {
	ConsumerGroup string `header:"consumerGroup,required" default:"null"` // Java prints null when it is absent
	Topic         string `header:"topic,must"`
	QueueID       int32  `header:"queueId,required" default:"-2147483648"`               // AbsentQueue
	CommitOffset  int64  `header:"commitOffset,required" default:"-9223372036854775808"` // AbsentOffset
	Lo            string `header:"lo"`                                                   // see TopicHeader
	// OnlyForward is ours: an offset that is further on stays. A slave says so when it passes on what clients committed
	// there; Java's brokers do not read it.
	OnlyForward bool `header:"onlyForward"`
}

// Values of fields that were not in the request, where Java tells null apart.
const (
	AbsentQueue  = math.MinInt32
	AbsentOffset = math.MinInt64
)

// QueueRequestHeader heads GET_MIN_OFFSET (31) and GET_EARLIEST_MSG_STORETIME (32).
// Java: GetMinOffsetRequestHeader, GetEarliestMsgStoretimeRequestHeader.
type QueueRequestHeader struct {
	Topic   string `header:"topic,must"`
	QueueID int32  `header:"queueId,must"`
	Lo      string `header:"lo"` // see TopicHeader
}

// GetMaxOffsetRequestHeader heads GET_MAX_OFFSET (30). Java: GetMaxOffsetRequestHeader.
type GetMaxOffsetRequestHeader struct {
	QueueRequestHeader
	Committed bool `header:"committed" default:"true"`
}

// SearchOffsetRequestHeader heads SEARCH_OFFSET_BY_TIMESTAMP (29). Java: SearchOffsetRequestHeader.
type SearchOffsetRequestHeader struct {
	QueueRequestHeader
	Timestamp    int64  `header:"timestamp,must"` // ms
	BoundaryType string `header:"boundaryType"`   // "lower" (default) or "upper"
}

// OffsetResponseHeader answers 14, 29, 30 and 31. Java: QueryConsumerOffsetResponseHeader and its likes.
type OffsetResponseHeader struct {
	Offset int64 `header:"offset,required"`
}

// TimestampResponseHeader answers 32, in ms. Java: GetEarliestMsgStoretimeResponseHeader.
type TimestampResponseHeader struct {
	Timestamp int64 `header:"timestamp,required"`
}

// Header types of the offset codes.
var (
	QueryConsumerOffsetRequest  = Define[QueryConsumerOffsetRequestHeader]("QueryConsumerOffsetRequestHeader")
	UpdateConsumerOffsetRequest = Define[UpdateConsumerOffsetRequestHeader]("UpdateConsumerOffsetRequestHeader")
	GetMinOffsetRequest         = Define[QueueRequestHeader]("GetMinOffsetRequestHeader")
	GetEarliestStoretimeRequest = Define[QueueRequestHeader]("GetEarliestMsgStoretimeRequestHeader")
	GetMaxOffsetRequest         = Define[GetMaxOffsetRequestHeader]("GetMaxOffsetRequestHeader")
	SearchOffsetRequest         = Define[SearchOffsetRequestHeader]("SearchOffsetRequestHeader")
	OffsetResponse              = Define[OffsetResponseHeader]("GetMaxOffsetResponseHeader")
	TimestampResponse           = Define[TimestampResponseHeader]("GetEarliestMsgStoretimeResponseHeader")
)
