package commitlog

import (
	"bytes"
	"slices"
)

// Truncate makes end the end of the log: later files go, the rest of the last one becomes zero, and all of it durable.
// What stood behind end is counted, up to the last byte that is not zero within LookBehind. look spares a rest that is
// zero already as far as that the clearing: after a power cut records of an unsynced tail may stand behind a hole of
// any size, and the log would grow into them. Nobody appends meanwhile.
func (l *Log) Truncate(end int64, look bool) (dirty int64, err error) {
	segs := l.Segments()
	keep := len(segs)
	for keep > 1 && segs[keep-1].Base >= end {
		keep--
	}
	if keep == 1 && segs[0].Base > end {
		keep = 0
	}
	for _, seg := range slices.Backward(l.cut(0, keep)) {
		seg.Release()
		if err := seg.unlink(); err != nil {
			return 0, err
		}
	}
	l.Readable.Store(end)
	l.Durable.Store(end)
	if keep > 0 && end < segs[keep-1].End() {
		return segs[keep-1].zeroTail(end-segs[keep-1].Base, look)
	}
	return 0, nil
}

// LookBehind is how far behind the end of the log Truncate counts bytes.
const LookBehind = 8 << 20

// zeroTail makes a file zero from position p on; see Truncate.
func (s *Segment) zeroTail(p int64, look bool) (dirty int64, err error) {
	dirty = int64(len(bytes.TrimRight(s.Data[p:min(s.Size, p+LookBehind)], "\x00")))
	if dirty == 0 && (look || s.ReadOnly) {
		return 0, nil
	}
	return dirty, s.file.Zero(p, s.Size-p)
}
