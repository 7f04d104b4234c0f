package store

import (
	"slices"

	"gorocket/store/record"
)

// QueryByKey finds messages of a topic by UNIQ_KEY or a word of KEYS, stored in [begin, end] (ms). Only hashes are
// compared, as in Java: the client filters collisions. At most min(maxNum, maxMsgsNumBatch) records, copies, ascending
// by offset. It may read the disk. Java: DefaultMessageStore.queryMessage, whose three rounds ask three times for the
// same when no record is there any more.
func (s *Store) QueryByKey(topic, key string, maxNum int, begin, end int64) (KeyQueryResult, error) {
	var res KeyQueryResult
	limit := min(maxNum, s.cfg.Load().MaxMsgsNumBatch)
	if limit <= 0 {
		return res, nil
	}
	hash := record.KeyHash(record.TopicHash(topic), []byte(key))
	s.index.CatchUp()
	var offsets []int64
	var t, off int64
	err := s.guard(func() error { offsets, t, off = s.index.Query(hash, begin, end, limit); return nil })
	if err != nil || len(offsets) == 0 {
		return res, err
	}
	res.IndexLastUpdateTime, res.IndexLastUpdateOffset = t, off
	slices.Sort(offsets)
	for _, at := range slices.Compact(offsets) {
		if at >= s.Confirmed() {
			continue
		}
		_ = s.WithOwnRecord(at, func(b []byte) error { // an error: it is gone
			res.Records = append(res.Records, slices.Clone(b))
			return nil
		})
	}
	return res, nil
}
