package store

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strings"
)

// Magic numbers of commit log records (Java MessageDecoder, MessageVersion, CommitLog).
const (
	MagicV1    uint32 = 0xDAA320A7 // topic length in one byte
	MagicV2    uint32 = 0xDAA320AB // topic length in two bytes
	MagicBlank uint32 = 0xCBD43194 // filler at the end of a file
)

// sysFlag bits (Java MessageSysFlag).
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

// Positions of the fields before bornHost; what follows depends on the address lengths.
const (
	posTotalSize      = 0
	posMagic          = 4
	posBodyCRC        = 8
	posQueueID        = 12
	posFlag           = 16
	posQueueOffset    = 20
	posPhysicalOffset = 28
	posSysFlag        = 36
	posBornTimestamp  = 40
	posBornHost       = 48

	// minRecord is the size of a V1 record with v4 hosts, empty body, topic and properties.
	minRecord = 48 + 8 + 8 + 8 + 4 + 8 + 4 + 1 + 2
	// endFileReserve is what an append always leaves free in a file: the head of a blank record.
	endFileReserve = 8

	maxTopicV1 = 127
	maxTopicV2 = math.MaxInt16
)

// encoded is what has to be known before a record can be written: computed outside the append lock.
type encoded struct {
	size     int
	v2       bool
	bornV6   bool
	storeV6  bool
	bodyCRC  uint32 // when it is not computed while the body is copied (foldsCRC)
	propsLen int    // with the CRC property
	given    int    // of the given properties, those that are stored
	crcProp  bool
	needSep  bool // a separator goes between the given properties and the CRC property
}

// plan checks r against the limits and computes sizes and the body CRC.
func (c *Config) plan(r *Record) (encoded, error) {
	e := encoded{bornV6: isV6(r.BornHost), storeV6: isV6(r.StoreHost)}
	if len(r.Body) > c.MaxMessageSize {
		return e, ErrBodyTooLarge
	}
	if strings.IndexByte(r.Topic, 0) >= 0 {
		return e, ErrTopicZero
	}
	if len(r.Topic) > maxTopicV1 {
		e.v2 = true
		if !c.AutoMessageVersionOnTopicLen || len(r.Topic) > maxTopicV2 {
			return e, ErrTopicTooLong
		}
	}
	return e, c.planContent(&e, r)
}

// planContent is plan for what differs between the records of a batch, body and properties. The length of the body was checked.
func (c *Config) planContent(e *encoded, r *Record) error {
	c.replan(e, r)
	if e.propsLen > MaxPropertiesLength { // at least as long as those of r
		return ErrPropertiesTooLong
	}
	if !foldsCRC {
		e.bodyCRC = crc32.ChecksumIEEE(r.Body)
	}
	return nil
}

// replan computes the size again after the properties of r changed; their length was checked.
func (c *Config) replan(e *encoded, r *Record) {
	e.propsLen, e.given = len(r.Properties), len(r.Properties)
	if e.crcProp = c.EnabledAppendPropCRC || needsSeal(r.Properties); e.crcProp {
		// of the record that this is a copy of, or a client's: it is replaced
		if e.given >= crcPropLen && hasPropCRC(r.Properties) {
			e.given -= crcPropLen
		}
		e.needSep = e.given > 0 && r.Properties[e.given-1] != propValueEnd
		e.propsLen = e.given + crcPropLen
		if e.needSep {
			e.propsLen++
		}
	}
	e.size = recordSize(*e, len(r.Body), len(r.Topic))
}

func recordSize(e encoded, body, topic int) int {
	n := minRecord - 16 + hostLen(e.bornV6) + hostLen(e.storeV6) + body + topic + e.propsLen
	if e.v2 {
		n++
	}
	return n
}

// stamp is what only the append lock knows.
type stamp struct {
	queueOffset int64
	offset      int64
	storeTime   int64
}

// encodeRecord writes r into b (len(b) == e.size): a commit log record, big-endian (Java MessageExtEncoder.encode).
func encodeRecord(b []byte, r *Record, e *encoded, st stamp) {
	be := binary.BigEndian
	putHead(b, e)
	be.PutUint32(b[posQueueID:], uint32(r.QueueID))
	be.PutUint32(b[posFlag:], uint32(r.Flag))
	be.PutUint64(b[posQueueOffset:], uint64(st.queueOffset))
	be.PutUint64(b[posPhysicalOffset:], uint64(st.offset))
	be.PutUint32(b[posSysFlag:], uint32(hostFlags(r.SysFlag, e)))
	be.PutUint64(b[posBornTimestamp:], uint64(r.BornTimestamp))
	n := posBornHost + putHost(b[posBornHost:], r.BornHost)
	be.PutUint64(b[n:], uint64(st.storeTime))
	n += 8
	n += putHost(b[n:], r.StoreHost)
	be.PutUint32(b[n:], uint32(r.ReconsumeTimes))
	be.PutUint64(b[n+4:], uint64(r.PreparedTransactionOffset))
	putContent(b, b[n+12:], r, e)
}

// encodeSibling is encodeRecord for a record that differs from one that was encoded before it in flag, body and properties only: what is the same is copied. That
// record's stamp is copied too.
func encodeSibling(b, sibling []byte, r *Record, e *encoded) {
	n := posBornHost + hostLen(e.bornV6) + 8 + hostLen(e.storeV6) + 12
	copy(b[:n], sibling)
	be := binary.BigEndian
	be.PutUint32(b[posTotalSize:], uint32(e.size))
	be.PutUint32(b[posFlag:], uint32(r.Flag))
	putContent(b, b[n:], r, e)
}

// putBody copies the body and returns its CRC.
func putBody(dst, body []byte, e *encoded) uint32 {
	if foldsCRC {
		return copyCRC(dst, body)
	}
	copy(dst, body)
	return e.bodyCRC
}

// putContent writes CRC, body, topic and properties into rest, the end of record b.
func putContent(b, rest []byte, r *Record, e *encoded) {
	be := binary.BigEndian
	be.PutUint32(rest, uint32(len(r.Body)))
	n := 4 + len(r.Body)
	be.PutUint32(b[posBodyCRC:], putBody(rest[4:n], r.Body, e)&0x7FFFFFFF)
	n += putTopic(rest[n:], r.Topic, e.v2)
	be.PutUint16(rest[n:], uint16(e.propsLen))
	n += 2
	n += copy(rest[n:], r.Properties[:e.given])
	if e.crcProp {
		if e.needSep {
			rest[n] = propValueEnd
		}
		sealPropCRC(b)
	}
}

func putHead(b []byte, e *encoded) {
	magic := MagicV1
	if e.v2 {
		magic = MagicV2
	}
	binary.BigEndian.PutUint32(b[posMagic:], magic)
	binary.BigEndian.PutUint32(b[posTotalSize:], uint32(e.size))
}

func putTopic(b []byte, topic string, v2 bool) int {
	if v2 {
		binary.BigEndian.PutUint16(b, uint16(len(topic)))
		return 2 + copy(b[2:], topic)
	}
	b[0] = byte(len(topic))
	return 1 + copy(b[1:], topic)
}

// hostFlags sets the address bits to what is really stored.
func hostFlags(flag int32, e *encoded) int32 {
	flag &^= SysFlagBornHostV6 | SysFlagStoreHostV6
	if e.bornV6 {
		flag |= SysFlagBornHostV6
	}
	if e.storeV6 {
		flag |= SysFlagStoreHostV6
	}
	return flag
}

// restamp writes the fields that only the append lock knows into an encoded record.
func restamp(b []byte, st stamp) {
	be := binary.BigEndian
	be.PutUint64(b[posQueueOffset:], uint64(st.queueOffset))
	be.PutUint64(b[posPhysicalOffset:], uint64(st.offset))
	n := posBornHost + hostLen(be.Uint32(b[posSysFlag:])&SysFlagBornHostV6 != 0)
	be.PutUint64(b[n:], uint64(st.storeTime))
}

// putBlank writes the filler that sends a reader to the next file; rest is the number of bytes up to the end of the file.
func putBlank(b []byte, rest int64) {
	binary.BigEndian.PutUint32(b, uint32(rest))
	binary.BigEndian.PutUint32(b[4:], MagicBlank)
}
