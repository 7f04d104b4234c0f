package wire

// GetAllTopicConfigRequestHeader heads GET_ALL_TOPIC_CONFIG (21). A caller that knows pages (5.5) asks for MaxTopicNum
// topics from the TopicSeq-th in the order of names on; DataVersion is the JSON of the first page's, empty for that.
// Java: GetAllTopicConfigRequestHeader.
type GetAllTopicConfigRequestHeader struct {
	TopicSeq    int32  `header:"topicSeq,required"`
	DataVersion string `header:"dataVersion"`
	MaxTopicNum int32  `header:"maxTopicNum" default:"2147483647"`
}

// GetAllTopicConfigResponseHeader answers it. -1: the caller has got all there are. Java:
// GetAllTopicConfigResponseHeader.
type GetAllTopicConfigResponseHeader struct {
	TotalTopicNum int32 `header:"totalTopicNum" default:"-1"`
}

// GetAllSubscriptionGroupRequestHeader heads GET_ALL_SUBSCRIPTIONGROUP_CONFIG (201), as
// GetAllTopicConfigRequestHeader does 21. Java: GetAllSubscriptionGroupRequestHeader.
type GetAllSubscriptionGroupRequestHeader struct {
	GroupSeq    int32  `header:"groupSeq,required"`
	DataVersion string `header:"dataVersion"`
	MaxGroupNum int32  `header:"maxGroupNum" default:"2147483647"`
}

// GetAllSubscriptionGroupResponseHeader answers it. -1: the caller has got all there are. Java:
// GetAllSubscriptionGroupResponseHeader.
type GetAllSubscriptionGroupResponseHeader struct {
	TotalGroupNum int32 `header:"totalGroupNum" default:"-1"`
}

// HAInfoHeader heads EXCHANGE_BROKER_HA_INFO (906) and answers it. As a request without a HAAddr it asks a master, else
// it tells a slave. Java: ExchangeHAInfoRequestHeader, ExchangeHAInfoResponseHeader.
type HAInfoHeader struct {
	HAAddr      string `header:"masterHaAddress"`
	FlushOffset int64  `header:"masterFlushOffset" default:"-1"` // where the master's log ended at its start
	Addr        string `header:"masterAddress"`
}

// ResetMasterFlushOffsetHeader heads RESET_MASTER_FLUSH_OFFSET (908). Java: ResetMasterFlushOffsetHeader.
type ResetMasterFlushOffsetHeader struct {
	FlushOffset int64 `header:"masterFlushOffset,must"`
}

// NoHeader is the header of requests that have none.
type NoHeader struct{}

// Header types of what slaves ask their masters for.
// CommittedHereHeader heads GET_ALL_CONSUMER_OFFSET (43) from a returning master of ours, see broker/slave. Java: none.
type CommittedHereHeader struct {
	CommittedHere string `header:"committedHere"`
}

var (
	GetAllTopicConfigRequest  = Define[GetAllTopicConfigRequestHeader]("GetAllTopicConfigRequestHeader")
	GetAllTopicConfigResponse = Define[GetAllTopicConfigResponseHeader]("GetAllTopicConfigResponseHeader")
	GetAllGroupsRequest       = Define[GetAllSubscriptionGroupRequestHeader]("GetAllSubscriptionGroupRequestHeader")
	GetAllGroupsResponse      = Define[GetAllSubscriptionGroupResponseHeader]("GetAllSubscriptionGroupResponseHeader")
	CommittedHereRequest      = Define[CommittedHereHeader]("")
	HAInfoRequest             = Define[HAInfoHeader]("ExchangeHAInfoRequestHeader")
	HAInfoResponse            = Define[HAInfoHeader]("ExchangeHAInfoResponseHeader")
	ResetMasterFlushOffset    = Define[ResetMasterFlushOffsetHeader]("ResetMasterFlushOffsetHeader")
	None                      = Define[NoHeader]("")
)
