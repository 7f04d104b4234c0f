package broker

import "gorocket/compat/body"

// heartbeatData is the body of HEART_BEAT. Java: HeartbeatData.
type heartbeatData struct {
	ClientID             string         `json:"clientID"`
	ConsumerDataSet      []consumerData `json:"consumerDataSet"`
	HeartbeatFingerprint int32          `json:"heartbeatFingerprint"` // 0: the full form of 4.x
	ProducerDataSet      []producerData `json:"producerDataSet"`
	WithoutSub           bool           `json:"withoutSub"` // keep the subscriptions of the last full form
}

type producerData struct {
	GroupName string `json:"groupName"`
}

// consumerData is one group in a heartbeat. Java: ConsumerData.
type consumerData struct {
	ConsumeFromWhere    string             `json:"consumeFromWhere"`
	ConsumeType         string             `json:"consumeType"`
	GroupName           string             `json:"groupName"`
	MessageModel        string             `json:"messageModel"`
	SubscriptionDataSet []subscriptionData `json:"subscriptionDataSet"`
	UnitMode            bool               `json:"unitMode"`
}

// subscriptionData is one topic that a group reads. Java: SubscriptionData.
type subscriptionData struct {
	ClassFilterMode bool     `json:"classFilterMode"`
	CodeSet         []int32  `json:"codeSet"` // Java hash codes of the tags
	ExpressionType  string   `json:"expressionType"`
	SubString       string   `json:"subString"`
	SubVersion      int64    `json:"subVersion"`
	TagsSet         []string `json:"tagsSet"`
	Topic           string   `json:"topic"`
}

// lockBatch is the body of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ. Java: LockBatchRequestBody.
type lockBatch struct {
	ClientID       string              `json:"clientId"`
	ConsumerGroup  string              `json:"consumerGroup"`
	MQSet          []body.MessageQueue `json:"mqSet"`
	OnlyThisBroker bool                `json:"onlyThisBroker"`
}

// lockedQueues answers LOCK_BATCH_MQ. Java: LockBatchResponseBody.
type lockedQueues struct {
	LockOKMQSet []body.MessageQueue `json:"lockOKMQSet"`
}

// consumerIDs answers GET_CONSUMER_LIST_BY_GROUP. Java: GetConsumerListByGroupResponseBody.
type consumerIDs struct {
	ConsumerIDList []string `json:"consumerIdList"`
}

// Values of consumerData. Java: MessageModel, ConsumeType.
const (
	modelBroadcasting = "BROADCASTING"
	modelClustering   = "CLUSTERING"
	consumePassively  = "CONSUME_PASSIVELY"
)
