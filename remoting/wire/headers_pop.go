package wire

// PopMessageRequestHeader heads POP_MESSAGE (200050). Java: PopMessageRequestHeader.
type PopMessageRequestHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
	Topic         string `header:"topic,must"`
	QueueID       int32  `header:"queueId,required"`       // negative: all queues
	MaxMsgNums    int32  `header:"maxMsgNums,required"`    // 32 at most
	InvisibleTime int64  `header:"invisibleTime,required"` // ms
	PollTime      int64  `header:"pollTime,required"`      // ms
	BornTime      int64  `header:"bornTime,required"`      // ms since 1970; 0: now
	InitMode      int32  `header:"initMode,required"`      // PopInit
	ExpType       string `header:"expType"`
	Exp           string `header:"exp"`
	Order         bool   `header:"order"`
	AttemptID     string `header:"attemptId"`
}

// Where a group without an offset begins: PopMessageRequestHeader.InitMode. Java: ConsumeInitMode.
const (
	PopInitMin int32 = 0
	PopInitMax int32 = 1
)

// PopMessageResponseHeader answers 200050 and 200052. Java: PopMessageResponseHeader.
type PopMessageResponseHeader struct {
	PopTime         int64  `header:"popTime,required"`       // ms since 1970
	InvisibleTime   int64  `header:"invisibleTime,required"` // ms
	ReviveQid       int32  `header:"reviveQid,required"`
	RestNum         int64  `header:"restNum,required"`
	StartOffsetInfo []byte `header:"startOffsetInfo"`
	MsgOffsetInfo   []byte `header:"msgOffsetInfo"`
	OrderCountInfo  []byte `header:"orderCountInfo"`
}

// AckMessageRequestHeader heads ACK_MESSAGE (200051). Java: AckMessageRequestHeader.
type AckMessageRequestHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
	Topic         string `header:"topic,must"`
	QueueID       int32  `header:"queueId,must"`
	ExtraInfo     string `header:"extraInfo,required"`
	Offset        int64  `header:"offset,must"`
	LiteTopic     string `header:"liteTopic"`
}

// ChangeInvisibleTimeRequestHeader heads CHANGE_MESSAGE_INVISIBLETIME (200053). Java:
// ChangeInvisibleTimeRequestHeader.
type ChangeInvisibleTimeRequestHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
	Topic         string `header:"topic,must"`
	QueueID       int32  `header:"queueId,must"`
	ExtraInfo     string `header:"extraInfo,required"`
	Offset        int64  `header:"offset,must"`
	InvisibleTime int64  `header:"invisibleTime,must"` // ms
	LiteTopic     string `header:"liteTopic"`
	Suspend       bool   `header:"suspend"`
}

// ChangeInvisibleTimeResponseHeader answers 200053. Java: ChangeInvisibleTimeResponseHeader.
type ChangeInvisibleTimeResponseHeader struct {
	PopTime       int64 `header:"popTime,required"`       // ms since 1970
	InvisibleTime int64 `header:"invisibleTime,required"` // ms
	ReviveQid     int32 `header:"reviveQid,required"`
}

// PeekMessageRequestHeader heads PEEK_MESSAGE (200052). Java: PeekMessageRequestHeader.
type PeekMessageRequestHeader struct {
	Topic         string `header:"topic,must"`
	QueueID       int32  `header:"queueId,required"`
	MaxMsgNums    int32  `header:"maxMsgNums,required"`
	ConsumerGroup string `header:"consumerGroup,must"`
}

// NotificationRequestHeader heads NOTIFICATION (200054). Java: NotificationRequestHeader.
type NotificationRequestHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
	Topic         string `header:"topic,must"`
	QueueID       int32  `header:"queueId,required"`
	PollTime      int64  `header:"pollTime,required"` // ms
	BornTime      int64  `header:"bornTime,required"` // ms since 1970; 0: now
	Order         bool   `header:"order"`
	AttemptID     string `header:"attemptId"`
	ExpType       string `header:"expType"`
	Exp           string `header:"exp"`
}

// NotificationResponseHeader answers 200054. Java: NotificationResponseHeader.
type NotificationResponseHeader struct {
	HasMsg      bool `header:"hasMsg,required"`
	PollingFull bool `header:"pollingFull,required"`
}

// PollingInfoRequestHeader heads POLLING_INFO (200055). Java: PollingInfoRequestHeader.
type PollingInfoRequestHeader struct {
	ConsumerGroup string `header:"consumerGroup,must"`
	Topic         string `header:"topic,must"`
	QueueID       int32  `header:"queueId,required"`
}

// PollingInfoResponseHeader answers 200055. Java: PollingInfoResponseHeader.
type PollingInfoResponseHeader struct {
	PollingNum int32 `header:"pollingNum,required"`
}

// Header types of POP.
var (
	PopMessageRequest           = Define[PopMessageRequestHeader]("PopMessageRequestHeader")
	PopMessageResponse          = Define[PopMessageResponseHeader]("PopMessageResponseHeader")
	AckMessageRequest           = Define[AckMessageRequestHeader]("AckMessageRequestHeader")
	ChangeInvisibleTimeRequest  = Define[ChangeInvisibleTimeRequestHeader]("ChangeInvisibleTimeRequestHeader")
	ChangeInvisibleTimeResponse = Define[ChangeInvisibleTimeResponseHeader]("ChangeInvisibleTimeResponseHeader")
	PeekMessageRequest          = Define[PeekMessageRequestHeader]("PeekMessageRequestHeader")
	NotificationRequest         = Define[NotificationRequestHeader]("NotificationRequestHeader")
	NotificationResponse        = Define[NotificationResponseHeader]("NotificationResponseHeader")
	PollingInfoRequest          = Define[PollingInfoRequestHeader]("PollingInfoRequestHeader")
	PollingInfoResponse         = Define[PollingInfoResponseHeader]("PollingInfoResponseHeader")
)
