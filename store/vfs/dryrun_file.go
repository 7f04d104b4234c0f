package vfs

import (
	"errors"
	"io"
	"math"
	"path"
	"time"
)

// dryBlockSize is small because most changes are a few consume queue entries.
const dryBlockSize = 512

type dryBlock [dryBlockSize]byte

// dryNode is a file of a DryRun: what stands in the base, below what was written since. Guarded by DryRun.mu.
type dryNode struct {
	below  string // file of the base; "" for a new file
	size   int64
	shown  int64 // bytes of below that still count
	time   time.Time
	blocks map[int64]*dryBlock // by number
}

func (n *dryNode) info(name string) FileInfo {
	return FileInfo{Name: path.Base(name), Size: n.size, ModTime: n.time}
}

// dryFile is an open file of a DryRun.
type dryFile struct {
	d    *DryRun
	n    *dryNode
	name string
	base File // opened at the first read; guarded by d.mu
}

func (f *dryFile) Name() string { return f.name }

func (f *dryFile) Size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return f.n.size, nil
}

// lower opens the file of the base. Caller holds mu.
func (f *dryFile) lower() (err error) {
	if f.base == nil {
		f.base, err = f.d.base.OpenReadOnly(f.n.below)
	}
	return err
}

func (f *dryFile) ReadAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	n := int(max(0, min(int64(len(b)), f.n.size-off)))
	if err := f.fill(b[:n], off); err != nil {
		return 0, err
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// dataRange implements dataSeeker for files that were not changed.
func (f *dryFile) dataRange(off int64) Range {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	all := Range{off, math.MaxInt64}
	if f.n.below == "" || len(f.n.blocks) > 0 || f.n.shown < f.n.size || f.lower() != nil {
		return all
	}
	if s, ok := f.base.(dataSeeker); ok {
		return s.dataRange(off)
	}
	return all
}

// fill reads bytes inside the file. Caller holds mu.
func (f *dryFile) fill(b []byte, off int64) error {
	clear(b)
	if have := min(int64(len(b)), f.n.shown-off); have > 0 {
		if err := f.lower(); err != nil {
			return err
		}
		if _, err := f.base.ReadAt(b[:have], off); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	for i := 0; i < len(b) && len(f.n.blocks) > 0; {
		at := off + int64(i)
		in := int(at % dryBlockSize)
		n := min(dryBlockSize-in, len(b)-i)
		if blk := f.n.blocks[at/dryBlockSize]; blk != nil {
			copy(b[i:i+n], blk[in:])
		}
		i += n
	}
	return nil
}

func (f *dryFile) WriteAt(b []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.note(Change{Op: "write", Name: f.name, Offset: off, Len: int64(len(b))})
	return len(b), f.put(b, off)
}

// put stores bytes in blocks. Caller holds mu.
func (f *dryFile) put(b []byte, off int64) error {
	for len(b) > 0 {
		no, in := off/dryBlockSize, int(off%dryBlockSize)
		blk := f.n.blocks[no]
		if blk == nil {
			blk = new(dryBlock)
			if err := f.fill(blk[:], no*dryBlockSize); err != nil {
				return err
			}
			f.n.blocks[no] = blk
		}
		k := copy(blk[in:], b)
		b, off = b[k:], off+int64(k)
	}
	f.n.size, f.n.time = max(f.n.size, off), time.Now()
	return nil
}

func (f *dryFile) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.note(Change{Op: "truncate", Name: f.name, Offset: size})
	f.n.cut(size)
	f.n.size = size
	return nil
}

// cut makes everything from byte at on zero. Caller holds mu.
func (n *dryNode) cut(at int64) {
	n.shown = min(n.shown, at)
	for no, blk := range n.blocks {
		if keep := at - no*dryBlockSize; keep <= 0 {
			delete(n.blocks, no)
		} else if keep < dryBlockSize {
			clear(blk[keep:])
		}
	}
}

func (f *dryFile) Allocate(off, n int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.n.size = max(f.n.size, off+n)
	return nil
}

// Zero is meant for the rest of a file; a range in the middle costs memory.
func (f *dryFile) Zero(off, n int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.note(Change{Op: "zero", Name: f.name, Offset: off, Len: n})
	if off+n >= f.n.size {
		f.n.cut(off)
		return nil
	}
	return f.put(make([]byte, n), off)
}

func (f *dryFile) Punch(off, n int64) error { return f.Zero(off, n) }

func (f *dryFile) Sync() error { return nil }

func (f *dryFile) Fd() uintptr { return ^uintptr(0) }

// Map maps the file of the base for reading; a file that was changed before cannot be mapped.
func (f *dryFile) Map(off int64, n int, _ bool) (Mapping, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.n.below == "" || len(f.n.blocks) > 0 || f.n.shown < off+int64(n) {
		return nil, pathErr("map", f.name, errors.New("changed in a dry run"))
	}
	if err := f.lower(); err != nil {
		return nil, err
	}
	return f.base.Map(off, n, false)
}

func (f *dryFile) Close() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.base == nil {
		return nil
	}
	err := f.base.Close()
	f.base = nil
	return err
}
