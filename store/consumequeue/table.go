// Package consumequeue holds the queues: for each, entries of records in the order of their queue offsets, the newest
// in memory, the others in files (Java ConsumeQueue, BatchConsumeQueue, ConsumeQueueExt, ConsumeQueueStore).
//
// Locks, in the order in which they are taken: Table.writeMu (one writer of files), the append lock of the log, the
// lock of a shard, Queue.mu, Table.dirtyMu. Push runs under the append lock; readers take Queue.mu for as long as a
// copy; nobody waits for the disk under any of them but writeMu.
package consumequeue

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat"
	"gorocket/store/commitlog"
	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// queueShards spreads the lock over the queues; a power of two.
const queueShards = 32

// Options are fixed while a table is open. Sizes are bytes.
type Options struct {
	FS           vfs.FS
	Root         string // of the store
	FileSize     int64  // of a file of a plain queue
	BatchSize    int64  // of a file of a batch queue
	ExtSize      int64  // of a file of an extension
	MaxOpenFiles int    // for each of the three kinds
	// IsBatch tells that a topic has queue.type=BatchCQ; nil: none. It may be called under the append lock and may not
	// block.
	IsBatch func(topic string) bool
	// Waits is the first entry of the log that is not to be in its queue yet; ok is false when there is none. It is called
	// under the append lock; nil: there never is one.
	Waits func() (e dispatch.Entry, ok bool)
}

// Settings may change while a table is open.
type Settings struct {
	Extend           bool          // entries of plain queues get extensions (enableConsumeQueueExt)
	MaxMemory        int64         // bytes of entries kept in memory
	FlushInterval    time.Duration // between writes
	ThoroughInterval time.Duration // after which all queues are written and synced
	LeastPages       int           // 4 KiB pages that a queue must have gathered before it is written
}

// Events are told what happens. Error may be nil.
type Events struct {
	// Flushed runs when all queues are durable: those of all records up to storeTime (ms). Its error is that of the
	// flush.
	Flushed func(storeTime int64) error
	// Error runs on errors of background work that is tried again.
	Error func(what, file string, err error)
}

// Table holds all consume queues.
type Table struct {
	opt      Options
	ev       Events
	settings atomic.Pointer[Settings]
	log      *commitlog.Log

	shards  [queueShards]queueShard
	simple  *Files       // plain queues; immutable
	batches *Files       // immutable
	exts    *Files       // immutable
	light   atomic.Int64 // queues whose topic begins with dispatch.LightPrefix
	memory  atomic.Int64 // bytes of entry buffers of all queues
	blocks  *entryBlocks

	writeMu sync.Mutex // one writer of queue files at a time; taken before the append lock and Queue.mu
	scratch []byte     // guarded by writeMu
	kick    chan struct{}

	dirtyMu sync.Mutex // taken last
	dirty   []*Queue   // queues with entries not yet in their files; guarded by dirtyMu

	gap    atomic.Bool // Load found a queue with a file missing in the middle
	resync atomic.Bool // a process before us was killed: nothing tells which of its queue files are durable

	knownTo   int64        // after a kill: the queues hold everything of the log below; immutable after Load
	renote    atomic.Bool  // a queue was deleted: the manifest lists one that is not there
	notedTo   atomic.Int64 // log end of the last manifest
	noted     atomic.Int64 // queues that were written for it
	noteMu    sync.Mutex   // held over a note: the manifest has one writer
	expiredTo int64        // log minimum the queues were expired for; cleaner only
}

// New makes a table without queues of the records in log. Load comes next.
func New(opt Options, settings Settings, log *commitlog.Log, ev Events) *Table {
	t := &Table{opt: opt, ev: ev, log: log, blocks: newEntryBlocks(), kick: make(chan struct{}, 1)}
	t.settings.Store(&settings)
	t.simple, t.batches = opt.Plain(), opt.Batches()
	t.exts = openFiles(opt.FS, opt.Root+"/"+ExtDir, 1, opt.ExtSize, "mappedFileSizeConsumeQueueExt",
		opt.MaxOpenFiles)
	return t
}

// Folders of the three kinds of files, in the root of the store.
const (
	Dir      = "consumequeue"
	BatchDir = "batchconsumequeue"
	ExtDir   = "consumequeue_ext"
)

// Configure replaces the settings.
func (t *Table) Configure(s Settings) { t.settings.Store(&s) }

// Close gives the files back; readers get ErrClosed.
func (t *Table) Close() {
	for _, c := range []*Files{t.simple, t.batches, t.exts} {
		c.close()
	}
}

// Memory is how many bytes of entries are in memory.
func (t *Table) Memory() int64 { return t.memory.Load() }

// Light is how many light queues there are.
func (t *Table) Light() int64 { return t.light.Load() }

// HasGap tells that Load found a queue with a file missing in the middle.
func (t *Table) HasGap() bool { return t.gap.Load() }

// KnownTo is the log offset below which the queues hold everything, after a kill of which a manifest tells; else 0.
func (t *Table) KnownTo() int64 { return t.knownTo }

// Resync says that a process before us was killed: nothing tells which of its queue files are durable. Before Run only.
func (t *Table) Resync() { t.resync.Store(true) }

func (t *Table) report(what, file string, err error) {
	if err != nil && t.ev.Error != nil {
		t.ev.Error(what, file, err)
	}
}

// wake makes the flusher look; it never blocks.
func (t *Table) wake() {
	select {
	case t.kick <- struct{}{}:
	default:
	}
}

type queueShard struct {
	mu   sync.RWMutex
	m    map[string]*topicQueues     // by topic; guarded by mu
	last atomic.Pointer[topicQueues] // found last, nil when it may be gone; set with mu held
}

// topicQueues are the queues of a topic. Those with small numbers, which are nearly all, are found without a lock.
type topicQueues struct {
	topic string                           // immutable
	few   [fewQueues]atomic.Pointer[Queue] // by number; set with the shard's mu held
	rest  map[int32]*Queue                 // the others; guarded by the shard's mu
}

const fewQueues = 8

func (t *Table) shard(topic string) *queueShard {
	h := uint32(len(topic))
	if n := len(topic); n > 0 {
		h += uint32(topic[n-1])*7 + uint32(topic[n/2])*3
	}
	return &t.shards[h%queueShards]
}

// Get finds a queue, nil when there is none. It takes no lock for the usual numbers.
func (t *Table) Get(topic string, id int32) *Queue {
	sh := t.shard(topic)
	tq := sh.topic(topic)
	if tq == nil {
		return nil
	}
	if uint32(id) < fewQueues {
		return tq.find(id)
	}
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return tq.find(id)
}

// topic finds the queues of a topic, nil when there is none.
func (sh *queueShard) topic(topic string) *topicQueues {
	if tq := sh.last.Load(); tq != nil && tq.topic == topic {
		return tq
	}
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	tq := sh.m[topic]
	if tq != nil {
		sh.last.Store(tq)
	}
	return tq
}

// HasFolder tells whether a queue can have files: the one rule for names and numbers that become a path.
func HasFolder(topic string, id int32) bool { return id >= 0 && compat.IsFolderName(topic) }

// GetOrCreate finds a queue or makes an empty one of the kind its topic has; a record that is an inner batch (batch
// set) makes a batch queue in any case. The kind is decided by the first record that has an entry: a queue that never
// had one, because its record was refused, gives way. Under the append lock, or before Run.
func (t *Table) GetOrCreate(topic string, id int32, batch bool) *Queue {
	if q := t.Get(topic, id); q != nil && (q.Used() || q.files == t.kind(topic, batch)) {
		return q
	}
	sh := t.shard(topic)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	tq := sh.m[topic]
	if tq == nil {
		tq = sh.add(topic)
	}
	q, old := &Queue{Topic: topic, ID: id, first: -1, files: t.kind(topic, batch)}, tq.find(id)
	if old != nil && (old.Used() || old.files == q.files) {
		return old
	}
	q.deleted = !HasFolder(topic, id) // a record of an older version or of Java: it can be read, but has no files
	if old == nil && strings.HasPrefix(topic, dispatch.LightPrefix) {
		t.light.Add(1)
	}
	tq.add(q)
	return q
}

// kind is the folder of new queues of a topic.
func (t *Table) kind(topic string, batch bool) *Files {
	if batch || t.opt.IsBatch != nil && t.opt.IsBatch(topic) {
		return t.batches
	}
	return t.simple
}

// add makes a topic without queues. Caller holds mu.
func (sh *queueShard) add(topic string) *topicQueues {
	if sh.m == nil {
		sh.m = make(map[string]*topicQueues)
	}
	tq := &topicQueues{topic: topic}
	sh.m[topic] = tq
	return tq
}

// find returns a queue, nil when it is not there. Caller holds the shard's mu, but for a number below fewQueues.
func (tq *topicQueues) find(id int32) *Queue {
	if uint32(id) < fewQueues {
		return tq.few[id].Load()
	}
	return tq.rest[id]
}

// add adds a queue. Caller holds the shard's mu for writing.
func (tq *topicQueues) add(q *Queue) {
	if uint32(q.ID) < fewQueues {
		tq.few[q.ID].Store(q)
		return
	}
	if tq.rest == nil {
		tq.rest = map[int32]*Queue{}
	}
	tq.rest[q.ID] = q
}

// list appends all queues. Caller holds the shard's mu.
func (tq *topicQueues) list(out []*Queue) []*Queue {
	for i := range tq.few {
		if q := tq.few[i].Load(); q != nil {
			out = append(out, q)
		}
	}
	for _, q := range tq.rest {
		out = append(out, q)
	}
	return out
}

// Each calls fn for every queue until it returns false. fn may not create or remove queues.
func (t *Table) Each(fn func(q *Queue) bool) {
	for i := range t.shards {
		for _, q := range t.shards[i].list() {
			if !fn(q) {
				return
			}
		}
	}
}

func (sh *queueShard) list() []*Queue {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	out := make([]*Queue, 0, len(sh.m))
	for _, tq := range sh.m {
		out = tq.list(out)
	}
	return out
}

// remove takes the queues of a topic out of the table.
func (t *Table) remove(topic string) []*Queue {
	sh := t.shard(topic)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	tq := sh.m[topic]
	if tq == nil {
		return nil
	}
	sh.last.Store(nil)
	delete(sh.m, topic)
	gone := tq.list(nil)
	for i := range tq.few { // for who has found tq already
		tq.few[i].Store(nil)
	}
	tq.rest = nil
	if strings.HasPrefix(topic, dispatch.LightPrefix) {
		t.light.Add(-int64(len(gone)))
	}
	return gone
}

// Topics lists the topics that have a queue, sorted.
func (t *Table) Topics() []string {
	out := []string{}
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.RLock()
		for topic := range sh.m {
			out = append(out, topic)
		}
		sh.mu.RUnlock()
	}
	slices.Sort(out)
	return out
}

// IDs lists the queues of a topic, sorted.
func (t *Table) IDs(topic string) []int32 {
	sh := t.shard(topic)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	var out []int32
	if tq := sh.m[topic]; tq != nil {
		for _, q := range tq.list(nil) {
			out = append(out, q.ID)
		}
	}
	slices.Sort(out)
	return out
}
