package timer

import (
	"math/rand/v2"
	"sync"
	"time"
)

// NoCheckpoint is the body of GET_TIMER_CHECK_POINT (60) of who has no timers: older than any other.
func NoCheckpoint() []byte { return checkpoint{}.encode() }

// Checkpoint is the body of GET_TIMER_CHECK_POINT (60), 56 bytes: what config/timercheck says on disk, or how far
// another broker has delivered in this one's place. A slave that heard of less would go back to that, and tell it to
// this master when it comes back from the next kill.
func (t *Timers) Checkpoint() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.saved
	c.readTime = max(c.readTime, t.ahead.readTime)
	return c.encode()
}

// MetricsJSON is the body of GET_TIMER_METRICS (61).
func (t *Timers) MetricsJSON() ([]byte, error) { return t.metrics.encode() }

// EachTopic calls fn with the number of waiting messages of each topic. fn must not call Timers.
func (t *Timers) EachTopic(fn func(topic string, waiting int64)) { t.metrics.each(fn) }

// ForgetTopic takes a deleted topic out of the metrics.
func (t *Timers) ForgetTopic(topic string) { t.metrics.remove(topic) }

// Figures are numbers for mqadmin and dashboards.
type Figures struct {
	Pending       int64         // messages in the wheel
	EnqueueBehind int64         // messages of the timer topic that are not in the wheel yet
	EnqueueLate   time.Duration // how long the oldest of them waits, about; 0 when there is none
	ReadBehind    time.Duration // how late the delivery of the oldest slot is, 0 when nothing is overdue
	Enqueued      int64         // since Open
	Delivered     int64         // since Open, rolled ones too
	EnqueueTps    float64
	DequeueTps    float64
}

// Figures returns the numbers of this moment.
func (t *Timers) Figures() Figures {
	t.mu.Lock()
	f := Figures{Pending: max(0, t.pending), EnqueueBehind: max(0, t.ms.MaxOffset(Topic, 0)-t.queueOffset)}
	late := t.now().UnixMilli() - t.readTime - t.precision
	if t.pending > 0 && late > t.precision {
		f.ReadBehind = time.Duration(late) * time.Millisecond
	}
	if last := t.lastStored.Load(); f.EnqueueBehind > 0 && last > 0 {
		f.EnqueueLate = max(0, t.now().Sub(time.UnixMilli(last)))
	}
	t.mu.Unlock()
	f.Enqueued, f.Delivered = t.enqueued.Load(), t.delivered.Load()
	f.EnqueueTps, f.DequeueTps = t.rate.now()
	return f
}

// bounds are the ends of the classes of EachBound, seconds from now. Java: TimerMetrics.timerDist.
var bounds = [...]int{5, 60, 300, 900, 3600, 14400, 28800, 86400}

// EachBound tells how many messages are due in the next 5 s, how many then up to 60 s, and so on for one day; seconds
// is the end of the class.
func (t *Timers) EachBound(fn func(seconds int, due int64)) {
	from := t.floor(t.now().UnixMilli())
	begin := from
	for _, seconds := range bounds {
		end := begin + int64(seconds)*1000
		fn(seconds, t.dueIn(from, end))
		from = end
	}
}

// dueIn counts the messages of the slots in [from, to), ms.
func (t *Timers) dueIn(from, to int64) (n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; from < to; from += t.precision {
		s, _ := t.wheel.get(from)
		n += int64(s.num)
	}
	return max(0, n)
}

// SlotTime is the TIMER_OUT_MS of a delivery time: the slot that ends at that time or behind it, so that nothing is
// ever early.
func (t *Timers) SlotTime(deliverMs int64) int64 { return t.floor(deliverMs - 1) }

// Reject tells that the slot of a time is too full for one more message, by chance between once and twice
// timerCongestNumEachSlot. Java: TimerMessageStore.isReject.
func (t *Timers) Reject(slotMs int64) bool {
	limit := int64(t.live().TimerCongestNumEachSlot)
	if limit >= 1<<31-1 {
		return false
	}
	t.mu.Lock()
	s, _ := t.wheel.get(slotMs)
	t.mu.Unlock()
	switch num := int64(s.num); {
	case num <= limit:
		return false
	case num >= 2*limit:
		return true
	default:
		return rand.Float64() > float64(num-limit)/(float64(limit)+0.1)
	}
}

// rates are messages a second over the last sample.
type rates struct {
	mu                sync.Mutex
	at                time.Time
	enqueued, sent    int64
	enqueueTps, sends float64
}

func (r *rates) sample(now time.Time, enqueued, sent int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	took := now.Sub(r.at).Seconds()
	if took < 1 {
		return
	}
	if !r.at.IsZero() {
		r.enqueueTps, r.sends = float64(enqueued-r.enqueued)/took, float64(sent-r.sent)/took
	}
	r.at, r.enqueued, r.sent = now, enqueued, sent
}

func (r *rates) now() (enqueue, dequeue float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.enqueueTps, r.sends
}
