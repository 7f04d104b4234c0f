package store

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// manualRounds is how many rounds an explicit request keeps deleting (Java CleanCommitLogService.MAX_MANUAL_DELETE_FILE_TIMES).
const manualRounds = 20

// runCleaner watches the disk level and deletes expired files (Java CleanCommitLogService, CleanConsumeQueueService).
func (s *Store) runCleaner(ctx context.Context) {
	tick := time.NewTicker(time.Duration(s.cfg.Load().CleanResourceInterval) * time.Millisecond)
	defer tick.Stop()
	for {
		s.watchDisk()
		select {
		case <-ctx.Done():
			return
		case <-s.cleanKick:
		case <-tick.C:
		}
		s.cleanRound(ctx, time.Now())
	}
}

// CleanExpired makes the cleaner delete expired files now, whatever the hour (request code 329).
func (s *Store) CleanExpired() {
	s.manualClean.Store(manualRounds)
	s.cleanKick.poke()
}

// watchDisk closes the store for producers above diskSpaceWarningLevelRatio and opens it again below.
func (s *Store) watchDisk() {
	r := s.DiskRatios()
	level := float64(s.cfg.Load().DiskSpaceWarningLevelRatio) / 100
	if r.CommitLog > level || r.ConsumeQueue > level {
		s.pause(ErrDiskFull)
	} else {
		s.pause(nil)
	}
}

// DiskRatios returns the used share of the disks; for several commit log directories that of the least full.
func (s *Store) DiskRatios() DiskRatios {
	r := DiskRatios{CommitLog: 1}
	for _, dir := range s.log.paths {
		u, err := s.fs.Usage(dir)
		if err != nil {
			s.reportErr("disk usage", dir, err)
			continue
		}
		r.CommitLog = min(r.CommitLog, u.UsedRatio())
	}
	if u, err := s.fs.Usage(s.files.root); err == nil {
		r.ConsumeQueue = u.UsedRatio()
	}
	return r
}

// cleanRound deletes what may go now.
func (s *Store) cleanRound(ctx context.Context, now time.Time) {
	cfg := s.cfg.Load()
	r := s.DiskRatios()
	used := max(r.CommitLog, r.ConsumeQueue)
	manual := s.manualClean.Load() > 0
	if manual {
		s.manualClean.Add(-1)
	}
	force := cfg.CleanFileForciblyEnable && used > float64(cfg.DiskSpaceCleanForciblyRatio)/100
	if manual || force || used > float64(cfg.DiskMaxUsedSpaceRatio)/100 || hourListed(cfg.DeleteWhen, now) {
		s.deleteSegments(ctx, cfg, now, force)
	}
	s.expireQueues(ctx, cfg)
	s.reportErr("delete index files", s.index.dir, s.index.expire(s.log.min()))
}

// hourListed tells whether the local hour is in deleteWhen ("04;16").
func hourListed(when string, now time.Time) bool {
	for _, h := range strings.Split(when, ";") {
		if n, err := strconv.Atoi(strings.TrimSpace(h)); err == nil && n == now.Hour() {
			return true
		}
	}
	return false
}

// deleteSegments deletes the oldest commit log files until one is too young, at most deleteFileBatchMax, never the last two: the appender's file
// and the one it may just have left.
func (s *Store) deleteSegments(ctx context.Context, cfg *Config, now time.Time, force bool) {
	age := time.Duration(cfg.FileReservedTime) * time.Hour
	for n := 0; n < cfg.DeleteFileBatchMax && ctx.Err() == nil; n++ {
		seg := s.oldest()
		if seg == nil {
			return
		}
		st, err := s.fs.Stat(seg.name)
		if err != nil {
			s.reportErr("stat", seg.name, err)
			return
		}
		expired := now.Sub(st.ModTime) >= age
		if !expired && !force {
			return
		}
		s.dropOldest(seg)
		if s.ev.SegmentDeleted != nil {
			s.ev.SegmentDeleted(seg.name, seg.base, !expired)
		}
		sleep(ctx, time.Duration(cfg.DeleteCommitLogFilesInterval)*time.Millisecond)
	}
}

// oldest is the first file of the log if it may be deleted.
func (s *Store) oldest() *segment {
	segs := s.log.segments()
	if len(segs) < 3 || segs[0].end() > s.log.flushed.Load() {
		return nil
	}
	return segs[0]
}

func (s *Store) dropOldest(seg *segment) {
	s.app.mu.Lock()
	s.log.cut(1, len(s.log.segments()))
	s.app.mu.Unlock()
	seg.doom()
}

// expireQueues deletes consume queue files whose last entry points below the log; never the last file of a queue.
func (s *Store) expireQueues(ctx context.Context, cfg *Config) {
	logMin := s.log.min()
	if logMin == s.expiredTo { // run loop only
		return
	}
	s.expiredTo = logMin
	s.queues.each(func(q *queue) bool {
		for s.expireQueueFile(q, logMin) && ctx.Err() == nil {
			sleep(ctx, time.Duration(cfg.DeleteConsumeQueueFilesInterval)*time.Millisecond)
		}
		return ctx.Err() == nil
	})
}

// expireQueueFile deletes the first file of q if nothing in it is in the log any more.
func (s *Store) expireQueueFile(q *queue, logMin int64) bool {
	s.cqMu.Lock()
	defer s.cqMu.Unlock()
	per := s.files.size / cqUnit
	first, flushed, deleted := q.fileRange()
	if deleted || first < 0 || first+per >= flushed {
		return false
	}
	e, ok := s.entry(q, first+per-1)
	if !ok || e.offset >= logMin {
		return false
	}
	q.mu.Lock()
	q.first = first + per // before the file goes: nobody looks for entries in it any more
	q.mu.Unlock()
	err := s.files.remove(q, first*cqUnit)
	s.reportErr("delete consume queue file", s.files.dir(q), err)
	return err == nil
}

// fileRange is the range of queue offsets in files.
func (q *queue) fileRange() (first, flushed int64, deleted bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.first, q.flushed, q.deleted
}
