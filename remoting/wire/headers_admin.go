package wire

// CreateTopicRequestHeader heads UPDATE_AND_CREATE_TOPIC (17). Java: CreateTopicRequestHeader.
type CreateTopicRequestHeader struct {
	Topic           string `header:"topic,must"`
	DefaultTopic    string `header:"defaultTopic,required"`
	ReadQueueNums   int32  `header:"readQueueNums,must"`
	WriteQueueNums  int32  `header:"writeQueueNums,must"`
	Perm            int32  `header:"perm,must"`
	TopicFilterType string `header:"topicFilterType,required"`
	TopicSysFlag    int32  `header:"topicSysFlag"`
	Order           bool   `header:"order,required"`
	Attributes      string `header:"attributes"`
	Force           bool   `header:"force"`
}

// TopicHeader heads the codes that name a topic only: 202, 215, 300, 351. Java: DeleteTopicRequestHeader and its likes.
//
// Lo is the switch between logic and physical queues of static topics: "false", another broker has found the physical
// queue already; "true", the mapping is wanted; empty in requests of clients. Java: TopicRequestHeader.lo, a Boolean
// that may be null.
type TopicHeader struct {
	Topic string `header:"topic,required" strict:"topic,must"`
	Lo    string `header:"lo" strict:"lo"`
}

// GroupHeader heads GET_SUBSCRIPTIONGROUP_CONFIG (352). Java: GetSubscriptionGroupConfigRequestHeader.
type GroupHeader struct {
	Group string `header:"group,must"`
}

// DeleteSubscriptionGroupRequestHeader heads DELETE_SUBSCRIPTIONGROUP (207). Java:
// DeleteSubscriptionGroupRequestHeader.
type DeleteSubscriptionGroupRequestHeader struct {
	GroupName   string `header:"groupName,must"`
	CleanOffset bool   `header:"cleanOffset"`
}

// ConsumeStatsHeader heads GET_CONSUME_STATS (208). Java: GetConsumeStatsRequestHeader.
type ConsumeStatsHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
	Topic         string `header:"topic"`
	TopicList     string `header:"topicList"`
}

// VersionResponseHeader answers GET_BROKER_CONFIG (26) with the DataVersion as JSON. Java:
// GetBrokerConfigResponseHeader.
type VersionResponseHeader struct {
	Version string `header:"version,required"`
}

// Header types of the administration codes.
var (
	CreateTopicRequest = Define[CreateTopicRequestHeader]("CreateTopicRequestHeader")
	TopicRequest       = Define[TopicHeader]("DeleteTopicRequestHeader")
	// MustTopicRequest fails without a topic.
	MustTopicRequest               = DefineStrict[TopicHeader]("GetTopicConfigRequestHeader", "strict")
	GroupRequest                   = Define[GroupHeader]("GetSubscriptionGroupConfigRequestHeader")
	DeleteSubscriptionGroupRequest = Define[DeleteSubscriptionGroupRequestHeader](
		"DeleteSubscriptionGroupRequestHeader")
	GetConsumeStatsRequest = Define[ConsumeStatsHeader]("GetConsumeStatsRequestHeader")
	VersionResponse        = Define[VersionResponseHeader]("GetBrokerConfigResponseHeader")
)
