package record

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/klauspost/crc32"
)

// Limits are what a message is checked against before it is encoded, and how it is encoded.
type Limits struct {
	MaxBody    int  // bytes (maxMessageSize)
	LongTopics bool // V2 records for topics longer than 127 bytes (autoMessageVersionOnTopicLen)
	PropCRC    bool // every record gets a CRC property (enabledAppendPropCRC)
}

// Layout is what has to be known before a message can be written: sizes, and the CRC of the body. It is computed
// outside of the append lock.
type Layout struct {
	Size     int  // bytes of the record
	PropsLen int  // bytes of the properties as stored, with the CRC property
	PropCRC  bool // the record ends with a property CRC

	bodyCRC uint32 // unless it is computed while the body is copied (foldsCRC)
	given   int    // of the given properties, those that are stored
	v2      bool
	bornV6  bool
	storeV6 bool
	needSep bool // a separator goes between the given properties and the CRC property
}

// Plan checks m and computes its layout. Errors are of class ErrIllegal.
func (l Limits) Plan(m *Message) (Layout, error) {
	e := Layout{bornV6: isV6(m.BornHost), storeV6: isV6(m.StoreHost)}
	if len(m.Body) > l.MaxBody {
		return e, ErrBodyTooLarge
	}
	if strings.IndexByte(m.Topic, 0) >= 0 {
		return e, ErrTopicZero
	}
	if len(m.Topic) > maxTopicV1 {
		e.v2 = true
		if !l.LongTopics || len(m.Topic) > maxTopicV2 {
			return e, ErrTopicTooLong
		}
	}
	return e, l.PlanSibling(&e, m)
}

// PlanSibling changes the layout of one message of a batch to that of m, which differs in flag, body and properties
// only. The length of the body was checked.
func (l Limits) PlanSibling(e *Layout, m *Message) error {
	l.Replan(e, m)
	if e.PropsLen > MaxPropertiesLength { // at least as long as those of m
		return ErrPropertiesTooLong
	}
	if !foldsCRC {
		e.bodyCRC = crc32.ChecksumIEEE(m.Body)
	}
	return nil
}

// Replan computes the sizes again after the properties of m changed; their length was checked.
func (l Limits) Replan(e *Layout, m *Message) {
	e.PropsLen, e.given = len(m.Properties), len(m.Properties)
	if e.PropCRC = l.PropCRC || NeedsCRC(m.Properties); e.PropCRC {
		// of the record that this is a copy of, or a client's: it is replaced
		if e.given >= PropCRCLen && HasPropCRC(m.Properties) {
			e.given -= PropCRCLen
		}
		e.needSep = e.given > 0 && m.Properties[e.given-1] != PropValueEnd
		e.PropsLen = e.given + PropCRCLen
		if e.needSep {
			e.PropsLen++
		}
	}
	e.Size = recordSize(e, len(m.Body), len(m.Topic))
}

func recordSize(e *Layout, body, topic int) int {
	n := MinSize - 16 + hostLen(e.bornV6) + hostLen(e.storeV6) + body + topic + e.PropsLen
	if e.v2 {
		n++
	}
	return n
}

// Append plans m and appends it encoded to dst, for records that are built outside of an append.
func (l Limits) Append(dst []byte, m *Message, st Stamp) ([]byte, error) {
	e, err := l.Plan(m)
	if err != nil {
		return dst, err
	}
	return e.Append(dst, m, st), nil
}

// Append appends m, for which e was planned, encoded as a record.
func (e *Layout) Append(dst []byte, m *Message, st Stamp) []byte {
	dst, rec := Grow(dst, e.Size)
	e.Put(rec, m, st)
	return dst
}

// Grow returns b with n bytes more, whose content is not defined, and these.
func Grow(b []byte, n int) (longer, added []byte) {
	longer = slices.Grow(b, n)[:len(b)+n]
	return longer, longer[len(b):]
}

// Put writes m, for which e was planned, into b; len(b) is e.Size.
func (e *Layout) Put(b []byte, m *Message, st Stamp) {
	be := binary.BigEndian
	e.putHead(b)
	be.PutUint32(b[PosQueueID:], uint32(m.QueueID))
	be.PutUint32(b[PosFlag:], uint32(m.Flag))
	be.PutUint64(b[PosQueueOffset:], uint64(st.QueueOffset))
	be.PutUint64(b[PosPhysicalOffset:], uint64(st.Offset))
	be.PutUint32(b[PosSysFlag:], uint32(e.hostFlags(m.SysFlag)))
	be.PutUint64(b[PosBornTimestamp:], uint64(m.BornTimestamp))
	n := PosBornHost + putHost(b[PosBornHost:], m.BornHost)
	be.PutUint64(b[n:], uint64(st.StoreTime))
	n += 8
	n += putHost(b[n:], m.StoreHost)
	be.PutUint32(b[n:], uint32(m.ReconsumeTimes))
	be.PutUint64(b[n+4:], uint64(m.PreparedTransactionOffset))
	e.putContent(b, b[n+12:], m)
}

// PutSibling is Put for a message that differs from one that was encoded before it, into sibling, in flag, body and
// properties only: what is the same is copied. That record's stamp is copied too.
func (e *Layout) PutSibling(b, sibling []byte, m *Message) {
	n := PosBornHost + hostLen(e.bornV6) + 8 + hostLen(e.storeV6) + 12
	copy(b[:n], sibling)
	be := binary.BigEndian
	be.PutUint32(b[PosTotalSize:], uint32(e.Size))
	be.PutUint32(b[PosFlag:], uint32(m.Flag))
	e.putContent(b, b[n:], m)
}

// putBody copies the body and returns its CRC.
func (e *Layout) putBody(dst, body []byte) uint32 {
	if foldsCRC {
		return copyCRC(dst, body)
	}
	copy(dst, body)
	return e.bodyCRC
}

// putContent writes CRC, body, topic and properties into rest, the end of record b.
func (e *Layout) putContent(b, rest []byte, m *Message) {
	be := binary.BigEndian
	be.PutUint32(rest, uint32(len(m.Body)))
	n := 4 + len(m.Body)
	be.PutUint32(b[PosBodyCRC:], e.putBody(rest[4:n], m.Body)&0x7FFFFFFF)
	n += putTopic(rest[n:], m.Topic, e.v2)
	be.PutUint16(rest[n:], uint16(e.PropsLen))
	n += 2
	n += copy(rest[n:], m.Properties[:e.given])
	if e.PropCRC {
		if e.needSep {
			rest[n] = PropValueEnd
		}
		PutPropCRC(b)
	}
}

func (e *Layout) putHead(b []byte) {
	magic := MagicV1
	if e.v2 {
		magic = MagicV2
	}
	binary.BigEndian.PutUint32(b[PosMagic:], magic)
	binary.BigEndian.PutUint32(b[PosTotalSize:], uint32(e.Size))
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
func (e *Layout) hostFlags(flag int32) int32 {
	flag &^= SysFlagBornHostV6 | SysFlagStoreHostV6
	if e.bornV6 {
		flag |= SysFlagBornHostV6
	}
	if e.storeV6 {
		flag |= SysFlagStoreHostV6
	}
	return flag
}

// Restamp writes the fields of st into an encoded record. A property CRC has to be computed again behind it.
func Restamp(rec []byte, st Stamp) {
	be := binary.BigEndian
	be.PutUint64(rec[PosQueueOffset:], uint64(st.QueueOffset))
	be.PutUint64(rec[PosPhysicalOffset:], uint64(st.Offset))
	n := PosBornHost + hostLen(be.Uint32(rec[PosSysFlag:])&SysFlagBornHostV6 != 0)
	be.PutUint64(rec[n:], uint64(st.StoreTime))
}
