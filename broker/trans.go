package broker

import (
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
)

// Transactions. A half message lies in RMQ_SYS_TRANS_HALF_TOPIC, its real topic and queue in its properties, until its producer commits it (a copy goes to
// the real topic) or rolls it back; op messages note on disk which have ended. Producers that say nothing are asked. The progress in both queues is the
// consumer offset of CID_RMQ_SYS_TRANS, so a Java broker goes on where we stopped, and we where it did.
// Java: TransactionalMessageServiceImpl, TransactionalMessageBridge, TransactionalMessageCheckService.
//
// What we do better on the same bytes: a half message that ended is delivered once, even if its producer answers twice or for an older copy; one with
// CHECK_IMMUNITY_TIME_IN_SECONDS is not counted as asked while it is immune; progress is noted only behind a flush.

// transactions owns the state of half messages and two goroutines: one writes op messages, one asks producers.
type transactions struct {
	b            *Broker
	halves       *halfTable
	ops          *opLog
	metrics      *transMetrics
	opProperties []byte        // immutable
	replayed     chan struct{} // closed when the op queue was read
	opBuf        []byte        // runOps only
	round        checkRound    // runChecks only; its limits are set before start
	answered     atomic.Int64  // answers to questions, "unknown" too

	stop chan struct{}
	once sync.Once
	wg   sync.WaitGroup
}

func newTransactions(b *Broker) *transactions {
	t := &transactions{b: b, halves: newHalfTable(), ops: newOpLog(), metrics: newTransMetrics(), replayed: make(chan struct{}), stop: make(chan struct{})}
	t.round.pace = questionPace{most: maxQuestions, patience: answerPatience}
	t.opProperties = record.AppendProperty(record.AppendProperty(nil, record.PropTags, opTag), record.PropWait, "true")
	return t
}

// start begins with the progress in the offset table; the store and the tables must be open.
func (t *transactions) start() {
	t.halves.reset(t.position(compat.TopicTransHalf))
	t.wg.Add(2)
	go t.runOps()
	go t.runChecks()
}

// close ends both goroutines; the ends that wait go to the op queue first. Nobody may end transactions any more.
func (t *transactions) close() {
	t.once.Do(func() {
		close(t.stop)
		t.wg.Wait()
		t.noteEnded()
	})
}

// noteEnded notes the progress up to the first half message that waits. Who opens the store next has less to read, and brokers before 5.0, which cannot read
// op messages with several offsets, do not ask about those that ended.
func (t *transactions) noteEnded() {
	select {
	case <-t.replayed:
	default:
		return // it is not known what has ended
	}
	if at := t.position(compat.TopicTransHalf); at >= t.halves.start() && !t.b.isSlave() {
		t.advance(t.halves.nextOpen(at, t.b.store.MaxOffset(compat.TopicTransHalf, 0)))
	}
}

// position is the progress in the half or the op queue, within what the queue holds.
func (t *transactions) position(topic string) int64 {
	return min(max(t.b.offsets.Query(protocol.GroupTransactions, topic, 0), t.b.store.MinOffset(topic, 0)),
		t.b.store.MaxOffset(topic, 0))
}

// replay reads the op messages behind the progress: what they name has ended. Op messages of this process come after those that replay reads.
func (t *transactions) replay() {
	at, end, named, began := t.position(compat.TopicTransOpHalf), t.b.store.MaxOffset(compat.TopicTransOpHalf, 0), 0, time.Now()
	t.ops.reset(at)
	halves := t.b.store.MaxOffset(compat.TopicTransHalf, 0)
	var res store.GetResult
	for at < end && !t.stopped() {
		t.b.store.Get(&store.GetQuery{Topic: compat.TopicTransOpHalf, Offset: at, MaxCount: 32}, &res)
		for i, rec := range res.Slices {
			m, err := record.Decode(rec)
			if tags, _ := m.Property(record.PropTags); err != nil || string(tags) != opTag {
				continue
			}
			t.ops.note(m.Body, res.QueueOffsets[i])
			eachOffset(m.Body, func(half int64) {
				if half < halves { // a lie would make the table huge
					t.halves.settle(half)
					named++
				}
			})
		}
		next := res.NextBeginOffset
		res.Release()
		if next <= at {
			break
		}
		at = next
	}
	t.ops.waiting(t.halves.settle)
	joined := t.joinCopies(halves)
	if named > 0 || joined > 0 {
		t.b.log.Info().Int("ended", named).Int("copies", joined).Int64("from", t.halves.start()).Int64("to", halves).Int64("tookMillis", time.Since(began).Milliseconds()).Msg("transactions under way")
	}
}

func (t *transactions) stopped() bool {
	select {
	case <-t.stop:
		return true
	default:
		return false
	}
}

// runChecks looks through the half messages every transactionCheckInterval. A change of the interval acts within a second.
func (t *transactions) runChecks() {
	defer t.wg.Done()
	select {
	case <-t.replayed:
	case <-t.stop:
		return
	}
	last := time.Now()
	for {
		wait := min(time.Until(last.Add(ms(t.b.cfg().TransactionCheckInterval))), time.Second)
		if wait > 0 {
			if !t.sleep(wait) {
				return
			}
			continue
		}
		if !t.b.isSlave() {
			t.check()
		}
		last = time.Now()
	}
}

// sleep waits; false when the broker stops.
func (t *transactions) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-t.stop:
		return false
	case <-timer.C:
		return true
	}
}

// advance notes the progress once everything that it stands on is on disk: a power cut must not take a committed message and keep the note of its end.
func (t *transactions) advance(half int64) {
	if half > t.position(compat.TopicTransHalf) {
		if err := t.b.store.Flush(); err != nil {
			t.b.throttled.Warn("transFlush").Err(err).Msg("progress of transactions is not noted")
			return
		}
		// the group is a system's: never too many
		_ = t.b.offsets.Commit(protocol.GroupTransactions, compat.TopicTransHalf, 0, half)
	}
	t.halves.advance(half)
	if op := t.ops.advance(half); op > t.position(compat.TopicTransOpHalf) {
		_ = t.b.offsets.Commit(protocol.GroupTransactions, compat.TopicTransOpHalf, 0, op)
	}
}
