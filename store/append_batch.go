package store

import (
	"encoding/binary"
)

// batchScratch holds an encoded batch between planning and the append lock; pooled.
type batchScratch struct {
	recs []byte  // whole records
	tags []int64 // tags code of each
}

// maxPooledBatch is the largest scratch buffer that is kept, in bytes.
const maxPooledBatch = 1 << 20

func (s *Store) putScratch(b *batchScratch) {
	if cap(b.recs) <= maxPooledBatch {
		s.batchBufs.Put(b)
	}
}

// AppendBatch stores a client batch body (request 320): each item becomes a full record with its own flag, body, properties and tags,
// consecutive queue offsets, all in one commit log file. r gives the rest; its Properties, normally empty, are joined to those of each item
// (4.x brokers do that with the batch properties, 5.3.3 does not). r.Body, r.Flag and r.TagsCode are not used.
// The commit log offsets of the records are appended to offsets (Java CommitLog.asyncPutMessages, MessageExtEncoder.encode).
func (s *Store) AppendBatch(r *Record, clientBatchBody []byte, offsets []int64) (Appended, []int64, error) {
	if err := s.Writable(); err != nil {
		return Appended{}, offsets, err
	}
	cfg := s.cfg.Load()
	b := s.batchBufs.Get().(*batchScratch)
	defer s.putScratch(b)
	if err := b.encode(cfg, r, clientBatchBody); err != nil {
		return Appended{}, offsets, err
	}
	seg, q, now, err := s.reserve(r, len(b.recs), false)
	if err != nil {
		return Appended{}, offsets, err
	}
	first := stamp{offset: seg.base + s.app.pos, queueOffset: q.end(), storeTime: s.app.storeTime(now)}
	recs := b.recs // as they will lie in the log
	known := len(offsets)
	offsets = stampBatch(b.recs, first, cfg.EnabledAppendPropCRC, offsets)
	if err := s.write(seg, b.recs); err != nil {
		s.app.unlock()
		return Appended{}, offsets[:known], err
	}
	s.commit(seg, int64(len(recs)))
	count := s.enqueueBatch(q, recs, first, b.tags)
	s.app.unlock()
	s.index.wake()
	if s.ev.MessageStored != nil {
		s.announceBatch(q, recs, first, b.tags)
	}
	return Appended{Offset: first.offset, Size: int32(len(recs)), QueueOffset: first.queueOffset, StoreTimestamp: first.storeTime, Count: count}, offsets, nil
}

// encode rewrites the items of body into records, all stamps zero.
func (b *batchScratch) encode(cfg *Config, r *Record, body []byte) error {
	b.recs, b.tags = b.recs[:0], b.tags[:0]
	if len(body) == 0 {
		return ErrBadBatch
	}
	if len(body) > cfg.MaxMessageSize {
		return ErrBodyTooLarge
	}
	rec := *r
	for len(body) > 0 {
		it, rest, err := NextBatchItem(body)
		if err != nil {
			return err
		}
		rec.Body, rec.Flag, rec.Properties, body = it.Body, it.Flag, it.Properties, rest
		if b.recs, err = appendBatchRecord(b.recs, cfg, &rec, r.Properties); err != nil {
			return err
		}
		tags, _ := Property(it.Properties, "TAGS")
		b.tags = append(b.tags, TagsCode(tags))
	}
	return nil
}

// appendBatchRecord encodes one record whose properties are item's followed by extra.
func appendBatchRecord(dst []byte, cfg *Config, item *Record, extra []byte) ([]byte, error) {
	if len(extra) > 0 && len(item.Properties) > 0 {
		joined := make([]byte, 0, len(item.Properties)+1+len(extra))
		item.Properties = JoinProperties(append(joined, item.Properties...), extra)
	} else if len(extra) > 0 {
		item.Properties = extra
	}
	return cfg.AppendRecord(dst, item, 0, 0, 0)
}

// eachRecord calls fn with every record of a run of whole records.
func eachRecord(recs []byte, fn func(i int, off int64, rec []byte)) int {
	n, off := 0, int64(0)
	for off < int64(len(recs)) {
		size := int64(binary.BigEndian.Uint32(recs[off:]))
		fn(n, off, recs[off:off+size])
		off += size
		n++
	}
	return n
}

func stampBatch(recs []byte, first stamp, crc bool, offsets []int64) []int64 {
	eachRecord(recs, func(i int, off int64, rec []byte) {
		restamp(rec, stamp{first.queueOffset + int64(i), first.offset + off, first.storeTime})
		if crc {
			sealPropCRC(rec)
		}
		offsets = append(offsets, first.offset+off)
	})
	return offsets
}

// enqueueBatch adds the consume queue entries. Caller holds the append lock.
func (s *Store) enqueueBatch(q *queue, recs []byte, first stamp, tags []int64) int {
	return eachRecord(recs, func(i int, off int64, rec []byte) {
		s.enqueue(q, cqEntry{offset: first.offset + off, size: int32(len(rec)), tags: tags[i], time: first.storeTime, base: first.queueOffset + int64(i), count: 1})
	})
}

// announceBatch tells the listener about each record. No lock is held.
func (s *Store) announceBatch(q *queue, recs []byte, first stamp, tags []int64) {
	eachRecord(recs, func(i int, _ int64, rec []byte) {
		s.ev.MessageStored(q.topic, q.id, first.queueOffset+int64(i), tags[i], first.storeTime, rec)
	})
}
