package timer

import "encoding/binary"

// unitSize is the size of a unit of the timer log in bytes; blankSize of the filler at the end of a file.
const (
	unitSize  = 52
	blankSize = 16
	magicPos  = 12 // of a unit and of the filler
)

// Bits of a unit's magic. Java: TimerMessageStore.MAGIC_*.
const (
	magicDefault = 1
	magicRoll    = 2
	magicDelete  = 4
	magicMask    = 0xF
	magicBlank   = 0xCBD43194 // as uint32; 0xBBCCDDEE ^ 1880681586+8
)

// unit is one entry of the timer log: int32 52 | int64 prev | int32 magic | int64 write time | int32 delay | int64
// commit log offset | int32 size | int32 hash | int64 0. Java: TimerLog.UNIT_SIZE, TimerMessageStore.doEnqueue.
type unit struct {
	prev      int64 // position of the unit before it in the same slot, -1: none
	magic     int32
	writeTime int64 // ms, the write time of the wheel at that moment
	delay     int32 // ms behind writeTime
	offset    int64 // of the message in the commit log
	size      int32 // of the message, bytes
	hash      int32 // Java's hash code of the real topic
}

// time is the time of the unit's slot in ms (not cut to the precision).
func (u *unit) time() int64 { return u.writeTime + int64(u.delay) }

func (u *unit) rolls() bool { return u.magic&magicRoll != 0 }

// deletes tells that the message is a mark that deletes another one. A mark that rolls is stored again like any
// message.
func (u *unit) deletes() bool { return u.magic&magicDelete != 0 }

// weight is what the unit adds to the number of its slot.
func (u *unit) weight() int32 {
	if u.deletes() {
		return -1
	}
	return 1
}

// appendTo encodes the unit behind b.
func (u *unit) appendTo(b []byte) []byte {
	be := binary.BigEndian
	b = be.AppendUint32(b, unitSize)
	b = be.AppendUint64(b, uint64(u.prev))
	b = be.AppendUint32(b, uint32(u.magic))
	b = be.AppendUint64(b, uint64(u.writeTime))
	b = be.AppendUint32(b, uint32(u.delay))
	b = be.AppendUint64(b, uint64(u.offset))
	b = be.AppendUint32(b, uint32(u.size))
	b = be.AppendUint32(b, uint32(u.hash))
	return be.AppendUint64(b, 0)
}

// appendBlank encodes the filler of the last n bytes of a file.
func appendBlank(b []byte, n int64) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	b = binary.BigEndian.AppendUint64(b, 0)
	return binary.BigEndian.AppendUint32(b, magicBlank)
}

// decodeUnit decodes the unit at the start of b; ok is false when there is none.
func decodeUnit(b []byte) (u unit, ok bool) {
	be := binary.BigEndian
	if len(b) < unitSize || be.Uint32(b) != unitSize {
		return u, false
	}
	u = unit{prev: int64(be.Uint64(b[4:])), magic: int32(be.Uint32(b[magicPos:])), writeTime: int64(be.Uint64(b[16:])),
		delay:  int32(be.Uint32(b[24:])),
		offset: int64(be.Uint64(b[28:])), size: int32(be.Uint32(b[36:])), hash: int32(be.Uint32(b[40:]))}
	return u, u.magic&^magicMask == 0 && u.size > 0 && u.offset >= 0 && u.writeTime >= 0 && u.prev >= -1
}

// isBlank tells that the filler of a file's end is at the start of b.
func isBlank(b []byte) bool {
	return len(b) >= blankSize && binary.BigEndian.Uint32(b[magicPos:]) == magicBlank
}
