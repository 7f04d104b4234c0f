package wire

// ResetOffsetRequestHeader heads INVOKE_BROKER_TO_RESET_OFFSET (222) and RESET_CONSUMER_CLIENT_OFFSET (220). Java:
// ResetOffsetRequestHeader.
type ResetOffsetRequestHeader struct {
	Topic     string `header:"topic,must"`
	Group     string `header:"group,must"`
	QueueID   int32  `header:"queueId,required" default:"-1"`
	Timestamp int64  `header:"timestamp,must"` // ms; -1: the end of the queue
	Offset    int64  `header:"offset" default:"-1"`
	IsForce   bool   `header:"isForce,must"`
}

// ConsumerStatusRequestHeader heads INVOKE_BROKER_TO_GET_CONSUMER_STATUS (223) and GET_CONSUMER_STATUS_FROM_CLIENT
// (221). Java: GetConsumerStatusRequestHeader.
type ConsumerStatusRequestHeader struct {
	Topic      string `header:"topic,must"`
	Group      string `header:"group,must"`
	ClientAddr string `header:"clientAddr"` // a client id, in spite of its name; empty: all
}

// TopicGroupHeader heads the codes that ask about a group on a topic: 303, 345. Java:
// QueryConsumeTimeSpanRequestHeader, QuerySubscriptionByConsumerRequestHeader.
type TopicGroupHeader struct {
	Topic string `header:"topic,must" loose:"topic"`
	Group string `header:"group,must" loose:"group,must"`
}

// CorrectionOffsetHeader heads QUERY_CORRECTION_OFFSET (308). Java: QueryCorrectionOffsetHeader.
type CorrectionOffsetHeader struct {
	Topic        string `header:"topic,must"`
	CompareGroup string `header:"compareGroup,must"`
	FilterGroups string `header:"filterGroups"` // comma separated
}

// GroupForbiddenHeader heads UPDATE_AND_GET_GROUP_FORBIDDEN (353). Java: UpdateGroupForbiddenRequestHeader.
type GroupForbiddenHeader struct {
	Group    string `header:"group,must"`
	Topic    string `header:"topic,must"`
	Readable string `header:"readable"` // "true", "false"; absent: only ask
}

// RunningInfoHeader heads GET_CONSUMER_RUNNING_INFO (307). Java: GetConsumerRunningInfoRequestHeader.
type RunningInfoHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
	ClientID      string `header:"clientId,must"`
	JstackEnable  bool   `header:"jstackEnable,required"`
}

// ConsumeDirectlyHeader heads CONSUME_MESSAGE_DIRECTLY (309). Java: ConsumeMessageDirectlyResultRequestHeader.
type ConsumeDirectlyHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
	ClientID      string `header:"clientId"`
	MsgID         string `header:"msgId"`
	BrokerName    string `header:"brokerName"`
	Topic         string `header:"topic"`
	TopicSysFlag  int32  `header:"topicSysFlag"`
	GroupSysFlag  int32  `header:"groupSysFlag"`
}

// CloneGroupOffsetHeader heads CLONE_GROUP_OFFSET (314). Java: CloneGroupOffsetRequestHeader.
type CloneGroupOffsetHeader struct {
	SrcGroup  string `header:"srcGroup,must"`
	DestGroup string `header:"destGroup,must"`
	Topic     string `header:"topic"` // empty: all topics of the group
	Offline   bool   `header:"offline"`
}

// BrokerConsumeStatsHeader heads GET_BROKER_CONSUME_STATS (317). Java: GetConsumeStatsInBrokerHeader.
type BrokerConsumeStatsHeader struct {
	IsOrder bool `header:"isOrder,must"`
}

// ConsumeQueueRequestHeader heads QUERY_CONSUME_QUEUE (321). Java: QueryConsumeQueueRequestHeader.
type ConsumeQueueRequestHeader struct {
	Topic         string `header:"topic"`
	QueueID       int32  `header:"queueId,required"`
	Index         int64  `header:"index,required"`
	Count         int32  `header:"count,required"`
	ConsumerGroup string `header:"consumerGroup"`
}

// Header types of the codes that look after groups.
var (
	ResetOffsetRequest        = Define[ResetOffsetRequestHeader]("ResetOffsetRequestHeader")
	ConsumerStatusRequest     = Define[ConsumerStatusRequestHeader]("GetConsumerStatusRequestHeader")
	ConsumeTimeSpanRequest    = Define[TopicGroupHeader]("QueryConsumeTimeSpanRequestHeader")
	QuerySubscriptionRequest  = DefineStrict[TopicGroupHeader]("QuerySubscriptionByConsumerRequestHeader", "loose")
	CorrectionOffsetRequest   = Define[CorrectionOffsetHeader]("QueryCorrectionOffsetHeader")
	GroupForbiddenRequest     = Define[GroupForbiddenHeader]("UpdateGroupForbiddenRequestHeader")
	RunningInfoRequest        = Define[RunningInfoHeader]("GetConsumerRunningInfoRequestHeader")
	ConsumeDirectlyRequest    = Define[ConsumeDirectlyHeader]("ConsumeMessageDirectlyResultRequestHeader")
	CloneGroupOffsetRequest   = Define[CloneGroupOffsetHeader]("CloneGroupOffsetRequestHeader")
	BrokerConsumeStatsRequest = Define[BrokerConsumeStatsHeader]("GetConsumeStatsInBrokerHeader")
	QueryConsumeQueueRequest  = Define[ConsumeQueueRequestHeader]("QueryConsumeQueueRequestHeader")
)
