package store

import (
	"fmt"
	"testing"

	"gorocket/store/record"
)

// BenchmarkAppendBatch is a client batch of 32 messages of 128 B, as an event loop stages it, sixteen with a read; per
// batch.
func BenchmarkAppendBatch(b *testing.B) {
	s := benchStore(b)
	var items []byte
	for i := range 32 {
		items = record.AppendBatchItem(items, record.BatchItem{Body: make([]byte, 128),
			Properties: []byte(fmt.Sprintf("UNIQ_KEY\x01AC1E0A640000000000000000DEADBE%02X\x02WAIT\x01true\x02TAGS\x01TagA",
				i))})
	}
	r := msg("T", 0, "")
	r.Later = true
	var offsets []int64
	b.ReportAllocs()
	b.SetBytes(int64(len(items)))
	for i := 0; b.Loop(); i++ {
		a, list, err := s.AppendBatch(r, items, offsets[:0])
		if offsets = list; err == nil && i%16 == 15 {
			err = s.Publish(a.End())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
