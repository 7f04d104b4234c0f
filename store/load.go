package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sort"
	"strconv"
	"sync"

	"gorocket/store/vfs"
)

// foundFile is a data file in one of the store's directories.
type foundFile struct {
	path     string
	base     int64
	readOnly bool
}

// fileKind says what a data directory holds.
type fileKind struct {
	size        int64
	key         string // configuration key of size
	readOnly    bool
	rebuildable bool // files may be removed: they are built again from the log
}

// listFiles finds the files of a mapped-file directory and checks their names and sizes: a wrong size ends the start, as in Java
// (MappedFileQueue.doLoad). What a power cut during allocation leaves is removed: an empty file, or a short last file full of zeros.
func listFiles(fsys vfs.FS, dir string, kind fileKind) ([]foundFile, error) {
	list, err := fsys.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []foundFile
	for i, fi := range list {
		if fi.IsDir {
			continue
		}
		name := dir + "/" + fi.Name
		base, err := strconv.ParseInt(fi.Name, 10, 64)
		if err != nil || len(fi.Name) != 20 || base < 0 || base%kind.size != 0 {
			return nil, fmt.Errorf("store: %s: unexpected file name in a data directory (%s=%d)", name, kind.key, kind.size)
		}
		if fi.Size == kind.size {
			out = append(out, foundFile{name, base, kind.readOnly})
			continue
		}
		leftOver := !kind.readOnly && fi.Size < kind.size && (i == len(list)-1 || kind.rebuildable && fi.Size == 0)
		if !leftOver || !allZero(fsys, name, fi.Size) {
			return nil, fmt.Errorf("store: %s has %d bytes, but %s=%d", name, fi.Size, kind.key, kind.size)
		}
		if err := fsys.Remove(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// allZero tells whether the first n bytes of a file are zeros.
func allZero(fsys vfs.FS, name string, n int64) bool {
	f, err := fsys.OpenReadOnly(name)
	if err != nil {
		return false
	}
	defer f.Close()
	buf, zeros := make([]byte, 1<<20), make([]byte, 1<<20)
	for at := int64(0); at < n; at += int64(len(buf)) {
		b := buf[:min(int64(len(buf)), n-at)]
		if _, err := f.ReadAt(b, at); err != nil || !bytes.Equal(b, zeros[:len(b)]) {
			return false
		}
	}
	return true
}

// load maps all commit log files. They must follow each other without a gap.
func (l *commitLog) load(cfg *Config) error {
	var all []foundFile
	for _, dir := range l.paths {
		found, err := listFiles(l.fs, dir, fileKind{size: l.segSize, key: "mappedFileSizeCommitLog"})
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	for _, dir := range cfg.readOnlyPaths() {
		found, err := listFiles(l.fs, dir, fileKind{size: l.segSize, key: "mappedFileSizeCommitLog", readOnly: true})
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].base < all[j].base })
	for i, f := range all {
		if i > 0 && all[i-1].base+l.segSize != f.base {
			return &CorruptionError{f.path, 0, "a commit log file is missing between " + all[i-1].path + " and this one"}
		}
	}
	for _, f := range all {
		seg, err := openSegment(l.fs, f.path, f.base, l.segSize, f.readOnly)
		if err != nil {
			return err
		}
		l.push(seg)
	}
	return nil
}

// loadQueues opens every consume queue found on disk and finds its end.
func (s *Store) loadQueues() error {
	topics, err := s.fs.ReadDir(s.files.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	work := make(chan string)
	errs := make(chan error, len(topics)+1)
	var wg sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for topic := range work {
				errs <- s.loadTopic(topic)
			}
		})
	}
	for _, t := range topics {
		if t.IsDir {
			work <- t.Name
		}
	}
	close(work)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) loadTopic(topic string) error {
	dirs, err := s.fs.ReadDir(s.files.root + "/" + topic)
	if err != nil {
		return err
	}
	for _, d := range dirs {
		id, err := strconv.ParseInt(d.Name, 10, 32)
		if err != nil || !d.IsDir {
			continue
		}
		if err := s.loadQueue(topic, int32(id)); err != nil {
			return err
		}
	}
	return nil
}

// loadQueue finds the last valid entry of a queue. Entries are written in order into files full of zeros, so the end is found by
// bisection in the last file that has any (Java ConsumeQueue.recover reads all of the last three files).
func (s *Store) loadQueue(topic string, id int32) error {
	probe := &queue{topic: topic, id: id}
	found, err := listFiles(s.fs, s.files.dir(probe), fileKind{size: s.files.size, key: "mappedFileSizeConsumeQueue", rebuildable: true})
	if err != nil || len(found) == 0 {
		return err
	}
	q := s.queues.getOrCreate(topic, id)
	if found, err = s.dropBehindGap(found); err != nil {
		return err
	}
	per := s.files.size / cqUnit
	q.first = found[0].base / cqUnit
	end := q.first
	var last cqEntry
	for i := len(found) - 1; i >= 0; i-- {
		first := found[i].base / cqUnit
		n, e, err := s.validEntries(q, first, per)
		if err != nil {
			return err
		}
		if n > 0 {
			end, last = first+n, e
			break
		}
	}
	q.memStart, q.flushed, q.synced = end, end, end
	q.max.Store(end)
	if last.valid() && !last.blank() {
		q.lastPhy = last.offset + int64(last.size)
	}
	return nil
}

// validEntries counts the valid entries of one file and returns the last. It looks at the first page, then at places twice as far each time, and
// bisects the last step: most queues are short, and one read is enough for them.
func (s *Store) validEntries(q *queue, first, per int64) (n int64, last cqEntry, err error) {
	var block [probeEntries * cqUnit]byte
	lo, got := int64(0), 0 // all entries below lo are valid
	step := int64(probeEntries)
	for hi := int64(0); ; {
		if got, err = s.files.read(q, block[:], first+lo); err != nil {
			return 0, last, err
		}
		k := countValid(block[:got*cqUnit])
		if k < got || lo+int64(got) >= per {
			if n = lo + int64(k); k > 0 {
				last = decodeEntry(block[(k-1)*cqUnit:])
			} else if n > 0 {
				last, err = s.fileEntry(q, first+n-1)
			}
			return n, last, err
		}
		lo += int64(got)
		if hi == 0 { // gallop
			if lo, hi, err = s.gallop(q, first, lo, per, step); err != nil {
				return 0, last, err
			}
		}
	}
}

// probeEntries is one page of entries.
const probeEntries = 4096 / cqUnit

// gallop narrows the end of the valid entries down: it is at or behind lo, and less than probeEntries behind it unless hi is the end of the file.
func (s *Store) gallop(q *queue, first, lo, per, step int64) (newLo, hi int64, err error) {
	hi = per
	valid := func(i int64) bool {
		e, rerr := s.fileEntry(q, first+i)
		if rerr != nil && err == nil {
			err = rerr
		}
		return e.valid()
	}
	for ; lo+step < per; step *= 2 {
		if !valid(lo + step) {
			hi = lo + step
			break
		}
		lo += step
	}
	for hi-lo > probeEntries && err == nil {
		if mid := (lo + hi) / 2; valid(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo, hi, err
}

func (s *Store) fileEntry(q *queue, at int64) (cqEntry, error) {
	var b [cqUnit]byte
	_, err := s.files.read(q, b[:], at)
	return decodeEntry(b[:]), err
}

// countValid counts the valid entries at the start of b.
func countValid(b []byte) (n int) {
	for ; len(b) >= cqUnit && decodeEntry(b).valid(); b = b[cqUnit:] {
		n++
	}
	return n
}

// dropBehindGap removes the files behind a missing one, which a power cut may leave; their entries are built again from the log.
func (s *Store) dropBehindGap(found []foundFile) ([]foundFile, error) {
	for i := 1; i < len(found); i++ {
		if found[i].base == found[i-1].base+s.files.size {
			continue
		}
		s.queueGap.Store(true)
		for _, f := range found[i:] {
			if err := s.fs.Remove(f.path); err != nil {
				return nil, err
			}
		}
		return found[:i], nil
	}
	return found, nil
}
