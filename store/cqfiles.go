package store

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"sync"

	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// cqFiles opens consume queue files and keeps the most recently used ones open, at most limit plus those in use.
type cqFiles struct {
	fs    vfs.FS
	root  string // <store>/consumequeue, batchconsumequeue or consumequeue_ext
	unit  int64  // bytes of an entry: cqUnit, batchUnit, or 1 for the extension files
	size  int64  // of one file, a multiple of unit
	key   string // configuration key of size
	limit int

	making sync.Mutex // held while a file is made: they all begin under one name, and no file may be made twice

	mu     sync.Mutex
	closed bool                        // guarded by mu
	open   map[cqFileKey]*list.Element // of *cqFile; guarded by mu
	lru    list.List                   // front = used last; guarded by mu
}

type cqFileKey struct {
	q    *queue
	base int64 // byte offset of the file in the queue
}

type cqFile struct {
	vfs.File
	key  cqFileKey
	refs int // guarded by cqFiles.mu
}

func newCQFiles(fsys vfs.FS, cfg *Config) *cqFiles {
	return openCQFiles(fsys, cfg, "consumequeue", cqUnit, cfg.consumeQueueFileSize(), "mappedFileSizeConsumeQueue")
}

func openCQFiles(fsys vfs.FS, cfg *Config, dir string, unit, size int64, key string) *cqFiles {
	return &cqFiles{fs: fsys, root: cfg.sub(dir), unit: unit, size: (size + unit - 1) / unit * unit, key: key,
		limit: cfg.MaxOpenConsumeQueueFiles, open: map[cqFileKey]*list.Element{}}
}

// per is the number of entries in a file.
func (c *cqFiles) per() int64 { return c.size / c.unit }

// dir is the directory of a queue.
func (c *cqFiles) dir(q *queue) string {
	return c.root + "/" + q.topic + "/" + strconv.FormatInt(int64(q.id), 10)
}

func (c *cqFiles) path(k cqFileKey) string { return c.dir(k.q) + "/" + datafile.Name(k.base) }

// get opens the file that starts at byte base, creating it when create is set; created tells that it did. Call put afterwards. The disk is never
// waited for with the lock held: a reader of a file that is open finds it at once.
func (c *cqFiles) get(q *queue, base int64, create bool) (f *cqFile, created bool, err error) {
	k := cqFileKey{q, base}
	if f, err := c.cached(k); f != nil || err != nil {
		return f, false, err
	}
	if !hasFolder(q.topic, q.id) {
		return nil, false, fmt.Errorf("%w: topic %.300q, queue %d", ErrTopicName, q.topic, q.id)
	}
	file, err := c.fs.OpenFile(c.path(k))
	if create && errors.Is(err, fs.ErrNotExist) {
		created = true
		file, err = c.create(k)
	}
	if err != nil {
		return nil, false, err
	}
	f, idle := c.keep(k, file)
	for _, old := range idle {
		_ = old.Close()
	}
	if f == nil {
		return nil, false, ErrNotReadable
	}
	return f, created, nil
}

// cached returns an open file, nil when it is not open.
func (c *cqFiles) cached(k cqFileKey) (*cqFile, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrNotReadable
	}
	e := c.open[k]
	if e == nil {
		return nil, nil
	}
	c.lru.MoveToFront(e)
	f := e.Value.(*cqFile)
	f.refs++
	return f, nil
}

// keep adds a file to the open ones, or gives it back among idle when another goroutine was faster. f is nil after close. The caller closes idle.
func (c *cqFiles) keep(k cqFileKey, file vfs.File) (f *cqFile, idle []vfs.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, []vfs.File{file}
	}
	if e := c.open[k]; e != nil {
		f = e.Value.(*cqFile)
		f.refs++
		return f, []vfs.File{file}
	}
	f = &cqFile{File: file, key: k, refs: 1}
	c.open[k] = c.lru.PushFront(f)
	return f, c.evict()
}

// create makes a sparse file of full size, which gets its name last: Java refuses a store with a queue file that a kill left short. Before that it
// lies beside the folder, where Java does not look, and the next new file takes over what a kill left there. The directory entry becomes durable
// with the thorough flush.
func (c *cqFiles) create(k cqFileKey) (vfs.File, error) {
	c.making.Lock()
	defer c.making.Unlock()
	if f, err := c.fs.OpenFile(c.path(k)); !errors.Is(err, fs.ErrNotExist) {
		return f, err // another goroutine was faster
	}
	if err := c.fs.MkdirAll(c.dir(k.q)); err != nil {
		return nil, err
	}
	tmp := c.root + ".new"
	if err := c.sparse(tmp); err != nil {
		return nil, err
	}
	if err := c.fs.Rename(tmp, c.path(k)); err != nil {
		_ = c.fs.Remove(tmp)
		return nil, err
	}
	return c.fs.OpenFile(c.path(k))
}

// sparse makes a file of zeros that has no blocks.
func (c *cqFiles) sparse(name string) error {
	f, err := c.fs.Create(name)
	if err != nil {
		return err
	}
	err = f.Truncate(c.size)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = c.fs.Remove(name)
	}
	return err
}

// evict takes the least recently used files nobody uses out. Caller holds mu and closes them.
func (c *cqFiles) evict() (idle []vfs.File) {
	for e := c.lru.Back(); e != nil && c.lru.Len() > c.limit; {
		prev := e.Prev()
		if f := e.Value.(*cqFile); f.refs == 0 {
			c.lru.Remove(e)
			delete(c.open, f.key)
			idle = append(idle, f.File)
		}
		e = prev
	}
	return idle
}

// exists tells whether the file that starts at byte base may be there.
func (c *cqFiles) exists(q *queue, base int64) bool {
	_, err := c.fs.Stat(c.path(cqFileKey{q, base}))
	return !errors.Is(err, fs.ErrNotExist)
}

// put ends a use.
func (c *cqFiles) put(f *cqFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.refs--
	if f.refs == 0 && c.open[f.key] == nil { // forgotten while in use
		_ = f.Close()
	}
}

// forget closes the open files of q for which match is true; files in use are closed by their last put.
func (c *cqFiles) forget(q *queue, match func(base int64) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, e := range c.open {
		if k.q != q || !match(k.base) {
			continue
		}
		f := e.Value.(*cqFile)
		c.lru.Remove(e)
		delete(c.open, k)
		if f.refs == 0 {
			_ = f.Close()
		}
	}
}

func (c *cqFiles) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, e := range c.open {
		_ = e.Value.(*cqFile).Close()
	}
	c.open = map[cqFileKey]*list.Element{}
	c.lru.Init()
}

// read preads entries of q from entry at on into dst, inside one file; it returns the number read. The caller has checked that they are in files.
func (c *cqFiles) read(q *queue, dst []byte, at int64) (int, error) {
	pos := at * c.unit
	base := pos / c.size * c.size
	f, _, err := c.get(q, base, false)
	if err != nil {
		return 0, err
	}
	defer c.put(f)
	n := min(int64(len(dst))/c.unit*c.unit, base+c.size-pos)
	if _, err := f.ReadAt(dst[:n], pos-base); err != nil {
		return 0, fmt.Errorf("store: read %s at %d: %w", f.Name(), pos-base, err)
	}
	return int(n / c.unit), nil
}

// tryRead is read for an event loop: it returns 0 unless the file is open already and the entries are in the page cache.
func (c *cqFiles) tryRead(q *queue, dst []byte, at int64) int {
	pos := at * c.unit
	base := pos / c.size * c.size
	c.mu.Lock()
	e := c.open[cqFileKey{q, base}]
	if e == nil {
		c.mu.Unlock()
		return 0
	}
	f := e.Value.(*cqFile)
	f.refs++
	c.lru.MoveToFront(e)
	c.mu.Unlock()
	defer c.put(f)
	n := min(int64(len(dst))/c.unit*c.unit, base+c.size-pos)
	if t, ok := f.File.(vfs.TryReader); !ok || !t.TryReadAt(dst[:n], pos-base) {
		return 0
	}
	return int(n / c.unit)
}

// write puts entries (whole units) into the files of q from entry at on.
func (c *cqFiles) write(q *queue, entries []byte, at int64) error {
	for len(entries) > 0 {
		pos := at * c.unit
		base := pos / c.size * c.size
		n := min(int64(len(entries)), base+c.size-pos)
		if err := c.writeFile(q, base, pos-base, entries[:n]); err != nil {
			return err
		}
		entries, at = entries[n:], at+n/c.unit
	}
	return nil
}

func (c *cqFiles) writeFile(q *queue, base, pos int64, b []byte) error {
	f, created, err := c.get(q, base, true)
	if err != nil {
		return err
	}
	defer c.put(f)
	if created && pos > 0 && c.unit == cqUnit {
		if err := fillBlank(f, pos); err != nil {
			return err
		}
	}
	_, err = f.WriteAt(b, pos)
	return err
}

// fillBlank writes filler entries below the first real one.
func fillBlank(f vfs.File, upTo int64) error {
	buf := make([]byte, 0, min(upTo, 64<<10/cqUnit*cqUnit))
	for len(buf) < cap(buf) {
		buf = appendEntry(buf, &dispatch.Entry{Size: blankSize})
	}
	for pos := int64(0); pos < upTo; pos += int64(len(buf)) {
		if _, err := f.WriteAt(buf[:min(int64(len(buf)), upTo-pos)], pos); err != nil {
			return err
		}
	}
	return nil
}

// sync makes the files of q that hold entries from queue offset from on, and its directories, durable.
func (c *cqFiles) sync(q *queue, from, to int64) error {
	for base := from * c.unit / c.size * c.size; base < to*c.unit; base += c.size {
		f, _, err := c.get(q, base, false)
		if errors.Is(err, fs.ErrNotExist) { // deleted by cleaning
			continue
		}
		if err != nil {
			return err
		}
		err = f.Sync()
		c.put(f)
		if err != nil {
			return err
		}
	}
	for _, dir := range []string{c.dir(q), c.root + "/" + q.topic, c.root} {
		if err := c.fs.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // missing: the topic was deleted meanwhile
			return err
		}
	}
	return nil
}
