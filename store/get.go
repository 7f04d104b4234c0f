package store

import (
	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
)

// maxPullBytes is the most one Get returns (Java MAX_PULL_MSG_SIZE); minPullBytes the least limit a caller can set.
const (
	maxPullBytes = 128 << 20
	minPullBytes = 100
)

// hotTail is how far behind the log end data that was written by this process counts as being in memory without asking
// the kernel.
const hotTail = 32 << 20

// entryBlock is how many bytes of a consume queue are read at once.
const entryBlock = 64 * consumequeue.Unit

// Get reads messages of a queue (Java DefaultMessageStore.getMessage). The caller must Release res, whatever the
// status.
//
// With HotOnly nothing that may have to come from the disk is touched: res.Cold is set instead, the result then holds
// no message and NextBeginOffset is q.Offset; ask again without HotOnly off the event loop: that call reads the data
// into memory.
func (s *Store) Get(q *GetQuery, res *GetResult) {
	res.reset()
	res.NextBeginOffset = q.Offset
	cq := s.queues.Get(q.Topic, q.QueueID)
	if cq == nil {
		// Java creates the queue and finds it empty
		res.Status, res.NextBeginOffset = NoMessageInQueue, s.correct(q.Offset, 0)
		return
	}
	// a batch queue is searched for the offset
	if q.HotOnly && (!s.queues.MinIsCheap(cq) || cq.Batch() && !cq.InMemory()) {
		res.Status, res.Cold = NoMatchedMessage, true
		return
	}
	res.MinOffset, res.MaxOffset = s.queues.Min(cq), cq.End()
	switch {
	case res.MaxOffset == 0:
		res.Status, res.NextBeginOffset = NoMessageInQueue, s.correct(q.Offset, 0)
	case q.Offset < res.MinOffset:
		res.Status, res.NextBeginOffset = OffsetTooSmall, s.correct(q.Offset, res.MinOffset)
	case q.Offset == res.MaxOffset:
		res.Status = OffsetOverflowOne
	case q.Offset > res.MaxOffset:
		res.Status, res.NextBeginOffset = OffsetOverflowBadly, s.correct(q.Offset, res.MaxOffset)
	default:
		g := newGetter(s, q, res, cq)
		g.run()
		if res.Err != nil && q.MaxCount > 1 { // what lies in front of the page that cannot be read, one by one
			first := *q
			first.MaxCount, res.Err = 1, nil
			g = newGetter(s, &first, res, cq)
			g.run()
		}
	}
}

// correct is the next offset a client is told: a slave does not correct it (Java nextOffsetCorrection).
func (s *Store) correct(asked, corrected int64) int64 {
	cfg := s.cfg.Load()
	if cfg.IsSlave() && !cfg.OffsetCheckInSlave {
		return asked
	}
	return corrected
}

// getter is one Get in progress.
type getter struct {
	s        *Store
	cfg      *Config
	q        *GetQuery
	res      *GetResult
	cq       *consumequeue.Queue
	maxBytes int
	scan     int64 // most entries looked at
	logEnd   int64
	memory   int64 // bytes behind logEnd that count as memory
	skipTo   int64 // a file was gone: skip entries below this offset
	lastPhy  int64
	seg      *commitlog.Segment // last one leased
}

func newGetter(s *Store, q *GetQuery, res *GetResult, cq *consumequeue.Queue) getter {
	cfg := s.cfg.Load()
	limit := q.MaxBytes
	if limit <= 0 || limit > maxPullBytes {
		limit = maxPullBytes
	}
	return getter{s: s, cfg: cfg, q: q, res: res, cq: cq, maxBytes: max(limit, minPullBytes),
		scan:   (max(int64(cfg.MaxFilterMessageSize), int64(q.MaxCount)*cq.Unit()) + cq.Unit() - 1) / cq.Unit(),
		logEnd: s.log.End(), memory: s.ram / 100 * int64(cfg.AccessMessageInMemoryMaxRatio), skipTo: -1}
}

func (g *getter) run() {
	g.res.Status = NoMatchedMessage
	block := &g.res.block
	unit := g.cq.Unit()
	at := g.s.queues.EntryOf(g.cq, g.q.Offset)
	for stop := min(g.cq.Entries(), at+g.scan); at < stop; {
		n, hot := g.s.queues.Read(g.cq, block[:min(entryBlock/unit, stop-at)*unit], at, g.q.HotOnly)
		if !hot {
			g.giveUpCold()
			return
		}
		if n == 0 {
			if g.res.Count == 0 {
				g.res.Status, g.res.NextBeginOffset = OffsetFoundNull, g.s.correct(at, g.nextCQFile(at))
			}
			break
		}
		if !g.block(block[:int64(n)*unit], at) {
			break
		}
		at += int64(n)
	}
	if g.res.Err == nil && !g.res.Cold && !g.warm() || g.res.Cold {
		g.giveUpCold()
		return
	}
	if g.res.Err != nil {
		g.giveUpUnreadable()
		return
	}
	g.res.SuggestSlave = g.logEnd-g.lastPhy > g.memory
}

// nextCQFile is the first queue offset of the consume queue file behind the one that holds entry at.
func (g *getter) nextCQFile(at int64) int64 {
	per := g.cq.PerFile()
	return g.s.queues.OffsetAt(g.cq, at-at%per+per)
}

// block handles a run of entries; false ends the Get.
func (g *getter) block(b []byte, at int64) bool {
	unit := g.cq.Unit()
	for ; len(b) > 0; b, at = b[unit:], at+1 {
		e := g.cq.Decode(b)
		if !g.cq.Batch() {
			e.Base, e.Count = at, 1
		}
		if consumequeue.Filler(&e) {
			g.res.NextBeginOffset = at + 1
			continue
		}
		if g.full(e) || e.Base-g.q.Offset >= g.scan {
			return false
		}
		g.lastPhy = e.Offset
		g.res.NextBeginOffset = e.Base + int64(e.Count)
		if e.Offset < g.skipTo {
			continue
		}
		match, hot := g.matchTags(e)
		if !hot {
			g.res.Cold = true
			return false
		}
		if match && !g.take(e) {
			return false
		}
	}
	return true
}

// full applies the limits; the first message is always taken (Java isTheBatchFull).
func (g *getter) full(e dispatch.Entry) bool {
	if g.res.Count == 0 {
		return false
	}
	maxBytes, maxCount := g.cfg.MaxTransferBytesOnMessageInMemory, g.cfg.MaxTransferCountOnMessageInMemory
	if g.logEnd-e.Offset > g.memory {
		maxBytes, maxCount = g.cfg.MaxTransferBytesOnMessageInDisk, g.cfg.MaxTransferCountOnMessageInDisk
	}
	total := g.res.Bytes + int(e.Size)
	return g.res.Count+int(e.Count) > min(g.q.MaxCount, maxCount) || total > min(g.maxBytes, maxBytes)
}

// take adds the record of e to the result if the filter wants it; false ends the Get because the data is cold.
func (g *getter) take(e dispatch.Entry) bool {
	rec := g.record(e)
	if rec == nil {
		if g.res.Count == 0 {
			g.res.Status = MessageWasRemoving
		}
		g.skipTo = g.s.log.NextFile(e.Offset)
		return true
	}
	if g.q.Filter != nil {
		if g.q.HotOnly && !g.s.hot(g.seg, e.Offset, int(e.Size)) {
			g.res.Cold = true
			return false
		}
		if !g.q.HotOnly && !g.readIn(g.seg, e.Offset-g.seg.Base, int(e.Size)) {
			return false
		}
		if !g.q.Filter.MatchRecord(rec) {
			g.res.FilteredCount++
			return true
		}
	}
	g.add(rec, e)
	return true
}

// record returns the bytes of e with a lease on their segment, nil when they are gone.
func (g *getter) record(e dispatch.Entry) []byte {
	if g.seg == nil || e.Offset < g.seg.Base || e.Offset >= g.seg.End() {
		seg := g.s.log.Lease(e.Offset)
		if seg == nil {
			return nil
		}
		g.seg = seg
		g.res.leases = append(g.res.leases, seg)
	}
	return g.s.log.Slice(g.seg, e.Offset, int(e.Size))
}

func (g *getter) add(rec []byte, e dispatch.Entry) {
	r := g.res
	r.Status, g.skipTo = Found, -1
	r.Slices = append(r.Slices, rec)
	r.QueueOffsets = append(r.QueueOffsets, e.Base)
	r.Bytes += len(rec)
	r.Count += int(e.Count)
	pos := e.Offset - g.seg.Base
	if n := len(r.Ranges); n > 0 && r.Ranges[n-1].File == g.seg.File() &&
		r.Ranges[n-1].Offset+r.Ranges[n-1].Len == pos {
		r.Ranges[n-1].Len += int64(len(rec))
		return
	}
	r.Ranges = append(r.Ranges, Range{File: g.seg.File(), Offset: pos, Len: int64(len(rec))})
}

// warm checks (HotOnly) or makes sure that the ranges found are in memory.
func (g *getter) warm() bool {
	if g.q.HotOnly && g.warmSpan() {
		return true
	}
	for _, r := range g.res.Ranges {
		seg := g.segmentOf(r)
		if g.q.HotOnly {
			if !g.s.hot(seg, seg.Base+r.Offset, int(r.Len)) {
				return false
			}
			continue
		}
		if !g.readIn(seg, r.Offset, int(r.Len)) {
			return true
		}
	}
	return true
}

// readIn reads a range from the disk if it has to; false with res.Err set when it cannot be read.
func (g *getter) readIn(seg *commitlog.Segment, at int64, n int) bool {
	g.res.Err = g.s.readIn(seg, at, n)
	return g.res.Err == nil
}

// giveUpUnreadable leaves nothing but the error: the reader asks again for the same offset.
func (g *getter) giveUpUnreadable() {
	err := g.res.Err
	g.giveUpCold()
	g.res.Status, g.res.Cold, g.res.Err = NotReadable, false, err
}

// spanMax is how many bytes warmSpan asks for at most.
const spanMax = 1 << 20

// warmSpan tells that all ranges, with what lies between them, are in memory. Messages of one queue lie among those of
// others, and asking for each of them costs more than sending it.
func (g *getter) warmSpan() bool {
	list := g.res.Ranges
	if len(list) < 2 || list[0].File != list[len(list)-1].File {
		return false
	}
	first, last := list[0], list[len(list)-1]
	n := last.Offset + last.Len - first.Offset
	seg := g.segmentOf(first)
	return n > 0 && n <= spanMax && g.s.hot(seg, seg.Base+first.Offset, int(n))
}

func (g *getter) segmentOf(r Range) *commitlog.Segment {
	for _, seg := range g.res.leases {
		if seg.File() == r.File {
			return seg
		}
	}
	return g.seg
}

// giveUpCold empties the result.
func (g *getter) giveUpCold() {
	minOff, maxOff := g.res.MinOffset, g.res.MaxOffset
	g.res.reset()
	g.res.Status, g.res.Cold, g.res.NextBeginOffset = NoMatchedMessage, true, g.q.Offset
	g.res.MinOffset, g.res.MaxOffset = minOff, maxOff
}

// hot tells whether reading a range of a leased segment will not wait for the disk.
func (s *Store) hot(seg *commitlog.Segment, offset int64, n int) bool {
	if offset >= s.openEnd && s.log.End()-offset <= hotTail {
		return true
	}
	return seg.Resident(int(offset-seg.Base), n)
}

// matchTags asks the filter about an entry; what is not known matches, as in Java. hot is false when the answer is on
// the disk only.
func (g *getter) matchTags(e dispatch.Entry) (match, hot bool) {
	if g.q.Filter == nil {
		return true, true
	}
	u, st := g.s.queues.Tags(g.cq, e.Tags, g.q.HotOnly)
	switch st {
	case consumequeue.ExtCold:
		return false, false
	case consumequeue.ExtMissing:
		return true, true
	}
	if !g.q.Filter.MatchTagsCode(u.Tags) {
		return false, true
	}
	if f, ok := g.q.Filter.(BitMapFilter); ok && u.Size > 0 {
		return f.MatchBitMap(u.Time, u.Bits), true
	}
	return true, true
}

// GetResult is the reusable answer of Get. Slices and Ranges point into the commit log and are valid until Release; the
// caller must call Release exactly once after each Get, whatever the status. A zero value is ready for use.
type GetResult struct {
	Status          GetStatus
	NextBeginOffset int64
	MinOffset       int64
	MaxOffset       int64
	Slices          [][]byte // one record each
	QueueOffsets    []int64  // queue offset of each slice
	Ranges          []Range  // the same bytes as Slices, joined where they touch
	Bytes           int      // sum of the lengths
	Count           int      // messages
	FilteredCount   int      // messages MatchRecord refused
	SuggestSlave    bool     // the reader is further behind than accessMessageInMemoryMaxRatio of RAM
	Err             error    // with status NotReadable: a *ReadError
	// HotOnly was set and data was left out because reading it might block; ask again without HotOnly
	Cold bool

	leases []*commitlog.Segment
	block  [entryBlock]byte // consume queue entries being looked at
}

// Release gives the leases back. Slices and Ranges must not be used afterwards. The result can be used for another Get.
func (r *GetResult) Release() {
	for i, l := range r.leases {
		l.Release()
		r.leases[i] = nil
	}
	r.leases = r.leases[:0]
}

// reset prepares the result for a new Get, keeping its slices' memory.
func (r *GetResult) reset() {
	r.Release()
	clear(r.Slices)
	clear(r.Ranges)
	r.Status, r.NextBeginOffset, r.MinOffset, r.MaxOffset = Found, 0, 0, 0
	r.Slices, r.QueueOffsets, r.Ranges = r.Slices[:0], r.QueueOffsets[:0], r.Ranges[:0]
	r.Bytes, r.Count, r.FilteredCount, r.SuggestSlave, r.Cold, r.Err = 0, 0, 0, false, false, nil
}
