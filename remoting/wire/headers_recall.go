package wire

// RecallMessageRequestHeader heads RECALL_MESSAGE (370). Java: RecallMessageRequestHeader.
type RecallMessageRequestHeader struct {
	ProducerGroup string `header:"producerGroup"`
	Topic         string `header:"topic,required"`
	RecallHandle  string `header:"recallHandle,required"`
}

// RecallMessageResponseHeader answers 370. Java: RecallMessageResponseHeader.
type RecallMessageResponseHeader struct {
	MsgID  string `header:"msgId,required"` // unique key of the message
	Region string `header:"MSG_REGION"`
}

// Header types of code 370.
var (
	RecallMessageRequest  = Define[RecallMessageRequestHeader]("RecallMessageRequestHeader")
	RecallMessageResponse = Define[RecallMessageResponseHeader]("RecallMessageResponseHeader")
)
