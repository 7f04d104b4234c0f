package vfs

import (
	"bytes"
	"errors"
	"io"
)

// Range is a part of a file: From is the place of its first byte, To the one behind its last.
type Range struct{ From, To int64 }

// dataSeeker is a File that knows its holes.
type dataSeeker interface {
	// dataRange is the first range at or behind off that may be other than zero; From is -1 when there is none, and off
	// when that is not known.
	dataRange(off int64) Range
}

// maxRanges is how many ranges DataRanges tells apart; the last one reaches to the end.
const maxRanges = 4096

// DataRanges lists the parts of [from, to) of a file that may be other than zero; the rest are holes. All are found
// before anything is read: what the kernel reads ahead into a hole, or into room that was reserved and never written,
// counts as data for it from then on, and each look would make the next one longer, to the end of the file.
func DataRanges(f File, from, to int64) (list []Range) {
	sparse, ok := f.(dataSeeker)
	for from < to {
		r := Range{from, to}
		if ok && len(list) < maxRanges-1 {
			r = sparse.dataRange(from)
		}
		if r.From < 0 || r.From >= to {
			return list
		}
		r.To = min(r.To, to)
		list = append(list, r)
		from = r.To
	}
	return list
}

// FirstData returns the place of the first byte in [from, to) of a file that is not zero, -1 when all are; bytes behind
// the end of the file count as zeros. Holes are not read.
func FirstData(f File, from, to int64) (int64, error) {
	buf := make([]byte, 4096) // grows: most files are asked for their last block only
	for _, r := range DataRanges(f, from, to) {
		for r.From < r.To {
			n, err := f.ReadAt(buf[:min(int64(len(buf)), r.To-r.From)], r.From)
			if i := n - len(bytes.TrimLeft(buf[:n], "\x00")); i < n {
				return r.From + int64(i), nil
			}
			if errors.Is(err, io.EOF) {
				return -1, nil
			}
			if err != nil {
				return -1, err
			}
			r.From += int64(n)
			if len(buf) < 1<<20 {
				buf = make([]byte, 1<<20)
			}
		}
	}
	return -1, nil
}
