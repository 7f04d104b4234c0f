package check

import (
	"errors"
	"io/fs"

	"gorocket/store/dispatch"
	"gorocket/store/index"
	"gorocket/store/record"
)

// usualIndexes are the sizes tried when the configured one does not fit: Java's defaults and those of standalone --dev.
var usualIndexes = [...][2]int{{5_000_000, 20_000_000}, {100_000, 400_000}}

func (v *verifier) index() error {
	dir := v.cfg.sub("index")
	list, err := v.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, fi := range list {
		if _, _, ok := v.indexShape(fi.Size); ok && !fi.IsDir {
			v.indexKnown = true
		}
	}
	for _, fi := range list {
		if !fi.IsDir && err == nil {
			err = v.indexFile(dir+"/"+fi.Name, fi.Size)
		}
	}
	return err
}

// indexShape finds slots and entries of a file by its size.
func (v *verifier) indexShape(size int64) (slots, entries int, ok bool) {
	for _, u := range append([][2]int{{v.cfg.IndexSlots, v.cfg.IndexEntries}}, usualIndexes[:]...) {
		if size == index.FileSize(u[0], u[1]) {
			return u[0], u[1], true
		}
	}
	return 0, 0, false
}

// indexFile maps a file and checks header, slots and entries.
func (v *verifier) indexFile(name string, size int64) error {
	slots, entries, ok := v.indexShape(size)
	if !ok {
		worse := Note // all are of another size: the configuration is needed
		if v.indexKnown {
			worse = v.afterKill()
		}
		v.add(worse, "index", name, -1, "not checked: %d bytes fit neither maxHashSlotNum=%d and maxIndexNum=%d nor "+
			"the usual values", size, v.cfg.IndexSlots, v.cfg.IndexEntries)
		return nil
	}
	x, err := index.OpenReadOnly(v.fs, name, slots, entries)
	if err != nil {
		return err
	}
	defer x.Close()
	v.report.IndexFiles++
	bad := func(pos int64, format string, args ...any) { v.add(v.afterKill(), "index", name, pos, format, args...) }
	n := x.Check(bad, func(pos int64, n int, hash int32, at int64) { v.indexEntry(bad, pos, n, hash, at) })
	v.report.IndexEntries += n
	return nil
}

// indexEntry checks one entry against the record it points to.
func (v *verifier) indexEntry(bad func(pos int64, format string, args ...any), pos int64, n int, hash int32, at int64) {
	switch {
	case at < v.report.LogFrom || v.rotten:
	case at >= v.report.LogTo:
		bad(pos, "entry %d points at log offset %d, but the log ends at %d", n, at, v.report.LogTo)
	default:
		if m, ok := v.log.RecordAt(at); !ok || m.PhysicalOffset != at {
			bad(pos, "entry %d: no record at log offset %d", n, at)
		} else if !hasKeyHash(&m, hash) {
			bad(pos, "entry %d: the record at log offset %d has no key with hash %d", n, at, hash)
		}
	}
}

func hasKeyHash(m *record.View, hash int32) bool {
	for h := range dispatch.HashesOf(m) {
		if h == hash {
			return true
		}
	}
	return false
}
