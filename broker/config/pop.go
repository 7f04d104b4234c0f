package config

// Pop holds the keys of POP consumption.
type Pop struct {
	ReviveQueueNum               int  `prop:"reviveQueueNum"`
	ReviveInterval               int  `prop:"reviveInterval"`
	SkipWhenCKRePutReachMaxTimes bool `prop:"skipWhenCKRePutReachMaxTimes"`
	EnablePopBufferMerge         bool `prop:"enablePopBufferMerge"`
	PopCkStayBufferTime          int  `prop:"popCkStayBufferTime"`
	PopCkStayBufferTimeOut       int  `prop:"popCkStayBufferTimeOut"`
	PopCkMaxBufferSize           int  `prop:"popCkMaxBufferSize"`
	PopCkOffsetMaxQueueSize      int  `prop:"popCkOffsetMaxQueueSize"`

	PopPollingSize                    int `prop:"popPollingSize"`
	MaxPopPollingSize                 int `prop:"maxPopPollingSize"`
	PopLongPollingForceNotifyInterval int `prop:"popLongPollingForceNotifyInterval"`

	EnableNotifyAfterPopOrderLockRelease bool   `prop:"enableNotifyAfterPopOrderLockRelease"`
	InitPopOffsetByCheckMsgInMem         bool   `prop:"initPopOffsetByCheckMsgInMem"`
	EnableRetryTopicV2                   bool   `prop:"enableRetryTopicV2"`
	RetrieveMessageFromPopRetryTopicV1   bool   `prop:"retrieveMessageFromPopRetryTopicV1"`
	PopFromRetryProbability              int    `prop:"popFromRetryProbability"`
	PopFromRetryProbabilityForPriority   int    `prop:"popFromRetryProbabilityForPriority"`
	PriorityOrderAsc                     bool   `prop:"priorityOrderAsc"`
	ClearRetryTopicWhenDeleteTopic       bool   `prop:"clearRetryTopicWhenDeleteTopic"`
	UseSeparateRetryQueue                bool   `prop:"useSeparateRetryQueue"`
	PopResponseReturnActualRetryTopic    bool   `prop:"popResponseReturnActualRetryTopic"`
	DefaultMessageRequestMode            string `prop:"defaultMessageRequestMode"`
	DefaultPopShareQueueNum              int    `prop:"defaultPopShareQueueNum"`
	UseMessageFilterForNotification      bool   `prop:"useMessageFilterForNotification"`
	MaxMessageFilterNumForNotification   int    `prop:"maxMessageFilterNumForNotification"`
}
