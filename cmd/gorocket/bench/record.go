package bench

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// record is what a load looks at in a stored message. body lies in the answer.
type record struct {
	size        int
	queueID     int32
	queueOffset int64
	body        []byte
}

// Where the fields of a stored message stand (Java: MessageDecoder, MessageExtEncoder).
const (
	recMagic   = 4
	recCRC     = 8
	recQueueID = 12
	recOffset  = 20
	recSysFlag = 36
	// born host; after it store time (8), store host, reconsume times (4), prepared offset (8), body length (4)
	recHosts      = 48
	recAfterHosts = 8 + 4 + 8 + 4

	magicV1     = 0xDAA320A7
	magicV2     = 0xDAA320AB
	sysBornV6   = 0x10
	sysStoreV6  = 0x20
	sysInner    = 0x80 // several messages in one record (queue type BatchCQ)
	hostV4      = 8
	hostV6      = 20
	crcMask     = 0x7FFFFFFF
	minRecordV4 = recHosts + 2*hostV4 + recAfterHosts + 1 + 2 // topic length and properties length behind an empty body
)

// readRecord reads the stored message at the head of b and verifies size, magic and the CRC of its body.
func readRecord(b []byte, r *record) error {
	be := binary.BigEndian
	if len(b) < minRecordV4 {
		return fmt.Errorf("%d bytes are no message", len(b))
	}
	r.size = int(int32(be.Uint32(b)))
	if r.size < minRecordV4 || r.size > len(b) {
		return fmt.Errorf("a message says it has %d bytes, %d are there", r.size, len(b))
	}
	if magic := be.Uint32(b[recMagic:]); magic != magicV1 && magic != magicV2 {
		return fmt.Errorf("magic number %#x", magic)
	}
	r.queueID, r.queueOffset = int32(be.Uint32(b[recQueueID:])), int64(be.Uint64(b[recOffset:]))
	flag := be.Uint32(b[recSysFlag:])
	if flag&sysInner != 0 {
		return fmt.Errorf("offset %d holds several messages (queue type BatchCQ): use a plain topic", r.queueOffset)
	}
	at := recHosts + 2*hostV4 + recAfterHosts
	if flag&sysBornV6 != 0 {
		at += hostV6 - hostV4
	}
	if flag&sysStoreV6 != 0 {
		at += hostV6 - hostV4
	}
	return r.checkBody(b[:r.size], at)
}

// checkBody cuts the body, which begins at at, out of a whole record.
func (r *record) checkBody(b []byte, at int) error {
	if at > len(b) {
		return fmt.Errorf("offset %d: %d bytes cut short", r.queueOffset, len(b))
	}
	n := int(int32(binary.BigEndian.Uint32(b[at-4:])))
	if n < 0 || n > len(b)-at {
		return fmt.Errorf("offset %d: body of %d bytes in a message of %d", r.queueOffset, n, len(b))
	}
	r.body = b[at : at+n]
	if have, want := crc32.ChecksumIEEE(r.body)&crcMask, binary.BigEndian.Uint32(b[recCRC:]); have != want {
		return fmt.Errorf("offset %d: body CRC is %#x, the message says %#x", r.queueOffset, have, want)
	}
	return nil
}

// findings is what a verification found.
type findings struct {
	faulty   int64  // records that cannot be right
	gaps     int64  // messages that were left out
	repeated int64  // messages that came again
	first    string // the first of all
}

func (f *findings) bad() int64 { return f.faulty + f.gaps + f.repeated }

func (f *findings) note(n *int64, count int64, format string, args ...any) {
	*n += count
	if f.first == "" {
		f.first = fmt.Sprintf(format, args...)
	}
}

func (f *findings) add(g *findings) {
	f.faulty, f.gaps, f.repeated = f.faulty+g.faulty, f.gaps+g.gaps, f.repeated+g.repeated
	if f.first == "" {
		f.first = g.first
	}
}

// walkRecords verifies the records of one answer, which have to begin at offset next of a queue and follow each other
// without a gap. visit may be nil. It returns how many messages there were and the offset behind them. After a faulty
// record the rest of the answer is not looked at.
func (f *findings) walkRecords(b []byte, where string, queue int32, next int64, visit func(*record)) (messages int64,
	then int64) {
	var r record
	for len(b) > 0 {
		if err := readRecord(b, &r); err != nil {
			f.note(&f.faulty, 1, "%s queue %d: %v", where, queue, err)
			return messages, next + 1 // else the same answer would come for ever
		}
		switch {
		case r.queueID != queue:
			f.note(&f.faulty, 1, "%s queue %d: offset %d says that it belongs to queue %d", where, queue, r.queueOffset,
				r.queueID)
		case r.queueOffset > next:
			f.note(&f.gaps, r.queueOffset-next, "%s queue %d: offset %d where %d was due: a gap of %d", where, queue,
				r.queueOffset, next, r.queueOffset-next)
		case r.queueOffset < next:
			f.note(&f.repeated, 1, "%s queue %d: offset %d again, %d was due", where, queue, r.queueOffset, next)
		}
		next = max(next, r.queueOffset+1)
		messages++
		if visit != nil {
			visit(&r)
		}
		b = b[r.size:]
	}
	return messages, next
}
