package pop

import (
	"fmt"
	"strconv"
	"strings"
)

// Handle is what a client acknowledges a message by: the text that Java calls extraInfo, and keeps in POP_CK. Its
// fields are numbers and names with one space between:
//
//	start popTime invisibleTime reviveQueue retryFlag brokerName queueId offset
//
// Java: ExtraInfoUtil.
type Handle struct {
	Start       int64 // queue offset at which the read began that found the message
	PopTime     int64 // ms since 1970
	Invisible   int64 // ms
	ReviveQueue int32
	Broker      string
}

// InOrder tells that the message was popped in order.
func (h *Handle) InOrder() bool { return h.ReviveQueue == orderQueue }

// handleFields are what ParseHandle wants to be there, by Java's names for them.
var handleFields = [...]string{"getCkQueueOffset", "getPopTime", "getInvisibleTime", "getReviveQid", "getRealTopic",
	"getBrokerName"}

// ParseHandle reads the fields that an acknowledgement needs; what follows them is not looked at. The texts of its
// errors begin as those of Java's exceptions.
func ParseHandle(text string) (h Handle, err error) {
	var fields [len(handleFields)]string
	n := 0
	for rest, more := text, text != ""; more && n < len(fields); n++ {
		fields[n], rest, more = strings.Cut(rest, " ")
	}
	numbers := [...]*int64{&h.Start, &h.PopTime, &h.Invisible}
	for i := range fields {
		if i >= n {
			return h, fmt.Errorf("java.lang.IllegalArgumentException: %s fail, extraInfoStrs length %d", handleFields[i], n)
		}
		switch {
		case i < len(numbers):
			*numbers[i], err = strconv.ParseInt(fields[i], 10, 64)
		case i == len(numbers):
			var q int64
			q, err = strconv.ParseInt(fields[i], 10, 32)
			h.ReviveQueue = int32(q)
		}
		if err != nil {
			return h, fmt.Errorf("java.lang.NumberFormatException: For input string: %.40q, %s", fields[i], handleFields[i])
		}
	}
	h.Broker = fields[len(fields)-1]
	return h, nil
}

// Append writes the handle of the message at a queue offset of a topic. Java: ExtraInfoUtil.buildExtraInfo.
func (h *Handle) Append(dst []byte, topic string, queue int32, offset int64) []byte {
	dst = append(strconv.AppendInt(dst, h.Start, 10), ' ')
	dst = append(strconv.AppendInt(dst, h.PopTime, 10), ' ')
	dst = append(strconv.AppendInt(dst, h.Invisible, 10), ' ')
	dst = append(strconv.AppendInt(dst, int64(h.ReviveQueue), 10), ' ')
	dst = append(dst, retryFlag(topic), ' ')
	dst = append(append(dst, h.Broker...), ' ')
	dst = append(strconv.AppendInt(dst, int64(queue), 10), ' ')
	return strconv.AppendInt(dst, offset, 10)
}

// appendEntry begins an entry of startOffsetInfo, msgOffsetInfo or orderCountInfo: "flag queue ", with ";" in front of
// all but the first.
func appendEntry(dst []byte, topic string, queue int32) []byte {
	if len(dst) > 0 {
		dst = append(dst, ';')
	}
	dst = append(dst, retryFlag(topic), ' ')
	return append(strconv.AppendInt(dst, int64(queue), 10), ' ')
}

// appendOffsets writes an entry of msgOffsetInfo.
func appendOffsets(dst []byte, topic string, queue int32, offsets []int64) []byte {
	dst = appendEntry(dst, topic, queue)
	for i, offset := range offsets {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, offset, 10)
	}
	return dst
}
