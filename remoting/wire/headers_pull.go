package wire

// PullMessageRequestHeader heads PULL_MESSAGE (11) and LITE_PULL_MESSAGE (361). Java: PullMessageRequestHeader.
type PullMessageRequestHeader struct {
	ConsumerGroup        string `header:"consumerGroup,must"`
	Topic                string `header:"topic,must"`
	QueueID              int32  `header:"queueId,must"`
	QueueOffset          int64  `header:"queueOffset,must"`
	MaxMsgNums           int32  `header:"maxMsgNums,must"`
	SysFlag              int32  `header:"sysFlag,must"` // PullFlag bits
	CommitOffset         int64  `header:"commitOffset,required"`
	SuspendTimeoutMillis int64  `header:"suspendTimeoutMillis,required"`
	Subscription         string `header:"subscription"`
	SubVersion           int64  `header:"subVersion,required"`
	ExpressionType       string `header:"expressionType"`
	MaxMsgBytes          int32  `header:"maxMsgBytes" default:"-1"` // -1: not given
	RequestSource        int32  `header:"requestSource" default:"-1"`
	ProxyForwardClientID string `header:"proxyFrowardClientId"` // spelt so in Java
	Lo                   string `header:"lo"`                   // see TopicHeader
}

// Bits of PullMessageRequestHeader.SysFlag. Java: PullSysFlag.
const (
	PullFlagCommitOffset = 1 << 0
	PullFlagSuspend      = 1 << 1
	PullFlagSubscription = 1 << 2
	PullFlagClassFilter  = 1 << 3
	PullFlagLitePull     = 1 << 4
)

// PullMessageResponseHeader answers a pull. Java: PullMessageResponseHeader.
type PullMessageResponseHeader struct {
	SuggestWhichBrokerID int64 `header:"suggestWhichBrokerId,required"`
	NextBeginOffset      int64 `header:"nextBeginOffset,required"`
	MinOffset            int64 `header:"minOffset,required"`
	MaxOffset            int64 `header:"maxOffset,required"`
	TopicSysFlag         int32 `header:"topicSysFlag"`
	GroupSysFlag         int32 `header:"groupSysFlag"`
	// OffsetDelta is, for static topics, what the client adds to the queue offsets in the records; else NoOffsetDelta.
	OffsetDelta int64 `header:"offsetDelta" default:"-9223372036854775808"`
}

// NoOffsetDelta is the OffsetDelta that is not written: the topic is not static.
const NoOffsetDelta = AbsentOffset

// QueryMessageRequestHeader heads QUERY_MESSAGE (12). Java: QueryMessageRequestHeader.
type QueryMessageRequestHeader struct {
	Topic          string `header:"topic,required"`
	Key            string `header:"key,required"`
	MaxNum         int32  `header:"maxNum,must"`
	BeginTimestamp int64  `header:"beginTimestamp,must"` // ms
	EndTimestamp   int64  `header:"endTimestamp,must"`   // ms
	UniqueKeyQuery string `header:"_UNIQUE_KEY_QUERY"`
	IndexType      string `header:"indexType"`
	LastKey        string `header:"lastKey"`
}

// QueryMessageResponseHeader answers a query by key. Java: QueryMessageResponseHeader.
type QueryMessageResponseHeader struct {
	IndexLastUpdateTimestamp int64 `header:"indexLastUpdateTimestamp,required"`
	IndexLastUpdatePhyOffset int64 `header:"indexLastUpdatePhyoffset,required"`
}

// ViewMessageRequestHeader heads VIEW_MESSAGE_BY_ID (33). Java: ViewMessageRequestHeader.
type ViewMessageRequestHeader struct {
	Offset int64  `header:"offset,must"` // commit log offset
	Topic  string `header:"topic"`
}

// Header types of the read codes.
var (
	PullMessageRequest   = DefineStrict[PullMessageRequestHeader]("PullMessageRequestHeader", "header")
	PullMessageResponse  = Define[PullMessageResponseHeader]("PullMessageResponseHeader")
	QueryMessageRequest  = Define[QueryMessageRequestHeader]("QueryMessageRequestHeader")
	QueryMessageResponse = Define[QueryMessageResponseHeader]("QueryMessageResponseHeader")
	ViewMessageRequest   = Define[ViewMessageRequestHeader]("ViewMessageRequestHeader")
)
