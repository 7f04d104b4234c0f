package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"gorocket/store/vfs"
)

// truncateQueue removes the entries whose records lie at or behind a commit log offset, from memory and files. The removed part of the files becomes
// zero, so that neither we nor Java take it for entries later. Only for Open.
func (s *Store) truncateQueue(q *queue, phy int64) error {
	if q.lastPhy <= phy || q.max.Load() == q.firstOffset() {
		return nil
	}
	keep := s.firstAtLeast(q, phy)
	was := q.max.Load()
	if keep == was {
		return nil
	}
	if q.batch() {
		if e, ok := s.entry(q, keep); ok {
			q.next.Store(e.Base)
		}
	}
	if keep < q.flushed {
		if err := q.files.zero(q, keep, q.flushed); err != nil {
			return err
		}
	}
	q.cut(keep)
	s.cutExt(q)
	if keep > q.firstOffset() {
		if e, ok := s.entry(q, keep-1); ok {
			q.lastPhy = entryEnd(&e)
		}
	}
	q.filed = mark{q.lastPhy, q.next.Load()} // before anything is written, pending takes a new mark
	return nil
}

// clearBehind makes what stands in the files of a queue behind its last entry zero, and removes the files behind: a power cut may leave pages there whose
// predecessors were lost. Only for Open, while no entry waits in memory.
func (s *Store) clearBehind(q *queue) error {
	c, end := q.files, q.flushed*q.files.unit
	list, err := c.fs.ReadDir(c.dir(q))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, fi := range list {
		base, err := strconv.ParseInt(fi.Name, 10, 64)
		if err != nil || base+c.size <= end {
			continue
		}
		if base >= end && base > q.first*c.unit {
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
func (c *cqFiles) clearFile(q *queue, base, pos int64) error {
	f, _, err := c.get(q, base, false)
	if err != nil {
		return err
	}
	at, err := vfs.FirstData(f, pos, c.size)
	c.put(f)
	if err != nil || at < 0 {
		return err
	}
	return c.zeroFile(q, base, at)
}

// cut drops entries from queue offset keep on.
func (q *queue) cut(keep int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if keep < q.memStart {
		q.mem, q.memStart = q.mem[:0], keep
	} else {
		q.mem = q.mem[:(keep-q.memStart)*q.files.unit]
	}
	q.flushed = min(q.flushed, keep)
	q.synced = min(q.synced, keep-1) // the cut itself has to be synced before the checkpoint moves on
	q.max.Store(keep)
	q.lastPhy = 0
	q.min.known = false
}

// zero clears the file entries [from, to) of a queue. Files that lie behind from as a whole are removed.
func (c *cqFiles) zero(q *queue, from, to int64) error {
	for base := from * c.unit / c.size * c.size; base < to*c.unit; base += c.size {
		if base >= from*c.unit && base > q.first*c.unit {
			if err := c.remove(q, base); err != nil {
				return err
			}
			continue
		}
		if err := c.zeroFile(q, base, max(0, from*c.unit-base)); err != nil {
			return err
		}
	}
	return nil
}

// zeroFile clears a file from pos on.
func (c *cqFiles) zeroFile(q *queue, base, pos int64) error {
	f, _, err := c.get(q, base, false)
	if err != nil {
		return err
	}
	defer c.put(f)
	return f.Punch(pos, c.size-pos) // not by cutting the file and making it long again: a kill in between leaves a short file, which no start accepts
}

// remove deletes one file of a queue.
func (c *cqFiles) remove(q *queue, base int64) error {
	c.forget(q, func(b int64) bool { return b == base })
	err := c.fs.Remove(c.path(cqFileKey{q, base}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeQueueFiles deletes all files of a queue, and its directories if they are empty then.
func (s *Store) removeQueueFiles(q *queue) error {
	if x := q.ext.Swap(nil); x != nil {
		s.disown(x)
		if err := s.removeQueueFiles(x); err != nil {
			return err
		}
	}
	if !hasFolder(q.topic, q.id) { // it has none, and its name may be the path of something else
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
func (s *Store) disown(q *queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deleted = true
	s.queues.memory.Add(-int64(cap(q.mem)))
	q.mem = nil
}

// removeTopic takes the queues of a topic out of the table; none of their entries is under way any more.
func (s *Store) removeTopic(topic string) (gone []*queue, err error) {
	err = s.log.Barrier(func() { gone = s.queues.remove(topic) })
	return gone, err
}

// DeleteTopic removes the consume queues of a topic; its messages stay in the log until they expire, and its queues
// start at 0 again (Java DefaultMessageStore.deleteTopics). No error for an unknown topic, ErrTopicName for one that
// cannot be a folder.
func (s *Store) DeleteTopic(topic string) (first error) {
	if !hasFolder(topic, 0) {
		return fmt.Errorf("%w: topic %.300q", ErrTopicName, topic)
	}
	s.cqMu.Lock()
	defer s.cqMu.Unlock()
	gone, err := s.removeTopic(topic)
	if err != nil {
		return err
	}
	s.renote.Store(len(gone) > 0)
	for _, q := range gone {
		s.disown(q)
		if err := s.removeQueueFiles(q); err != nil && first == nil {
			first = err
		}
		_ = s.fs.Remove(q.files.dir(q)) // fails harmlessly when a new queue is there already
	}
	for _, c := range s.queueFiles() {
		_ = s.fs.Remove(c.root + "/" + topic)
	}
	return first
}
