package consumequeue

import (
	"errors"
	"io/fs"
	"strconv"

	"gorocket/store/vfs"
)

// Truncate removes the entries whose records lie at or behind a commit log offset, from memory and files. The removed
// part of the files becomes zero, so that neither we nor Java take it for entries later. Before Run only.
func (t *Table) Truncate(q *Queue, phy int64) error {
	if q.lastPhy <= phy || q.max.Load() == q.First() {
		return nil
	}
	keep := t.FirstAtLeast(q, phy)
	was := q.max.Load()
	if keep == was {
		return nil
	}
	if q.Batch() {
		if e, ok := t.Entry(q, keep); ok {
			q.next.Store(e.Base)
		}
	}
	if keep < q.flushed {
		if err := q.files.zero(q, keep, q.flushed); err != nil {
			return err
		}
	}
	q.cut(keep)
	t.cutExt(q)
	if keep > q.First() {
		if e, ok := t.Entry(q, keep-1); ok {
			q.lastPhy = entryEnd(&e)
		}
	}
	q.filed = mark{q.lastPhy, q.next.Load()} // before anything is written, pending takes a new mark
	return nil
}

// ClearBehind makes what stands in the files of a queue behind its last entry zero, and removes the files behind: a
// power cut may leave pages there whose predecessors were lost. Before Run only, while no entry waits in memory.
func (t *Table) ClearBehind(q *Queue) error {
	c, end := q.files, q.flushed*q.files.Unit
	list, err := c.fs.ReadDir(c.dir(q))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, fi := range list {
		base, err := strconv.ParseInt(fi.Name, 10, 64)
		if err != nil || base+c.Size <= end {
			continue
		}
		if base >= end && base > q.first*c.Unit {
			err = c.remove(q, base)
		} else {
			err = c.clearFile(q, base, max(0, end-base))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clearFile clears a file from pos on if it is not zero there.
func (c *Files) clearFile(q *Queue, base, pos int64) error {
	f, _, err := c.get(q, base, false)
	if err != nil {
		return err
	}
	at, err := vfs.FirstData(f, pos, c.Size)
	c.put(f)
	if err != nil || at < 0 {
		return err
	}
	return c.zeroFile(q, base, at)
}

// cut drops entries from queue offset keep on.
func (q *Queue) cut(keep int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if keep < q.memStart {
		q.mem, q.memStart = q.mem[:0], keep
	} else {
		q.mem = q.mem[:(keep-q.memStart)*q.files.Unit]
	}
	q.flushed = min(q.flushed, keep)
	q.synced = min(q.synced, keep-1) // the cut itself has to be synced before the checkpoint moves on
	q.max.Store(keep)
	q.lastPhy = 0
	q.min.known = false
}

// zero clears the file entries [from, to) of a queue. Files that lie behind from as a whole are removed.
func (c *Files) zero(q *Queue, from, to int64) error {
	for base := from * c.Unit / c.Size * c.Size; base < to*c.Unit; base += c.Size {
		if base >= from*c.Unit && base > q.first*c.Unit {
			if err := c.remove(q, base); err != nil {
				return err
			}
			continue
		}
		if err := c.zeroFile(q, base, max(0, from*c.Unit-base)); err != nil {
			return err
		}
	}
	return nil
}

// zeroFile clears a file from pos on.
func (c *Files) zeroFile(q *Queue, base, pos int64) error {
	f, _, err := c.get(q, base, false)
	if err != nil {
		return err
	}
	defer c.put(f)
	// not by cutting the file and making it long again: a kill in between leaves a short file, which no start accepts
	return f.Punch(pos, c.Size-pos)
}

// remove deletes one file of a queue.
func (c *Files) remove(q *Queue, base int64) error {
	c.forget(q, func(b int64) bool { return b == base })
	err := c.fs.Remove(c.path(fileKey{q, base}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Clear deletes all files of a queue and of its extension.
func (t *Table) Clear(q *Queue) error {
	if x := q.ext.Swap(nil); x != nil {
		t.disown(x)
		if err := t.Clear(x); err != nil {
			return err
		}
	}
	if !HasFolder(q.Topic, q.ID) { // it has none, and its name may be the path of something else
		return nil
	}
	c := q.files
	c.forget(q, func(int64) bool { return true })
	list, err := c.fs.ReadDir(c.dir(q))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, fi := range list {
		if err := c.fs.Remove(c.dir(q) + "/" + fi.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// disown keeps the flusher from writing a queue again.
func (t *Table) disown(q *Queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deleted = true
	t.memory.Add(-int64(cap(q.mem)))
	q.mem = nil
}
