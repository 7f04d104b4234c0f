package consumequeue

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"sync"

	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// Files opens consume queue files and keeps the most recently used ones open, at most limit plus those in use.
type Files struct {
	fs    vfs.FS
	Root  string // <store>/consumequeue, batchconsumequeue or consumequeue_ext
	Unit  int64  // bytes of an entry: Unit, BatchUnit, or 1 for the extension files
	Size  int64  // of one file, a multiple of unit
	key   string // configuration key of size
	limit int

	making sync.Mutex // held while a file is made: they all begin under one name, and no file may be made twice

	mu     sync.Mutex
	closed bool                      // guarded by mu
	open   map[fileKey]*list.Element // of *queueFile; guarded by mu
	lru    list.List                 // front = used last; guarded by mu
}

type fileKey struct {
	q    *Queue
	base int64 // byte offset of the file in the queue
}

type queueFile struct {
	vfs.File
	key  fileKey
	refs int // guarded by Files.mu
}

// Plain makes the open files of plain queues.
func (o Options) Plain() *Files {
	return openFiles(o.FS, o.Root+"/"+Dir, Unit, o.FileSize, "mappedFileSizeConsumeQueue", o.MaxOpenFiles)
}

// Batches makes the open files of batch queues.
func (o Options) Batches() *Files {
	return openFiles(o.FS, o.Root+"/"+BatchDir, BatchUnit, o.BatchSize, "mapperFileSizeBatchConsumeQueue",
		o.MaxOpenFiles)
}

// openFiles makes the open files of one kind. size is rounded up to whole entries; key is its configuration key; limit
// is how many files are open at once, but for those in use.
func openFiles(fsys vfs.FS, root string, unit, size int64, key string, limit int) *Files {
	return &Files{fs: fsys, Root: root, Unit: unit, Size: (size + unit - 1) / unit * unit, key: key, limit: limit,
		open: map[fileKey]*list.Element{}}
}

// Per is the number of entries in a file.
func (c *Files) Per() int64 { return c.Size / c.Unit }

// kind says what the folder of a queue holds.
func (c *Files) kind() datafile.Kind {
	return datafile.Kind{Size: c.Size, Key: c.key, Rebuildable: true}
}

// dir is the directory of a queue.
func (c *Files) dir(q *Queue) string {
	return c.Root + "/" + q.Topic + "/" + strconv.FormatInt(int64(q.ID), 10)
}

func (c *Files) path(k fileKey) string { return c.dir(k.q) + "/" + datafile.Name(k.base) }

// get opens the file that starts at byte base, creating it when create is set; created tells that it did. Call put
// afterwards. The disk is never waited for with the lock held: a reader of a file that is open finds it at once.
func (c *Files) get(q *Queue, base int64, create bool) (f *queueFile, created bool, err error) {
	k := fileKey{q, base}
	if f, err := c.cached(k); f != nil || err != nil {
		return f, false, err
	}
	if !HasFolder(q.Topic, q.ID) {
		return nil, false, fmt.Errorf("%w: topic %.300q, queue %d", ErrTopicName, q.Topic, q.ID)
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
		return nil, false, ErrClosed
	}
	return f, created, nil
}

// cached returns an open file, nil when it is not open.
func (c *Files) cached(k fileKey) (*queueFile, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	e := c.open[k]
	if e == nil {
		return nil, nil
	}
	c.lru.MoveToFront(e)
	f := e.Value.(*queueFile)
	f.refs++
	return f, nil
}

// keep adds a file to the open ones, or gives it back among idle when another goroutine was faster. f is nil after
// close. The caller closes idle.
func (c *Files) keep(k fileKey, file vfs.File) (f *queueFile, idle []vfs.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, []vfs.File{file}
	}
	if e := c.open[k]; e != nil {
		f = e.Value.(*queueFile)
		f.refs++
		return f, []vfs.File{file}
	}
	f = &queueFile{File: file, key: k, refs: 1}
	c.open[k] = c.lru.PushFront(f)
	return f, c.evict()
}

// create makes a sparse file of full size, which gets its name last: Java refuses a store with a queue file that a kill
// left short. Before that it lies beside the folder, where Java does not look, and the next new file replaces what a
// kill left there. The directory entry becomes durable with the thorough flush.
func (c *Files) create(k fileKey) (vfs.File, error) {
	c.making.Lock()
	defer c.making.Unlock()
	if f, err := c.fs.OpenFile(c.path(k)); !errors.Is(err, fs.ErrNotExist) {
		return f, err // another goroutine was faster
	}
	if err := c.fs.MkdirAll(c.dir(k.q)); err != nil {
		return nil, err
	}
	tmp := c.Root + ".new"
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
func (c *Files) sparse(name string) error {
	f, err := vfs.CreateFresh(c.fs, name)
	if err != nil {
		return err
	}
	err = f.Truncate(c.Size)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = c.fs.Remove(name)
	}
	return err
}

// evict takes the least recently used files nobody uses out. Caller holds mu and closes them.
func (c *Files) evict() (idle []vfs.File) {
	for e := c.lru.Back(); e != nil && c.lru.Len() > c.limit; {
		prev := e.Prev()
		if f := e.Value.(*queueFile); f.refs == 0 {
			c.lru.Remove(e)
			delete(c.open, f.key)
			idle = append(idle, f.File)
		}
		e = prev
	}
	return idle
}

// exists tells whether the file that starts at byte base may be there.
func (c *Files) exists(q *Queue, base int64) bool {
	_, err := c.fs.Stat(c.path(fileKey{q, base}))
	return !errors.Is(err, fs.ErrNotExist)
}

// put ends a use.
func (c *Files) put(f *queueFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.refs--
	if f.refs == 0 && c.open[f.key] == nil { // forgotten while in use
		_ = f.Close()
	}
}

// forget closes the open files of q for which match is true; files in use are closed by their last put.
func (c *Files) forget(q *Queue, match func(base int64) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, e := range c.open {
		if k.q != q || !match(k.base) {
			continue
		}
		f := e.Value.(*queueFile)
		c.lru.Remove(e)
		delete(c.open, k)
		if f.refs == 0 {
			_ = f.Close()
		}
	}
}

func (c *Files) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, e := range c.open {
		_ = e.Value.(*queueFile).Close()
	}
	c.open = map[fileKey]*list.Element{}
	c.lru.Init()
}

// read preads entries of q from entry at on into dst, inside one file; it returns the number read. The caller has
// checked that they are in files.
func (c *Files) read(q *Queue, dst []byte, at int64) (int, error) {
	pos := at * c.Unit
	base := pos / c.Size * c.Size
	f, _, err := c.get(q, base, false)
	if err != nil {
		return 0, err
	}
	defer c.put(f)
	n := min(int64(len(dst))/c.Unit*c.Unit, base+c.Size-pos)
	if _, err := f.ReadAt(dst[:n], pos-base); err != nil {
		return 0, fmt.Errorf("store: read %s at %d: %w", f.Name(), pos-base, err)
	}
	return int(n / c.Unit), nil
}

// tryRead is read for an event loop: it returns 0 unless the file is open already and the entries are in the page
// cache.
func (c *Files) tryRead(q *Queue, dst []byte, at int64) int {
	pos := at * c.Unit
	base := pos / c.Size * c.Size
	c.mu.Lock()
	e := c.open[fileKey{q, base}]
	if e == nil {
		c.mu.Unlock()
		return 0
	}
	f := e.Value.(*queueFile)
	f.refs++
	c.lru.MoveToFront(e)
	c.mu.Unlock()
	defer c.put(f)
	n := min(int64(len(dst))/c.Unit*c.Unit, base+c.Size-pos)
	if t, ok := f.File.(vfs.TryReader); !ok || !t.TryReadAt(dst[:n], pos-base) {
		return 0
	}
	return int(n / c.Unit)
}

// write puts entries (whole units) into the files of q from entry at on.
func (c *Files) write(q *Queue, entries []byte, at int64) error {
	for len(entries) > 0 {
		pos := at * c.Unit
		base := pos / c.Size * c.Size
		n := min(int64(len(entries)), base+c.Size-pos)
		if err := c.writeFile(q, base, pos-base, entries[:n]); err != nil {
			return err
		}
		entries, at = entries[n:], at+n/c.Unit
	}
	return nil
}

func (c *Files) writeFile(q *Queue, base, pos int64, b []byte) error {
	f, created, err := c.get(q, base, true)
	if err != nil {
		return err
	}
	defer c.put(f)
	if created && pos > 0 && c.Unit == Unit {
		if err := fillBlank(f, pos); err != nil {
			return err
		}
	}
	_, err = f.WriteAt(b, pos)
	return err
}

// fillBlank writes filler entries below the first real one.
func fillBlank(f vfs.File, upTo int64) error {
	buf := make([]byte, 0, min(upTo, 64<<10/Unit*Unit))
	for len(buf) < cap(buf) {
		buf = AppendEntry(buf, &dispatch.Entry{Size: BlankSize})
	}
	for pos := int64(0); pos < upTo; pos += int64(len(buf)) {
		if _, err := f.WriteAt(buf[:min(int64(len(buf)), upTo-pos)], pos); err != nil {
			return err
		}
	}
	return nil
}

// sync makes the files of q that hold entries from queue offset from on, and its directories, durable. The file that to
// lies in is one of them where to is its beginning, too: what stood there may have been cut off.
func (c *Files) sync(q *Queue, from, to int64) error {
	for base := from * c.Unit / c.Size * c.Size; base <= to*c.Unit; base += c.Size {
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
	for _, dir := range []string{c.dir(q), c.Root + "/" + q.Topic, c.Root, path.Dir(c.Root)} {
		// missing: the topic was deleted meanwhile
		if err := c.fs.SyncDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
