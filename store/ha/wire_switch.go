package ha

import (
	"encoding/binary"
	"fmt"

	"gorocket/store/epoch"
)

// The protocol of brokers whose master may change (Java AutoSwitchHAConnection, AutoSwitchHAClient), big-endian:
//
//	slave to master, first, 16 bytes: int32 1 | int16 it wants the last file only | int16 it is a learner | int64 its id
//	master to slave, first, 20 bytes: int32 1 | int32 bytes that follow | int64 end of the log | int32 newest epoch,
//	    and for each epoch 12 bytes: int32 epoch | int64 offset of its first byte
//	slave to master, 12 bytes: int32 2 | int64 end of the slave's log
//	master to slave, 36 bytes and a block: int32 2 | int32 bytes in it | int64 offset | int32 epoch of who wrote it |
//	    int64 offset of that epoch's first byte | int64 confirm offset | the block, of one file and one epoch
//
// A slave cuts its log at the end of what both have for certain (epoch.Common) before it reports. Java's master reads a
// hello once 12 bytes of it are there: it has to come in one write.
const (
	stateHello = 1 // Java HAConnectionState.HANDSHAKE
	stateBlock = 2 // TRANSFER

	helloSize      = 16
	ackSize        = 12
	answerSize     = 20
	entrySize      = 12
	switchHeadSize = 36
)

// maxEntries bounds what a master may send of epochs, see epoch.MaxEntries.
const maxEntries = epoch.MaxEntries

// hello is what a slave says first.
type hello struct {
	lastFile bool // of an empty slave: it wants the last file only (syncFromLastFile)
	learner  bool // it never becomes part of the sync state set (asyncLearner)
	id       int64
}

func flag(on bool) uint16 {
	if on {
		return 1
	}
	return 0
}

func (h *hello) encode() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, helloSize), stateHello)
	b = binary.BigEndian.AppendUint16(b, flag(h.lastFile))
	b = binary.BigEndian.AppendUint16(b, flag(h.learner))
	return binary.BigEndian.AppendUint64(b, uint64(h.id))
}

func decodeHello(b []byte) *hello {
	return &hello{binary.BigEndian.Uint16(b[4:]) == 1, binary.BigEndian.Uint16(b[6:]) == 1,
		int64(binary.BigEndian.Uint64(b[8:]))}
}

func appendAck(b []byte, end int64) []byte {
	b = binary.BigEndian.AppendUint32(b, stateBlock)
	return binary.BigEndian.AppendUint64(b, uint64(end))
}

// encodeAnswer is what a master answers to a hello.
func encodeAnswer(list epoch.List, end int64) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, answerSize+len(list)*entrySize), stateHello)
	b = binary.BigEndian.AppendUint32(b, uint32(len(list)*entrySize))
	b = binary.BigEndian.AppendUint64(b, uint64(end))
	b = binary.BigEndian.AppendUint32(b, uint32(list.Last()))
	for _, e := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(e.Epoch))
		b = binary.BigEndian.AppendUint64(b, uint64(e.Start))
	}
	return b
}

// decodeAnswerHead reads the first answerSize bytes of an answer: how many entries follow, and the end of the log.
func decodeAnswerHead(b []byte) (entries int, end int64, err error) {
	state, n := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	end = int64(binary.BigEndian.Uint64(b[8:]))
	if state != stateHello || n%entrySize != 0 || n > maxEntries*entrySize || end < 0 {
		return 0, 0, fmt.Errorf("ha: state %d with %d bytes of epochs, a log that ends at %d: the peer is no master of "+
			"the controller mode", state, n, end)
	}
	return int(n / entrySize), end, nil
}

func decodeEntries(b []byte) (epoch.List, error) {
	entries := make([]epoch.Entry, len(b)/entrySize)
	for i := range entries {
		at := b[i*entrySize:]
		entries[i] = epoch.Entry{Epoch: int32(binary.BigEndian.Uint32(at)), Start: int64(binary.BigEndian.Uint64(at[4:]))}
	}
	return epoch.ListOf(entries)
}

// putSwitchHead is the head of a block, or of a heartbeat when n is 0.
func putSwitchHead(b []byte, offset int64, n int, e epoch.Entry, confirm int64) {
	binary.BigEndian.PutUint32(b, stateBlock)
	binary.BigEndian.PutUint32(b[4:], uint32(n))
	binary.BigEndian.PutUint64(b[8:], uint64(offset))
	binary.BigEndian.PutUint32(b[16:], uint32(e.Epoch))
	binary.BigEndian.PutUint64(b[20:], uint64(e.Start))
	binary.BigEndian.PutUint64(b[28:], uint64(confirm))
}

// acks is the inbox of a master whose slaves say hello.
type acks struct {
	buf [1024 * ackSize]byte
	n   int // bytes of an unfinished message, at the start of buf
}

func (a *acks) room() []byte { return a.buf[a.n:] }

func (a *acks) took(n int) (news news, err error) {
	have := a.n + n
	p := 0
	for have-p >= 4 {
		size := ackSize
		switch state := binary.BigEndian.Uint32(a.buf[p:]); state {
		case stateHello:
			size = helloSize
		case stateBlock:
		default:
			return news, fmt.Errorf("ha: the peer is in state %d: it is no slave of the controller mode", state)
		}
		if have-p < size {
			break
		}
		switch {
		case size == ackSize:
			news.reported, news.offset = true, int64(binary.BigEndian.Uint64(a.buf[p+4:]))
		case news.hello != nil || news.reported:
			return news, errAgain
		default:
			news.hello = decodeHello(a.buf[p:])
		}
		p += size
	}
	a.n = copy(a.buf[:], a.buf[p:have])
	return news, nil
}
