package ha

import (
	"encoding/binary"
	"errors"
	"fmt"

	"gorocket/store/epoch"
)

// inbox takes what a slave sends apart.
type inbox interface {
	room() []byte                      // where the next bytes are read to, never empty
	took(n int) (news news, err error) // tells that n bytes were read to room
}

// news is what the bytes of one read say.
type news struct {
	hello    *hello // nil: none was finished
	reported bool   // a report was finished: the newest is offset
	offset   int64
}

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

func (r *reports) room() []byte { return r.buf[r.n:] }

func (r *reports) took(n int) (news news, _ error) {
	have := r.n + n
	whole := have / reportSize * reportSize
	if news.reported = whole > 0; news.reported {
		news.offset = int64(binary.BigEndian.Uint64(r.buf[whole-reportSize:]))
	}
	r.n = copy(r.buf[:], r.buf[whole:have])
	return news, nil
}

func putHead(b []byte, offset int64, n int) {
	binary.BigEndian.PutUint64(b[:], uint64(offset))
	binary.BigEndian.PutUint32(b[8:], uint32(n))
}

// blocks takes the stream from a master apart: no block has to be whole. Small pieces that follow each other in the log
// are joined, so that one write stores them.
type blocks struct {
	head [switchHeadSize]byte
	got  int   // bytes of head that are there
	at   int64 // log offset of the next byte of the block
	left int   // bytes of it that are missing

	// of a master that may change; nil: of another one, whose heads are shorter
	turn func(epoch.Entry) error // is told, before a byte of it, that another master wrote what follows
	from epoch.Entry             // who wrote the block
	// confirm offset of the newest head
	confirm int64
}

// headSize is how long a head is.
func (k *blocks) headSize() int {
	if k.turn != nil {
		return switchHeadSize
	}
	return headSize
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
		n = copy(k.head[k.got:k.headSize()], b[p:])
		if p, k.got = p+n, k.got+n; k.got < k.headSize() {
			break
		}
		turned, err := k.begin(fileSize)
		if err != nil {
			return errors.Join(r.hand(b, fn), err)
		}
		if turned {
			if err = r.hand(b, fn); err == nil {
				err = k.turn(k.from)
			}
			if err != nil {
				return err
			}
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

// begin reads a whole head; turned tells that another master wrote the block than the one before.
func (k *blocks) begin(fileSize int64) (turned bool, err error) {
	k.got = 0
	h := k.head[:]
	var size int32
	if k.turn == nil {
		k.at, size = int64(binary.BigEndian.Uint64(h)), int32(binary.BigEndian.Uint32(h[8:]))
	} else {
		if state := binary.BigEndian.Uint32(h); state != stateBlock {
			return false, fmt.Errorf("ha: the master is in state %d", state)
		}
		size, k.at = int32(binary.BigEndian.Uint32(h[4:])), int64(binary.BigEndian.Uint64(h[8:]))
		from := epoch.Entry{Epoch: int32(binary.BigEndian.Uint32(h[16:])),
			Start: int64(binary.BigEndian.Uint64(h[20:]))}
		if size > 0 { // a heartbeat tells nothing of who wrote what
			turned, k.from = from != k.from, from
		}
		k.confirm = int64(binary.BigEndian.Uint64(h[28:]))
	}
	if k.at < 0 || size < 0 || k.at%fileSize+int64(size) > fileSize {
		return false, fmt.Errorf("ha: a block of %d bytes at %d, which is none of files of %d bytes "+
			"(mappedFileSizeCommitLog): the peer is no master of this log", size, k.at, fileSize)
	}
	k.left = int(size)
	return turned, nil
}
