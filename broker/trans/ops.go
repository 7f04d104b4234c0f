package trans

import (
	"bytes"
	"strconv"
	"sync"
	"time"

	"gorocket/broker/signal"
	"gorocket/compat"
	"gorocket/store"
	"gorocket/store/record"
)

// Op messages say on disk which half messages have ended: topic RMQ_SYS_TRANS_OP_HALF_TOPIC, queue 0, tag "d", body
// the queue offsets of the half messages as text, each followed by a comma ("5,6,"). Brokers before 5.0 write one
// offset without a comma. Java: TransactionalOpBatchService, MessageQueueOpContext.

const (
	opTag = "d"
	// maxOpBacklog limits the offsets that wait to be written, in bytes of their text; beyond it the oldest are dropped:
	// after a restart their producers are asked once more.
	maxOpBacklog = 4 << 20
	// opRetry is how long a failed write of an op message waits.
	opRetry = time.Second
)

// opLog gathers ends for the next op message and remembers those on disk that still matter.
type opLog struct {
	wake chan struct{}

	mu    sync.Mutex
	text  []byte    // guarded by mu; what waits, "5,6,"
	since time.Time // guarded by mu; when the first of it came
	notes []opNote  // guarded by mu; op messages that name half messages at or behind the half queue's progress, ascending
	next  int64     // guarded by mu; queue offset behind the last op message seen
}

// opNote is one op message on disk.
type opNote struct {
	offset int64 // its queue offset
	last   int64 // the highest half offset in it
}

func newOpLog() *opLog { return &opLog{wake: make(chan struct{}, 1)} }

// add notes that half messages ended; limit is transactionOpMsgMaxSize. It wakes the writer for the first one and
// when a message is full.
func (o *opLog) add(limit int, offset, other int64) {
	o.mu.Lock()
	before := len(o.text)
	if before == 0 {
		o.since = time.Now()
	}
	if before > maxOpBacklog {
		half := before/2 + bytes.IndexByte(o.text[before/2:], ',') + 1
		o.text = append(o.text[:0], o.text[half:]...)
	}
	o.text = append(strconv.AppendInt(o.text, offset, 10), ',')
	if other != offset {
		o.text = append(strconv.AppendInt(o.text, other, 10), ',')
	}
	call := before == 0 || before < limit && len(o.text) >= limit
	o.mu.Unlock()
	if call {
		signal.Raise(o.wake)
	}
}

// peek returns the body of the next op message: the oldest offsets, up to the first comma at or behind limit. due is
// how long to wait when nothing has to be written yet, negative when nothing waits at all.
func (o *opLog) peek(now time.Time, limit int, interval time.Duration, buf []byte) (body []byte, due time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.text) == 0 {
		return nil, -1
	}
	if wait := interval - now.Sub(o.since); wait > 0 && len(o.text) < limit {
		return nil, wait
	}
	n := len(o.text)
	if limit < n {
		n = limit + bytes.IndexByte(o.text[limit-1:], ',')
	}
	return append(buf[:0], o.text[:n]...), 0
}

// written removes what peek returned and notes the op message that holds it now. Nobody but the writer may drop text
// in between: maxOpBacklog is compared again.
func (o *opLog) written(body []byte, offset int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if bytes.HasPrefix(o.text, body) {
		o.text = append(o.text[:0], o.text[len(body):]...)
	}
	o.since = time.Now()
	o.noteLocked(body, offset)
}

// note remembers an op message that lies on disk.
func (o *opLog) note(body []byte, offset int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.noteLocked(body, offset)
}

func (o *opLog) noteLocked(body []byte, offset int64) {
	last := int64(-1)
	eachOffset(body, func(half int64) { last = max(last, half) })
	o.notes = append(o.notes, opNote{offset, last})
	o.next = offset + 1
}

// advance forgets op messages that only name half messages below half, and returns the progress in the op queue.
// Java: calculateOpOffset.
func (o *opLog) advance(half int64) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for n < len(o.notes) && o.notes[n].last < half {
		n++
	}
	o.notes = append(o.notes[:0], o.notes[n:]...)
	if len(o.notes) > 0 {
		return o.notes[0].offset
	}
	return o.next
}

// waiting calls fn for every end that is not on disk yet.
func (o *opLog) waiting(fn func(half int64)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	eachOffset(o.text, fn)
}

func (o *opLog) reset(next int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notes, o.next = o.notes[:0], next
}

// eachOffset calls fn for every queue offset in the body of an op message. What is no offset is passed over, as in
// Java.
func eachOffset(body []byte, fn func(int64)) {
	for len(body) > 0 {
		word := body
		if i := bytes.IndexByte(body, ','); i >= 0 {
			word, body = body[:i], body[i+1:]
		} else {
			body = nil
		}
		if len(word) > 19 {
			continue
		}
		if n, err := strconv.ParseInt(string(word), 10, 64); err == nil && n >= 0 {
			fn(n)
		}
	}
}

// runOps reads the op queue once and then writes what ends until close.
func (t *Service) runOps(stop <-chan struct{}) {
	t.replay(stop)
	close(t.Replayed)
	if t.d.Settings().Slave { // it may not write
		<-stop
		return
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			_ = t.writeOps(time.Now().Add(time.Hour)) // whatever waits is due then
			return
		case <-t.ops.wake:
		case <-timer.C:
		}
		wait := t.writeOps(time.Now())
		if wait < 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
	}
}

// writeOps writes every op message that is due at now and returns the time until the next is, negative when nothing
// waits.
func (t *Service) writeOps(now time.Time) time.Duration {
	cfg := t.d.Settings()
	for {
		body, due := t.ops.peek(now, cfg.OpMsgMaxSize, cfg.OpBatchInterval, t.opBuf)
		if body == nil {
			return due
		}
		t.opBuf = body
		done, err := t.d.Store().Append(&store.Record{
			Message: record.Message{
				Topic: compat.TopicTransOpHalf, BornTimestamp: time.Now().UnixMilli(),
				BornHost: t.d.StoreHost, StoreHost: t.d.StoreHost, Body: body, Properties: t.opProperties,
			},
			TagsCode: record.TagsCode([]byte(opTag)),
		})
		if err != nil {
			t.d.Throttled.Warn("transOp").Err(err).Msg("cannot note which transactions ended; trying again")
			return opRetry
		}
		t.ops.written(body, done.QueueOffset)
	}
}
