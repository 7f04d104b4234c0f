package bench

import (
	"bytes"
	"fmt"
	"strconv"

	"gorocket/remoting/wire"
)

// reader pulls one queue, one request after the other.
type reader struct {
	queue      int32
	frame      []byte // the request; opaque and offset are replaced in place
	opaque     int
	binary     bool
	offset     int   // where the offset stands: offsetDigits digits
	next       int64 // offset of the next pull
	wrapFrom   int64 // where to begin again after the end of the queue
	signed     *resigner
	restarting bool // the offset was set by us or by the broker: the first record may have a later one
}

// offsetMark stands for the offset in an encoded pull. Its digits are all that an offset can need; Java reads leading
// zeros like any other digits.
const (
	offsetMark   = 9_000_000_000_000_000_000
	offsetDigits = 19
)

// pullSpec is what the pulls of a load have in common.
type pullSpec struct {
	topic, group string
	codec        string
	max          int   // messages of an answer
	suspend      int64 // ms that the broker may hold the pull; 0: it answers at once
}

func (s *pullSpec) reader(sign *signing, queue int32, next, wrapFrom int64) (*reader, error) {
	f, err := form(s.codec)
	if err != nil {
		return nil, err
	}
	h := wire.PullMessageRequestHeader{ConsumerGroup: s.group, Topic: s.topic, QueueID: queue, QueueOffset: offsetMark,
		MaxMsgNums: int32(s.max),
		SysFlag:    wire.PullFlagSubscription, SuspendTimeoutMillis: s.suspend, Subscription: "*", ExpressionType: "TAG",
		MaxMsgBytes: -1, RequestSource: -1}
	if s.suspend > 0 {
		h.SysFlag |= wire.PullFlagSuspend
	}
	r := &reader{queue: queue, next: next, wrapFrom: wrapFrom}
	r.frame = appendRequest(sign, f, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	if r.signed, err = sign.newResigner(r.frame, offsetIn); err != nil {
		return nil, err
	}
	if r.opaque, r.binary, err = findOpaque(r.frame); err != nil {
		return nil, err
	}
	if r.offset = bytes.Index(r.frame, []byte(strconv.FormatInt(offsetMark, 10))); r.offset < 0 {
		return nil, fmt.Errorf("no offset in the encoded pull") // cannot be: our own writer
	}
	return r, nil
}

// offsetIn is the value of an encoded pull that is its offset.
func offsetIn(value []byte) [][]byte {
	if string(value) != strconv.FormatInt(offsetMark, 10) {
		return nil
	}
	return [][]byte{value}
}

// pull puts the next request into the connection's batch. There must be a free slot.
func (r *reader) pull(c *conn, begun int64) int32 {
	slot := c.take(begun)
	putOpaque(r.frame, r.opaque, r.binary, slot)
	putDigits(r.frame[r.offset:r.offset+offsetDigits], uint64(max(r.next, 0)))
	if r.signed != nil {
		copy(r.signed.changing[0], r.frame[r.offset:])
		r.signed.sign(r.frame)
	}
	c.batch = append(c.batch, r.frame...)
	return slot
}

// nextBegin is the offset that the broker says to go on at.
func nextBegin(a *answer) (int64, bool) {
	if a.cmd == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(a.cmd.GetString("nextBeginOffset"), 10, 64)
	return n, err == nil && n >= 0
}

// readerJob is the readers of one connection; the reader of a slot has its number.
type readerJob struct {
	readers []*reader
	started bool
	found   findings
	wraps   int64
	visit   func(*record) // may be nil
}

func (j *readerJob) more(c *conn, now int64) error {
	if !j.started {
		j.started = true
		for _, r := range j.readers {
			r.pull(c, now)
		}
	}
	return c.flushBatch()
}

func (j *readerJob) answer(c *conn, slot int32, a *answer, begun, now int64) error {
	return j.next(c, slot, a, now, func(r *reader) { j.records(c, r, a.body, begun, now) })
}

// next hands the messages of an answer to found and pulls what is due then.
func (j *readerJob) next(c *conn, slot int32, a *answer, now int64, found func(r *reader)) error {
	r := j.readers[slot]
	switch a.code {
	case wire.Success:
		found(r)
	case wire.PullNotFound, wire.PullRetryImmediately, wire.PullOffsetMoved:
		j.moved(r, a)
	default:
		return fmt.Errorf("%s refused a pull of queue %d at offset %d: code %d %s: %s", c.addr, r.queue, r.next, a.code,
			codeName(a.code), clip(a.remark))
	}
	r.pull(c, now)
	return nil
}

func (j *readerJob) records(c *conn, r *reader, body []byte, begun, now int64) {
	if r.restarting && len(body) >= minRecordV4 {
		var first record
		if readRecord(body, &first) == nil && first.queueOffset > r.next {
			r.next = first.queueOffset // retention has deleted what was before
		}
	}
	r.restarting = false
	n, then := j.found.walkRecords(body, c.addr, r.queue, r.next, j.visit)
	r.next = then
	c.w.rec.good(begun, now, n, int64(len(body)))
}

// moved goes where the broker says, or back to the start at the end of the queue.
func (j *readerJob) moved(r *reader, a *answer) {
	next, ok := nextBegin(a)
	switch {
	case a.code == wire.PullNotFound && r.wrapFrom >= 0:
		r.next, r.restarting = r.wrapFrom, true
		j.wraps++
	case ok && a.code != wire.PullNotFound && next != r.next:
		r.restarting = a.code == wire.PullOffsetMoved
		if r.restarting && r.wrapFrom >= 0 && next > r.next {
			r.wrapFrom = next // the queue begins there now
		}
		r.next = next
	}
}
