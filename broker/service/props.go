package service

import (
	"bytes"
	"strconv"

	"gorocket/broker/stats"
	"gorocket/remoting/protocol"
	"gorocket/store/record"
	"gorocket/store/timer"
)

// properties are the properties of a message on its way in: the text as it will be stored, and the values that decide
// what happens. The views lie in the source text.
type properties struct {
	text      []byte
	tags      []byte
	uniqKey   []byte
	keys      []byte
	delay     int32
	wait      bool  // whether the sender waits for the promise of the mode (WAIT, default true)
	tran      bool  // half message
	timer     bool  // one of the timer properties is there
	timerOut  bool  // TIMER_OUT_MS is there: a timer message that was due
	timerDel  bool  // TIMER_DEL_UNIQKEY is there
	inner     bool  // INNER_NUM is there
	realTopic bool  // REAL_TOPIC or REAL_QID is there
	badDelay  bool  // DELAY is no number
	sharded   bool  // __SHARDINGKEY is there
	priority  int32 // _SYS_MSG_PRIORITY_, -1 for none
	real      bool  // the sender set what only the broker sets in a half message
	number    []byte

	timerSec, timerMs, timerDeliver []byte // values of the timer properties, nil: not there
	slot                            int64  // ms; where parkForTimer put the message, 0: not a timer message
}

// parse reads src and puts it into p.text without what the broker sets itself. Java builds a map and prints it again
// (buildMsgContext, clearReservedProperties); the order of properties has no meaning.
func (p *properties) parse(src []byte) {
	*p = properties{text: p.text[:0], number: p.number[:0], wait: true, priority: -1}
	rest, asIs := src, true
	for {
		name, value, next, ok := record.NextProperty(rest)
		if !ok {
			break
		}
		asIs = p.note(name, value) && asIs && &name[0] == &rest[0] // else a segment that is no property was skipped
		rest = next
	}
	if !asIs || len(rest) > 0 {
		p.rebuild(src)
		return
	}
	p.text = append(p.text, src...)
	if n := len(src); n > 0 && src[n-1] != record.PropValueEnd { // older clients leave the last one out
		p.text = append(p.text, record.PropValueEnd)
	}
}

// rebuild makes p.text of the properties of src that are kept, without what Java does not take for a property.
func (p *properties) rebuild(src []byte) {
	for {
		name, value, rest, ok := record.NextProperty(src)
		if !ok {
			return
		}
		src = rest
		if brokerSets(name) {
			continue
		}
		p.text = append(p.text, name...)
		p.text = append(p.text, record.PropNameEnd)
		p.text = append(p.text, value...)
		p.text = append(p.text, record.PropValueEnd)
	}
}

// brokerSets tells a property that only the broker says something by.
func brokerSets(name []byte) bool {
	switch string(name) {
	case protocol.PropPopCheckPoint, protocol.PropRegion, protocol.PropTraceOn, protocol.PropCluster,
		record.PropInnerBase, record.PropMultiQueueOffset:
		return true
	}
	return false
}

// note takes what matters from one property and tells whether it is kept in the text.
func (p *properties) note(name, value []byte) bool {
	switch string(name) {
	case record.PropTags:
		p.tags = value
	case record.PropUniqKey:
		p.uniqKey = value
	case record.PropKeys:
		p.keys = value
	case record.PropDelay:
		n, err := strconv.ParseInt(string(value), 10, 32)
		p.delay, p.badDelay = int32(n), err != nil
	case record.PropWait:
		p.wait = parseTrue(value)
	case protocol.PropTranMsg:
		p.tran = parseTrue(value)
	case protocol.PropTimerDelaySec:
		p.timer, p.timerSec = true, value
	case protocol.PropTimerDelayMs:
		p.timer, p.timerMs = true, value
	case protocol.PropTimerDeliverMs:
		p.timer, p.timerDeliver = true, value
	case timer.PropOutMs:
		p.timerOut = true
	case record.PropRealTopic, record.PropRealQueue:
		p.realTopic, p.real = true, true
	case timer.PropDelKey:
		p.timerDel = true
	case record.PropInnerNum:
		p.inner = true
	case protocol.PropShardingKey:
		p.sharded = true
	case protocol.PropPriority:
		if n, err := strconv.ParseInt(string(value), 10, 32); err == nil && n >= 0 {
			p.priority = int32(n)
		}
	case protocol.PropTransactionID:
		p.real = true
	default:
		return !brokerSets(name)
	}
	return true
}

// parseTrue is Java's Boolean.parseBoolean.
func parseTrue(value []byte) bool {
	return string(value) == "true" || bytes.EqualFold(value, []byte("true"))
}

// messageType is what the sender wants of the message.
func (p *properties) messageType() stats.MessageType {
	switch {
	case p.tran:
		return stats.TransactionMessage
	case p.sharded:
		return stats.FIFOMessage
	case p.delay != 0 || p.timer:
		return stats.DelayMessage
	}
	return stats.NormalMessage
}

// withoutOffsets is text without the properties in which only the broker says where a record stands in its queues.
func withoutOffsets(text []byte) []byte {
	if !bytes.Contains(text, []byte("INNER_")) {
		return text
	}
	return record.DeleteProperty(nil, record.DeleteProperty(nil, text, record.PropInnerBase), record.PropMultiQueueOffset)
}

// set replaces a property of the text.
func (p *properties) set(name, value string) {
	p.text = record.SetProperty(nil, p.text, name, value)
}

// drop removes a property of the text.
func (p *properties) drop(name string) {
	p.text = record.DeleteProperty(nil, p.text, name)
}

// parkForLevel turns the message into one of SCHEDULE_TOPIC_XXXX: the real topic and queue move into the properties.
// Java: HookUtils.transformDelayLevelMessage, checkIfTimerMessage.
func (p *properties) parkForLevel(topic string, queue, level int32) {
	if p.timer {
		p.drop(protocol.PropTimerDelaySec)
		p.drop(protocol.PropTimerDelayMs)
		p.drop(protocol.PropTimerDeliverMs)
	}
	p.set(record.PropRealTopic, topic)
	p.set(record.PropRealQueue, strconv.Itoa(int(queue)))
	if level != p.delay {
		p.set(record.PropDelay, strconv.Itoa(int(level)))
	}
}
