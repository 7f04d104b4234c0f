package store

import (
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// batchScratch holds an encoded batch between planning and the append lock; pooled.
type batchScratch struct {
	recs    []byte           // whole records
	keys    []dispatch.Keys  // of each
	entries []dispatch.Entry // of each; their offsets are known under the append lock only
	first   record.Layout    // of the first record; the others differ in flag, body and properties
	sealed  bool             // some record ends with a property CRC
}

// maxPooledBatch is the largest scratch buffer that is kept, in bytes.
const maxPooledBatch = 1 << 20

func (s *Store) putScratch(b *batchScratch) {
	if cap(b.recs) <= maxPooledBatch {
		s.batchBufs.Put(b)
	}
}

// AppendBatch stores a client batch body (request 320): each item becomes a full record with its own flag, body,
// properties and tags, consecutive queue offsets, all in one commit log file. r gives the rest; its Properties,
// normally empty, are joined to those of each item (4.x brokers do that with the batch properties, 5.3.3 does not).
// r.Body, r.Flag and r.TagsCode are not used. The commit log offsets of the records are appended to offsets (Java
// CommitLog.asyncPutMessages, MessageExtEncoder.encode).
func (s *Store) AppendBatch(r *Record, clientBatchBody []byte, offsets []int64) (Appended, []int64, error) {
	if err := s.Writable(); err != nil {
		return Appended{}, offsets, err
	}
	cfg := s.cfg.Load()
	if n := BatchItems(clientBatchBody, cfg.MaxBatchMessages); n > cfg.MaxBatchMessages {
		return Appended{}, offsets, ErrBatchTooLong
	} else if n > LongBatch {
		s.longBatches.Lock()
		defer s.longBatches.Unlock()
	}
	b := s.batchBufs.Get().(*batchScratch)
	defer s.putScratch(b)
	if err := b.encode(cfg, s.rules(), r, clientBatchBody); err != nil {
		return Appended{}, offsets, err
	}
	stay := cfg.stays(r)
	offset, storeTime, q, err := s.begin(r, len(b.recs), stay)
	if err != nil {
		return Appended{}, offsets, err
	}
	first := record.Stamp{Offset: offset, QueueOffset: q.End() + q.Reserved, StoreTime: storeTime}
	known := len(offsets)
	offsets = b.stamp(first, offsets)
	s.putBatch(q, b)
	a := Appended{Offset: offset, Size: int32(len(b.recs)), QueueOffset: first.QueueOffset, StoreTimestamp: storeTime,
		Count: len(b.entries)}
	if err := s.log.Finish(stay, r.Later); err != nil {
		return Appended{}, offsets[:known], err
	}
	return a, offsets, nil
}

// LongBatch is the number of messages above which a batch waits for others of its kind before it takes memory and the
// append lock: everybody else then waits for one of them at most.
const LongBatch = 1024

// BatchItems counts the messages of a client batch body, up to one more than most, if there may be many: 0 tells that
// the body is too short for more than LongBatch or most. What is malformed ends the count.
func BatchItems(body []byte, most int) (n int) {
	if len(body) <= min(LongBatch, most)*record.BatchItemMin {
		return 0
	}
	for len(body) > 0 && n <= most {
		_, rest, err := record.NextBatchItem(body)
		if err != nil {
			return n
		}
		body = rest
		n++
	}
	return n
}

// putBatch writes the records to the tail and notes their entries and keys. Caller holds the append lock, see begin.
func (s *Store) putBatch(q *consumequeue.Queue, b *batchScratch) {
	copy(s.log.Put(len(b.recs), len(b.entries) > 1), b.recs)
	s.committer.note(q, b.entries...)
	for i := range b.entries {
		e := &b.entries[i]
		s.committer.keys = s.index.Queue.Append(s.committer.keys, &b.keys[i], e.Offset, e.Time, e.Size)
	}
}

// encode rewrites the items of body into records, all stamps zero.
func (b *batchScratch) encode(cfg *Config, rules dispatch.Rules, r *Record, body []byte) error {
	b.recs, b.keys, b.entries, b.sealed = b.recs[:0], b.keys[:0], b.entries[:0], false
	if r.SysFlag&(record.SysFlagTransaction|record.SysFlagInnerBatch) != 0 || r.Topic == dispatch.ScheduleTopic {
		return ErrPlainBatch
	}
	if len(body) == 0 {
		return record.ErrBadBatch
	}
	if len(body) > cfg.MaxMessageSize {
		return record.ErrBodyTooLarge
	}
	rec, topic := *r, record.TopicHash(r.Topic)
	var noted dispatch.Noted
	var entry dispatch.Entry // of all items, but for size and tags
	rules.Own(&dispatch.Facts{Topic: r.Topic, SysFlag: r.SysFlag}, &entry)
	for len(body) > 0 {
		it, rest, err := record.NextBatchItem(body)
		if err != nil {
			return err
		}
		rec.Body, rec.Flag, rec.Properties, body = it.Body, it.Flag, it.Properties, rest
		begin := len(b.recs)
		if err := b.add(cfg, &rec, r.Properties); err != nil {
			return err
		}
		if noted.Read(rec.Properties); noted.Reserved {
			return ErrReservedProperty
		}
		entry.Size, entry.Tags = int32(len(b.recs)-begin), record.TagsCode(noted.Tags)
		b.entries = append(b.entries, entry)
		b.keys = append(b.keys, dispatch.Keys{})
		b.keys[len(b.keys)-1].Set(topic, noted.Unique, noted.Keys)
	}
	return nil
}

// add encodes one record whose properties are item's followed by extra.
func (b *batchScratch) add(cfg *Config, item *Record, extra []byte) (err error) {
	if len(extra) > 0 && len(item.Properties) > 0 {
		joined := make([]byte, 0, len(item.Properties)+1+len(extra))
		item.Properties = record.JoinProperties(append(joined, item.Properties...), extra)
	} else if len(extra) > 0 {
		item.Properties = extra
	}
	if len(b.recs) > 0 {
		return b.addSibling(cfg, item)
	}
	if b.first, err = cfg.RecordLimits().Plan(&item.Message); err == nil {
		b.sealed = b.first.PropCRC
		b.recs = b.first.Append(b.recs, &item.Message, record.Stamp{})
	}
	return err
}

// addSibling encodes a record that is not the first one.
func (b *batchScratch) addSibling(cfg *Config, item *Record) error {
	e := b.first
	if err := cfg.RecordLimits().PlanSibling(&e, &item.Message); err != nil {
		return err
	}
	b.sealed = b.sealed || e.PropCRC
	recs, rec := record.Grow(b.recs, e.Size)
	e.PutSibling(rec, recs, &item.Message)
	b.recs = recs
	return nil
}

// stamp writes into the records what only the append lock knows, and appends their offsets.
func (b *batchScratch) stamp(first record.Stamp, offsets []int64) []int64 {
	at := int64(0)
	for i := range b.entries {
		e := &b.entries[i]
		e.Offset, e.Time, e.Base = first.Offset+at, first.StoreTime, first.QueueOffset+int64(i)
		rec := b.recs[at : at+int64(e.Size)]
		record.Restamp(rec, record.Stamp{QueueOffset: e.Base, Offset: e.Offset, StoreTime: e.Time})
		if b.sealed && record.HasPropCRC(rec) {
			record.PutPropCRC(rec)
		}
		offsets = append(offsets, e.Offset)
		at += int64(e.Size)
	}
	return offsets
}
