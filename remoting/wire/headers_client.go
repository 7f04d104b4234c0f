package wire

// HeartbeatRequestHeader heads HEART_BEAT (34); it has no fields. Java: HeartbeatRequestHeader.
type HeartbeatRequestHeader struct{}

// HeartbeatResponseHeader answers a heartbeat. Java sets both as plain extFields (ClientManageProcessor).
type HeartbeatResponseHeader struct {
	SupportV2 string `header:"IS_SUPPORT_HEART_BEAT_V2"`
	SubChange string `header:"IS_SUB_CHANGE"`
}

// UnregisterClientRequestHeader heads UNREGISTER_CLIENT (35). Java: UnregisterClientRequestHeader.
type UnregisterClientRequestHeader struct {
	ClientID      string `header:"clientID,required"`
	ProducerGroup string `header:"producerGroup"`
	ConsumerGroup string `header:"consumerGroup"`
}

// ConsumerGroupHeader heads the codes that name a consumer group only: 38, 40 and 203. Java:
// GetConsumerListByGroupRequestHeader, NotifyConsumerIdsChangedRequestHeader, GetConsumerConnectionListRequestHeader.
type ConsumerGroupHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
}

// ProducerGroupHeader heads GET_PRODUCER_CONNECTION_LIST (204). Java: GetProducerConnectionListRequestHeader.
type ProducerGroupHeader struct {
	ProducerGroup string `header:"producerGroup,must"`
}

// Header types of the client management codes.
var (
	HeartbeatRequest             = Define[HeartbeatRequestHeader]("HeartbeatRequestHeader")
	HeartbeatResponse            = Define[HeartbeatResponseHeader]("HeartbeatResponse (plain extFields)")
	UnregisterClientRequest      = Define[UnregisterClientRequestHeader]("UnregisterClientRequestHeader")
	GetConsumerListRequest       = Define[ConsumerGroupHeader]("GetConsumerListByGroupRequestHeader")
	NotifyConsumerIDsChanged     = Define[ConsumerGroupHeader]("NotifyConsumerIdsChangedRequestHeader")
	GetProducerConnectionRequest = Define[ProducerGroupHeader]("GetProducerConnectionListRequestHeader")
	GetConsumerConnectionRequest = Define[ConsumerGroupHeader]("GetConsumerConnectionListRequestHeader")
)
