package ha

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Sizes in bytes.
const (
	reportSize = 8  // what a slave sends (Java DefaultHAClient.REPORT_HEADER_SIZE)
	headSize   = 12 // in front of a block (Java DefaultHAConnection.TRANSFER_HEADER_SIZE)
)

// reports finds the newest whole report in what a slave has sent; groups of 8 bytes are counted from the first byte of
// the connection.
type reports struct {
	buf [512 * reportSize]byte
	n   int // bytes of an unfinished group, at the start of buf
}

// room is where the next bytes are read to, never empty.
func (r *reports) room() []byte { return r.buf[r.n:] }

// took tells that n bytes were read to room. It returns the newest report; ok is false when none was finished.
func (r *reports) took(n int) (offset int64, ok bool) {
	have := r.n + n
	whole := have / reportSize * reportSize
	if ok = whole > 0; ok {
		offset = int64(binary.BigEndian.Uint64(r.buf[whole-reportSize:]))
	}
	r.n = copy(r.buf[:], r.buf[whole:have])
	return offset, ok
}

func putHead(b *[headSize]byte, offset int64, n int) {
	binary.BigEndian.PutUint64(b[:], uint64(offset))
	binary.BigEndian.PutUint32(b[8:], uint32(n))
}

// blocks takes the stream from a master apart: no block has to be whole. Small pieces that follow each other in the log
// are joined, so that one write stores them.
type blocks struct {
	head [headSize]byte
	got  int   // bytes of head that are there
	at   int64 // log offset of the next byte of the block
	left int   // bytes of it that are missing
}

// joinLimit is the largest piece that is moved to join the one in front of it, in bytes: a system call costs more.
const joinLimit = 16 << 10

// run is a piece of the log in the buffer of a read.
type run struct {
	at       int64 // log offset
	from, to int   // in the buffer
}

// hand gives the run to fn, if there is one.
func (r *run) hand(b []byte, fn func(at int64, piece []byte) error) error {
	from, to := r.from, r.to
	r.from = to
	if from == to {
		return nil
	}
	return fn(r.at, b[from:to])
}

// add adds n bytes at position p of the buffer, which stand at an offset of the log, to the run, or begins a new one.
func (r *run) add(b []byte, p, n int, at, fileSize int64, fn func(at int64, piece []byte) error) error {
	length := int64(r.to - r.from)
	if length > 0 && n <= joinLimit && at == r.at+length && at/fileSize == r.at/fileSize {
		r.to += copy(b[r.to:], b[p:p+n])
		return nil
	}
	err := r.hand(b, fn)
	*r = run{at, p, p + n}
	return err
}

// take hands each piece of the log in b to fn, an empty one for a heartbeat. b is changed. fileSize is that of the
// log's files: no piece crosses the end of one.
func (k *blocks) take(b []byte, fileSize int64, fn func(at int64, piece []byte) error) error {
	var r run
	for p := 0; p < len(b); {
		n := min(k.left, len(b)-p)
		if n > 0 {
			if err := r.add(b, p, n, k.at, fileSize, fn); err != nil {
				return err
			}
			p, k.at, k.left = p+n, k.at+int64(n), k.left-n
			continue
		}
		n = copy(k.head[k.got:], b[p:])
		if p, k.got = p+n, k.got+n; k.got < headSize {
			break
		}
		if err := k.begin(fileSize); err != nil {
			return errors.Join(r.hand(b, fn), err)
		}
		if k.left > 0 {
			continue
		}
		if err := r.hand(b, fn); err != nil {
			return err
		}
		if err := fn(k.at, nil); err != nil {
			return err
		}
	}
	return r.hand(b, fn)
}

// begin reads a whole head.
func (k *blocks) begin(fileSize int64) error {
	k.got = 0
	k.at = int64(binary.BigEndian.Uint64(k.head[:]))
	size := int32(binary.BigEndian.Uint32(k.head[8:]))
	if k.at < 0 || size < 0 || k.at%fileSize+int64(size) > fileSize {
		return fmt.Errorf("ha: a block of %d bytes at %d, which is none of files of %d bytes "+
			"(mappedFileSizeCommitLog): the peer is no master of this log", size, k.at, fileSize)
	}
	k.left = int(size)
	return nil
}
