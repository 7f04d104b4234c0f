// Package record is what the bytes of a commit log record mean (Java MessageDecoder, MessageExtEncoder,
// MessageSysFlag): encoding and decoding, properties, items of a client's batch, message ids, hashes. It does no I/O,
// holds no state, and all its functions may be called from any goroutine.
//
// A record, all numbers big-endian:
//
//	 0  int32  total size
//	 4  int32  magic: V1, V2, or that of a blank, which fills the rest of a file and has only size and magic
//	 8  int32  CRC-32 of the body, without its highest bit
//	12  int32  queue id
//	16  int32  flag of the user
//	20  int64  queue offset; 0 in prepared and rolled back messages, what the producer gave in messages of a transaction
//	28  int64  commit log offset of the record itself
//	36  int32  system flag
//	40  int64  born timestamp, ms
//	48  born host: 4 or 16 bytes of address, int32 port
//	    int64  store timestamp, ms
//	    store host, as above
//	    int32  reconsume times
//	    int64  prepared transaction offset
//	    int32  length of the body, body
//	    int8 (V1) or int16 (V2)  length of the topic, topic
//	    int16  length of the properties, properties
package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
)

// Magic numbers of commit log records (Java MessageDecoder, MessageVersion, CommitLog).
const (
	MagicV1    uint32 = 0xDAA320A7 // topic length in one byte
	MagicV2    uint32 = 0xDAA320AB // topic length in two bytes
	MagicBlank uint32 = 0xCBD43194 // filler at the end of a file
)

// Bits of Message.SysFlag (Java MessageSysFlag).
const (
	SysFlagCompressed  = 0x1
	SysFlagMultiTags   = 0x2
	SysFlagTransaction = 0xC // mask
	SysFlagPrepared    = 0x4
	SysFlagCommit      = 0x8
	SysFlagRollback    = 0xC
	SysFlagBornHostV6  = 0x10
	SysFlagStoreHostV6 = 0x20
	SysFlagNeedUnwrap  = 0x40
	SysFlagInnerBatch  = 0x80
)

// Positions in a record of the fields before the born host, in bytes; what follows depends on the lengths of the
// addresses.
const (
	PosTotalSize      = 0
	PosMagic          = 4
	PosBodyCRC        = 8
	PosQueueID        = 12
	PosFlag           = 16
	PosQueueOffset    = 20
	PosPhysicalOffset = 28
	PosSysFlag        = 36
	PosBornTimestamp  = 40
	PosBornHost       = 48
)

const (
	// MinSize is the size of the smallest record, in bytes: V1, v4 hosts, empty body, topic and properties.
	MinSize = 48 + 8 + 8 + 8 + 4 + 8 + 4 + 1 + 2
	// BlankSize is the size of a blank's head, in bytes, which an append always leaves free at the end of a file.
	BlankSize = 8

	maxTopicV1 = 127
	maxTopicV2 = math.MaxInt16
)

// ErrIllegal is the class of errors that blame the message (MESSAGE_ILLEGAL). Test with errors.Is.
var ErrIllegal = errors.New("store: illegal message")

// Reasons of ErrIllegal that the message alone gives.
var (
	ErrBodyTooLarge      = fmt.Errorf("%w: body larger than maxMessageSize", ErrIllegal)
	ErrPropertiesTooLong = fmt.Errorf("%w: properties longer than 32767 bytes", ErrIllegal)
	ErrTopicTooLong      = fmt.Errorf("%w: topic too long", ErrIllegal)
	ErrTopicZero         = fmt.Errorf("%w: a zero byte in the topic", ErrIllegal)
	ErrBadBatch          = fmt.Errorf("%w: malformed batch body", ErrIllegal)
)

// ErrBad is the class of decoding errors.
var ErrBad = errors.New("store: malformed record")

// Message is what a sender gives of a record (Java MessageExtBrokerInner). The encoder keeps no reference to its
// slices.
type Message struct {
	Topic                     string
	QueueID                   int32
	Flag                      int32 // user flag
	SysFlag                   int32 // the host bits 0x10, 0x20 are set by the encoder from BornHost and StoreHost
	BornTimestamp             int64 // ms, from the client
	BornHost                  netip.AddrPort
	StoreHost                 netip.AddrPort
	ReconsumeTimes            int32
	PreparedTransactionOffset int64
	Body                      []byte
	Properties                []byte // text form, stored as given
}

// Stamp is what the log gives a record.
type Stamp struct {
	QueueOffset int64
	Offset      int64 // in the commit log
	StoreTime   int64 // ms
}

// PutBlank writes the filler that sends a reader to the next file; rest is the number of bytes up to the end of the
// file, len(b) at least BlankSize.
func PutBlank(b []byte, rest int64) {
	binary.BigEndian.PutUint32(b, uint32(rest))
	binary.BigEndian.PutUint32(b[PosMagic:], MagicBlank)
}

// Head returns total size and magic of what begins at b, of at least BlankSize bytes: a record, a blank or neither.
func Head(b []byte) (size int32, magic uint32) {
	return int32(binary.BigEndian.Uint32(b)), binary.BigEndian.Uint32(b[PosMagic:])
}

// Belongs tells whether the start of a record says that it stands at a commit log offset, or does not reach that far.
func Belongs(b []byte, offset int64) bool {
	return len(b) < PosSysFlag || int64(binary.BigEndian.Uint64(b[PosPhysicalOffset:])) == offset
}

// StoreTime reads the store timestamp (ms) of a record of at least MinSize bytes.
func StoreTime(rec []byte) int64 {
	n := PosBornHost + hostLen(binary.BigEndian.Uint32(rec[PosSysFlag:])&SysFlagBornHostV6 != 0)
	return int64(binary.BigEndian.Uint64(rec[n:]))
}

// HasQueueEntry tells whether a record with this system flag is in a consume queue: prepared and rollback records are
// in the log only.
func HasQueueEntry(sysFlag int32) bool {
	t := sysFlag & SysFlagTransaction
	return t == 0 || t == SysFlagCommit
}
