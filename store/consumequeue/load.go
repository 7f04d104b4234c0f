package consumequeue

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

// Load fills the table: from the manifest if it can be believed (known), else from what the folders hold. lockTime is
// the time of the lock file before this start wrote it, ns. clean tells that the last stop was clean. Errors:
// *datafile.MisfitError.
func (t *Table) Load(lockTime int64, clean bool) (known bool, err error) {
	if known = t.loadManifest(lockTime, clean); !known {
		if err := t.loadAll(); err != nil {
			return false, err
		}
	}
	return known, t.openExts()
}

// loadAll opens every consume queue found on disk and finds its end.
func (t *Table) loadAll() error {
	for _, c := range []*Files{t.simple, t.batches} {
		if err := t.loadRoot(c); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) loadRoot(c *Files) error {
	topics, err := t.opt.FS.ReadDir(c.Root)
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
				errs <- t.loadTopic(c, topic)
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

func (t *Table) loadTopic(c *Files, topic string) error {
	dirs, err := t.opt.FS.ReadDir(c.Root + "/" + topic)
	if err != nil {
		return err
	}
	for _, d := range dirs {
		id, err := strconv.ParseInt(d.Name, 10, 32)
		if err != nil || !d.IsDir {
			continue
		}
		if err := t.loadQueue(c, topic, int32(id)); err != nil {
			return err
		}
	}
	return nil
}

// loadQueue finds the last valid entry of a queue. Entries are written in order into files full of zeros, so the end is
// found by bisection in the last file that has any (Java ConsumeQueue.recover reads all of the last three files).
func (t *Table) loadQueue(c *Files, topic string, id int32) error {
	probe := &Queue{Topic: topic, ID: id}
	found, err := datafile.List(t.opt.FS, c.dir(probe), c.kind())
	if err != nil || len(found) == 0 {
		return err
	}
	q := t.GetOrCreate(topic, id, c == t.batches)
	if q.files != c {
		return fmt.Errorf("store: %s: topic %s has queues of both types, queue.type says which folder to keep", c.dir(q),
			topic)
	}
	if found, err = t.dropBehindGap(c, found); err != nil {
		return err
	}
	per := c.Per()
	q.first = found[0].Base / c.Unit
	end := q.first
	var last dispatch.Entry
	for i := len(found) - 1; i >= 0; i-- {
		first := found[i].Base / c.Unit
		n, e, err := t.validEntries(q, first, per)
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
	if c.Valid(last) {
		q.lastPhy = entryEnd(&last)
		q.next.Store(last.Base + int64(last.Count))
		q.filed = mark{q.lastPhy, q.next.Load()}
	}
	return nil
}

// validEntries counts the valid entries of one file and returns the last. It looks at the first page, then at places
// twice as far each time, and bisects the last step: most queues are short, and one read is enough for them.
func (t *Table) validEntries(q *Queue, first, per int64) (n int64, last dispatch.Entry, err error) {
	c := q.files
	var page [4096]byte
	block := page[:4096/c.Unit*c.Unit]
	lo, got := int64(0), 0 // all entries below lo are valid
	step := 4096 / c.Unit
	for hi := int64(0); ; {
		if got, err = c.read(q, block, first+lo); err != nil {
			return 0, last, err
		}
		k := c.CountValid(block[:int64(got)*c.Unit])
		if k < got || lo+int64(got) >= per {
			if n = lo + int64(k); k > 0 {
				last = c.Decode(block[int64(k-1)*c.Unit:])
			} else if n > 0 {
				last, err = t.fileEntry(q, first+n-1)
			}
			return n, last, err
		}
		lo += int64(got)
		if hi == 0 { // gallop
			if lo, hi, err = t.gallop(q, first, lo, per, step); err != nil {
				return 0, last, err
			}
		}
	}
}

// gallop narrows the end of the valid entries down: it is at or behind lo, and less than a page behind it unless hi is
// the end of the file.
func (t *Table) gallop(q *Queue, first, lo, per, step int64) (newLo, hi int64, err error) {
	hi = per
	valid := func(i int64) bool {
		e, rerr := t.fileEntry(q, first+i)
		if rerr != nil && err == nil {
			err = rerr
		}
		return q.files.Valid(e)
	}
	for ; lo+step < per; step *= 2 {
		if !valid(lo + step) {
			hi = lo + step
			break
		}
		lo += step
	}
	for hi-lo > 4096/q.files.Unit && err == nil {
		if mid := (lo + hi) / 2; valid(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo, hi, err
}

func (t *Table) fileEntry(q *Queue, at int64) (dispatch.Entry, error) {
	var b [BatchUnit]byte
	_, err := q.files.read(q, b[:q.files.Unit], at)
	return q.files.Decode(b[:]), err
}

// CountValid counts the valid entries at the start of b.
func (c *Files) CountValid(b []byte) (n int) {
	for ; int64(len(b)) >= c.Unit && c.Valid(c.Decode(b)); b = b[c.Unit:] {
		n++
	}
	return n
}

// dropBehindGap removes the files behind a missing one, which a power cut may leave; their entries are built again from
// the log.
func (t *Table) dropBehindGap(c *Files, found []datafile.File) ([]datafile.File, error) {
	for i := 1; i < len(found); i++ {
		if found[i].Base == found[i-1].Base+c.Size {
			continue
		}
		t.gap.Store(true)
		for _, f := range found[i:] {
			if err := t.opt.FS.Remove(f.Path); err != nil {
				return nil, err
			}
		}
		return found[:i], nil
	}
	return found, nil
}
