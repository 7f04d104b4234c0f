package vfs

import (
	"bytes"
	"errors"
	"io"
)

// dataSeeker is a File that knows its holes.
type dataSeeker interface {
	// seekData returns the first place at or behind off that may be other than zero, -1 when there is none, off when that
	// is not known.
	seekData(off int64) int64
}

// FirstData returns the place of the first byte in [from, to) of a file that is not zero, -1 when all are; bytes behind
// the end of the file count as zeros. Holes are not read.
func FirstData(f File, from, to int64) (int64, error) {
	buf := make([]byte, 4096) // grows: most files are asked for their last block only
	sparse, _ := f.(dataSeeker)
	for from < to {
		if sparse != nil {
			if from = sparse.seekData(from); from < 0 || from >= to {
				return -1, nil
			}
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), to-from)], from)
		if i := n - len(bytes.TrimLeft(buf[:n], "\x00")); i < n {
			return from + int64(i), nil
		}
		if errors.Is(err, io.EOF) {
			return -1, nil
		}
		if err != nil {
			return -1, err
		}
		from += int64(n)
		if len(buf) < 1<<20 {
			buf = make([]byte, 1<<20)
		}
	}
	return -1, nil
}
