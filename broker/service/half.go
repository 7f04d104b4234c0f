package service

import (
	"strconv"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store/record"
)

// makeHalf turns a send into one of a half message. Levels and times of delay act when it is committed. Java:
// SendMessageProcessor.sendMessage, TransactionalMessageBridge.parseHalfMessageInner.
func (s *Sender) makeHalf(m *Send) error {
	r, p := &m.Record, &m.props
	if s.cfg().RejectTransactionMessage {
		return refuse(NotPermitted, "the broker["+s.cfg().BrokerIP1+"] sending transaction message is forbidden")
	}
	if p.real {
		p.drop(protocol.PropTransactionID)
		p.drop(record.PropRealTopic)
		p.drop(record.PropRealQueue)
	}
	p.text = appendProperty(p.text, protocol.PropTransactionID, p.uniqKey)
	p.text = record.AppendProperty(p.text, record.PropRealTopic, r.Topic)
	p.number = strconv.AppendInt(p.number[:0], int64(r.QueueID), 10)
	p.text = appendProperty(p.text, record.PropRealQueue, p.number)
	r.SysFlag &^= record.SysFlagTransaction
	r.Topic, r.QueueID, m.half = compat.TopicTransHalf, 0, true
	return nil
}

// appendProperty is record.AppendProperty for a value in bytes; dst ends with a separator or is empty.
func appendProperty(dst []byte, name string, value []byte) []byte {
	dst = append(append(dst, name...), 1)
	return append(append(dst, value...), 2)
}
