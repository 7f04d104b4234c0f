package broker

import (
	"gorocket/remoting/protocol"
)

// lockBatch is the body of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ. Java: LockBatchRequestBody.
type lockBatch struct {
	ClientID       string                  `json:"clientId"`
	ConsumerGroup  string                  `json:"consumerGroup"`
	MQSet          []protocol.MessageQueue `json:"mqSet"`
	OnlyThisBroker bool                    `json:"onlyThisBroker"`
}

// lockedQueues answers LOCK_BATCH_MQ. Java: LockBatchResponseBody.
type lockedQueues struct {
	LockOKMQSet []protocol.MessageQueue `json:"lockOKMQSet"`
}

// consumerIDs answers GET_CONSUMER_LIST_BY_GROUP. Java: GetConsumerListByGroupResponseBody.
type consumerIDs struct {
	ConsumerIDList []string `json:"consumerIdList"`
}
