package check

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"gorocket/store/commitlog"
	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// fileChange sums the changes of one file up.
type fileChange struct {
	name             string
	created, removed bool
	cut              int64 // everything from here on is cleared; -1: nothing
	from, to         int64 // bytes written; from is -1 when nothing was
}

// byFile sums changes up, in the order in which the files were first touched.
func byFile(changes []vfs.Change) (out []*fileChange) {
	seen := map[string]*fileChange{}
	for _, c := range changes {
		f := seen[c.Name]
		if f == nil {
			f = &fileChange{name: c.Name, cut: -1, from: -1}
			seen[c.Name] = f
			out = append(out, f)
		}
		switch c.Op {
		case "create":
			f.created = true
		case "remove":
			f.removed = true
		case "zero", "truncate":
			if f.cut < 0 {
				f.cut = c.Offset
			}
		case "write":
			if f.from < 0 {
				f.from = c.Offset
			}
			f.to = max(f.to, c.Offset+c.Len)
		}
	}
	return out
}

// steps says what the start did in the dry run.
func (r *repairer) steps(s Store) {
	for _, f := range byFile(r.dry.Changes()) {
		switch {
		case r.inLog(f.name):
			r.logStep(f, s)
		case likeSegment(path.Base(f.name)) && (strings.HasPrefix(f.name, r.cfg.sub("consumequeue")) ||
			strings.HasPrefix(f.name, r.cfg.sub("batchconsumequeue"))):
			r.queueStep(f)
		case strings.HasPrefix(f.name, r.cfg.sub("index")+"/") && f.removed:
			r.add(ByStart, "remove", f.name, -1, "index file newer than the checkpoint, or damaged after a kill: it "+
				"is built again")
		}
	}
	if end := s.MaxPhyOffset(); r.cfg.Indexed && s.DispatchBehindBytes() > 0 {
		at := end - s.DispatchBehindBytes()
		r.add(ByStart, "build", r.cfg.sub("index"), -1, "index the log from offset %d to %d, in the background", at,
			end)
	}
}

// inLog tells whether a file is one of the commit log.
func (r *repairer) inLog(name string) bool {
	for _, dir := range r.cfg.Log.Paths {
		if path.Dir(name) == dir {
			return true
		}
	}
	return false
}

func (r *repairer) logStep(f *fileChange, s Store) {
	switch {
	case f.removed:
		r.add(ByStart, "remove", f.name, -1, "no whole record that had been synced is in it, and the log ends "+
			"before it, at offset %d", s.Report().To)
	case f.cut >= 0 && !r.zeroFrom(f.name, f.cut): // a start after a kill clears the rest of the file in any case
		r.add(ByStart, "cut", f.name, f.cut, "torn tail: clear the file from here on (%d bytes are not zero, as far "+
			"as %d bytes behind); the log then ends at offset "+
			"%d", s.Report().Trimmed, commitlog.LookBehind, s.Report().To)
	}
}

// zeroFrom tells that a file is zero from a position on.
func (r *repairer) zeroFrom(name string, at int64) bool {
	f, err := r.fs.OpenReadOnly(name)
	if err != nil {
		return false
	}
	defer f.Close()
	size, err := f.Size()
	return err == nil && datafile.ZeroRange(f, at, size)
}

func (r *repairer) queueStep(f *fileChange) {
	switch {
	case f.removed && !f.created:
		r.add(ByStart, "remove", f.name, -1, "its entries lie behind the end of the log or behind a missing file; "+
			"what the log holds is built again")
	case f.cut >= 0 && !f.created && f.from < 0:
		r.add(ByStart, "cut", f.name, f.cut, "clear the entries from here on: their records are not in the log")
	case f.cut >= 0 && !f.created:
		r.add(ByStart, "build", f.name, f.cut, "clear the entries from here on and build those up to byte %d again",
			f.to)
	case f.from >= 0:
		r.add(ByStart, "build", f.name, f.from, "build the entries up to byte %d", f.to)
	}
}

// keepCut copies what the start will clear or remove at the end of the log into the folder of this repair.
func (r *repairer) keepCut() error {
	for _, f := range byFile(r.dry.Changes()) {
		if !r.inLog(f.name) || !f.removed && f.cut < 0 {
			continue
		}
		to := path.Join(path.Dir(path.Dir(f.name)), r.plan.Aside, path.Base(path.Dir(f.name)), path.Base(f.name))
		if err := copyTail(r.fs, f.name, to, max(0, f.cut)); err != nil {
			return err
		}
	}
	return nil
}

// copyTail copies the part of a file from at to its last byte that is not zero, under the same offset. Nothing is made
// for zeros only.
func copyTail(fsys vfs.FS, from, to string, at int64) error {
	st, err := fsys.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return copyRange(fsys, from, to, at, st.Size)
}

// copyRange copies [at, end) of a file under the same offset, beside what is in the copy already, and makes it durable.
// Nothing is made for zeros only.
func copyRange(fsys vfs.FS, from, to string, at, end int64) error {
	src, err := fsys.OpenReadOnly(from)
	if err != nil {
		return err
	}
	defer src.Close()
	if datafile.ZeroRange(src, at, end) {
		return nil
	}
	if err := vfs.MkdirDurable(fsys, path.Dir(to)); err != nil {
		return err
	}
	dst, err := fsys.OpenFile(to)
	if errors.Is(err, fs.ErrNotExist) {
		dst, err = fsys.Create(to)
	}
	if err != nil {
		return err
	}
	defer dst.Close()
	buf := make([]byte, 1<<20)
	for ; at < end; at += int64(len(buf)) {
		b := buf[:min(int64(len(buf)), end-at)]
		if _, err := src.ReadAt(b, at); err != nil {
			return err
		}
		if datafile.IsZero(b) {
			continue // stays a hole
		}
		if _, err := dst.WriteAt(b, at); err != nil {
			return err
		}
	}
	if err := dst.Sync(); err != nil {
		return err
	}
	return fsys.SyncDir(path.Dir(to))
}
