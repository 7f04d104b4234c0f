package store

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strconv"
	"sync"

	"gorocket/store/datafile"
	"gorocket/store/dispatch"
)

// loadQueues opens every consume queue found on disk and finds its end.
func (s *Store) loadQueues() error {
	for _, c := range []*cqFiles{s.queues.simple, s.queues.batches} {
		if err := s.loadRoot(c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) loadRoot(c *cqFiles) error {
	topics, err := s.fs.ReadDir(c.root)
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
				errs <- s.loadTopic(c, topic)
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

func (s *Store) loadTopic(c *cqFiles, topic string) error {
	dirs, err := s.fs.ReadDir(c.root + "/" + topic)
	if err != nil {
		return err
	}
	for _, d := range dirs {
		id, err := strconv.ParseInt(d.Name, 10, 32)
		if err != nil || !d.IsDir {
			continue
		}
		if err := s.loadQueue(c, topic, int32(id)); err != nil {
			return err
		}
	}
	return nil
}

// loadQueue finds the last valid entry of a queue. Entries are written in order into files full of zeros, so the end is found by
// bisection in the last file that has any (Java ConsumeQueue.recover reads all of the last three files).
func (s *Store) loadQueue(c *cqFiles, topic string, id int32) error {
	probe := &queue{topic: topic, id: id}
	found, err := datafile.List(s.fs, c.dir(probe), datafile.Kind{Size: c.size, Key: c.key, Rebuildable: true})
	if err != nil || len(found) == 0 {
		return err
	}
	q := s.queues.getOrCreate(topic, id, c == s.queues.batches)
	if q.files != c {
		return fmt.Errorf("store: %s: topic %s has queues of both types, queue.type says which folder to keep", c.dir(q), topic)
	}
	if found, err = s.dropBehindGap(c, found); err != nil {
		return err
	}
	per := c.per()
	q.first = found[0].Base / c.unit
	end := q.first
	var last dispatch.Entry
	for i := len(found) - 1; i >= 0; i-- {
		first := found[i].Base / c.unit
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
	if c.valid(last) {
		q.lastPhy = entryEnd(&last)
		q.next.Store(last.Base + int64(last.Count))
		q.filed = mark{q.lastPhy, q.next.Load()}
	}
	return nil
}

// validEntries counts the valid entries of one file and returns the last. It looks at the first page, then at places twice as far each time, and
// bisects the last step: most queues are short, and one read is enough for them.
func (s *Store) validEntries(q *queue, first, per int64) (n int64, last dispatch.Entry, err error) {
	c := q.files
	var page [4096]byte
	block := page[:4096/c.unit*c.unit]
	lo, got := int64(0), 0 // all entries below lo are valid
	step := 4096 / c.unit
	for hi := int64(0); ; {
		if got, err = c.read(q, block, first+lo); err != nil {
			return 0, last, err
		}
		k := c.countValid(block[:int64(got)*c.unit])
		if k < got || lo+int64(got) >= per {
			if n = lo + int64(k); k > 0 {
				last = c.decode(block[int64(k-1)*c.unit:])
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

// gallop narrows the end of the valid entries down: it is at or behind lo, and less than a page behind it unless hi is the end of the file.
func (s *Store) gallop(q *queue, first, lo, per, step int64) (newLo, hi int64, err error) {
	hi = per
	valid := func(i int64) bool {
		e, rerr := s.fileEntry(q, first+i)
		if rerr != nil && err == nil {
			err = rerr
		}
		return q.files.valid(e)
	}
	for ; lo+step < per; step *= 2 {
		if !valid(lo + step) {
			hi = lo + step
			break
		}
		lo += step
	}
	for hi-lo > 4096/q.files.unit && err == nil {
		if mid := (lo + hi) / 2; valid(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo, hi, err
}

func (s *Store) fileEntry(q *queue, at int64) (dispatch.Entry, error) {
	var b [batchUnit]byte
	_, err := q.files.read(q, b[:q.files.unit], at)
	return q.files.decode(b[:]), err
}

// countValid counts the valid entries at the start of b.
func (c *cqFiles) countValid(b []byte) (n int) {
	for ; int64(len(b)) >= c.unit && c.valid(c.decode(b)); b = b[c.unit:] {
		n++
	}
	return n
}

// dropBehindGap removes the files behind a missing one, which a power cut may leave; their entries are built again from the log.
func (s *Store) dropBehindGap(c *cqFiles, found []datafile.File) ([]datafile.File, error) {
	for i := 1; i < len(found); i++ {
		if found[i].Base == found[i-1].Base+c.size {
			continue
		}
		s.queueGap.Store(true)
		for _, f := range found[i:] {
			if err := s.fs.Remove(f.Path); err != nil {
				return nil, err
			}
		}
		return found[:i], nil
	}
	return found, nil
}
