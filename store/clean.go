package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/pause"
)

// manualRounds is how many rounds an explicit request keeps deleting (Java
// CleanCommitLogService.MAX_MANUAL_DELETE_FILE_TIMES).
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
	s.lookNow()
}

// CleanNow makes the cleaner look now for what may go, by the usual rules.
func (s *Store) CleanNow() {
	s.renewExpiry.Store(true)
	s.lookNow()
}

// lookNow wakes the cleaner; it never blocks.
func (s *Store) lookNow() {
	select {
	case s.cleanKick <- struct{}{}:
	default:
	}
}

// watchDisk closes the store for producers above diskSpaceWarningLevelRatio or below half of minFreeDiskBytes, and
// opens it again when there is room. A store that found no room for its first file tries again.
func (s *Store) watchDisk() {
	cfg, r := s.cfg.Load(), s.DiskRatios()
	level := float64(cfg.DiskSpaceWarningLevelRatio) / 100
	if r.CommitLog > level || r.ConsumeQueue > level || r.Free < cfg.MinFreeDiskBytes/2 {
		s.log.SetPause(commitlog.PauseLevel, &levelError{cfg.StorePathRootDir, r, cfg})
		return
	}
	s.log.RetryTail()
	s.log.SetPause(commitlog.PauseLevel, nil)
}

// DiskRatios returns the used share of the disks; for several commit log directories that of the least full.
func (s *Store) DiskRatios() DiskRatios {
	r := DiskRatios{CommitLog: 1}
	known := false
	for _, dir := range s.log.Paths() {
		u, err := s.fs.Usage(dir)
		if err != nil {
			s.reportErr("disk usage", dir, err)
			continue
		}
		r.CommitLog, r.Free, known = min(r.CommitLog, u.UsedRatio()), max(r.Free, u.Free), true
	}
	if !known {
		r.Free = math.MaxInt64 // CommitLog=1 says enough
	}
	if u, err := s.fs.Usage(s.cfg.Load().sub(consumequeue.Dir)); err == nil {
		r.ConsumeQueue, r.Free = u.UsedRatio(), min(r.Free, u.Free)
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
	force := used > float64(cfg.DiskSpaceCleanForciblyRatio)/100 || r.Free < cfg.MinFreeDiskBytes || s.log.WantsRoom()
	if manual || force || used > float64(cfg.DiskMaxUsedSpaceRatio)/100 || HourListed(cfg.DeleteWhen, now) ||
		s.tooLarge(cfg) {
		s.deleteSegments(ctx, cfg, now, force)
	}
	s.queues.Expire(ctx, time.Duration(cfg.DeleteConsumeQueueFilesInterval)*time.Millisecond, s.renewExpiry.Swap(false))
	s.reportErr("delete index files", s.cfg.Load().sub("index"), s.index.Expire(s.log.Min()))
}

// tooLarge tells that the commit log is above maxStoreBytes.
func (s *Store) tooLarge(cfg *Config) bool {
	return cfg.MaxStoreBytes > 0 && int64(len(s.log.Segments()))*s.log.SegmentSize() > cfg.MaxStoreBytes
}

// HourListed tells whether the local hour is in deleteWhen ("04;16"). Java: UtilAll.isItTimeToDo.
func HourListed(when string, now time.Time) bool {
	for _, h := range strings.Split(when, ";") {
		if n, err := strconv.Atoi(strings.TrimSpace(h)); err == nil && n == now.Hour() {
			return true
		}
	}
	return false
}

// hoursValid tells whether deleteWhen names hours only: one that names none would never delete anything.
func hoursValid(when string) bool {
	for _, h := range strings.Split(strings.TrimRight(when, "; "), ";") {
		if n, err := strconv.Atoi(strings.TrimSpace(h)); err != nil || n < 0 || n > 23 {
			return false
		}
	}
	return true
}

// deleteSegments deletes the oldest commit log files until one is too young, at most deleteFileBatchMax, never the last
// two: the appender's file and the one it may just have left.
func (s *Store) deleteSegments(ctx context.Context, cfg *Config, now time.Time, force bool) {
	age := time.Duration(cfg.FileReservedTime) * time.Hour
	for n := 0; n < cfg.DeleteFileBatchMax && ctx.Err() == nil; n++ {
		seg := s.log.Oldest()
		if seg == nil {
			return
		}
		st, err := s.fs.Stat(seg.Name)
		if err != nil {
			s.reportErr("stat", seg.Name, err)
			return
		}
		expired := now.Sub(st.ModTime) >= age
		if !expired && !(cfg.CleanFileForciblyEnable && (force || s.tooLarge(cfg))) {
			return
		}
		var lost []lostRange
		if !expired {
			lost = s.unconsumed(seg.End())
		}
		if err := s.log.DropOldest(seg); err != nil {
			s.reportErr("delete commit log file", seg.Name, err)
			return
		}
		if s.ev.SegmentDeleted != nil {
			s.ev.SegmentDeleted(seg.Name, seg.Base, !expired)
		}
		for _, l := range lost {
			s.ev.UnconsumedDeleted(seg.Name, l.q.Topic, l.q.ID, l.from, l.to)
		}
		pause.For(ctx, time.Duration(cfg.DeleteCommitLogFilesInterval)*time.Millisecond)
	}
}

// lostRange is what a queue loses with a commit log file, and nobody has read yet.
type lostRange struct {
	q        *consumequeue.Queue
	from, to int64 // queue offsets
}

// unconsumed finds what the queues lose when the log begins at logMin. It reads the disk.
func (s *Store) unconsumed(logMin int64) (lost []lostRange) {
	if s.ev.Consumed == nil || s.ev.UnconsumedDeleted == nil {
		return nil
	}
	s.ev.Consumed(func(topic string, id int32, offset int64) bool {
		q := s.queues.Get(topic, id)
		if q == nil || offset >= q.End() {
			return true
		}
		from := max(offset, s.queues.Min(q))
		if to := s.queues.OffsetAt(q, s.queues.FirstAtLeast(q, logMin)); from < to {
			lost = append(lost, lostRange{q, from, to})
		}
		return true
	})
	return lost
}

// levelError is ErrDiskFull of the disk level, with figures.
type levelError struct {
	root  string
	ratio DiskRatios
	cfg   *Config
}

func (e *levelError) Error() string {
	used := max(e.ratio.CommitLog, e.ratio.ConsumeQueue)
	if used > float64(e.cfg.DiskSpaceWarningLevelRatio)/100 {
		return fmt.Sprintf("store: not writable: the disk is above diskSpaceWarningLevelRatio=%d: %.1f %% of that "+
			"of %s are in use; make room, sends go on by themselves "+
			"then", e.cfg.DiskSpaceWarningLevelRatio, 100*used, e.root)
	}
	return fmt.Sprintf("store: not writable: the disk of %s has %d bytes free, less than half of minFreeDiskBytes=%d; "+
		"make room, sends go on by themselves then", e.root, e.ratio.Free, e.cfg.MinFreeDiskBytes)
}
func (e *levelError) Is(target error) bool { return target == ErrDiskFull || target == ErrNotWritable }
