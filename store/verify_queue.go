package store

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
)

// lmqPrefix begins the names of light queues, whose entries point at records of other topics.
const lmqPrefix = "%LMQ%"

// queues checks every consume queue against the log, and that no queue ends before its newest record.
func (v *verifier) queues() error {
	root := v.cfg.sub("consumequeue")
	if refuseRocksDB(v.fs, root) != nil {
		v.add(Note, "consumequeue", root, -1, "consume queues in RocksDB: not checked")
		return nil
	}
	topics, err := v.fs.ReadDir(root)
	if err != nil && len(v.last) > 0 {
		v.add(Repairable, "consumequeue", root, -1, "no consume queues: the next start after a kill builds them again (%v)", err)
		return nil
	}
	for _, t := range topics {
		ids, err := v.fs.ReadDir(root + "/" + t.Name)
		if !t.IsDir || err != nil {
			continue
		}
		for _, d := range ids {
			if id, err := strconv.ParseInt(d.Name, 10, 32); err == nil && d.IsDir {
				if err := v.queue(queueKey{t.Name, int32(id)}, root+"/"+t.Name+"/"+d.Name); err != nil {
					return err
				}
			}
		}
	}
	v.missingQueues(root)
	return nil
}

// missingQueues notes the queues that the log knows and the directory does not: that is what a deleted topic looks like.
func (v *verifier) missingQueues(root string) {
	var names []string
	for k := range v.last {
		names = append(names, root+"/"+k.topic+"/"+strconv.Itoa(int(k.id)))
	}
	sort.Strings(names)
	for _, n := range names {
		v.add(Note, "consumequeue", n, -1, "the log holds messages of this queue, but it is not there: deleted topic, or lost")
	}
}

// queue checks one consume queue and takes it out of v.last.
func (v *verifier) queue(k queueKey, dir string) error {
	files, size, err := v.dataFiles("consumequeue", dir, v.cfg.consumeQueueFileSize())
	if err != nil || size%cqUnit != 0 {
		return err
	}
	v.report.Queues++
	v.prev = -1
	end := int64(0)
	for i, f := range files {
		if i > 0 && f.base != files[i-1].base+size {
			v.add(v.afterKill(), "consumequeue", f.path, -1, "a file is missing between %s and this one", files[i-1].path)
		}
		n, err := v.queueFile(k, f, size)
		if err != nil {
			return err
		}
		if n > 0 {
			end = f.base/cqUnit + n
		}
		if n < size/cqUnit && i < len(files)-1 && n > 0 {
			v.add(v.afterKill(), "consumequeue", f.path, n*cqUnit, "the queue ends in a file that is not its last")
		}
	}
	last, known := v.last[k]
	delete(v.last, k)
	if known && end <= last.queueOffset && !v.rotten {
		v.add(v.afterKill(), "consumequeue", dir, -1, "ends at %d, but the log holds message %d of it at %d", end, last.queueOffset, last.offset)
	}
	return nil
}

// queueFile checks the entries of one file and returns how many it has.
func (v *verifier) queueFile(k queueKey, f foundFile, size int64) (n int64, err error) {
	file, err := v.fs.OpenReadOnly(f.path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	buf := make([]byte, 4096*cqUnit)
	for pos := int64(0); pos < size; {
		b := buf[:min(int64(len(buf)), size-pos)]
		if pos == 0 { // most queues are short
			b = b[:min(len(b), probeEntries*cqUnit)]
		}
		if _, err := file.ReadAt(b, pos); err != nil {
			v.add(Damaged, "consumequeue", f.path, pos, "cannot be read: %v", err)
			return n, nil
		}
		good := int64(countValid(b))
		for i := range good {
			v.entry(k, f, pos+i*cqUnit, decodeEntry(b[i*cqUnit:]))
		}
		n += good
		if rest := b[good*cqUnit:]; len(rest) > 0 {
			if i := len(rest) - len(bytes.TrimLeft(rest, "\x00")); i < len(rest) {
				v.add(v.afterKill(), "consumequeue", f.path, pos+good*cqUnit+int64(i), "something stands behind the last valid entry")
			}
			return n, nil
		}
		pos += int64(len(b))
	}
	return n, nil
}

// entry checks one consume queue entry against the record it points to.
func (v *verifier) entry(k queueKey, f foundFile, pos int64, e cqEntry) {
	v.report.QueueEntries++
	if e.blank() || e.offset < v.report.LogFrom {
		return // filler, or the record was cleaned away
	}
	if e.offset >= v.report.LogTo {
		if !v.rotten {
			v.add(v.afterKill(), "consumequeue", f.path, pos, "points at log offset %d, but the log ends at %d", e.offset, v.report.LogTo)
		}
		return
	}
	worse := Damaged
	if !v.report.CleanStop && (e.offset >= v.rebuilt || v.prev >= v.rebuilt) {
		worse = Repairable
	}
	v.prev = e.offset
	m, ok := recordAt(v.log, e.offset)
	at := (f.base + pos) / cqUnit
	switch {
	case !ok || m.PhysicalOffset != e.offset:
		v.add(worse, "consumequeue", f.path, pos, "no record at log offset %d", e.offset)
	case strings.HasPrefix(k.topic, lmqPrefix):
	case m.Size != e.size || string(m.Topic) != k.topic || m.QueueID != k.id || m.QueueOffset != at:
		v.add(worse, "consumequeue", f.path, pos, "entry %d (size %d) points at log offset %d: %s/%d message %d, size %d", at, e.size, e.offset, m.Topic, m.QueueID, m.QueueOffset, m.Size)
	}
}
