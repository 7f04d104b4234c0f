package clients

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Heartbeat is the body of HEART_BEAT. Java: HeartbeatData.
type Heartbeat struct {
	ClientID             string         `json:"clientID"`
	ConsumerDataSet      []ConsumerData `json:"consumerDataSet"`
	HeartbeatFingerprint int32          `json:"heartbeatFingerprint"` // 0: the full form of 4.x
	ProducerDataSet      []ProducerData `json:"producerDataSet"`
	WithoutSub           bool           `json:"withoutSub"` // keep the subscriptions of the last full form
}

// Check says what is wrong with a heartbeat that decoded.
func (h *Heartbeat) Check() error {
	for i := range h.ConsumerDataSet {
		if h.ConsumerDataSet[i].GroupName == "" {
			return errNoGroup
		}
	}
	if h.ClientID == "" && len(h.ConsumerDataSet)+len(h.ProducerDataSet) > 0 {
		return errNoClientID
	}
	if len(h.ClientID) > MaxClientID {
		return errClientID
	}
	return nil
}

// ProducerData is one producer group in a heartbeat. Java: ProducerData.
type ProducerData struct {
	GroupName string `json:"groupName"`
}

// ConsumerData is one group in a heartbeat. Java: ConsumerData.
type ConsumerData struct {
	ConsumeFromWhere    string             `json:"consumeFromWhere" enum:"CONSUME_FROM_LAST_OFFSET,CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST,CONSUME_FROM_MIN_OFFSET,CONSUME_FROM_MAX_OFFSET,CONSUME_FROM_FIRST_OFFSET,CONSUME_FROM_TIMESTAMP"`
	ConsumeType         string             `json:"consumeType" enum:"CONSUME_ACTIVELY,CONSUME_PASSIVELY,CONSUME_POP"`
	GroupName           string             `json:"groupName"`
	MessageModel        string             `json:"messageModel" enum:"BROADCASTING,CLUSTERING"`
	SubscriptionDataSet []SubscriptionData `json:"subscriptionDataSet"`
	UnitMode            bool               `json:"unitMode"`
}

// CodeSet is a list of hash codes. rocketmq-client-go sends them as strings and fastjson takes those for numbers, so
// both forms are read.
type CodeSet []int32

// UnmarshalJSON reads an array of numbers or of strings that hold numbers.
func (c *CodeSet) UnmarshalJSON(text []byte) error {
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

// Values of consumerData. Java: MessageModel, ConsumeType.
const (
	ModelBroadcasting = "BROADCASTING"
	ModelClustering   = "CLUSTERING"
	ConsumePassively  = "CONSUME_PASSIVELY"
)

// MaxClientID is the longest client id, in bytes; Java's own are below 100.
const MaxClientID = 1024

// What is wrong with a heartbeat; the texts begin with what Java throws, where it does.
var (
	errNoClientID = errors.New("java.lang.NullPointerException: clientID is null")
	errNoGroup    = errors.New("java.lang.NullPointerException: groupName is null")
	errClientID   = errors.New("clientID is longer than 1024 bytes")
)

// SubscriptionData is one topic that a group reads. Java: SubscriptionData.
type SubscriptionData struct {
	ClassFilterMode bool     `json:"classFilterMode"`
	CodeSet         CodeSet  `json:"codeSet"` // Java hash codes of the tags
	ExpressionType  string   `json:"expressionType"`
	SubString       string   `json:"subString"`
	SubVersion      int64    `json:"subVersion"`
	TagsSet         []string `json:"tagsSet"`
	Topic           string   `json:"topic"`
}
