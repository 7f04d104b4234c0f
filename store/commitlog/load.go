package commitlog

import (
	"cmp"
	"slices"

	"gorocket/store/datafile"
)

// Load maps all files. They must follow each other without a gap. Errors: *datafile.MisfitError,
// *datafile.CorruptionError (a file is missing).
func (l *Log) Load() error {
	var all []datafile.File
	for i, dir := range append(slices.Clone(l.opt.Paths), l.opt.ReadOnly...) {
		found, err := datafile.List(l.opt.FS, dir, datafile.Kind{
			Size: l.opt.SegmentSize, Key: "mappedFileSizeCommitLog", ReadOnly: i >= len(l.opt.Paths)})
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b datafile.File) int { return cmp.Compare(a.Base, b.Base) })
	for i, f := range all {
		if i > 0 && all[i-1].Base+l.opt.SegmentSize != f.Base {
			return &datafile.CorruptionError{File: f.Path, Missing: true,
				Reason: "a commit log file is missing between " + all[i-1].Path + " and this one"}
		}
	}
	for _, f := range all {
		if err := l.Map(f); err != nil {
			return err
		}
	}
	return nil
}

// Map maps a file behind those that there are. Before Start only.
func (l *Log) Map(f datafile.File) error {
	seg, err := openSegment(l.opt.FS, f.Path, f.Base, cmp.Or(f.Short, l.opt.SegmentSize), f.ReadOnly)
	if err == nil {
		l.push(seg)
	}
	return err
}

// SyncAll makes every file durable: after a crash nothing is known about what the page cache holds.
func (l *Log) SyncAll() error {
	for _, seg := range l.Segments() {
		if seg.ReadOnly {
			continue
		}
		if err := seg.file.Sync(); err != nil {
			return err
		}
	}
	for _, dir := range l.opt.Paths {
		if err := l.opt.FS.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}
