package pop

import (
	"fmt"
	"slices"
	"strconv"

	"gorocket/compat"
	"gorocket/remoting/wire/jsontext"
)

// MaxMessages is how many messages one pop hands out at most: a check point has a bit for each.
const MaxMessages = 32

// CheckPoint says which messages a pop has handed out, and which of them are acknowledged: the body of a message with
// the tag "ck" in the revive topic. Java: PopCheckPoint.
type CheckPoint struct {
	Start     int64   `json:"so"` // queue offset at which the read began
	PopTime   int64   `json:"pt"` // ms since 1970
	Invisible int64   `json:"it"` // ms
	Bits      int32   `json:"bm"` // bit i: message i is acknowledged
	Num       int8    `json:"n"`
	QueueID   int32   `json:"q"`
	Topic     string  `json:"t"` // where the messages lie: it may be a retry topic
	Group     string  `json:"c"`
	Diffs     []int32 `json:"d"` // queue offsets of the messages, from Start; nil in very old ones: 0, 1, 2 ...
	Broker    string  `json:"bn"`
	Reput     string  `json:"rp"` // how often it was written again, a number; empty: never
	Suspend   bool    `json:"sp"` // coming again does not count as a further consumption
}

// ReviveTime is when its messages become visible again, ms since 1970.
func (c *CheckPoint) ReviveTime() int64 { return c.PopTime + c.Invisible }

// Append writes the JSON form, the members in the order and with the names of fastjson2.
func (c *CheckPoint) Append(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"bm":`...), int64(c.Bits), 10)
	dst = appendText(append(dst, `,"bn":`...), c.Broker)
	dst = appendText(append(dst, `,"c":`...), c.Group)
	if c.Diffs != nil {
		dst = append(dst, `,"d":[`...)
		for i, d := range c.Diffs {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, int64(d), 10)
		}
		dst = append(dst, ']')
	}
	dst = strconv.AppendInt(append(dst, `,"it":`...), c.Invisible, 10)
	dst = strconv.AppendInt(append(dst, `,"n":`...), int64(c.Num), 10)
	dst = strconv.AppendInt(append(dst, `,"pt":`...), c.PopTime, 10)
	dst = strconv.AppendInt(append(dst, `,"q":`...), int64(c.QueueID), 10)
	dst = strconv.AppendInt(append(dst, `,"reviveTime":`...), c.ReviveTime(), 10)
	dst = append(dst, `,"ro":0`...)
	if c.Reput != "" {
		dst = appendText(append(dst, `,"rp":`...), c.Reput)
	}
	dst = strconv.AppendInt(append(dst, `,"so":`...), c.Start, 10)
	dst = strconv.AppendBool(append(dst, `,"sp":`...), c.Suspend)
	return append(appendText(append(dst, `,"t":`...), c.Topic), '}')
}

func appendText(dst []byte, s string) []byte {
	return append(jsontext.AppendEscaped(append(dst, '"'), s), '"')
}

// parse reads the JSON form; own is the name of this broker, which a body without one means. An error says that the
// body is no check point that can be followed.
func (c *CheckPoint) parse(body []byte, own string) error {
	*c = CheckPoint{}
	if err := compat.Unmarshal(body, c); err != nil {
		return err
	}
	c.Broker = orOwn(c.Broker, own)
	switch {
	case c.Topic == "" || c.Group == "":
		return fmt.Errorf("a check point without topic or group: %.200q", body)
	case c.Num < 0 || c.Num > MaxMessages || len(c.Diffs) > 0 && len(c.Diffs) < int(c.Num):
		return fmt.Errorf("a check point of n=%d messages with %d offsets: %.200q", c.Num, len(c.Diffs), body)
	case c.Start < 0 || c.QueueID < 0:
		return fmt.Errorf("a check point at so=%d of queue q=%d: %.200q", c.Start, c.QueueID, body)
	}
	return nil
}

// offset is the queue offset of message i.
func (c *CheckPoint) offset(i int) int64 {
	return offsetIn(c.Start, c.Diffs, i)
}

// offsetIn is the queue offset of message i of a check point; without diffs its messages follow each other.
func offsetIn(start int64, diffs []int32, i int) int64 {
	if len(diffs) == 0 {
		return start + int64(i)
	}
	return start + int64(diffs[i])
}

// index is the number of the message at a queue offset, -1 when it is none of these.
func (c *CheckPoint) index(offset int64) int {
	return indexIn(c.Start, c.Diffs, int(c.Num), offset)
}

// indexIn is offsetIn the other way, for a check point of num messages; -1 when the offset is none of theirs.
func indexIn(start int64, diffs []int32, num int, offset int64) int {
	diff := offset - start
	switch {
	case diff < 0 || diff > 1<<31-1:
		return -1
	case len(diffs) > 0:
		return slices.Index(diffs[:num], int32(diff))
	case diff < int64(num):
		return int(diff)
	}
	return -1
}

// acked tells whether message i is acknowledged.
func (c *CheckPoint) acked(i int) bool { return c.Bits&(1<<i) != 0 }

// reputs is how often it was written again. Java: parseRePutTimes.
func (c *CheckPoint) reputs() int {
	if c.Reput == "" {
		return 0
	}
	n, err := strconv.ParseInt(c.Reput, 10, 32)
	if err != nil || n < 0 {
		return 127
	}
	return int(n)
}

// uniqueKey is the UNIQ_KEY of its message. Java: PopMessageProcessor.genCkUniqueId.
func (c *CheckPoint) uniqueKey() string {
	return uniqueKey(c.Topic, c.QueueID, c.Start, c.Group, c.PopTime, c.Broker, tagCheckPoint)
}

func uniqueKey(topic string, queue int32, offset int64, group string, popTime int64, broker, tag string) string {
	b := make([]byte, 0, len(topic)+len(group)+len(broker)+64)
	b = append(append(b, topic...), '@')
	b = append(strconv.AppendInt(b, int64(queue), 10), '@')
	b = append(strconv.AppendInt(b, offset, 10), '@')
	b = append(append(b, group...), '@')
	b = append(strconv.AppendInt(b, popTime, 10), '@')
	b = append(append(b, broker...), '@')
	return string(append(b, tag...))
}

// orOwn is the broker that a name means; a blank one means this broker.
func orOwn(name, own string) string {
	for _, r := range name {
		if r > ' ' {
			return name
		}
	}
	return own
}
