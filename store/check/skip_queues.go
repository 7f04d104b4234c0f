package check

import (
	"errors"
	"io/fs"
	"sort"
	"strconv"

	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/vfs"
)

// entryPlace is an entry of a queue file that gets another content.
type entryPlace struct {
	file string
	pos  int64 // bytes
}

// mendQueues lets the entries that point into covered ranges stand in for what is gone, so that all queue offsets stay
// (see consumequeue.FillerTags). Batch queues cannot have such entries: where one points into a range, all queues are
// built again.
func (k *skipper) mendQueues() error {
	batches := k.cfg.queues(k.fs).Batches()
	hit := false
	if err := k.eachQueue(batches, func(dir string) error {
		places, err := k.hits(batches, dir, nil)
		hit = hit || len(places) > 0
		return err
	}); err != nil {
		return err
	}
	if hit {
		for _, dir := range []string{"consumequeue", "batchconsumequeue", "consumequeue_ext"} {
			if err := k.aside(dir); err != nil {
				return err
			}
		}
		return nil
	}
	plain := k.cfg.queues(k.fs).Plain()
	return k.eachQueue(plain, func(dir string) error { return k.mendQueue(plain, dir) })
}

// eachQueue calls fn for the folder of each queue.
func (k *skipper) eachQueue(c *consumequeue.Files, fn func(dir string) error) error {
	topics, err := k.fs.ReadDir(c.Root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, t := range topics {
		if !t.IsDir || err != nil {
			continue
		}
		var ids []vfs.FileInfo
		if ids, err = k.fs.ReadDir(c.Root + "/" + t.Name); err != nil {
			return err
		}
		for _, d := range ids {
			if _, perr := strconv.ParseInt(d.Name, 10, 32); perr == nil && d.IsDir && err == nil {
				err = fn(c.Root + "/" + t.Name + "/" + d.Name)
			}
		}
	}
	return err
}

// mendQueue mends one plain queue: entries of covered messages point to the next message of the queue, to the one
// before where there is none, and to the covering record where there is neither.
func (k *skipper) mendQueue(c *consumequeue.Files, dir string) error {
	var last *dispatch.Entry
	var waiting []entryPlace
	mend := func(e dispatch.Entry) error {
		for _, p := range waiting {
			if err := k.rewrite(p, e); err != nil {
				return err
			}
		}
		waiting = nil
		return nil
	}
	places, err := k.hits(c, dir, func(e dispatch.Entry, places []entryPlace) error {
		last, waiting = &e, append(waiting, places...)
		return mend(e)
	})
	if err != nil || len(places) == 0 {
		return err
	}
	waiting = places
	if last != nil {
		return mend(*last)
	}
	r := &k.ranges[0]
	if r.to >= r.seg.Size {
		return mend(dispatch.Entry{Size: consumequeue.BlankSize})
	}
	p := k.pieces(r)[0]
	return mend(dispatch.Entry{Offset: p.offset, Size: int32(p.size)})
}

// hits returns the entries at the end of a queue that point into covered ranges. good, if not nil, gets those that
// were met before each entry that does not.
func (k *skipper) hits(c *consumequeue.Files, dir string, good func(e dispatch.Entry,
	before []entryPlace) error) (list []entryPlace,
	err error) {
	found, err := k.fs.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, fi := range found {
		if !likeSegment(fi.Name) || fi.Size != c.Size {
			continue // Repair says what is odd
		}
		b, err := vfs.ReadFile(k.fs, dir+"/"+fi.Name)
		if err != nil {
			return nil, err
		}
		for at := int64(0); at+c.Unit <= int64(len(b)); at += c.Unit {
			e := c.Decode(b[at:])
			switch {
			case !c.Valid(e):
				at = int64(len(b))
			case consumequeue.Filler(&e) || e.Offset < k.v.report.LogFrom || e.Offset >= k.v.report.LogTo:
			case k.covered(e.Offset):
				list = append(list, entryPlace{dir + "/" + fi.Name, at})
			case good != nil:
				if err := good(e, list); err != nil {
					return nil, err
				}
				list = nil
			}
		}
	}
	return list, nil
}

// covered tells that a commit log offset lies in a covered range.
func (k *skipper) covered(offset int64) bool {
	i := sort.Search(len(k.ranges), func(i int) bool { return k.ranges[i].end() > offset })
	return i < len(k.ranges) && k.ranges[i].start() <= offset
}

// rewrite writes a filler entry.
func (k *skipper) rewrite(p entryPlace, e dispatch.Entry) error {
	f, err := k.fs.OpenFile(p.file)
	if err != nil {
		return err
	}
	defer f.Close()
	e.Tags = consumequeue.FillerTags
	if _, err := f.WriteAt(consumequeue.AppendEntry(nil, &e), p.pos); err != nil {
		return err
	}
	return f.Sync()
}
