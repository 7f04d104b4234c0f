package check

import (
	"bytes"
	"sort"
	"strconv"

	"gorocket/store/consumequeue"
	"gorocket/store/datafile"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// queues checks every consume queue against the log, and that no queue ends before its newest record.
func (v *verifier) queues() error {
	c := v.cfg.queues(v.fs).Plain()
	batches := v.cfg.queues(v.fs).Batches()
	root := c.Root
	if RefuseRocksDB(v.fs, root) != nil {
		v.add(Note, "consumequeue", root, -1, "consume queues in RocksDB: not checked")
		return nil
	}
	_, err := v.fs.ReadDir(root)
	if _, err2 := v.fs.ReadDir(batches.Root); err != nil && err2 != nil && len(v.last) > 0 {
		v.add(Repairable, "consumequeue", root, -1, "no consume queues: the next start builds them again (%v)", err)
		return nil
	}
	for _, c := range []*consumequeue.Files{c, batches} {
		if err := v.queuesOf(c); err != nil {
			return err
		}
	}
	v.missingQueues(root)
	return nil
}

// queuesOf checks the queues of one kind.
func (v *verifier) queuesOf(c *consumequeue.Files) error {
	topics, _ := v.fs.ReadDir(c.Root)
	for _, t := range topics {
		ids, err := v.fs.ReadDir(c.Root + "/" + t.Name)
		if !t.IsDir || err != nil {
			continue
		}
		for _, d := range ids {
			if id, err := strconv.ParseInt(d.Name, 10, 32); err == nil && d.IsDir {
				if err := v.queue(c, queueKey{t.Name, int32(id)}, c.Root+"/"+t.Name+"/"+d.Name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// missingQueues notes the queues that the log knows and the directory does not: that is what a deleted topic looks
// like.
func (v *verifier) missingQueues(root string) {
	var names []string
	for k := range v.last {
		names = append(names, root+"/"+k.topic+"/"+strconv.Itoa(int(k.id)))
	}
	sort.Strings(names)
	for _, n := range names {
		v.add(Note, "consumequeue", n, -1, "the log holds messages of this queue, but it is not there: deleted "+
			"topic, or lost")
	}
}

// queue checks one consume queue and takes it out of v.last.
func (v *verifier) queue(c *consumequeue.Files, k queueKey, dir string) error {
	files, size, err := v.dataFiles("consumequeue", dir, c.Size)
	if err != nil {
		return err
	}
	if size%c.Unit != 0 {
		v.add(Damaged, "consumequeue", dir, -1, "files of %d bytes, which is no multiple of %d", size, c.Unit)
		delete(v.last, k)
		return nil
	}
	v.report.Queues++
	v.prev, v.next, v.good = -1, 0, 0
	end := int64(0)
	for i, f := range files {
		if i > 0 && f.Base != files[i-1].Base+size {
			v.add(v.afterKill(), "consumequeue", f.Path, -1, "a file is missing between %s and this one",
				files[i-1].Path)
		}
		n, err := v.queueFile(c, k, f, size)
		if err != nil {
			return err
		}
		if n > 0 {
			end = f.Base/c.Unit + n
		}
		if n < size/c.Unit && i < len(files)-1 && n > 0 {
			v.add(v.afterKill(), "consumequeue", f.Path, n*c.Unit, "the queue ends in a file that is not its last")
		}
	}
	if c.Unit == consumequeue.BatchUnit {
		end = v.next
	}
	last, known := v.last[k]
	delete(v.last, k)
	switch {
	case !known || v.rotten:
	case end <= last.queueOffset:
		v.add(v.afterKill(), "consumequeue", dir, -1, "ends at %d, but the log holds message %d of it at %d", end,
			last.queueOffset, last.offset)
	case v.good < last.entries:
		v.add(v.afterKill(), "consumequeue", dir, -1, "has %d entries for the log's %d messages of it", v.good,
			last.entries)
	}
	return nil
}

// queueFile checks the entries of one file and returns how many it has.
func (v *verifier) queueFile(c *consumequeue.Files, k queueKey, f datafile.File, size int64) (n int64, err error) {
	file, err := v.fs.OpenReadOnly(f.Path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	buf := make([]byte, 4096*c.Unit)
	for pos := int64(0); pos < size; {
		b := buf[:min(int64(len(buf)), size-pos)]
		if pos == 0 { // most queues are short
			b = b[:min(int64(len(b)), 4096/c.Unit*c.Unit)]
		}
		if _, err := file.ReadAt(b, pos); err != nil {
			v.add(Damaged, "consumequeue", f.Path, pos, "cannot be read: %v", err)
			return n, nil
		}
		good := int64(c.CountValid(b))
		for i := range good {
			v.entry(c, k, f, pos+i*c.Unit, c.Decode(b[i*c.Unit:]))
		}
		n += good
		if rest := b[good*c.Unit:]; len(rest) > 0 {
			if i := len(rest) - len(bytes.TrimLeft(rest, "\x00")); i < len(rest) {
				v.add(v.afterKill(), "consumequeue", f.Path, pos+good*c.Unit+int64(i),
					"something stands behind the last valid entry")
			}
			return n, nil
		}
		pos += int64(len(b))
	}
	return n, nil
}

// entry checks one consume queue entry against the record it points to.
func (v *verifier) entry(c *consumequeue.Files, k queueKey, f datafile.File, pos int64, e dispatch.Entry) {
	v.report.QueueEntries++
	at := (f.Base + pos) / c.Unit
	if c.Unit == consumequeue.BatchUnit {
		at, v.next = e.Base, e.Base+int64(e.Count)
	}
	if consumequeue.Filler(&e) || e.Offset < v.report.LogFrom {
		return // filler, or the record was cleaned away
	}
	if e.Offset >= v.report.LogTo {
		if !v.rotten {
			v.add(v.afterKill(), "consumequeue", f.Path, pos, "points at log offset %d, but the log ends at %d",
				e.Offset, v.report.LogTo)
		}
		return
	}
	worse := Damaged
	if !v.report.CleanStop && (e.Offset >= v.rebuilt || v.prev >= v.rebuilt) {
		worse = Repairable
	}
	v.prev = e.Offset
	v.good++
	m, ok := v.log.RecordAt(e.Offset)
	if !ok || m.PhysicalOffset != e.Offset {
		v.add(worse, "consumequeue", f.Path, pos, "no record at log offset %d", e.Offset)
		return
	}
	if why := v.misfit(c, k, &m, at, e); why != "" {
		// batches that say they are prepared got entries from earlier versions, and from nobody else
		if !record.HasQueueEntry(m.SysFlag) {
			worse = Note
		}
		v.add(worse, "consumequeue", f.Path, pos,
			"entry %d (size %d) points at log offset %d: %s/%d message %d, size %d: %s", at, e.Size, e.Offset,
			m.Topic, m.QueueID, m.QueueOffset, m.Size, why)
	}
}

// misfit tells why a record has no such entry in queue k, "" when it has.
func (v *verifier) misfit(c *consumequeue.Files, k queueKey, m *record.View, at int64, e dispatch.Entry) (why string) {
	f := dispatch.FactsOf(m)
	var own dispatch.Entry
	ok := v.rules().Own(&f, &own)
	switch {
	case m.Size != e.Size:
		return "another size"
	case !ok:
		return "its sysFlag says that it has no entry"
	case f.Topic == k.topic && m.QueueID == k.id && (c.Unit == consumequeue.BatchUnit && own.Base == at &&
		own.Count == e.Count ||
		c.Unit != consumequeue.BatchUnit && f.QueueOffset == at):
		return ""
	}
	why = "another queue or offset"
	lenient := dispatch.Rules{Light: true} // they stay when light queues are switched off
	_ = lenient.Lights(&f, func(name string, offset int64) error {
		if name == k.topic && k.id == 0 && offset == at {
			why = ""
		}
		return nil
	})
	return why
}
