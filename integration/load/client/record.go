package client

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"strconv"
	"strings"
)

// Magic words of a record.
const (
	magicV1 = 0xDAA320A7 // topic length in one byte
	magicV2 = 0xDAA320AB // in two
)

// Record is one stored message with all its fields, as the commit log holds it. Java: MessageExtEncoder.
type Record struct {
	Raw                 []byte // the whole record
	V2                  bool
	Queue               int32
	Flag, SysFlag       int32
	QueueOffset, Offset int64
	Born, Stored        int64 // ms since 1970
	BornHost, StoreHost netip.AddrPort
	Reconsume           int32
	PreparedOffset      int64
	Body                []byte
	Topic               string
	Properties          string
	declared, storedCRC uint32
}

// errShort says that a record ends inside a field.
var errShort = errors.New("client: record is cut short")

// fields reads big-endian fields from the front; after a read beyond the end short is true.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.rest) {
		f.short = true
		return make([]byte, max(0, min(n, 20)))
	}
	out := f.rest[:n:n]
	f.rest = f.rest[n:]
	return out
}

func (f *fields) u32() uint32 { return binary.BigEndian.Uint32(f.take(4)) }
func (f *fields) i32() int32  { return int32(f.u32()) }
func (f *fields) i64() int64  { return int64(binary.BigEndian.Uint64(f.take(8))) }

func (f *fields) host(v6 bool) netip.AddrPort {
	size := 4
	if v6 {
		size = 16
	}
	ip, _ := netip.AddrFromSlice(f.take(size))
	return netip.AddrPortFrom(ip, uint16(f.u32()))
}

// Decode reads one record and verifies its length and the CRC of its body.
func Decode(raw []byte) (*Record, error) {
	f := &fields{rest: raw}
	r := &Record{Raw: raw, declared: f.u32()}
	magic := f.u32()
	if magic != magicV1 && magic != magicV2 {
		return nil, fmt.Errorf("client: record magic %#x", magic)
	}
	r.V2 = magic == magicV2
	r.storedCRC = f.u32()
	r.Queue, r.Flag = f.i32(), f.i32()
	r.QueueOffset, r.Offset, r.SysFlag = f.i64(), f.i64(), f.i32()
	r.Born, r.BornHost = f.i64(), f.host(r.SysFlag&0x10 != 0)
	r.Stored, r.StoreHost = f.i64(), f.host(r.SysFlag&0x20 != 0)
	r.Reconsume, r.PreparedOffset = f.i32(), f.i64()
	r.Body = f.take(int(f.i32()))
	topic := int(f.take(1)[0])
	if r.V2 {
		topic = topic<<8 | int(f.take(1)[0])
	}
	r.Topic = string(f.take(topic))
	r.Properties = string(f.take(int(binary.BigEndian.Uint16(f.take(2)))))
	if f.short || int(r.declared) != len(raw) {
		return nil, fmt.Errorf("%w: %d bytes, says %d", errShort, len(raw), r.declared)
	}
	if crc := crc32.ChecksumIEEE(r.Body) & 0x7FFFFFFF; crc != r.storedCRC {
		return nil, fmt.Errorf("client: %s queue %d offset %d: body CRC %#x, record says %#x", r.Topic, r.Queue,
			r.QueueOffset, crc, r.storedCRC)
	}
	return r, nil
}

// EachRecord walks records that stand back to back.
func EachRecord(body []byte, visit func(*Record) error) error {
	for len(body) > 0 {
		if len(body) < 4 || int64(binary.BigEndian.Uint32(body)) > int64(len(body)) {
			return fmt.Errorf("%w: %d bytes left", errShort, len(body))
		}
		n := max(4, int(binary.BigEndian.Uint32(body)))
		r, err := Decode(body[:n])
		if err == nil {
			err = visit(r)
		}
		if err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

// Records is EachRecord into a slice.
func Records(body []byte) (all []*Record, err error) {
	err = EachRecord(body, func(r *Record) error { all = append(all, r); return nil })
	return all, err
}

// Property is the value of a property, "" when absent.
func (r *Record) Property(name string) string {
	for pair := range strings.SplitSeq(r.Properties, "\x02") {
		if k, v, ok := strings.Cut(pair, "\x01"); ok && k == name {
			return v
		}
	}
	return ""
}

// Width is the number of queue offsets the record takes: an inner batch takes one for each item.
func (r *Record) Width() int64 {
	n, err := strconv.ParseInt(r.Property("INNER_NUM"), 10, 64)
	if r.SysFlag&0x80 == 0 || err != nil {
		return 1
	}
	return n
}

// LightOffset is the record's offset in one of its light queues, -1 when it is not in there.
func (r *Record) LightOffset(name string) int64 {
	offsets := strings.Split(r.Property("INNER_MULTI_QUEUE_OFFSET"), ",")
	for i, q := range strings.Split(r.Property("INNER_MULTI_DISPATCH"), ",") {
		if q == name && i < len(offsets) {
			if n, err := strconv.ParseInt(offsets[i], 10, 64); err == nil {
				return n
			}
		}
	}
	return -1
}

// ID is the offset message id: store host, port (4 bytes), commit log offset (8 bytes) in upper-case hex.
func (r *Record) ID() string {
	return fmt.Sprintf("%X%08X%016X", r.StoreHost.Addr().AsSlice(), r.StoreHost.Port(), r.Offset)
}

// String names the record in an error.
func (r *Record) String() string {
	return fmt.Sprintf("%s queue %d offset %d (log %d, %d bytes, %q, properties %q)", r.Topic, r.Queue, r.QueueOffset,
		r.Offset, len(r.Raw), trim(r.Body), r.Properties)
}

func trim(b []byte) []byte { return b[:min(len(b), 40)] }
