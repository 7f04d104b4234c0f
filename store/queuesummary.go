package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/store/vfs"
)

// summaryFile, in the store root, holds the ends of all consume queues at a clean stop, so that the next start need not open every queue. It is an
// addition of gorocket; Java does not look at it, and everything in it can be found again from the queues.
//
// It is believed only when nobody touched the store since: the lock file, which every start of Java or gorocket writes, and the checkpoint must have
// the times noted here, and no directory of a consume queue may be younger than the summary. In doubt the queues are read.
const summaryFile = "gorocket.queues"

// Layout, big-endian: 8 bytes magic | int64 consume queue file size | int64 lock mtime (ns) | int64 checkpoint mtime (ns) | int32 queues |
// queues of (int16 topic length, topic, int32 id, int64 first, int64 max, int64 lastPhy) | uint32 CRC-32 of all before.
const (
	summaryMagic = "GRQUEUE1"
	summaryHead  = 8 + 3*8 + 4
	summaryEntry = 2 + 4 + 3*8    // without the topic
	summaryMax   = int64(1 << 28) // largest file that is read, bytes
)

// queueSummary is the decoded file.
type queueSummary struct {
	fileSize  int64
	lockTime  int64
	checkTime int64
	queues    []queueEnd
}

// queueEnd is what loadQueue would find out.
type queueEnd struct {
	topic               string
	id                  int32
	first, max, lastPhy int64
}

func (v *queueSummary) encode() []byte {
	be := binary.BigEndian
	b := make([]byte, 0, summaryHead+len(v.queues)*(summaryEntry+24)+4)
	b = append(b, summaryMagic...)
	for _, n := range []int64{v.fileSize, v.lockTime, v.checkTime} {
		b = be.AppendUint64(b, uint64(n))
	}
	b = be.AppendUint32(b, uint32(len(v.queues)))
	for _, q := range v.queues {
		b = be.AppendUint16(b, uint16(len(q.topic)))
		b = append(b, q.topic...)
		b = be.AppendUint32(b, uint32(q.id))
		for _, n := range []int64{q.first, q.max, q.lastPhy} {
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
	n := int64(be.Uint32(b[32:]))
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
		q.id, q.first, q.max, q.lastPhy = int32(be.Uint32(b)), long(b[4:]), long(b[12:]), long(b[20:])
		if b = b[28:]; q.first < 0 || q.max < q.first {
			return v, errBadSummary
		}
		v.queues = append(v.queues, q)
	}
	if len(b) != 0 {
		return v, errBadSummary
	}
	return v, nil
}

// saveSummary writes the file; only at the end of a clean stop. It is not synced: a torn file fails its CRC.
func (s *Store) saveSummary() error {
	cfg := s.cfg.Load()
	v := queueSummary{fileSize: s.files.size, lockTime: s.mtime("lock"), checkTime: s.mtime("checkpoint")}
	s.queues.each(func(q *queue) bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.first >= 0 && q.flushed == q.max.Load() && !q.deleted && len(q.topic) <= maxTopicV2 {
			v.queues = append(v.queues, queueEnd{q.topic, q.id, q.first, q.flushed, q.lastPhy})
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

// loadSummary fills the queue table from the file; false when it cannot be believed. lockTime is the lock file's time before this start wrote it.
func (s *Store) loadSummary(lockTime int64) bool {
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
	if err != nil || v.fileSize != s.files.size || v.lockTime != lockTime || v.checkTime != s.mtime("checkpoint") || !s.untouched(&v, fi.ModTime) {
		return false
	}
	for _, e := range v.queues {
		q := s.queues.getOrCreate(e.topic, e.id)
		q.first, q.memStart, q.flushed, q.synced, q.lastPhy = e.first, e.max, e.max, e.max, e.lastPhy
		q.max.Store(e.max)
	}
	return true
}

// untouched tells that no directory below consumequeue was changed after since: somebody may have removed queues by hand.
func (s *Store) untouched(v *queueSummary, since time.Time) bool {
	old := func(dir string) bool {
		fi, err := s.fs.Stat(dir)
		return err == nil && fi.IsDir && !fi.ModTime.After(since)
	}
	if !old(s.files.root) {
		return false
	}
	var next, young atomic.Int64
	var wg sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			topic := ""
			for i := next.Add(1) - 1; i < int64(len(v.queues)) && young.Load() == 0; i = next.Add(1) - 1 {
				q := queue{topic: v.queues[i].topic, id: v.queues[i].id}
				if !old(s.files.dir(&q)) || q.topic != topic && !old(s.files.root+"/"+q.topic) {
					young.Add(1)
				}
				topic = q.topic
			}
		})
	}
	wg.Wait()
	return young.Load() == 0
}
