package store

import (
	"context"
	"time"
)

// runCleaner watches the disk level and deletes expired files (Java CleanCommitLogService).
func (s *Store) runCleaner(ctx context.Context) {
	tick := time.NewTicker(time.Duration(s.cfg.Load().CleanResourceInterval) * time.Millisecond)
	defer tick.Stop()
	s.watchDisk()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.watchDisk()
		}
	}
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
