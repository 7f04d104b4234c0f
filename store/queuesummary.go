package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/datafile"
	"gorocket/store/vfs"
)

// summaryFile, in the store root, holds the ends of all consume queues, so that the next start need not open every queue. It is an addition of gorocket;
// Java does not look at it, and everything in it can be found again from the queues.
//
// One is written at a clean stop. It is believed only when nobody touched the store since: the lock file, which every start of Java or gorocket writes, and
// the checkpoint must have the times noted here, and no directory of a consume queue may be younger than the summary.
//
// A running store writes one now and then. After a kill it is believed when the machine is still in the same run, so that nothing that was written is lost,
// nobody took the lock meanwhile, and the directories of the queues are there. What the log holds from logTo on is added to the queues then.
// In doubt the queues are read.
const summaryFile = "gorocket.queues"

// Layout, big-endian: 8 bytes magic | int64 consume queue file size | int64 lock mtime (ns) | int64 checkpoint mtime (ns) | int64 logTo | 36 bytes boot id, filled up with zeros | int32 queues |
// queues of (int16 topic length, topic, int32 id, int8 1 for a batch queue, int64 first, int64 max, int64 lastPhy, int64 next) | uint32 CRC-32 of all before.
const (
	summaryMagic = "GRQUEUE3"
	summaryHead  = 8 + 4*8 + bootLen + 4
	bootLen      = 36
	summaryEntry = 2 + 4 + 1 + 4*8 // without the topic
	summaryMax   = int64(1 << 28)  // largest file that is read, bytes
)

// queueSummary is the decoded file.
type queueSummary struct {
	fileSize  int64
	lockTime  int64
	checkTime int64
	logTo     int64  // the queues hold everything below
	boot      string // empty after a clean stop
	queues    []queueEnd
}

// queueEnd is what loadQueue would find out.
type queueEnd struct {
	topic               string
	id                  int32
	batch               bool
	first, max, lastPhy int64
	next                int64
}

func (v *queueSummary) encode() []byte {
	be := binary.BigEndian
	b := make([]byte, 0, summaryHead+len(v.queues)*(summaryEntry+24)+4)
	b = append(b, summaryMagic...)
	for _, n := range []int64{v.fileSize, v.lockTime, v.checkTime, v.logTo} {
		b = be.AppendUint64(b, uint64(n))
	}
	var boot [bootLen]byte
	copy(boot[:], v.boot)
	b = append(b, boot[:]...)
	b = be.AppendUint32(b, uint32(len(v.queues)))
	for _, q := range v.queues {
		b = be.AppendUint16(b, uint16(len(q.topic)))
		b = append(b, q.topic...)
		b = be.AppendUint32(b, uint32(q.id))
		b = append(b, map[bool]byte{true: 1}[q.batch])
		for _, n := range []int64{q.first, q.max, q.lastPhy, q.next} {
			b = be.AppendUint64(b, uint64(n))
		}
	}
	return appendCRC(b)
}

func appendCRC(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b[:len(b):len(b)], crc32.ChecksumIEEE(b))
}

var errBadSummary = errors.New("store: " + summaryFile + " is damaged or of another version")

func decodeQueueSummary(b []byte) (v queueSummary, err error) {
	be := binary.BigEndian
	if len(b) < summaryHead+4 || string(b[:8]) != summaryMagic || crc32.ChecksumIEEE(b[:len(b)-4]) != be.Uint32(b[len(b)-4:]) {
		return v, errBadSummary
	}
	long := func(b []byte) int64 { return int64(be.Uint64(b)) }
	v.fileSize, v.lockTime, v.checkTime = long(b[8:]), long(b[16:]), long(b[24:])
	v.logTo = long(b[32:])
	v.boot = strings.TrimRight(string(b[40:40+bootLen]), "\x00")
	n := int64(be.Uint32(b[40+bootLen:]))
	if b = b[summaryHead : len(b)-4]; n*summaryEntry > int64(len(b)) {
		return v, errBadSummary
	}
	v.queues = make([]queueEnd, 0, n)
	for ; n > 0; n-- {
		if len(b) < 2 || len(b) < int(be.Uint16(b))+summaryEntry {
			return v, errBadSummary
		}
		l := int(be.Uint16(b))
		q := queueEnd{topic: string(b[2 : 2+l])}
		b = b[2+l:]
		if b[4] > 1 {
			return v, errBadSummary
		}
		q.id, q.batch, q.first, q.max, q.lastPhy, q.next = int32(be.Uint32(b)), b[4] == 1, long(b[5:]), long(b[13:]), long(b[21:]), long(b[29:])
		if b = b[37:]; q.first < 0 || q.max < q.first {
			return v, errBadSummary
		}
		v.queues = append(v.queues, q)
	}
	if len(b) != 0 {
		return v, errBadSummary
	}
	return v, nil
}

// saveSummary writes the file. It is not synced: a torn file fails its CRC. logTo and boot as in queueSummary.
func (s *Store) saveSummary(logTo int64, boot string) error {
	cfg := s.cfg.Load()
	v := queueSummary{fileSize: s.files.size, lockTime: s.mtime("lock"), checkTime: s.mtime("checkpoint"), logTo: logTo, boot: boot}
	s.queues.each(func(q *queue) bool {
		if e, ok := q.inFiles(); ok && len(q.topic) <= math.MaxInt16 {
			v.queues = append(v.queues, e)
		}
		return true
	})
	slices.SortFunc(v.queues, func(a, b queueEnd) int { // neighbours share their topic's directory
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
	})
	f, err := s.fs.Create(cfg.sub(summaryFile))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(v.encode(), 0)
	return err
}

// mtime is the modification time of a file in the root in ns, -1 when there is none.
func (s *Store) mtime(name string) int64 {
	fi, err := s.fs.Stat(s.cfg.Load().sub(name))
	if err != nil {
		return -1
	}
	return fi.ModTime.UnixNano()
}

// inFiles describes the part of a queue that is in its files; false when it has none.
func (q *queue) inFiles() (queueEnd, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return queueEnd{q.topic, q.id, q.batch(), q.first, q.flushed, q.filed.phy, q.filed.next}, q.first >= 0 && !q.deleted
}

// summaryEvery is how far the log grows until a running store notes the ends of its queues again: what a start after a kill has to add at most, beside what
// a write of all queues takes in time.
const summaryEvery = 1 << 30

// summaryPerQueue is by how much more when queues are many: writing a few entries of a queue takes as long as sending so many bytes. It is doubled at most.
const summaryPerQueue = 16 << 10

// summaryDistance is how far the log grows between two notes. Only the flusher calls it.
func (s *Store) summaryDistance() int64 {
	return summaryEvery + min(int64(s.noted)*summaryPerQueue, summaryEvery)
}

// noteEnds writes all queues, unsynced, and their ends. Only the flusher calls it.
func (s *Store) noteEnds(ctx context.Context) error {
	b, ok := s.fs.(vfs.Booter)
	if !ok || s.log.Failed() != nil {
		return nil
	}
	upTo, dirty := s.queuedTo()
	s.notedTo.Store(upTo)
	s.noted = dirty
	if err := s.writeQueues(ctx, 1); err != nil {
		return err
	}
	boot := b.BootID()
	if boot == "" || len(boot) > bootLen {
		return nil
	}
	return s.saveSummary(upTo, boot)
}

// loadSummary fills the queue table from the file; false when it cannot be believed. lockTime is the lock file's time before this start wrote it.
func (s *Store) loadSummary(lockTime int64, clean bool) bool {
	name := s.cfg.Load().sub(summaryFile)
	fi, err := s.fs.Stat(name)
	if err != nil || fi.Size > summaryMax {
		return false
	}
	b, err := vfs.ReadFile(s.fs, name)
	if err != nil {
		return false
	}
	v, err := decodeQueueSummary(b)
	if err != nil || v.fileSize != s.files.size || v.lockTime != lockTime || (v.boot == "") != clean {
		return false
	}
	since := fi.ModTime
	if clean && v.checkTime != s.mtime("checkpoint") {
		return false
	}
	if !clean {
		if b, ok := s.fs.(vfs.Booter); !ok || b.BootID() != v.boot || v.logTo > s.log.LastEnd() {
			return false
		}
		since = farFutureTime // the directories have to be there; a running store changes them
		s.knownTo = v.logTo
	}
	if !s.untouched(&v, since) {
		return false
	}
	if !clean && !s.findFirsts(v.queues) {
		return false
	}
	for _, e := range v.queues {
		q := s.queues.getOrCreate(e.topic, e.id, e.batch)
		q.first, q.memStart, q.flushed, q.synced, q.lastPhy = e.first, e.max, e.max, e.max, e.lastPhy
		q.max.Store(e.max)
		q.next.Store(e.next)
		q.filed = mark{e.lastPhy, e.next}
	}
	return true
}

// untouched tells that no directory below consumequeue was changed after since: somebody may have removed queues by hand.
func (s *Store) untouched(v *queueSummary, since time.Time) bool {
	old := func(dir string) bool {
		fi, err := s.fs.Stat(dir)
		return err == nil && fi.IsDir && !fi.ModTime.After(since)
	}
	if !old(s.files.root) || anyBatch(v.queues) && !old(s.queues.batches.root) {
		return false
	}
	var next, young atomic.Int64
	var wg sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			topic := ""
			for i := next.Add(1) - 1; i < int64(len(v.queues)) && young.Load() == 0; i = next.Add(1) - 1 {
				e := &v.queues[i]
				q, c := queue{topic: e.topic, id: e.id}, s.files
				if e.batch {
					c = s.queues.batches
				}
				if !old(c.dir(&q)) || q.topic != topic && !old(c.root+"/"+q.topic) {
					young.Add(1)
				}
				topic = q.topic
			}
		})
	}
	wg.Wait()
	return young.Load() == 0
}

// findFirsts corrects the first entries of queues whose first files expired after the summary was written; false when a
// queue has no file that the summary could mean.
func (s *Store) findFirsts(list []queueEnd) bool {
	var next, bad atomic.Int64
	var wg sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)) && bad.Load() == 0; i = next.Add(1) - 1 {
				if !s.findFirst(&list[i]) {
					bad.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return bad.Load() == 0
}

func (s *Store) findFirst(e *queueEnd) bool {
	q, c := queue{topic: e.topic, id: e.id}, s.files
	if e.batch {
		c = s.queues.batches
	}
	if _, err := s.fs.Stat(c.path(cqFileKey{&q, e.first * c.unit})); !errors.Is(err, fs.ErrNotExist) {
		return err == nil
	}
	list, err := s.fs.ReadDir(c.dir(&q))
	for _, fi := range list { // sorted
		if base, ok := datafile.ParseName(fi.Name); ok && base%c.size == 0 {
			e.first = base / c.unit
			return err == nil && e.first <= e.max
		}
	}
	return false
}

func anyBatch(list []queueEnd) bool {
	return slices.ContainsFunc(list, func(q queueEnd) bool { return q.batch })
}

// farFutureTime is younger than any file.
var farFutureTime = time.UnixMilli(farFuture)
