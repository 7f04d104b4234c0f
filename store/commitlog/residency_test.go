package commitlog

import (
	"sync/atomic"
	"testing"

	"gorocket/store/vfs"
)

// pages is a mapping that counts how often it is asked, and of which nothing from gone on is in memory.
type pages struct {
	vfs.Mapping
	asked, gone int
}

func (p *pages) Resident(off, n int) bool {
	p.asked++
	return off+n <= p.gone
}

// TestResident: a chunk is asked about once; where it is not in memory as a whole, the range itself is.
func TestResident(t *testing.T) {
	const size = 3*residentChunk + 4096
	p := &pages{gone: 2*residentChunk + 8192}
	s := &Segment{Size: size, m: p, asked: make([]atomic.Int64, 4)}
	for _, c := range []struct {
		from, n, asks int
		want          bool
	}{
		{0, 100, 1, true},
		{4096, 4096, 0, true},
		{residentChunk - 10, 20, 1, true}, // over the border of two
		{2 * residentChunk, 8192, 2, true},
		{2 * residentChunk, 8192, 1, true}, // the chunk is known not to be in memory, the range is
		{2*residentChunk + 8000, 400, 1, false},
		{3 * residentChunk, 4096, 2, false},
	} {
		p.asked = 0
		if got := s.Resident(c.from, c.n); got != c.want || p.asked != c.asks {
			t.Errorf("%d bytes at %d: %v after %d questions, want %v after %d", c.n, c.from, got, p.asked, c.want,
				c.asks)
		}
	}
	p.gone, p.asked = 0, 0
	s.asked[0].Add(-residentFor)
	if s.Resident(0, 100) || p.asked != 2 {
		t.Errorf("an answer of %d ms ago is believed", residentFor)
	}
}
