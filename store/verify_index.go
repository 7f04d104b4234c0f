package store

import (
	"errors"
	"io/fs"

	"gorocket/store/dispatch"
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
	for _, u := range append([][2]int{{v.cfg.MaxHashSlotNum, v.cfg.MaxIndexNum}}, usualIndexes[:]...) {
		if size == indexFileSize(u[0], u[1]) {
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
		v.add(worse, "index", name, -1, "not checked: %d bytes fit neither maxHashSlotNum=%d and maxIndexNum=%d nor the usual values", size, v.cfg.MaxHashSlotNum, v.cfg.MaxIndexNum)
		return nil
	}
	f, err := v.fs.OpenReadOnly(name)
	if err != nil {
		return err
	}
	m, err := f.Map(0, int(size), false)
	if err != nil {
		_ = f.Close()
		return err
	}
	x := &indexFile{name: name, slots: slots, entries: entries, file: f, m: m, b: m.Bytes()}
	defer x.close()
	v.report.IndexFiles++
	v.indexContent(x)
	return nil
}

func (v *verifier) indexContent(x *indexFile) {
	raw := int(x.get32(hdrCount))
	if raw < 0 || raw > x.entries {
		v.add(v.afterKill(), "index", x.name, hdrCount, "indexCount=%d, possible are 1..%d", raw, x.entries)
		return
	}
	if x.get64(hdrEndTime) < x.get64(hdrBeginTime) {
		v.add(v.afterKill(), "index", x.name, hdrEndTime, "endTimestamp=%d is before beginTimestamp=%d", x.get64(hdrEndTime), x.get64(hdrBeginTime))
	}
	for i := range x.slots {
		n := int(x.get32(indexHeader + i*indexSlot))
		if n < 0 || n >= max(1, raw) {
			v.add(v.afterKill(), "index", x.name, int64(indexHeader+i*indexSlot), "slot %d points at entry %d of %d", i, n, raw)
		}
	}
	for n := 1; n < raw; n++ {
		v.indexEntry(x, n)
	}
}

// indexEntry checks one entry against the record it points to.
func (v *verifier) indexEntry(x *indexFile, n int) {
	v.report.IndexEntries++
	p := x.entryPos(n)
	hash, at, prev := x.get32(p), x.get64(p+4), x.get32(p+16)
	bad := func(format string, args ...any) { v.add(v.afterKill(), "index", x.name, int64(p), format, args...) }
	switch {
	case prev < 0 || int(prev) >= n:
		bad("entry %d names entry %d as the one before it", n, prev)
	case at < v.report.LogFrom || v.rotten:
	case at >= v.report.LogTo:
		bad("entry %d points at log offset %d, but the log ends at %d", n, at, v.report.LogTo)
	default:
		if m, ok := v.log.RecordAt(at); !ok || m.PhysicalOffset != at {
			bad("entry %d: no record at log offset %d", n, at)
		} else if !hasKeyHash(&m, hash) {
			bad("entry %d: the record at log offset %d has no key with hash %d", n, at, hash)
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
