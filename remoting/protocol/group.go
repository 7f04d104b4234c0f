package protocol

import "gorocket/compat"

// SubscriptionGroupConfig is one consumer group (protocol/subscription/SubscriptionGroupConfig.java), in
// subscriptionGroup.json and code 200.
type SubscriptionGroupConfig struct {
	Attributes                     map[string]string        `json:"attributes"`
	BrokerID                       int64                    `json:"brokerId"`
	ConsumeBroadcastEnable         bool                     `json:"consumeBroadcastEnable"`
	ConsumeEnable                  bool                     `json:"consumeEnable"`
	ConsumeFromMinEnable           bool                     `json:"consumeFromMinEnable"`
	ConsumeMessageOrderly          bool                     `json:"consumeMessageOrderly"`
	ConsumeTimeoutMinute           int                      `json:"consumeTimeoutMinute"`
	GroupName                      string                   `json:"groupName"`
	GroupRetryPolicy               *GroupRetryPolicy        `json:"groupRetryPolicy"`
	GroupSysFlag                   int                      `json:"groupSysFlag"`
	NotifyConsumerIdsChangedEnable bool                     `json:"notifyConsumerIdsChangedEnable"`
	RetryMaxTimes                  int                      `json:"retryMaxTimes"`
	RetryQueueNums                 int                      `json:"retryQueueNums"`
	SubscriptionDataSet            []SimpleSubscriptionData `json:"subscriptionDataSet"`
	WhichBrokerWhenConsumeSlowly   int64                    `json:"whichBrokerWhenConsumeSlowly"`
}

// GroupRetryPolicy is how a group's retries are spaced (protocol/subscription/GroupRetryPolicy.java). Type is
// CUSTOMIZED or EXPONENTIAL.
type GroupRetryPolicy struct {
	CustomizedRetryPolicy  *CustomizedRetryPolicy  `json:"customizedRetryPolicy"`
	ExponentialRetryPolicy *ExponentialRetryPolicy `json:"exponentialRetryPolicy"`
	Type                   string                  `json:"type" enum:"EXPONENTIAL,CUSTOMIZED"`
}

// CustomizedRetryPolicy lists the delays in milliseconds.
type CustomizedRetryPolicy struct {
	Next []int64 `json:"next"`
}

// ExponentialRetryPolicy grows from Initial to Max (milliseconds) by Multiplier.
type ExponentialRetryPolicy struct {
	Initial    int64 `json:"initial"`
	Max        int64 `json:"max"`
	Multiplier int64 `json:"multiplier"`
}

// SimpleSubscriptionData is a subscription fixed by the administrator.
type SimpleSubscriptionData struct {
	Expression     string `json:"expression"`
	ExpressionType string `json:"expressionType"`
	Topic          string `json:"topic"`
	Version        int64  `json:"version"`
}

// NewSubscriptionGroupConfig gives Java's defaults.
func NewSubscriptionGroupConfig(name string) SubscriptionGroupConfig {
	return SubscriptionGroupConfig{
		Attributes: map[string]string{}, ConsumeBroadcastEnable: true, ConsumeEnable: true, ConsumeFromMinEnable: true,
		ConsumeTimeoutMinute: 15, GroupName: name, GroupRetryPolicy: &GroupRetryPolicy{Type: "CUSTOMIZED"},
		NotifyConsumerIdsChangedEnable: true, RetryMaxTimes: 16, RetryQueueNums: 1, WhichBrokerWhenConsumeSlowly: 1,
	}
}

// UnmarshalJSON reads a group; members that are missing (old senders leave several out) keep Java's defaults.
// Numbers beyond Java's int are an error.
func (g *SubscriptionGroupConfig) UnmarshalJSON(text []byte) error {
	type plain SubscriptionGroupConfig
	p := plain(NewSubscriptionGroupConfig(""))
	if err := compat.Unmarshal(text, &p); err != nil {
		return err
	}
	*g = SubscriptionGroupConfig(p)
	return checkInts("group", g.GroupName, number{"retryQueueNums", g.RetryQueueNums},
		number{"retryMaxTimes", g.RetryMaxTimes}, number{"groupSysFlag", g.GroupSysFlag},
		number{"consumeTimeoutMinute", g.ConsumeTimeoutMinute})
}

// SubscriptionGroupWrapper is subscriptionGroup.json and the answer of GET_ALL_SUBSCRIPTIONGROUP_CONFIG.
type SubscriptionGroupWrapper struct {
	DataVersion            compat.DataVersion                  `json:"dataVersion"`
	ForbiddenTable         map[string]map[string]int           `json:"forbiddenTable"` // group → topic → forbidden bits
	SubscriptionGroupTable map[string]*SubscriptionGroupConfig `json:"subscriptionGroupTable"`
}

// ConsumerOffsetSerializeWrapper is consumerOffset.json and the answer of GET_ALL_CONSUMER_OFFSET. Keys are
// "topic@group"; older files have no data version.
type ConsumerOffsetSerializeWrapper struct {
	DataVersion *compat.DataVersion      `json:"dataVersion"`
	OffsetTable map[string]map[int]int64 `json:"offsetTable"` // topic@group → queue id → next offset to consume
}
