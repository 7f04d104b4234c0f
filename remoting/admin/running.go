package admin

import "gorocket/remoting/protocol"

// ConsumerRunningInfo is what a member of a group says about itself. Java: ConsumerRunningInfo.
type ConsumerRunningInfo struct {
	Jstack           *string                                       `json:"jstack"`
	MQPopTable       map[protocol.MessageQueue]PopProcessQueueInfo `json:"mqPopTable"`
	MQTable          map[protocol.MessageQueue]ProcessQueueInfo    `json:"mqTable"`
	Properties       map[string]any                                `json:"properties"`
	StatusTable      map[string]ConsumeStatus                      `json:"statusTable"`
	SubscriptionSet  []Subscription                                `json:"subscriptionSet"`
	UserConsumerInfo map[string]string                             `json:"userConsumerInfo"`
}

// ProcessQueueInfo is a queue that a member holds. Java: ProcessQueueInfo.
type ProcessQueueInfo struct {
	CachedMsgCount          int   `json:"cachedMsgCount"`
	CachedMsgMaxOffset      int64 `json:"cachedMsgMaxOffset"`
	CachedMsgMinOffset      int64 `json:"cachedMsgMinOffset"`
	CachedMsgSizeInMiB      int   `json:"cachedMsgSizeInMiB"`
	CommitOffset            int64 `json:"commitOffset"`
	Droped                  bool  `json:"droped"`
	LastConsumeTimestamp    int64 `json:"lastConsumeTimestamp"` // ms
	LastLockTimestamp       int64 `json:"lastLockTimestamp"`    // ms
	LastPullTimestamp       int64 `json:"lastPullTimestamp"`    // ms
	Locked                  bool  `json:"locked"`
	TransactionMsgCount     int   `json:"transactionMsgCount"`
	TransactionMsgMaxOffset int64 `json:"transactionMsgMaxOffset"`
	TransactionMsgMinOffset int64 `json:"transactionMsgMinOffset"`
	TryUnlockTimes          int64 `json:"tryUnlockTimes"`
}

// PopProcessQueueInfo is a queue that a member pops from. Java: PopProcessQueueInfo.
type PopProcessQueueInfo struct {
	Droped           bool  `json:"droped"`
	LastPopTimestamp int64 `json:"lastPopTimestamp"` // ms
	WaitAckCount     int   `json:"waitAckCount"`
}

// ConsumeStatus are the rates of a member for a topic. Java: ConsumeStatus.
type ConsumeStatus struct {
	ConsumeFailedMsgs int64   `json:"consumeFailedMsgs"` // in an hour
	ConsumeFailedTPS  float64 `json:"consumeFailedTPS"`
	ConsumeOKTPS      float64 `json:"consumeOKTPS"`
	ConsumeRT         float64 `json:"consumeRT"` // ms
	PullRT            float64 `json:"pullRT"`    // ms
	PullTPS           float64 `json:"pullTPS"`
}

// Names of ConsumerRunningInfo.Properties.
const (
	PropConsumeType    = "PROP_CONSUME_TYPE"
	PropConsumeOrderly = "PROP_CONSUMEORDERLY"
	PropStarted        = "PROP_CONSUMER_START_TIMESTAMP"
)

// Push tells whether the member is given messages by listeners.
func (r *ConsumerRunningInfo) Push() bool {
	return r.Properties[PropConsumeType] == "CONSUME_PASSIVELY"
}
