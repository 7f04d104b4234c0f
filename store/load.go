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

// validEntries counts the valid entries of one file and returns the last.
func (s *Store) validEntries(q *queue, first, per int64) (n int64, last cqEntry, err error) {
	at := func(i int64) cqEntry {
		var b [cqUnit]byte
		if _, e := s.files.read(q, b[:], first+i); e != nil && err == nil {
			err = e
		}
		return decodeEntry(b[:])
	}
	n = int64(sort.Search(int(per), func(i int) bool { return !at(int64(i)).valid() }))
	if n > 0 && err == nil {
		last = at(n - 1)
	}
	return n, last, err
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
