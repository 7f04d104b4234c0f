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
	"time"

	"gorocket/compat/config"
	"gorocket/store/check"
	"gorocket/store/checkpoint"
	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/index"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// Store is an open message store (Java DefaultMessageStore). All methods but Open, Start and Stop may be called by
// several goroutines at once.
type Store struct {
	fs     vfs.FS
	cfg    atomic.Pointer[Config]
	ev     EventListener
	delays []int64 // milliseconds of the delay levels; immutable
	ram    int64   // bytes of the machine; immutable

	lockFile  io.Closer
	log       *commitlog.Log
	committer committer
	queues    *consumequeue.Table
	check     *checkpoint.File
	index     *index.Index
	lockTime  int64 // when the lock file was written before this start, ns; immutable after Open
	openEnd   int64 // end of the log when it was opened; immutable after Open
	recov     recovery.Report

	batchBufs sync.Pool // *batchScratch
	raw       rawTaker  // of a slave

	confirmed atomic.Int64 // see SetConfirmed; moved under the append lock
	heldNow   atomic.Int64 // entries that are held; moved under the append lock

	cleanKick   chan struct{} // capacity 1
	manualClean atomic.Int32  // rounds left of an explicit request
	renewExpiry atomic.Bool   // expire them in any case

	longBatches sync.Mutex // held over the append of a long batch, before any other lock

	unreadable atomic.Pointer[datafile.ReadError] // the first page that could not be read since the start

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

// Open locks and loads the store in cfg.StorePathRootDir and recovers it. Nothing runs in the background yet and
// nothing can be appended before Start. Errors: an invalid cfg, *LockedError, *CorruptionError and *ReadError (nothing
// was deleted), or what the file system says.
func Open(cfg Config, fsys vfs.FS, ev EventListener) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Store{fs: fsys, ev: ev, ram: vfs.TotalMemory(), cleanKick: make(chan struct{}, 1)}
	s.cfg.Store(&cfg)
	s.delays, s.committer.held.on = cfg.delayLevels(), cfg.EnableControllerMode
	s.batchBufs.New = func() any { return new(batchScratch) }
	s.committer.s = s
	s.committer.spares.New = func() any { return new(spans) }
	s.raw.take = s.takeRaw
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
	if s.check, err = checkpoint.Open(s.fs, cfg.sub("checkpoint")); err != nil {
		return err
	}
	s.log = commitlog.New(cfg.logOptions(s.fs), cfg.logSettings(), &s.committer, s.logEvents())
	queues := cfg.queueOptions(s.fs, s.ev.IsBatchTopic)
	queues.Waits = s.committer.held.first
	s.queues = consumequeue.New(queues, cfg.queueSettings(), s.log,
		consumequeue.Events{Error: s.reportErr, Flushed: s.queuesFlushed})
	s.index = index.New(index.Options{FS: s.fs, Dir: cfg.sub("index"), Slots: cfg.MaxHashSlotNum,
		Entries: cfg.MaxIndexNum, Enabled: cfg.MessageIndexEnable}, s.log, s.indexEvents())
	if err := s.log.Load(); err != nil {
		return err
	}
	if s.recov.QueuesKnown, err = s.queues.Load(s.lockTime, clean); err != nil {
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
	if err := check.RefuseRocksDB(s.fs, cfg.sub("consumequeue")); err != nil {
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
	s.lockTime = s.lockedAt(name)
	return s.writeSmall(name, "lock")
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
	dropped, err := s.index.Load(clean, s.check.Get().IndexTime)
	if err != nil {
		return err
	}
	in := recovery.Input{Log: s.log, Queues: s.queues, Checks: cfg.logChecks(), Rules: s.rules(),
		QueuesKnown: s.recov.QueuesKnown, MaxMemory: cfg.MaxConsumeQueueMemory, Root: cfg.StorePathRootDir,
		Events: recovery.Events{Progress: s.ev.RecoveryProgress, QueueJump: s.ev.QueueJump}}
	in.Crash = recovery.Crash{Clean: clean, Checkpoint: s.check.Get(),
		IndexSafe: cfg.MessageIndexEnable && cfg.MessageIndexSafe}
	if in.Intact, err = recovery.SameRun(s.fs, cfg.sub("abort")); err != nil {
		return err
	}
	report, newest, err := recovery.Run(in)
	if err != nil {
		return err
	}
	report.IndexDropped, report.Intact = dropped, in.Intact
	s.recov = report
	s.log.Resume(newest)
	s.openEnd = s.log.End()
	s.confirmed.Store(min(s.check.Get().ConfirmPhyOffset, s.openEnd))
	if !clean {
		s.queues.Resync()
		n, err := s.index.DropBehind(s.openEnd)
		if s.recov.IndexDropped += n; err != nil {
			return err
		}
	}
	s.index.Resume()
	return nil
}

// Report tells what Open found and did.
func (s *Store) Report() recovery.Report { return s.recov }

// Start makes the store writable and starts its goroutines. It fails when the first commit log file cannot be made, but
// where only the room is missing and there are messages to read.
func (s *Store) Start() error {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.state != stateOpen {
		return fmt.Errorf("store: Start called twice or after Stop")
	}
	if err := s.log.OpenTail(); err != nil {
		return err
	}
	cfg := s.cfg.Load()
	if err := s.fs.Remove(cfg.sub(consumequeue.ManifestFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.writeSmall(cfg.sub("abort"), recovery.AbortText(recovery.BootOf(s.fs))); err != nil {
		return err
	}
	if err := s.fs.SyncDir(cfg.StorePathRootDir); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.state = stateStarted
	s.log.Start() // before the cleaner runs: it takes a store that is not started for one that stops
	for _, run := range []func(context.Context){
		s.log.Run, s.queues.Run, s.index.Run, s.runCleaner,
	} {
		s.workers.Go(func() { run(ctx) })
	}
	return nil
}

// Reconfigure replaces the configuration of a running store. Keys with effect:"restart" keep their old effect until
// then; a change of one with effect:"start", a file size or a path, is an error, but for brokerRole: only the broker
// decides whether that may change.
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
	s.log.Configure(cfg.logSettings())
	s.queues.Configure(cfg.queueSettings())
	return nil
}

// logOptions are the keys of the commit log that act when it is opened.
func (c *Config) logOptions(fsys vfs.FS) commitlog.Options {
	o := commitlog.Options{FS: fsys, Paths: c.commitLogPaths(), ReadOnly: c.readOnlyPaths(),
		SegmentSize: c.MappedFileSizeCommitLog, Raw: c.IsSlave(), Checks: c.logChecks()}
	if c.FlushDiskType == SyncFlush && (!o.Raw || c.EnableControllerMode) {
		o.TouchAhead = c.TouchAheadBytes
	}
	return o
}

// logSettings are the keys of the commit log that act at once.
func (c *Config) logSettings() commitlog.Settings {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return commitlog.Settings{FlushInterval: ms(c.FlushIntervalCommitLog),
		ThoroughInterval: ms(c.FlushCommitLogThoroughInterval), LeastPages: c.FlushCommitLogLeastPages,
		AppendTimeout: ms(c.PutMessageTimeout), SyncTimeout: ms(c.SyncFlushTimeout),
		ReplicaTimeout: ms(c.SlaveTimeout)}
}

// logChecks are the checks that recovery and verify make of a record.
func (c *Config) logChecks() commitlog.Checks {
	return commitlog.Checks{BodyCRC: c.CheckCRCOnRecover, PropCRC: c.EnabledAppendPropCRC || c.ForceVerifyPropCRC,
		NeedsPropCRC: c.ForceVerifyPropCRC}
}

// logEvents passes on what happens in the log.
func (s *Store) logEvents() commitlog.Events {
	return commitlog.Events{Settle: s.ev.Settle, Failed: s.ev.FlushFailed, Rolled: s.ev.SegmentRolled,
		Writable: s.ev.Writable, LittleRoom: s.ev.LittleRoom, Error: s.reportErr, Flushed: s.flushed,
		Failing: s.logFailing}
}

// flushed notes in the checkpoint what is durable.
func (s *Store) flushed(upTo, storeTime int64, took time.Duration) {
	if s.committer.held.on {
		s.releaseDurable()
	}
	s.check.Update(func(c *checkpoint.Values) {
		c.PhysicTime = max(c.PhysicTime, storeTime)
		s.noteConfirmed(c, upTo)
	})
	if s.ev.FlushDone != nil {
		s.ev.FlushDone(upTo, took)
	}
}

// noteConfirmed notes in the checkpoint what is confirmed and on disk, which is what lies below durable. Java
// dispatches up to it in a start.
func (s *Store) noteConfirmed(c *checkpoint.Values, durable int64) {
	if s.committer.held.on {
		c.ConfirmPhyOffset = min(durable, s.confirmed.Load())
	}
}

// logFailing tells the next start that what was written may be gone: it reads everything.
func (s *Store) logFailing() {
	cfg := s.cfg.Load()
	_ = s.fs.Remove(cfg.sub(consumequeue.ManifestFile))
	_ = s.writeSmall(cfg.sub("abort"), recovery.AbortText(""))
}

func (s *Store) reportErr(what, file string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) && s.ev.BackgroundError != nil {
		s.ev.BackgroundError(what, file, err)
	}
}

// indexEvents passes on what happens in the index.
func (s *Store) indexEvents() index.Events {
	return index.Events{Guard: s.guard, Error: s.ev.BackgroundError, Corruption: s.ev.Corruption,
		Synced: func(endTime int64) {
			s.check.Update(func(c *checkpoint.Values) { c.IndexTime = max(c.IndexTime, endTime) })
		}}
}

// queueOptions are the keys of the consume queues that act when they are opened.
func (c *Config) queueOptions(fsys vfs.FS, isBatch func(string) bool) consumequeue.Options {
	return consumequeue.Options{FS: fsys, Root: c.StorePathRootDir, FileSize: c.consumeQueueFileSize(),
		BatchSize: c.MapperFileSizeBatchConsumeQueue, ExtSize: int64(c.MappedFileSizeConsumeQueueExt),
		MaxOpenFiles: c.MaxOpenConsumeQueueFiles, IsBatch: isBatch}
}

// queueSettings are the keys of the consume queues that act at once.
func (c *Config) queueSettings() consumequeue.Settings {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return consumequeue.Settings{Extend: c.EnableConsumeQueueExt, MaxMemory: c.MaxConsumeQueueMemory,
		FlushInterval: ms(c.FlushIntervalConsumeQueue), ThoroughInterval: ms(c.FlushConsumeQueueThoroughInterval),
		LeastPages: c.FlushConsumeQueueLeastPages}
}

// queuesFlushed moves the checkpoint on.
func (s *Store) queuesFlushed(storeTime int64) error {
	s.check.Update(func(c *checkpoint.Values) {
		c.LogicsTime = max(c.LogicsTime, storeTime)
		s.noteConfirmed(c, s.FlushedOffset()) // it may have been confirmed since the log was flushed
	})
	return s.check.Save()
}

// lockedAt is when the lock file was written last, ns; -1 when it is not there.
func (s *Store) lockedAt(name string) int64 {
	fi, err := s.fs.Stat(name)
	if err != nil {
		return -1
	}
	return fi.ModTime.UnixNano()
}

// OpenedEnd is where the log ended when the store was opened. Java: brokerInitMaxOffset.
func (s *Store) OpenedEnd() int64 { return s.openEnd }

// MasterFlushedOffset is what a slave noted of its master in the checkpoint, 0: nothing. Nothing follows from it.
func (s *Store) MasterFlushedOffset() int64 { return s.check.Get().MasterFlushedOffset }

// SetMasterFlushedOffset notes it; it is on disk with the next checkpoint.
func (s *Store) SetMasterFlushedOffset(offset int64) {
	s.check.Update(func(c *checkpoint.Values) { c.MasterFlushedOffset = offset })
}
