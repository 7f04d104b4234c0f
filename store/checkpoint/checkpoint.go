// Package checkpoint is the file that tells up to which store time log, queues and index are on disk (Java
// StoreCheckpoint).
package checkpoint

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"sync"

	"gorocket/store/vfs"
)

// Size is the size of the checkpoint file (Java StoreCheckpoint: one OS page).
const Size = 4096

// margin is how far behind its times recovery starts, in ms.
const margin = 3000

// Values are the content of <root>/checkpoint: five int64, the rest zero. Times are store timestamps in ms.
type Values struct {
	PhysicTime          int64 // everything stored before it is durable in the commit log
	LogicsTime          int64 // ... in the consume queues
	IndexTime           int64 // ... in the index
	MasterFlushedOffset int64
	ConfirmPhyOffset    int64
}

// Decode decodes the file; ok is false when it is too short.
func Decode(b []byte) (c Values, ok bool) {
	if len(b) < 40 {
		return c, false
	}
	v := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[i*8:])) }
	c = Values{v(0), v(1), v(2), v(3), v(4)}
	return c, true
}

// Encode returns the content of the file.
func (c Values) Encode() []byte {
	b := make([]byte, Size)
	for i, v := range []int64{c.PhysicTime, c.LogicsTime, c.IndexTime, c.MasterFlushedOffset, c.ConfirmPhyOffset} {
		binary.BigEndian.PutUint64(b[i*8:], uint64(v))
	}
	return b
}

// RecoverBefore is the time before which commit log and consume queues are known to agree (Java getMinTimestamp);
// withIndex: the index too.
func (c Values) RecoverBefore(withIndex bool) int64 {
	t := min(c.PhysicTime, c.LogicsTime)
	if withIndex {
		t = min(t, c.IndexTime)
	}
	return max(0, t-margin)
}

// File keeps the checkpoint and its open file. It is overwritten in place, as Java does: its 40 bytes share a sector.
type File struct {
	f vfs.File

	mu    sync.Mutex
	now   Values // guarded by mu
	saved Values // guarded by mu
	odd   bool   // the file is longer than a checkpoint: the next save mends that; guarded by mu
}

// Open reads or creates the file. A short or missing file counts as all zeros: recovery then starts at the first log
// file.
func Open(fsys vfs.FS, name string) (*File, error) {
	f, err := fsys.OpenFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = fsys.Create(name)
	}
	if err != nil {
		return nil, err
	}
	b := make([]byte, Size)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close()
		return nil, err
	}
	c := &File{f: f}
	c.now, _ = Decode(b[:n])
	c.saved = c.now
	if size, err := f.Size(); err == nil {
		c.odd = size > Size
	}
	if n < Size {
		err = c.write(c.now)
	}
	return c, err
}

// Get returns the present values, which may not be saved yet.
func (c *File) Get() Values {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Update changes the values in memory; fn runs under the lock of the file.
func (c *File) Update(fn func(c *Values)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn(&c.now)
}

// Save writes and syncs the checkpoint if it changed.
func (c *File) Save() error {
	c.mu.Lock()
	now, same, odd := c.now, c.now == c.saved, c.odd
	c.mu.Unlock()
	if same && !odd {
		return nil
	}
	if odd {
		if err := c.f.Truncate(Size); err != nil {
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

func (c *File) write(v Values) error {
	if _, err := c.f.WriteAt(v.Encode(), 0); err != nil {
		return err
	}
	return c.f.Sync()
}

// Close gives the file back.
func (c *File) Close() { _ = c.f.Close() }
