package check

import (
	"testing"

	"gorocket/store/commitlog"
	"gorocket/store/record"
)

// TestSkipDamagedPieces: a range of any length is covered to its last byte with records of at least the least length.
func TestSkipDamagedPieces(t *testing.T) {
	cfg := Options{Root: "/s", Limits: record.Limits{LongTopics: true}}
	for _, limit := range []int{1, 10, 100, 1000} {
		cfg.Limits.MaxBody = limit
		k := &skipper{cfg: cfg}
		least := k.overhead(shortTopic)
		for n := least; n < 3000; n++ {
			r := &blankRange{damagedRange{seg: &commitlog.Segment{Base: 5000, Size: 1 << 20}, from: 7, to: 7 + n}, 5}
			at := r.start()
			for _, p := range k.pieces(r) {
				b, err := k.record(p, 5)
				m, derr := record.Decode(b)
				if err != nil || derr != nil || p.offset != at || !m.BodyCRCOK() || m.PhysicalOffset != at ||
					m.StoreTimestamp != 5 {
					t.Fatalf("%d bytes, limit %d: %+v: %v %v", n, limit, p, err, derr)
				}
				at += p.size
			}
			if at != r.end() {
				t.Fatalf("%d bytes, limit %d: covered up to %d, want %d", n, limit, at, r.end())
			}
		}
	}
}
