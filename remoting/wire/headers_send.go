package wire

// SendMessageRequestHeader heads SEND_MESSAGE (10), SEND_MESSAGE_V2 (310), SEND_BATCH_MESSAGE (320) and the reply
// codes 324 and 325. The V2 form carries one-letter names. Java: SendMessageRequestHeader,
// SendMessageRequestHeaderV2.
type SendMessageRequestHeader struct {
	ProducerGroup         string `header:"producerGroup,required" v2:"a,required"`
	Topic                 string `header:"topic,must" v2:"b,must"`
	DefaultTopic          string `header:"defaultTopic,required" v2:"c,required"`
	DefaultTopicQueueNums int32  `header:"defaultTopicQueueNums,required" v2:"d,required"`
	QueueID               int32  `header:"queueId,must" v2:"e,must"` // negative: the broker chooses
	SysFlag               int32  `header:"sysFlag,must" v2:"f,must"`
	BornTimestamp         int64  `header:"bornTimestamp,must" v2:"g,must"` // ms
	Flag                  int32  `header:"flag,must" v2:"h,must"`
	Properties            []byte `header:"properties" v2:"i"` // a view into the frame
	ReconsumeTimes        int32  `header:"reconsumeTimes" v2:"j"`
	UnitMode              bool   `header:"unitMode" v2:"k"`
	MaxReconsumeTimes     int32  `header:"maxReconsumeTimes" v2:"l" default:"-1"` // -1: not given
	Batch                 bool   `header:"batch" v2:"m"`
	BrokerName            string `header:"bname" v2:"n"`
	Lo                    string `header:"lo"` // see TopicHeader; Java drops it from the V2 form
}

// SendMessageResponseHeader answers a send. Java: SendMessageResponseHeader.
type SendMessageResponseHeader struct {
	MsgID         []byte `header:"msgId,required"`
	QueueID       int32  `header:"queueId,required"`
	QueueOffset   int64  `header:"queueOffset,required"`
	TransactionID []byte `header:"transactionId"`
	BatchUniqID   string `header:"batchUniqId"`
	RecallHandle  string `header:"recallHandle"`
	Region        string `header:"MSG_REGION"`
	TraceOn       string `header:"TRACE_ON"`
}

// ReplyMessageRequestHeader heads PUSH_REPLY_MESSAGE_TO_CLIENT (326), which the broker sends to the client that waits
// for a reply; the body is the reply. Java: ReplyMessageRequestHeader.
type ReplyMessageRequestHeader struct {
	ProducerGroup         string `header:"producerGroup,required"`
	Topic                 string `header:"topic,required"`
	DefaultTopic          string `header:"defaultTopic,required"`
	DefaultTopicQueueNums int32  `header:"defaultTopicQueueNums,required"`
	QueueID               int32  `header:"queueId,required"`
	SysFlag               int32  `header:"sysFlag,required"`
	BornTimestamp         int64  `header:"bornTimestamp,required"` // ms
	Flag                  int32  `header:"flag,required"`
	Properties            []byte `header:"properties"`
	ReconsumeTimes        int32  `header:"reconsumeTimes"`
	UnitMode              bool   `header:"unitMode"`
	BornHost              string `header:"bornHost,required"`       // ip:port of who replied
	StoreHost             string `header:"storeHost,required"`      // ip:port of the broker
	StoreTimestamp        int64  `header:"storeTimestamp,required"` // ms
}

// ConsumerSendMsgBackRequestHeader heads CONSUMER_SEND_MSG_BACK (36). Java: ConsumerSendMsgBackRequestHeader.
type ConsumerSendMsgBackRequestHeader struct {
	Offset            int64  `header:"offset,must"` // commit log offset
	Group             string `header:"group,must"`
	DelayLevel        int32  `header:"delayLevel,required"`
	OriginMsgID       string `header:"originMsgId"`
	OriginTopic       string `header:"originTopic"`
	UnitMode          bool   `header:"unitMode"`
	MaxReconsumeTimes int32  `header:"maxReconsumeTimes" default:"-1"` // -1: not given
}

// Header types of the send codes.
var (
	SendMessageRequestV1       = Define[SendMessageRequestHeader]("SendMessageRequestHeader")
	SendMessageRequestV2       = DefineStrict[SendMessageRequestHeader]("SendMessageRequestHeaderV2", "v2")
	SendMessageResponse        = Define[SendMessageResponseHeader]("SendMessageResponseHeader")
	ReplyMessageRequest        = Define[ReplyMessageRequestHeader]("ReplyMessageRequestHeader")
	ConsumerSendMsgBackRequest = Define[ConsumerSendMsgBackRequestHeader]("ConsumerSendMsgBackRequestHeader")
)
