package trans

import (
	"cmp"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/clients"
	"gorocket/broker/meta"
	"gorocket/broker/worker"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/record"
)

// Service owns the state of half messages and two goroutines: one writes op messages, one asks producers.
type Service struct {
	d            Deps
	Halves       *Halves
	ops          *opLog
	Counts       *Counts
	Acted        Acted         // ends that the master does not know yet
	opProperties []byte        // immutable
	Replayed     chan struct{} // closed when the op queue was read
	replaying    atomic.Bool   // it is being read
	opBuf        []byte        // runOps only
	round        checkRound    // runChecks only; its limits are set before start
	answered     atomic.Int64  // answers to questions, "unknown" too

	loops worker.Group
}

// Settings are what the configuration says about transactions at a moment.
type Settings struct {
	Slave           bool          // another broker ends transactions and asks about them
	Timeout         int64         // ms after its birth during which nobody asks about a half message
	CheckInterval   time.Duration // between rounds of questions
	CheckMax        int           // questions about one half message
	OpBatchInterval time.Duration // how long an op message is gathered
	OpMsgMaxSize    int           // bytes of an op message
	FileReserved    time.Duration // age at which a half message is given up
	BrokerName      string
	Store           *store.Config
}

// Deps is what transactions need of their broker.
type Deps struct {
	Settings  func() Settings
	Store     func() *store.Store // open from Start to Stop
	Now       func() time.Time    // the wall clock, by which half messages age
	Offsets   *meta.Offsets       // holds the progress
	Topics    *meta.Topics
	Producers *clients.Producers
	StoreHost netip.AddrPort

	MaxQuestions   int64         // that may be without an answer before a round waits; 0: as many as producers can bear
	AnswerPatience time.Duration // after which they count as lost; 0: as long as producers take at most

	Log       zerolog.Logger
	Throttled *throttle.Log
}

// NewService prepares transactions; nothing runs yet.
func NewService(d Deps) *Service {
	t := &Service{d: d, Halves: newHalfTable(), ops: newOpLog(), Counts: newTransMetrics(), Replayed: make(chan struct{})}
	t.Acted.Changed = func() {}
	t.round.pace = questionPace{most: cmp.Or(d.MaxQuestions, maxQuestions), patience: cmp.Or(d.AnswerPatience,
		answerPatience)}
	t.opProperties = record.AppendProperty(record.AppendProperty(nil, record.PropTags, opTag), record.PropWait, "true")
	return t
}

// Start begins with the progress in the offset table; the store and the tables must be open.
func (t *Service) Start() {
	t.rewind(t.position(compat.TopicTransHalf))
	t.Replayed = make(chan struct{})
	t.loops.Start(t.runOps, t.runChecks)
}

// rewind forgets what has ended from at on; replay comes next.
func (t *Service) rewind(at int64) {
	t.replaying.Store(true)
	t.Halves.reset(at)
}

// Replaying tells that it is not known yet which half messages have ended: who commits one now may do so twice. Any
// goroutine.
func (t *Service) Replaying() bool { return t.replaying.Load() }

// Stop ends both goroutines; the ends that wait go to the op queue first. Nobody may end transactions any more.
func (t *Service) Stop() {
	if t.loops.Stop() {
		t.noteEnded()
	}
}

// noteEnded notes the progress up to the first half message that waits. Who opens the store next has less to read,
// and brokers before 5.0, which cannot read op messages with several offsets, do not ask about those that ended.
func (t *Service) noteEnded() {
	select {
	case <-t.Replayed:
	default:
		return // it is not known what has ended
	}
	if at := t.position(compat.TopicTransHalf); at >= t.Halves.start() && !t.d.Settings().Slave {
		t.advance(t.Halves.NextOpen(at, t.d.Store().MaxOffset(compat.TopicTransHalf, 0)))
	}
}

// position is the progress in the half or the op queue, within what the queue holds.
func (t *Service) position(topic string) int64 {
	return min(max(t.d.Offsets.Query(protocol.GroupTransactions, topic, 0), t.d.Store().MinOffset(topic, 0)),
		t.d.Store().MaxOffset(topic, 0))
}

// replay reads the op messages behind the progress: what they name has ended. Op messages of this process come after
// those that replay reads.
func (t *Service) replay(stop <-chan struct{}) {
	defer t.replaying.Store(false)
	at, end, named, began := t.position(compat.TopicTransOpHalf), t.d.Store().MaxOffset(compat.TopicTransOpHalf,
		0), 0, time.Now()
	t.ops.reset(at)
	halves := t.d.Store().MaxOffset(compat.TopicTransHalf, 0)
	var res store.GetResult
	for at < end && !worker.Stopped(stop) {
		t.d.Store().Get(&store.GetQuery{Topic: compat.TopicTransOpHalf, Offset: at, MaxCount: 32}, &res)
		for i, rec := range res.Slices {
			m, err := record.Decode(rec)
			if tags, _ := m.Property(record.PropTags); err != nil || string(tags) != opTag {
				continue
			}
			t.ops.note(m.Body, res.QueueOffsets[i])
			eachOffset(m.Body, func(half int64) {
				if half < halves { // a lie would make the table huge
					t.Halves.settle(half)
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
	t.ops.waiting(t.Halves.settle)
	joined := t.joinCopies(halves, stop)
	t.settleActed()
	committed := t.endCommitted(halves, stop)
	if named > 0 || joined > 0 || committed > 0 {
		t.d.Log.Info().Int("ended", named).Int("committed", committed).Int("copies", joined).
			Int64("from", t.Halves.start()).Int64("to", halves).Int64("tookMillis", time.Since(began).Milliseconds()).
			Msg("transactions under way")
	}
}

// runChecks looks through the half messages every transactionCheckInterval. A change of the interval acts within a
// second.
func (t *Service) runChecks(stop <-chan struct{}) {
	select {
	case <-t.Replayed:
	case <-stop:
		return
	}
	last := time.Now()
	for {
		wait := min(time.Until(last.Add(t.d.Settings().CheckInterval)), time.Second)
		if wait > 0 {
			if !worker.Rest(wait, stop) {
				return
			}
			continue
		}
		if t.d.Settings().Slave {
			t.askInPlace(stop)
		} else {
			t.check(stop)
		}
		last = time.Now()
	}
}

// advance notes the progress once everything that it stands on is on disk: a power cut must not take a committed
// message and keep the note of its end.
func (t *Service) advance(half int64) {
	if half > t.position(compat.TopicTransHalf) {
		if err := t.d.Store().Flush(); err != nil {
			t.d.Throttled.Warn("transFlush").Err(err).Msg("progress of transactions is not noted")
			return
		}
		// the group is a system's: never too many
		_ = t.d.Offsets.Commit(protocol.GroupTransactions, compat.TopicTransHalf, 0, half)
	}
	t.Halves.advance(half)
	if op := t.ops.advance(half); op > t.position(compat.TopicTransOpHalf) {
		_ = t.d.Offsets.Commit(protocol.GroupTransactions, compat.TopicTransOpHalf, 0, op)
	}
}

// Answered counts the answer to a question; "unknown" is one too. Any goroutine.
func (t *Service) Answered() { t.answered.Add(1) }

// Ended writes the end of a half message down for the op queue and counts it: the one at queueOffset, whose newest
// place is at. took is from its birth to now, in ms; opLimit is transactionOpMsgMaxSize. Any goroutine.
func (t *Service) Ended(topic string, queueOffset, at int64, commit bool, took int64, opLimit int) {
	t.ops.add(opLimit, queueOffset, at)
	t.Counts.Ended(topic, commit, took)
}
