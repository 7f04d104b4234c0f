package pop

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strconv"

	"gorocket/compat"
)

// Acked says that messages of a check point are acknowledged: the body of a message with the tag "ack", or "bAck" for
// several, in the revive topic. Java: AckMsg, BatchAckMsg.
type Acked struct {
	Offset  int64   // queue offset of the message; -1 with Offsets
	Offsets []int64 // of several messages; nil for one
	Start   int64   // as in the check point, as all below
	Group   string
	Topic   string
	QueueID int32
	PopTime int64
	Broker  string
}

// Append writes the JSON form, the members in the order and with the names of fastjson2.
func (a *Acked) Append(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"ao":`...), a.Offset, 10)
	if a.Offsets != nil {
		dst = append(dst, `,"aol":[`...)
		for i, offset := range a.Offsets {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, offset, 10)
		}
		dst = append(dst, ']')
	}
	dst = appendText(append(dst, `,"bn":`...), a.Broker)
	dst = appendText(append(dst, `,"c":`...), a.Group)
	dst = strconv.AppendInt(append(dst, `,"pt":`...), a.PopTime, 10)
	dst = strconv.AppendInt(append(dst, `,"q":`...), int64(a.QueueID), 10)
	dst = strconv.AppendInt(append(dst, `,"so":`...), a.Start, 10)
	return append(appendText(append(dst, `,"t":`...), a.Topic), '}')
}

// tag is that of its message in the revive topic.
func (a *Acked) tag() string {
	if a.Offsets != nil {
		return tagBatchAck
	}
	return tagAck
}

// uniqueKey is the UNIQ_KEY of its message, the same for one and for several. Java: genAckUniqueId.
func (a *Acked) uniqueKey() string {
	return uniqueKey(a.Topic, a.QueueID, a.Offset, a.Group, a.PopTime, a.Broker, tagAck)
}

// ackedBody has each member under both of Java's names.
type ackedBody struct {
	AO  int64   `json:"ao"`
	AOL []int64 `json:"aol"`
	SO  int64   `json:"so"`
	C   string  `json:"c"`
	T   string  `json:"t"`
	Q   int32   `json:"q"`
	PT  int64   `json:"pt"`
	BN  string  `json:"bn"`

	AckOffset     int64   `json:"ackOffset"`
	AckOffsetList []int64 `json:"ackOffsetList"`
	StartOffset   int64   `json:"startOffset"`
	ConsumerGroup string  `json:"consumerGroup"`
	Topic         string  `json:"topic"`
	QueueID       int32   `json:"queueId"`
	PopTime       int64   `json:"popTime"`
	BrokerName    string  `json:"brokerName"`
}

// maxAckOffsets is how many offsets of one message in the revive topic are looked at.
const maxAckOffsets = 1024

// parse reads the JSON form; own is the name of this broker, which a body without one means. batch: it has the tag of
// several.
func (a *Acked) parse(body []byte, batch bool, own string) error {
	var b ackedBody
	if err := compat.Unmarshal(body, &b); err != nil {
		return err
	}
	*a = Acked{Offset: cmp.Or(b.AO, b.AckOffset), Start: cmp.Or(b.SO, b.StartOffset), Group: cmp.Or(b.C, b.ConsumerGroup),
		Topic: cmp.Or(b.T, b.Topic), QueueID: cmp.Or(b.Q, b.QueueID), PopTime: cmp.Or(b.PT, b.PopTime),
		Broker: orOwn(cmp.Or(b.BN, b.BrokerName), own)}
	if !batch {
		return nil
	}
	if a.Offsets = b.AOL; a.Offsets == nil {
		a.Offsets = b.AckOffsetList
	}
	if len(a.Offsets) > maxAckOffsets {
		return fmt.Errorf("an acknowledgement of %d messages", len(a.Offsets))
	}
	return nil
}

// BatchAck acknowledges messages of one check point in the body of a request. Java: BatchAck.
type BatchAck struct {
	Group       string
	Topic       string
	Retry       string // the flag of a handle
	Start       int64
	QueueID     int32
	ReviveQueue int32
	PopTime     int64
	Invisible   int64
	Bits        []byte // bit i of byte i/8: the message at Start+i
}

// batchAckBody has each member under both of Java's names.
type batchAckBody struct {
	C  string `json:"c"`
	T  string `json:"t"`
	R  string `json:"r"`
	SO int64  `json:"so"`
	Q  int32  `json:"q"`
	RQ int32  `json:"rq"`
	PT int64  `json:"pt"`
	IT int64  `json:"it"`
	B  string `json:"b"`

	ConsumerGroup string `json:"consumerGroup"`
	Topic         string `json:"topic"`
	Retry         string `json:"retry"`
	StartOffset   int64  `json:"startOffset"`
	QueueID       int32  `json:"queueId"`
	ReviveQueueID int32  `json:"reviveQueueId"`
	PopTime       int64  `json:"popTime"`
	InvisibleTime int64  `json:"invisibleTime"`
	BitSet        string `json:"bitSet"`
}

// ParseBatchAcks reads the body of a request. Java: BatchAckMessageRequestBody.
func ParseBatchAcks(body []byte) (broker string, acks []BatchAck, err error) {
	var b struct {
		BrokerName string          `json:"brokerName"`
		Acks       []*batchAckBody `json:"acks"`
	}
	if err = compat.Unmarshal(body, &b); err != nil {
		return "", nil, err
	}
	for _, m := range b.Acks {
		if m == nil {
			return "", nil, fmt.Errorf("java.lang.NullPointerException: an entry of acks is null")
		}
		bits, err := base64.StdEncoding.DecodeString(cmp.Or(m.B, m.BitSet))
		if err != nil {
			return "", nil, fmt.Errorf("java.lang.IllegalArgumentException: Illegal base64: %w", err)
		}
		acks = append(acks, BatchAck{Group: cmp.Or(m.C, m.ConsumerGroup), Topic: cmp.Or(m.T, m.Topic),
			Retry: cmp.Or(m.R, m.Retry), Start: cmp.Or(m.SO, m.StartOffset), QueueID: cmp.Or(m.Q, m.QueueID),
			ReviveQueue: cmp.Or(m.RQ, m.ReviveQueueID), PopTime: cmp.Or(m.PT, m.PopTime),
			Invisible: cmp.Or(m.IT, m.InvisibleTime), Bits: bits})
	}
	return b.BrokerName, acks, nil
}
