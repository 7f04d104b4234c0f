package store

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"sync"

	"gorocket/store/vfs"
)

// checkpointSize is the size of the checkpoint file (Java StoreCheckpoint: one OS page).
const checkpointSize = 4096

// checkpointMargin is how far behind its times recovery starts, in ms.
const checkpointMargin = 3000

// checkpoint is the content of <root>/checkpoint: five int64, the rest zero. Times are store timestamps in ms.
type checkpoint struct {
	physicTime          int64 // everything stored before it is durable in the commit log
	logicsTime          int64 // ... in the consume queues
	indexTime           int64 // ... in the index
	masterFlushedOffset int64
	confirmPhyOffset    int64
}

func decodeCheckpoint(b []byte) (c checkpoint, ok bool) {
	if len(b) < 40 {
		return c, false
	}
	v := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[i*8:])) }
	c = checkpoint{v(0), v(1), v(2), v(3), v(4)}
	return c, true
}

func (c checkpoint) encode() []byte {
	b := make([]byte, checkpointSize)
	for i, v := range []int64{c.physicTime, c.logicsTime, c.indexTime, c.masterFlushedOffset, c.confirmPhyOffset} {
		binary.BigEndian.PutUint64(b[i*8:], uint64(v))
	}
	return b
}

// recoverBefore is the time before which commit log and consume queues are known to agree (Java getMinTimestamp); withIndex: the index too.
func (c checkpoint) recoverBefore(withIndex bool) int64 {
	t := min(c.physicTime, c.logicsTime)
	if withIndex {
		t = min(t, c.indexTime)
	}
	return max(0, t-checkpointMargin)
}

// checkpointFile keeps the checkpoint and its open file. It is overwritten in place, as Java does: its 40 bytes share a sector.
type checkpointFile struct {
	f vfs.File

	mu    sync.Mutex
	now   checkpoint // guarded by mu
	saved checkpoint // guarded by mu
	odd   bool       // the file is longer than a checkpoint: the next save mends that; guarded by mu
}

// openCheckpoint reads or creates the file. A short or missing file counts as all zeros: recovery then starts at the first log file.
func openCheckpoint(fsys vfs.FS, name string) (*checkpointFile, error) {
	f, err := fsys.OpenFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = fsys.Create(name)
	}
	if err != nil {
		return nil, err
	}
	b := make([]byte, checkpointSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close()
		return nil, err
	}
	c := &checkpointFile{f: f}
	c.now, _ = decodeCheckpoint(b[:n])
	c.saved = c.now
	if size, err := f.Size(); err == nil {
		c.odd = size > checkpointSize
	}
	if n < checkpointSize {
		err = c.write(c.now)
	}
	return c, err
}

func (c *checkpointFile) get() checkpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *checkpointFile) update(fn func(c *checkpoint)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn(&c.now)
}

// save writes and syncs the checkpoint if it changed.
func (c *checkpointFile) save() error {
	c.mu.Lock()
	now, same, odd := c.now, c.now == c.saved, c.odd
	c.mu.Unlock()
	if same && !odd {
		return nil
	}
	if odd {
		if err := c.f.Truncate(checkpointSize); err != nil {
			return err
		}
	}
	if err := c.write(now); err != nil {
		return err
	}
	c.mu.Lock()
	c.saved, c.odd = now, false
	c.mu.Unlock()
	return nil
}

func (c *checkpointFile) write(v checkpoint) error {
	if _, err := c.f.WriteAt(v.encode(), 0); err != nil {
		return err
	}
	return c.f.Sync()
}

func (c *checkpointFile) close() { _ = c.f.Close() }
