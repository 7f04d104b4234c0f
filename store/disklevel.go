package store

import "fmt"

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
