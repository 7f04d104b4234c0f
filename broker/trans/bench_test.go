package trans

import (
	"testing"
)

// BenchmarkHalfTable is what an end costs in the table of half messages.
func BenchmarkHalfTable(b *testing.B) {
	h := newHalfTable()
	b.ReportAllocs()
	for i := range b.N {
		at, _ := h.Claim(int64(i))
		h.Release(at, true)
		if i%100_000 == 99_999 {
			h.advance(int64(i))
		}
	}
}

// BenchmarkOpLog is what an end costs in the op messages.
func BenchmarkOpLog(b *testing.B) {
	o := newOpLog()
	b.ReportAllocs()
	for i := range b.N {
		o.add(4096, int64(i), int64(i))
		if len(o.text) >= 4096 {
			o.written(o.text, int64(i))
			o.advance(int64(i))
		}
	}
}
