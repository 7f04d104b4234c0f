package timer

import (
	"errors"
	"fmt"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat"
	"gorocket/store"
	"gorocket/store/delivered"
	"gorocket/store/record"
	"gorocket/store/vfs"
)

// Topic is the topic of timer messages; they all lie in its queue 0. Java: TimerMessageStore.TIMER_TOPIC.
const Topic = compat.TopicTimer

// Names of the properties that timers read and write. Java: MessageConst.
const (
	PropOutMs     = "TIMER_OUT_MS" // the slot's time, ms
	PropDelKey    = "TIMER_DEL_UNIQKEY"
	propEnqueueMs = "TIMER_ENQUEUE_MS"
	propDequeueMs = "TIMER_DEQUEUE_MS"
	propRollTimes = "TIMER_ROLL_TIMES"
)

// MessageStore is what timers need of the message store; *store.Store is one.
type MessageStore interface {
	Get(q *store.GetQuery, res *store.GetResult)
	WithOwnRecord(phyOffset int64, fn func(rec []byte) error) error
	OffsetInQueue(topic string, queueID int32, queueOffset int64) (phyOffset int64, size int32, tagsCode int64, ok bool)
	StoreTimeAt(topic string, queueID int32, queueOffset int64) int64
	OffsetByTime(topic string, queueID int32, ts int64, b store.Boundary) int64
	RecordsSince(ts, from int64, fn func(m *record.View)) error
	Append(r *store.Record) (store.Appended, error)
	Flush() error
	MinOffset(topic string, queueID int32) int64
	MaxOffset(topic string, queueID int32) int64
	MinPhyOffset() int64
	MaxPhyOffset() int64
}

// Events tell what happens. Every field may be nil; calls come from the goroutines of Timers and must return quickly.
type Events struct {
	// Skipped runs for a timer message that can never be delivered; offset is its place in the commit log.
	Skipped func(offset int64, why error)
	// Enqueued runs for every message of the timer topic: its real topic, which dies after the call, and the time from its
	// birth to its slot, ms.
	Enqueued func(topic []byte, delay int64)
	// Led runs when deliveries begin after a start or a change of role: how many copies are in the log that are not noted
	// as delivered, and how many more there may be, for which there was no room.
	Led func(copies int, forgotten int64)
	// Restored runs in Open when timermetrics was not read from its file.
	Restored func(r vfs.Restored)
	// Failed runs for work that is tried again.
	Failed func(what string, err error)
}

// Report says what Open found.
type Report struct {
	ReadTime    int64 // ms; slots before it have been delivered
	QueueOffset int64 // where reading of the timer topic goes on
	Pending     int64 // messages that wait
	Dropped     int64 // units of the timer log taken back, because they will be written again
	Rebuilt     bool  // the wheel was made anew from the whole timer log
	Took        time.Duration
}

// Timers keeps timer messages and delivers them. Open recovers, Start runs, Stop ends; all other methods may be called
// by several goroutines between Open and Stop. Java: TimerMessageStore.
type Timers struct {
	fs   vfs.FS
	ms   MessageStore
	live func() *store.Config // for keys that may change while running
	ev   Events
	now  func() time.Time

	precision int64 // ms; immutable
	window    int64 // ms of the roll window; immutable
	log       *timerLog
	wheelFile vfs.File
	checkFile checkpointFile
	metrics   *metrics
	report    Report

	mu          sync.Mutex // the loop holds it while it changes what follows, never over a delivery
	wheel       *wheel     // guarded by mu; the loop reads it without, being the only writer
	readTime    int64      // guarded by mu, as above; ms of the next slot to deliver
	queueOffset int64      // guarded by mu, as above; next offset of Topic to enqueue
	pending     int64      // guarded by mu
	changed     bool       // guarded by mu: something was enqueued or delivered since the last flush
	unplaced    bool       // guarded by mu: part of batch may be in the wheel already, and queueOffset has not moved
	saved       checkpoint // guarded by mu; what config/timercheck says
	master      checkpoint // guarded by mu; what the master of a slave says; zero while it is not known

	// guarded by mu: of a broker that has delivered in this one's place, until a check point of this one's says as much;
	// zero: of none
	ahead   checkpoint
	begun   bool        // guarded by mu: these timers have begun to lead behind ahead, and the next check point says so
	flushMu sync.Mutex  // held over a flush
	follows atomic.Bool // a slave's: nothing is delivered, see Lead
	leading atomic.Bool // the loop may be delivering
	leads   bool        // the loop's; it has begun to deliver
	// the loop's; of the broker that has delivered in this one's place: what it had taken from the timer queue and was
	// due is delivered
	elsewhere checkpoint
	acted     int64          // the loop's; readTime at the end of what was delivered in a master's place, 0: nothing was
	actedAt   int64          // the loop's; when that was, ms
	copies    *delivered.Set // the loop's; what was delivered without a note of it; nil once everything overdue is done

	snapshots bool // Java wrote its wheel elsewhere; Open only

	writeTime int64 // the loop's; ms of the first slot that still takes messages
	catchUp   int64 // the loop's; the timer queue up to here comes before anything that is due
	rolled    bool  // the loop's; the slot that was delivered last put messages into the timer queue
	got       store.GetResult
	batch     []entry          // the loop's; messages on their way into the wheel
	twins     map[string]int64 // the loop's; see lastTwins
	placed    int              // the loop's; how many of batch are in it
	batchEnd  int64            // the loop's; queue offset behind the batch
	units     []unit           // the loop's scratch
	props     []byte           // the loop's scratch

	enqueued, delivered atomic.Int64 // totals
	lastStored          atomic.Int64 // ms; when the message that was enqueued last was stored
	rate                rates

	wake    chan struct{} // a message was stored
	kick    chan struct{} // a slot was delivered
	stop    chan struct{}
	once    sync.Once
	started bool // set by Start
	wg      sync.WaitGroup
}

// precisions are those that Java's setTimerPrecisionMs lets pass; anything else is lowered to the next.
var precisions = [...]int64{1000, 500, 200, 100}

// Precision is the effective timerPrecisionMs of a configured one. Java: MessageStoreConfig.setTimerPrecisionMs.
func Precision(configured int) int64 {
	for _, p := range precisions {
		if int64(configured) >= p {
			return p
		}
	}
	return precisions[len(precisions)-1]
}

// Open loads and recovers the timer files below cfg.StorePathRootDir; live gives the configuration of each moment and
// may be nil. ms must be recovered; nothing is appended to it before Start. Errors name the file: one of the wrong
// size, or what the file system says.
func Open(cfg *store.Config, live func() *store.Config, fsys vfs.FS, ms MessageStore, ev Events) (*Timers, error) {
	return open(cfg, live, fsys, ms, ev, time.Now)
}

func open(cfg *store.Config, live func() *store.Config, fsys vfs.FS, ms MessageStore, ev Events,
	now func() time.Time) (*Timers, error) {
	begin := time.Now()
	t := &Timers{fs: fsys, ms: ms, live: live, ev: ev, now: now, precision: Precision(cfg.TimerPrecisionMs),
		wake: make(chan struct{}, 1), kick: make(chan struct{}, 1), stop: make(chan struct{})}
	if live == nil {
		t.live = func() *store.Config { return cfg }
	}
	window := int64(cfg.TimerRollWindowSlot)
	if window > slotsTotal-blankSlots || window < 2 {
		window = slotsTotal - blankSlots
	}
	t.window, t.wheel = window*t.precision, newWheel(t.precision)
	if err := t.openFiles(cfg); err != nil {
		t.closeFiles()
		return nil, err
	}
	t.report.Took = time.Since(begin)
	return t, nil
}

func (t *Timers) openFiles(cfg *store.Config) (err error) {
	root := cfg.StorePathRootDir
	if t.metrics, err = openMetrics(t.fs, path.Join(root, "config", "timermetrics"), t.ev.Restored); err != nil {
		return err
	}
	var check checkpoint
	var found bool
	if t.checkFile, check, found, err = openCheckpoint(t.fs, path.Join(root, "config", "timercheck")); err != nil {
		return fmt.Errorf("timer: config/timercheck below %s: %w", root, err)
	}
	if t.wheelFile, err = openWheelFile(t.fs, path.Join(root, "timerwheel")); err != nil {
		return err
	}
	if err = t.wheel.load(t.wheelFile); err != nil {
		return fmt.Errorf("timer: %s: %w", t.wheelFile.Name(), err)
	}
	if t.snapshots, err = hasSnapshots(t.fs, root); err != nil {
		return err
	}
	if t.log, err = openLog(t.fs, path.Join(root, "timerlog"), cfg.MappedFileSizeTimerLog); err != nil {
		return err
	}
	return t.recover(check, found)
}

func (t *Timers) closeFiles() {
	if t.log != nil {
		t.log.close()
	}
	for _, f := range []vfs.File{t.wheelFile, t.checkFile.f} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// Report tells what Open found.
func (t *Timers) Report() Report { return t.report }

// Start begins to enqueue and, if it leads, to deliver. The message store must be started. It fails when the recovered
// state cannot be written.
func (t *Timers) Start() error {
	if err := t.flush(true); err != nil {
		return err
	}
	t.started = true
	t.wg.Go(t.run)
	t.wg.Go(t.runFlusher)
	return nil
}

// Stop ends both goroutines, makes the progress durable and closes the files. The message store must still run. Safe to
// call more than once.
func (t *Timers) Stop() (err error) {
	t.once.Do(func() {
		close(t.stop)
		t.wg.Wait()
		if t.started {
			err = t.flush(true)
		}
		t.closeFiles()
	})
	return err
}

// Poke tells that a message was stored in Topic. It never blocks.
func (t *Timers) Poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *Timers) stopped() bool {
	select {
	case <-t.stop:
		return true
	default:
		return false
	}
}

func (t *Timers) failed(what string, err error) {
	if t.ev.Failed != nil {
		t.ev.Failed(what, err)
	}
}

func (t *Timers) skipped(offset int64, why error) {
	if t.ev.Skipped != nil {
		t.ev.Skipped(offset, why)
	}
}

var errStopped = errors.New("timer: stopped")

// floor cuts a time to its slot.
func (t *Timers) floor(ms int64) int64 { return ms / t.precision * t.precision }
