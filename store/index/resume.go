package index

import (
	"errors"
	"io/fs"
	"iter"
	"slices"

	"gorocket/store/dispatch"
)

// Resume sets the position behind the newest indexed record, or to the oldest record of the log.
func (x *Index) Resume() {
	at := x.log.Min()
	if n := len(x.files); n > 0 {
		if end := x.files[n-1].endOffset(); end >= at && end < x.log.End() {
			at = end
			if m, ok := x.log.RecordAt(at); ok {
				if x.indexed = x.keysAt(at); x.indexed >= count(dispatch.HashesOf(&m)) {
					at, x.indexed = at+int64(m.Size), 0
				}
			}
		}
	}
	x.pos.Store(at)
}

// keysAt is how many keys of the record at an offset, the newest that is indexed, are in the files: the last one that
// was kept may have become full inside of them.
func (x *Index) keysAt(at int64) (n int) {
	for _, f := range slices.Backward(x.files) {
		i := f.count() - 1
		for ; i > 0 && f.get64(f.entryPos(i)+4) == at; i-- {
			n++
		}
		if i > 0 {
			break
		}
	}
	return n
}

func count(hashes iter.Seq[int32]) (n int) {
	for range hashes {
		n++
	}
	return n
}

// DropBehind deletes the files that point behind the end of the log: they were full and synced, but the records that
// they point to were not, and a power cut took them. What is newer than such a file goes too, the empty one behind it
// that was just begun as a rule. Before Run only.
func (x *Index) DropBehind(end int64) (dropped int, err error) {
	first := slices.IndexFunc(x.files, func(f *File) bool { return f.endOffset() >= end && f.count() > 1 })
	for n := len(x.files); first >= 0 && n > first; n-- {
		x.files[n-1].Close()
		if err := x.opt.FS.Remove(x.files[n-1].name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return dropped, err
		}
		x.files = x.files[:n-1]
		dropped++
	}
	return dropped, nil
}
