package wire

// Values of EndTransactionRequestHeader.CommitOrRollback. Java: MessageSysFlag.
const (
	TransactionUnknown  int32 = 0x0
	TransactionCommit   int32 = 0x8
	TransactionRollback int32 = 0xC
)

// EndTransactionRequestHeader heads END_TRANSACTION (37). Java: EndTransactionRequestHeader.
type EndTransactionRequestHeader struct {
	Topic                string `header:"topic"`
	ProducerGroup        string `header:"producerGroup,must"`
	TranStateTableOffset int64  `header:"tranStateTableOffset,must"` // queue offset of the half message
	CommitLogOffset      int64  `header:"commitLogOffset,must"`      // commit log offset of the half message
	CommitOrRollback     int32  `header:"commitOrRollback,must"`
	FromTransactionCheck bool   `header:"fromTransactionCheck"`
	MsgID                []byte `header:"msgId,required"` // UNIQ_KEY; a view into the frame, as is the next
	TransactionID        []byte `header:"transactionId"`
	BrokerName           string `header:"bname"`
}

// CheckTransactionStateRequestHeader heads CHECK_TRANSACTION_STATE (39), which the broker sends to a producer; the
// body is the half message as a record. Java: CheckTransactionStateRequestHeader.
type CheckTransactionStateRequestHeader struct {
	Topic string `header:"topic"`
	// TranStateTableOffset is the queue offset of the newest copy of the half message.
	TranStateTableOffset int64  `header:"tranStateTableOffset,required"`
	CommitLogOffset      int64  `header:"commitLogOffset,required"` // its commit log offset
	MsgID                string `header:"msgId"`                    // UNIQ_KEY
	TransactionID        string `header:"transactionId"`            // UNIQ_KEY
	OffsetMsgID          string `header:"offsetMsgId"`
	BrokerName           string `header:"bname"`
}

// ResumeCheckHalfMessageRequestHeader heads RESUME_CHECK_HALF_MESSAGE (323). Java: ResumeCheckHalfMessageRequestHeader.
type ResumeCheckHalfMessageRequestHeader struct {
	Topic string `header:"topic"`
	MsgID string `header:"msgId"` // offset message id
}

// Header types of the transaction codes.
var (
	EndTransactionRequest         = Define[EndTransactionRequestHeader]("EndTransactionRequestHeader")
	CheckTransactionStateRequest  = Define[CheckTransactionStateRequestHeader]("CheckTransactionStateRequestHeader")
	ResumeCheckHalfMessageRequest = Define[ResumeCheckHalfMessageRequestHeader]("ResumeCheckHalfMessageRequestHeader")
)
