package record

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/klauspost/crc32"
)

// View is a decoded record. Body, Topic and Properties point into the record they were decoded from.
// It corresponds to Java's MessageExt.
type View struct {
	Size                      int32
	Magic                     uint32
	BodyCRC                   uint32
	QueueID                   int32
	Flag                      int32
	QueueOffset               int64
	PhysicalOffset            int64 // in the commit log
	SysFlag                   int32
	BornTimestamp             int64 // ms
	BornHost                  netip.AddrPort
	StoreTimestamp            int64 // ms
	StoreHost                 netip.AddrPort
	ReconsumeTimes            int32
	PreparedTransactionOffset int64
	Body                      []byte
	Topic                     []byte
	Properties                []byte
	Record                    []byte // the whole record, Size bytes
}

// Property looks a property up without building a map.
func (m *View) Property(name string) ([]byte, bool) { return Property(m.Properties, name) }

// AppendMessageID appends the offset message id of the record.
func (m *View) AppendMessageID(dst []byte) []byte {
	return AppendMessageID(dst, m.StoreHost, m.PhysicalOffset)
}

// BodyCRCOK tells whether the body matches its stored CRC.
func (m *View) BodyCRCOK() bool {
	return crc32.ChecksumIEEE(m.Body)&0x7FFFFFFF == m.BodyCRC
}

// Sealed tells that the record has a property CRC, and that it fits.
func (m *View) Sealed() bool {
	stored, computed, ok := ReadPropCRC(m.Record)
	return ok && stored == computed
}

// Decode decodes the record at the start of b; b may go on behind it. The error wraps ErrBad. All lengths are
// checked: the sum of the parts must be the total size.
func Decode(b []byte) (m View, err error) {
	err = DecodeInto(b, &m)
	return m, err
}

func badRecord(what string, v any) error { return fmt.Errorf("%w: %s %v", ErrBad, what, v) }

// DecodeInto is Decode into m, which after an error holds anything.
func DecodeInto(b []byte, m *View) error {
	if len(b) < MinSize {
		return badRecord("short record of bytes", len(b))
	}
	be := binary.BigEndian
	m.Size, m.Magic = int32(be.Uint32(b)), be.Uint32(b[PosMagic:])
	if m.Magic != MagicV1 && m.Magic != MagicV2 {
		return badRecord("magic", m.Magic)
	}
	if m.Size < MinSize || int(m.Size) > len(b) {
		return badRecord("total size", m.Size)
	}
	b = b[:m.Size:m.Size]
	m.Record = b
	decodeFixed(b, m)
	n := PosBornHost
	bl, sl := hostLen(m.SysFlag&SysFlagBornHostV6 != 0), hostLen(m.SysFlag&SysFlagStoreHostV6 != 0)
	if n+bl+8+sl+16 > len(b) {
		return badRecord("total size too small for its hosts", m.Size)
	}
	m.BornHost = getHost(b[n : n+bl])
	m.StoreTimestamp = int64(be.Uint64(b[n+bl:]))
	n += bl + 8
	m.StoreHost = getHost(b[n : n+sl])
	n += sl
	m.ReconsumeTimes = int32(be.Uint32(b[n:]))
	m.PreparedTransactionOffset = int64(be.Uint64(b[n+4:]))
	return decodeTail(b, n+12, m)
}

func decodeFixed(b []byte, m *View) {
	be := binary.BigEndian
	m.BodyCRC = be.Uint32(b[PosBodyCRC:])
	m.QueueID = int32(be.Uint32(b[PosQueueID:]))
	m.Flag = int32(be.Uint32(b[PosFlag:]))
	m.QueueOffset = int64(be.Uint64(b[PosQueueOffset:]))
	m.PhysicalOffset = int64(be.Uint64(b[PosPhysicalOffset:]))
	m.SysFlag = int32(be.Uint32(b[PosSysFlag:]))
	m.BornTimestamp = int64(be.Uint64(b[PosBornTimestamp:]))
}

// decodeTail decodes body, topic and properties from b[n:] and checks that they end where the record ends.
func decodeTail(b []byte, n int, m *View) error {
	be := binary.BigEndian
	body := int(int32(be.Uint32(b[n:])))
	n += 4
	if body < 0 || body > len(b)-n {
		return badRecord("body length", body)
	}
	m.Body = b[n : n+body]
	n += body
	head := 1
	if m.Magic == MagicV2 {
		head = 2
	}
	if len(b)-n < head {
		return badRecord("no topic at", n)
	}
	topic := int(b[n])
	if head == 2 {
		topic = int(be.Uint16(b[n:]))
	}
	n += head
	if topic+2 > len(b)-n {
		return badRecord("topic length", topic)
	}
	m.Topic = b[n : n+topic]
	n += topic
	props := int(be.Uint16(b[n:]))
	n += 2
	if props > MaxPropertiesLength || n+props != len(b) {
		return badRecord("properties length", props)
	}
	m.Properties = b[n:]
	return nil
}
