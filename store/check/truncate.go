package check

import (
	"fmt"
	"math"
	"path"
	"slices"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/record"
	"gorocket/store/recovery"
	"gorocket/store/vfs"
)

// cutter is one run of TruncateTo; one goroutine.
type cutter struct {
	cfg    Options
	fs     vfs.FS
	offset int64
	end    int64 // nothing stands in the log from here on
	sound  bool  // nothing but the end of the log is to be changed
	plan   *Plan

	files []logFile // that hold something from offset on, ascending
	first int64     // where the log begins
}

// logFile is a file of the log.
type logFile struct {
	name       string
	base, size int64
}

// TruncateTo makes a commit log offset, at which a record begins, the end of the log: for a slave whose log went
// another way than its master's. All that stands behind it is kept in the folder of the repair first, under the same
// offsets; queues and index follow. dryRun only says what would be done. Else Repair follows, and the plan is that of
// both. Errors as Repair, and for an offset at which no record begins.
func TruncateTo(cfg Options, fsys vfs.FS, offset int64, dryRun bool) (*Plan, error) {
	c, err := newCutter(cfg, fsys, offset)
	if err != nil {
		return nil, err
	}
	if dryRun {
		c.plan.Starts, c.plan.LogTo = true, offset
		return c.plan, nil
	}
	if err := c.cut(); err != nil {
		return c.plan, err
	}
	done, err := repairTo(cfg, fsys, c.plan.Aside)
	if done != nil {
		done.Steps = append(c.plan.Steps, done.Steps...)
	}
	return done, err
}

// CutTo is TruncateTo for a store that was just stopped by a program that knows where its log ends, at end: it looks at
// nothing but what goes, and takes as long as that is. Queues and index follow at the next start, which recovers as
// after a kill.
func CutTo(cfg Options, fsys vfs.FS, offset, end int64) (*Plan, error) {
	c, err := newCutter(cfg, fsys, offset)
	if err != nil {
		return nil, err
	}
	c.end, c.sound = end, true
	if err := c.recoverNext(); err != nil {
		return c.plan, err
	}
	return c.plan, c.cut()
}

// newCutter plans to cut a store that nobody uses.
func newCutter(cfg Options, fsys vfs.FS, offset int64) (*cutter, error) {
	if err := idleStore(&cfg, fsys); err != nil {
		return nil, err
	}
	c := &cutter{cfg: cfg, fs: fsys, offset: offset, end: math.MaxInt64,
		plan: &Plan{Dir: cfg.Root, Aside: asideName(&cfg, fsys), Steps: []Step{}}}
	if err := c.find(); err != nil {
		return nil, err // nothing is known of the store, and nothing planned
	}
	for _, f := range c.files {
		c.plan.Steps = append(c.plan.Steps, Step{ByRepair, "cut", f.name, max(0, offset-f.base), fmt.Sprintf(
			"keep what stands from here on in %s, and end the log at offset %d", c.asideOf(f.name), offset)})
	}
	return c, nil
}

// recoverNext has the next start recover, unless it does so anyway. It is durable before the log is shorter than the
// queues.
func (c *cutter) recoverNext() error {
	name := c.cfg.sub("abort")
	if _, err := c.fs.Stat(name); err == nil {
		return nil
	}
	return vfs.WriteFileAtomic(c.fs, name, []byte(recovery.AbortText(recovery.BootOf(c.fs))))
}

// find looks whether a record begins at the offset, and for the files that hold something from there on.
func (c *cutter) find() error {
	v, err := newVerifier(c.cfg, c.fs)
	if err != nil {
		return err
	}
	defer v.close()
	return v.guarded(func() error {
		if err := v.openLog(); err != nil {
			return err
		}
		segs := v.log.Segments()
		if len(segs) == 0 {
			return fmt.Errorf("store: offset %d is not in the log, which is empty", c.offset)
		}
		if end := segs[len(segs)-1].End(); c.offset < segs[0].Base || c.offset >= end {
			return fmt.Errorf("store: offset %d is not in the log, whose files are %d..%d", c.offset, segs[0].Base, end)
		}
		c.first = segs[0].Base
		for _, seg := range segs {
			if seg.End() > c.offset {
				c.files = append(c.files, logFile{seg.Name, seg.Base, seg.Size})
			}
		}
		return c.begins(v.log.Find(c.offset))
	})
}

// begins returns an error that names the records around the offset when none begins there.
func (c *cutter) begins(seg *commitlog.Segment) error {
	if slices.Contains(c.cfg.Log.ReadOnly, path.Dir(seg.Name)) {
		return fmt.Errorf("store: %s is in readOnlyCommitLogStorePaths: it cannot be cut there", seg.Name)
	}
	var m record.View
	at, before := seg.Base, int64(-1)
	for at < c.offset {
		if st, why := seg.Examine(at-seg.Base, commitlog.Checks{}, &m); st != commitlog.StepRecord {
			return fmt.Errorf("store: no record begins at offset %d: the last one in front of it begins at %d and ends "+
				"at %d, where the log ends or is damaged (%s)", c.offset, before, at, why)
		}
		before, at = at, at+int64(m.Size)
	}
	if at > c.offset {
		return fmt.Errorf("store: no record begins at offset %d, but at %d and %d", c.offset, before, at)
	}
	return nil
}

// asideOf is where bytes of a log file are kept: beside the folder of the file.
func (c *cutter) asideOf(name string) string {
	dir := path.Dir(name)
	return path.Join(path.Dir(dir), c.plan.Aside, path.Base(dir), path.Base(name))
}

// cut keeps the bytes, and then cuts from the end of the log on: whatever ends it in between, the log is one that ended
// later, and a second run goes on.
func (c *cutter) cut() error {
	for _, f := range c.files {
		from, to := max(0, c.offset-f.base), min(f.size, c.end-f.base)
		if from >= to {
			continue
		}
		if err := copyRange(c.fs, f.name, c.asideOf(f.name), from, to); err != nil {
			return err
		}
	}
	goes := []string{consumequeue.ManifestFile, "index"} // the index is built again
	if c.sound {
		goes = goes[:1]
	}
	for _, name := range goes {
		if _, err := c.fs.Stat(c.cfg.sub(name)); err != nil {
			continue
		}
		if err := moveAside(c.fs, move{from: c.cfg.sub(name), to: c.cfg.sub(c.plan.Aside, name)}); err != nil {
			return err
		}
	}
	for _, f := range slices.Backward(c.files) {
		if err := c.cutFile(f); err != nil {
			return err
		}
	}
	return nil
}

// cutFile removes a file behind the offset, and clears what is behind it in the file that holds it. The first file of
// the log stays: it says where the log begins.
func (c *cutter) cutFile(f logFile) error {
	if f.base >= c.offset && f.base > c.first {
		if err := c.fs.Remove(f.name); err != nil {
			return err
		}
		return c.fs.SyncDir(path.Dir(f.name))
	}
	file, err := c.fs.OpenFile(f.name)
	if err != nil {
		return err
	}
	defer file.Close()
	at := max(0, c.offset-f.base)
	if err := file.Zero(at, f.size-at); err != nil {
		return err
	}
	return file.Sync()
}
