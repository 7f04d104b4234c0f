package broker

import (
	"bytes"
	"fmt"
	"strconv"

	"gorocket/remoting/protocol"
)

// codeSet is a list of hash codes. rocketmq-client-go sends them as strings and fastjson takes those for numbers, so both forms are read.
type codeSet []int32

// UnmarshalJSON reads an array of numbers or of strings that hold numbers.
func (c *codeSet) UnmarshalJSON(text []byte) error {
	text = bytes.TrimSpace(text)
	if string(text) == "null" {
		return nil
	}
	list, ok := bytes.CutPrefix(text, []byte{'['})
	list, ok2 := bytes.CutSuffix(list, []byte{']'})
	if !ok || !ok2 {
		return fmt.Errorf("codeSet is not an array")
	}
	if list = bytes.TrimSpace(list); len(list) == 0 {
		return nil
	}
	for item := range bytes.SplitSeq(list, []byte{','}) {
		n, err := strconv.ParseInt(string(bytes.Trim(item, " \t\r\n\"")), 10, 64)
		if err != nil {
			return fmt.Errorf("codeSet: %w", err)
		}
		*c = append(*c, int32(n))
	}
	return nil
}

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
	ConsumeFromWhere    string             `json:"consumeFromWhere" enum:"CONSUME_FROM_LAST_OFFSET,CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST,CONSUME_FROM_MIN_OFFSET,CONSUME_FROM_MAX_OFFSET,CONSUME_FROM_FIRST_OFFSET,CONSUME_FROM_TIMESTAMP"`
	ConsumeType         string             `json:"consumeType" enum:"CONSUME_ACTIVELY,CONSUME_PASSIVELY,CONSUME_POP"`
	GroupName           string             `json:"groupName"`
	MessageModel        string             `json:"messageModel" enum:"BROADCASTING,CLUSTERING"`
	SubscriptionDataSet []subscriptionData `json:"subscriptionDataSet"`
	UnitMode            bool               `json:"unitMode"`
}

// subscriptionData is one topic that a group reads. Java: SubscriptionData.
type subscriptionData struct {
	ClassFilterMode bool     `json:"classFilterMode"`
	CodeSet         codeSet  `json:"codeSet"` // Java hash codes of the tags
	ExpressionType  string   `json:"expressionType"`
	SubString       string   `json:"subString"`
	SubVersion      int64    `json:"subVersion"`
	TagsSet         []string `json:"tagsSet"`
	Topic           string   `json:"topic"`
}

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

// Values of consumerData. Java: MessageModel, ConsumeType.
const (
	modelBroadcasting = "BROADCASTING"
	modelClustering   = "CLUSTERING"
	consumePassively  = "CONSUME_PASSIVELY"
)
