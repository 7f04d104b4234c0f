package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"syscall"

	"gorocket/compat/config"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// Store is an open message store (Java DefaultMessageStore). All methods but Open, Start and Stop may be called by several goroutines at once.
type Store struct {
	fs     vfs.FS
	cfg    atomic.Pointer[Config]
	ev     EventListener
	delays []int64 // milliseconds of the delay levels; immutable
	ram    int64   // bytes of the machine; immutable

	lockFile io.Closer
	log      *commitLog
	files    *cqFiles // plain queues
	extFiles *cqFiles
	queues   queueTable
	blocks   *entryBlocks
	check    *checkpointFile
	index    *keyIndex
	alloc    *allocator
	knownTo  int64        // after a kill: the queues hold everything of the log below; immutable after Open
	toldTo   int64        // end of the last commit log file the listener knows; Start, then the flusher only
	renote   atomic.Bool  // a queue was deleted: the summary lists one that is not there
	notedTo  atomic.Int64 // log end of the last summary
	noted    int          // queues that were written for it; only the flusher uses it
	queueGap atomic.Bool  // Open found a consume queue with a file missing in the middle
	resync   atomic.Bool  // a process before us was killed: nothing tells which of its queue files are durable
	lockTime int64        // when the lock file was written before this start, ns; immutable after Open
	openEnd  int64        // end of the log when it was opened; immutable after Open
	recov    RecoveryReport

	app       appender
	batchBufs sync.Pool // *batchScratch

	flushMu   sync.Mutex // one Flush at a time; taken before app.mu
	flush     flusher
	flushKick poker

	cqMu      sync.Mutex // one writer of consume queue files at a time; taken before app.mu and queue.mu
	cqScratch []byte     // guarded by cqMu
	cqKick    poker

	cleanKick   poker
	manualClean atomic.Int32 // rounds left of an explicit request
	expiredTo   int64        // log minimum the queues were expired for; cleaner only
	renewExpiry atomic.Bool  // expire them in any case

	staged atomic.Bool // a record with Later may be staged, or written and not told yet
	spares sync.Pool   // *staged

	broken atomic.Pointer[error]     // why no write is possible until the store is opened again
	lost   atomic.Pointer[syncError] // a failed write or fsync of the log; also while the store stops
	paused atomic.Pointer[error]     // why no write is possible now (no room); written by setPause only
	pauses pauses

	longBatches sync.Mutex // held over the append of a long batch, before any other lock

	unreadable atomic.Pointer[datafile.ReadError] // the first page that could not be read since the start

	toldFailure atomic.Bool // who has to know of lost does

	lifeMu  sync.Mutex
	state   lifeState // guarded by lifeMu
	cancel  context.CancelFunc
	workers sync.WaitGroup
	stopErr error
}

type lifeState int

const (
	stateOpen lifeState = iota
	stateStarted
	stateStopped
)

// Open locks and loads the store in cfg.StorePathRootDir and recovers it. Nothing runs in the background yet and nothing can be appended
// before Start. Errors: an invalid cfg, *LockedError, *CorruptionError and *ReadError (nothing was deleted), or what the file system says.
func Open(cfg Config, fsys vfs.FS, ev EventListener) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Store{fs: fsys, ev: ev, blocks: newEntryBlocks(), ram: vfs.TotalMemory(), flushKick: newPoker(), cqKick: newPoker(), cleanKick: newPoker()}
	s.cfg.Store(&cfg)
	s.delays, _ = config.DelayLevels(cfg.MessageDelayLevel)
	s.batchBufs.New = func() any { return new(batchScratch) }
	s.spares.New = func() any { return new(staged) }
	s.fail(ErrNotStarted)
	if err := s.guard(func() error { return s.open(&cfg) }); err != nil {
		s.close()
		var bad *datafile.ReadError
		if errors.As(err, &bad) {
			err = fmt.Errorf("%w. gorocket repair %s --dry-run says what can be done", err, cfg.StorePathRootDir)
		}
		return nil, err
	}
	if ev.RecoveryDone != nil {
		ev.RecoveryDone(s.recov)
	}
	return s, nil
}

func (s *Store) open(cfg *Config) error {
	if err := s.prepareDirs(cfg); err != nil {
		return err
	}
	_, err := s.fs.Stat(cfg.sub("abort"))
	clean := errors.Is(err, fs.ErrNotExist)
	if err != nil && !clean {
		return err
	}
	if s.check, err = openCheckpoint(s.fs, cfg.sub("checkpoint")); err != nil {
		return err
	}
	s.log = newCommitLog(s.fs, cfg)
	s.files = newCQFiles(s.fs, cfg)
	s.extFiles = openCQFiles(s.fs, cfg, "consumequeue_ext", 1, int64(cfg.MappedFileSizeConsumeQueueExt), "mappedFileSizeConsumeQueueExt")
	s.queues.simple, s.queues.isBatch = s.files, s.ev.IsBatchTopic
	s.queues.batches = openCQFiles(s.fs, cfg, "batchconsumequeue", batchUnit, cfg.MapperFileSizeBatchConsumeQueue, "mapperFileSizeBatchConsumeQueue")
	s.alloc = newAllocator(s.log, s.reportErr)
	s.alloc.pause = func(err error) { s.setPause(pauseNext, s.allocationError(err)) }
	s.alloc.tell = s.tellState
	if cfg.FlushDiskType == SyncFlush {
		s.alloc.window, s.alloc.claim, s.alloc.free, s.alloc.zeros = cfg.TouchAheadBytes, s.claimZeros, s.freeZeros, make([]byte, zeroStep)
		s.alloc.write = s.writeLog
	}
	s.index = newKeyIndex(s.fs, cfg, s.log, s.check, &s.ev)
	s.index.source, s.app.hints.on, s.index.guard = s.takeHints, cfg.MessageIndexEnable, s.guard
	if err := s.log.load(cfg); err != nil {
		return err
	}
	if s.recov.QueuesKnown = s.loadSummary(s.lockTime, clean); !s.recov.QueuesKnown {
		if err := s.loadQueues(); err != nil {
			return err
		}
	}
	if err := s.openExts(); err != nil {
		return err
	}
	return s.recover(cfg, clean)
}

func (s *Store) prepareDirs(cfg *Config) error {
	for _, dir := range append(cfg.commitLogPaths(), cfg.StorePathRootDir, cfg.sub("consumequeue")) {
		if err := vfs.MkdirDurable(s.fs, dir); err != nil {
			return err
		}
	}
	if err := refuseRocksDB(s.fs, cfg.sub("consumequeue")); err != nil {
		return err
	}
	var err error
	name := cfg.sub("lock")
	if s.lockFile, err = s.fs.Lock(name); errors.Is(err, vfs.ErrLocked) {
		return &LockedError{name}
	}
	if err != nil {
		return err
	}
	s.lockTime = s.mtime("lock")
	return s.writeSmall(name, "lock")
}

// rocksDBWayOut is how a store of a Java broker with RocksDB comes here; docs/migrating.md has the commands.
const rocksDBWayOut = "Way out: let the running Java broker write config/*.json (mqadmin rocksDBConfigToJson), stop it cleanly, move consumequeue to another folder and set " +
	"storeType=default: the queues are rebuilt from the log (docs/migrating.md)"

// refuseRocksDB names the way out for a store whose consume queues are in RocksDB.
func refuseRocksDB(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(dir + "/CURRENT"); err != nil {
		return nil
	}
	return fmt.Errorf("store: %s holds RocksDB consume queues (storeType=defaultRocksDB), which cannot be read. %s", dir, rocksDBWayOut)
}

// writeSmall writes a marker file whose content nobody depends on: a full disk is no reason not to start.
func (s *Store) writeSmall(name, content string) error {
	f, err := s.fs.OpenFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = s.fs.Create(name)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err = f.WriteAt([]byte(content), 0); errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	return err
}

func (s *Store) recover(cfg *Config, clean bool) error {
	dropped, err := s.index.load(clean)
	if err != nil {
		return err
	}
	r := recovery{s: s, cfg: cfg, check: s.check.get()}
	if r.intact, err = sameRun(s.fs, cfg.sub("abort")); err != nil {
		return err
	}
	r.report = RecoveryReport{Clean: clean, IndexDropped: dropped, QueuesKnown: s.recov.QueuesKnown}
	if err := r.run(); err != nil {
		return err
	}
	s.recov = r.report
	s.resync.Store(!clean)
	s.app.lastTime = r.newest
	s.openEnd = s.log.end.Load()
	if !clean {
		n, err := s.index.dropBehind(s.openEnd)
		if s.recov.IndexDropped += n; err != nil {
			return err
		}
	}
	s.index.resume()
	return nil
}

// Report tells what Open found and did.
func (s *Store) Report() RecoveryReport { return s.recov }

// Start makes the store writable and starts its goroutines. It fails when the first commit log file cannot be made, but
// where only the room is missing and there are messages to read.
func (s *Store) Start() error {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.state != stateOpen {
		return fmt.Errorf("store: Start called twice or after Stop")
	}
	if err := s.firstTail(); err != nil {
		return err
	}
	cfg := s.cfg.Load()
	if err := s.fs.Remove(cfg.sub(summaryFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.writeSmall(cfg.sub("abort"), abortText(bootOf(s.fs))); err != nil {
		return err
	}
	if err := s.fs.SyncDir(cfg.StorePathRootDir); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.toldTo = s.log.lastEnd()
	next := s.log.nextFile(s.log.end.Load())
	s.state = stateStarted
	s.broken.Store(nil) // before the cleaner runs: it takes a store that is not started for one that stops
	for _, run := range []func(context.Context){
		func(ctx context.Context) { s.alloc.run(ctx, next) },
		s.runFlusher, s.runTimeouts, s.runCQFlusher, s.index.run, s.runCleaner,
	} {
		s.workers.Go(func() { run(ctx) })
	}
	return nil
}

// firstTail is openTail in Start. Without room the store starts all the same, but not a new one: reads go on, and cleaning
// may make room, see watchDisk.
func (s *Store) firstTail() error {
	fresh := len(s.log.segments()) == 0
	err := s.openTail()
	switch {
	case err == nil && fresh && s.log.end.Load() == 0:
		s.checkRoom(s.log.paths[0])
	case errors.Is(err, syscall.ENOSPC):
		var room *RoomError
		if fresh && errors.As(err, &room) {
			room.New = true
			return fmt.Errorf("store: a new store has no room for its first message: %w", room)
		}
		s.reportErr("first commit log file", s.log.paths[0], err)
		s.pause(pauseFirst, s.allocationError(err))
		return nil
	}
	return err
}

// haveTail tells that there is a file for the next record.
func (s *Store) haveTail() bool {
	s.app.mu.Lock()
	defer s.app.mu.Unlock()
	return s.app.tail != nil
}

// lateTail is openTail for a store that is running without a file to write to.
func (s *Store) lateTail() error {
	s.app.mu.Lock()
	defer s.app.mu.Unlock()
	if err := s.Writable(); err != nil && !errors.Is(err, ErrDiskFull) {
		return nil // stopped or broken meanwhile
	}
	return s.openTail()
}

// openTail finds or makes the file the next record goes to.
func (s *Store) openTail() error {
	segs := s.log.segments()
	if n := len(segs); n > 0 && s.log.end.Load() < segs[n-1].end() && !segs[n-1].readOnly {
		return s.setTail(segs[n-1])
	}
	if err := s.tailRefused(); err != nil {
		return err
	}
	base := s.log.end.Load()
	seg, err := createSegment(s.fs, s.log.dirFor(base), base, s.log.segSize)
	if err != nil {
		return err
	}
	s.log.push(seg)
	return s.setTail(seg)
}

// setTail reserves the blocks of the tail: a file that Java made is sparse.
func (s *Store) setTail(seg *segment) error {
	if err := seg.file.Allocate(0, seg.size); err != nil {
		return err
	}
	s.app.tail, s.app.pos = seg, s.log.end.Load()-seg.base
	return nil
}

// Reconfigure replaces the configuration of a running store. Keys with effect:"restart" keep their old effect until then; a change of one with
// effect:"start", a file size or a path, is an error, but for brokerRole: only the broker decides whether that may change.
func (s *Store) Reconfigure(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	for _, key := range config.Changed(s.cfg.Load(), &cfg, config.Start) {
		if key != "brokerRole" {
			return fmt.Errorf("store: %s cannot change while the store is open", key)
		}
	}
	s.cfg.Store(&cfg)
	return nil
}
