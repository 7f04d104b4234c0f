package store

import (
	"slices"
	"sort"

	"gorocket/store/record"
)

// QueryByKey finds messages of a topic by UNIQ_KEY or a word of KEYS, stored in [begin, end] (ms). Only hashes are
// compared, as in Java: the client filters collisions. At most min(maxNum, maxMsgsNumBatch) records, copies, ascending
// by offset; up to three rounds back in time when records of a round are gone (Java DefaultMessageStore.queryMessage).
// It may read the disk.
func (s *Store) QueryByKey(topic, key string, maxNum int, begin, end int64) (KeyQueryResult, error) {
	var res KeyQueryResult
	limit := min(maxNum, s.cfg.Load().MaxMsgsNumBatch)
	hash := record.KeyHash(record.TopicHash(topic), []byte(key))
	s.index.CatchUp()
	for round := 0; round < 3 && limit > 0; round++ {
		var offsets []int64
		var t, off int64
		err := s.guard(func() error { offsets, t, off = s.index.Query(hash, begin, end, limit); return nil })
		if err != nil {
			return res, err
		}
		if len(offsets) == 0 {
			break
		}
		res.IndexLastUpdateTime, res.IndexLastUpdateOffset = t, off
		sort.Slice(offsets, func(i, j int) bool { return offsets[i] < offsets[j] })
		for i, at := range slices.Compact(offsets) {
			if at >= s.Confirmed() {
				continue
			}
			var rec []byte
			err := s.WithOwnRecord(at, func(b []byte) error {
				rec = slices.Clone(b)
				return nil
			})
			if err != nil {
				continue
			}
			if m, err := record.Decode(rec); err == nil && i == 0 {
				end = m.StoreTimestamp
			}
			res.Records = append(res.Records, rec)
		}
		if len(res.Records) > 0 || end < begin {
			break
		}
	}
	return res, nil
}
