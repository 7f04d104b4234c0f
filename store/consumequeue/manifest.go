package consumequeue

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

// ManifestFile, in the store root, holds the ends of all consume queues, so that the next start need not open every
// queue. It is an addition of gorocket; Java does not look at it, and everything in it can be found again from the
// queues.
//
// One is written at a clean stop. It is believed only when nobody touched the store since: the lock file, which every
// start of Java or gorocket writes, and the checkpoint must have the times noted here, and no directory of a consume
// queue may be younger than the manifest.
//
// A running store writes one now and then. After a kill it is believed when the machine is still in the same run, so
// that nothing that was written is lost, nobody took the lock meanwhile, and the directories of the queues are there.
// What the log holds from logTo on is added to the queues then. In doubt the queues are read.
const ManifestFile = "gorocket.queues"

// Layout, big-endian: 8 bytes magic | int64 consume queue file size | int64 lock mtime (ns) | int64 checkpoint mtime
// (ns) | int64 logTo | 36 bytes boot id, filled up with zeros | int32 queues | queues of (int16 topic length, topic,
// int32 id, int8 1 for a batch queue, int64 first, int64 max, int64 lastPhy, int64 next) | uint32 CRC-32 of all before.
const (
	manifestMagic = "GRQUEUE3"
	manifestHead  = 8 + 4*8 + BootLen + 4
	BootLen       = 36
	manifestEntry = 2 + 4 + 1 + 4*8 // without the topic
	manifestMax   = int64(1 << 28)  // largest file that is read, bytes
)

// manifest is the decoded file.
type manifest struct {
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

func (v *manifest) encode() []byte {
	be := binary.BigEndian
	b := make([]byte, 0, manifestHead+len(v.queues)*(manifestEntry+24)+4)
	b = append(b, manifestMagic...)
	for _, n := range []int64{v.fileSize, v.lockTime, v.checkTime, v.logTo} {
		b = be.AppendUint64(b, uint64(n))
	}
	var boot [BootLen]byte
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

var errBadManifest = errors.New("store: " + ManifestFile + " is damaged or of another version")

func decodeManifest(b []byte) (v manifest, err error) {
	be := binary.BigEndian
	if len(b) < manifestHead+4 || string(b[:8]) != manifestMagic ||
		crc32.ChecksumIEEE(b[:len(b)-4]) != be.Uint32(b[len(b)-4:]) {
		return v, errBadManifest
	}
	long := func(b []byte) int64 { return int64(be.Uint64(b)) }
	v.fileSize, v.lockTime, v.checkTime = long(b[8:]), long(b[16:]), long(b[24:])
	v.logTo = long(b[32:])
	v.boot = strings.TrimRight(string(b[40:40+BootLen]), "\x00")
	n := int64(be.Uint32(b[40+BootLen:]))
	if b = b[manifestHead : len(b)-4]; n*manifestEntry > int64(len(b)) {
		return v, errBadManifest
	}
	v.queues = make([]queueEnd, 0, n)
	for ; n > 0; n-- {
		if len(b) < 2 || len(b) < int(be.Uint16(b))+manifestEntry {
			return v, errBadManifest
		}
		l := int(be.Uint16(b))
		q := queueEnd{topic: string(b[2 : 2+l])}
		b = b[2+l:]
		if b[4] > 1 {
			return v, errBadManifest
		}
		q.id, q.batch, q.first, q.max = int32(be.Uint32(b)), b[4] == 1, long(b[5:]), long(b[13:])
		q.lastPhy, q.next = long(b[21:]), long(b[29:])
		if b = b[37:]; q.first < 0 || q.max < q.first {
			return v, errBadManifest
		}
		v.queues = append(v.queues, q)
	}
	if len(b) != 0 {
		return v, errBadManifest
	}
	return v, nil
}

// SaveManifest writes the file. It is not synced: a torn file fails its CRC. logTo and boot as in manifest.
func (t *Table) SaveManifest(logTo int64, boot string) error {
	v := manifest{fileSize: t.simple.Size, lockTime: t.mtime("lock"), checkTime: t.mtime("checkpoint"), logTo: logTo,
		boot: boot}
	t.Each(func(q *Queue) bool {
		if e, ok := q.inFiles(); ok && len(q.Topic) <= math.MaxInt16 {
			v.queues = append(v.queues, e)
		}
		return true
	})
	slices.SortFunc(v.queues, func(a, b queueEnd) int { // neighbours share their topic's directory
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
	})
	f, err := t.opt.FS.Create(t.opt.Root + "/" + ManifestFile)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(v.encode(), 0)
	return err
}

// inFiles describes the part of a queue that is in its files; false when it has none.
func (q *Queue) inFiles() (queueEnd, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return queueEnd{q.Topic, q.ID, q.Batch(), q.first, q.flushed, q.filed.phy, q.filed.next}, q.first >= 0 && !q.deleted
}

// noteEvery is how far the log grows until a running store notes the ends of its queues again: what a start after a
// kill has to add at most, beside what a write of all queues takes in time.
const noteEvery = 1 << 30

// notePerQueue is by how much more when queues are many: writing a few entries of a queue takes as long as sending so
// many bytes. It is doubled at most.
const notePerQueue = 16 << 10

// noteDistance is how far the log grows between two notes. Only the flusher calls it.
func (t *Table) noteDistance() int64 {
	return noteEvery + min(t.noted.Load()*notePerQueue, noteEvery)
}

// NoteEnds writes all queues, unsynced, and their ends. Only Run calls it, and tests.
func (t *Table) NoteEnds(ctx context.Context) error {
	t.noteMu.Lock()
	defer t.noteMu.Unlock()
	b, ok := t.opt.FS.(vfs.Booter)
	if !ok || t.log.Failed() != nil {
		return nil
	}
	upTo, dirty := t.queuedTo()
	t.notedTo.Store(upTo)
	t.noted.Store(int64(dirty))
	if err := t.Write(ctx, 1); err != nil {
		return err
	}
	boot := b.BootID()
	if boot == "" || len(boot) > BootLen {
		return nil
	}
	return t.SaveManifest(upTo, boot)
}

// loadManifest fills the queue table from the file; false when it cannot be believed. lockTime is the lock file's time
// before this start wrote it.
func (t *Table) loadManifest(lockTime int64, clean bool) bool {
	name := t.opt.Root + "/" + ManifestFile
	fi, err := t.opt.FS.Stat(name)
	if err != nil || fi.Size > manifestMax {
		return false
	}
	b, err := vfs.ReadFile(t.opt.FS, name)
	if err != nil {
		return false
	}
	v, err := decodeManifest(b)
	if err != nil || v.fileSize != t.simple.Size || v.lockTime != lockTime || (v.boot == "") != clean {
		return false
	}
	since := fi.ModTime
	if clean && v.checkTime != t.mtime("checkpoint") {
		return false
	}
	if !clean {
		if b, ok := t.opt.FS.(vfs.Booter); !ok || b.BootID() != v.boot || v.logTo > t.log.LastEnd() {
			return false
		}
		since = farFutureTime // the directories have to be there; a running store changes them
		t.knownTo = v.logTo
	}
	if !t.untouched(&v, since) {
		return false
	}
	if !clean && !t.findFirsts(v.queues) {
		return false
	}
	for _, e := range v.queues {
		q := t.GetOrCreate(e.topic, e.id, e.batch)
		q.first, q.memStart, q.flushed, q.synced, q.lastPhy = e.first, e.max, e.max, e.max, e.lastPhy
		q.max.Store(e.max)
		q.next.Store(e.next)
		q.filed = mark{e.lastPhy, e.next}
	}
	return true
}

// untouched tells that no directory below consumequeue was changed after since: somebody may have removed queues by
// hand.
func (t *Table) untouched(v *manifest, since time.Time) bool {
	old := func(dir string) bool {
		fi, err := t.opt.FS.Stat(dir)
		return err == nil && fi.IsDir && !fi.ModTime.After(since)
	}
	if !old(t.simple.Root) || anyBatch(v.queues) && !old(t.batches.Root) {
		return false
	}
	var next, young atomic.Int64
	var wg sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			topic := ""
			for i := next.Add(1) - 1; i < int64(len(v.queues)) && young.Load() == 0; i = next.Add(1) - 1 {
				e := &v.queues[i]
				q, c := Queue{Topic: e.topic, ID: e.id}, t.simple
				if e.batch {
					c = t.batches
				}
				if !old(c.dir(&q)) || q.Topic != topic && !old(c.Root+"/"+q.Topic) {
					young.Add(1)
				}
				topic = q.Topic
			}
		})
	}
	wg.Wait()
	return young.Load() == 0
}

// findFirsts corrects the first entries of queues whose first files expired after the manifest was written; false when
// a queue has no file that the manifest could mean.
func (t *Table) findFirsts(list []queueEnd) bool {
	var next, bad atomic.Int64
	var wg sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)) && bad.Load() == 0; i = next.Add(1) - 1 {
				if !t.findFirst(&list[i]) {
					bad.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return bad.Load() == 0
}

func (t *Table) findFirst(e *queueEnd) bool {
	q, c := Queue{Topic: e.topic, ID: e.id}, t.simple
	if e.batch {
		c = t.batches
	}
	if _, err := t.opt.FS.Stat(c.path(fileKey{&q, e.first * c.Unit})); !errors.Is(err, fs.ErrNotExist) {
		return err == nil
	}
	list, err := t.opt.FS.ReadDir(c.dir(&q))
	for _, fi := range list { // sorted
		if base, ok := datafile.ParseName(fi.Name); ok && base%c.Size == 0 {
			e.first = base / c.Unit
			return err == nil && e.first <= e.max
		}
	}
	return false
}

func anyBatch(list []queueEnd) bool {
	return slices.ContainsFunc(list, func(q queueEnd) bool { return q.batch })
}

// farFutureTime is younger than any file.
var farFutureTime = time.UnixMilli(7_258_118_400_000) // in the year 2200

// mtime is the modification time of a file in the root in ns, -1 when there is none.
func (t *Table) mtime(name string) int64 {
	fi, err := t.opt.FS.Stat(t.opt.Root + "/" + name)
	if err != nil {
		return -1
	}
	return fi.ModTime.UnixNano()
}

// Renote makes Run note the ends of the queues again.
func (t *Table) Renote() { t.renote.Store(true) }
