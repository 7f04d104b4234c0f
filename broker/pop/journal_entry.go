package pop

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"gorocket/compat"
)

// Kinds of journal entries.
const (
	entryLane   byte = 1 + iota // names a lane: number, topic, group, queue
	entryPoint                  // a point of a lane, as it is
	entryAck                    // messages of a point are acknowledged
	entryStored                 // a point is in the revive topic
	entryDrop                   // a lane begins anew at an offset
	entryOrder                  // what is popped in order of a queue, as it is
	entryForget                 // a topic or a group is no more: all its lanes are empty
	entryRevive                 // a queue of the revive topic is settled up to an offset
)

// entry is one entry of a journal; which fields count says its kind.
type entry struct {
	kind   byte
	lane   uint32  // of the first five kinds
	key    laneKey // entryLane, entryOrder; of entryForget topic or group, of entryRevive the queue
	point  point   // entryPoint; start, popTime, bits and end for entryAck and entryStored; end for entryRevive
	offset int64   // entryDrop, entryOrder, entryRevive: the committed offset; -1: none
	order  *orderInfo
}

// append writes the entry.
func (e *entry) append(b []byte) []byte {
	b = append(b, e.kind)
	p := &e.point
	switch e.kind {
	case entryForget:
		return appendName(appendName(b, e.key.topic), e.key.group)
	case entryRevive:
		return binary.AppendVarint(binary.AppendVarint(binary.AppendVarint(b, int64(e.key.queue)), e.offset), p.end)
	case entryOrder:
		b = binary.AppendVarint(appendKey(b, &e.key), e.offset)
		text, err := compat.Marshal(e.order) // nil is null
		if err != nil {
			text = nil // it has no part that can fail; read as damage
		}
		return append(b, text...)
	}
	b = binary.AppendUvarint(b, uint64(e.lane))
	switch e.kind {
	case entryLane:
		return appendKey(b, &e.key)
	case entryDrop:
		return binary.AppendVarint(b, e.offset)
	}
	b = binary.AppendVarint(binary.AppendVarint(b, p.start), p.popTime)
	b = binary.AppendVarint(binary.AppendUvarint(b, uint64(p.bits)), p.end)
	if e.kind != entryPoint {
		return b
	}
	b = binary.AppendVarint(binary.AppendVarint(b, p.next-p.start), p.invisible)
	b = append(b, p.num, byte(p.state))
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(p.revive)), uint64(len(p.diffs)))
	for _, d := range p.diffs {
		b = binary.AppendVarint(b, int64(d))
	}
	return b
}

func appendName(b []byte, name string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(name))), name...)
}

func appendKey(b []byte, k *laneKey) []byte {
	return binary.AppendVarint(appendName(appendName(b, k.topic), k.group), int64(k.queue))
}

var errEntry = errors.New("pop: an entry of the journal is damaged")

// parse reads an entry. Nothing of b is kept.
func (e *entry) parse(b []byte) error {
	r := entryReader{rest: b}
	*e = entry{kind: r.byte()}
	p := &e.point
	switch e.kind {
	case entryForget:
		e.key.topic, e.key.group = r.name(), r.name()
		return r.end()
	case entryRevive:
		e.key.queue, e.offset, p.end = int32(r.varint()), r.varint(), r.varint()
		return r.end()
	case entryOrder:
		e.key, e.offset = r.key(), r.varint()
		if r.bad {
			return errEntry
		}
		if err := compat.Unmarshal(r.rest, &e.order); err != nil {
			return err
		}
		if o := e.order; o != nil && (len(o.Offsets) == 0 || len(o.Offsets) > maxOrdered) {
			return fmt.Errorf("%w: %d messages in order", errEntry, len(o.Offsets))
		}
		return nil
	case entryLane, entryPoint, entryAck, entryStored, entryDrop:
		e.lane = uint32(r.uvarint())
	default:
		return fmt.Errorf("%w: kind %d", errEntry, e.kind)
	}
	switch e.kind {
	case entryLane:
		e.key = r.key()
		return r.end()
	case entryDrop:
		e.offset = r.varint()
		return r.end()
	}
	p.start, p.popTime, p.bits, p.end = r.varint(), r.varint(), uint32(r.uvarint()), r.varint()
	if e.kind == entryPoint {
		r.point(p)
	}
	return r.end()
}

// entryReader reads the parts of an entry; bad says that one was not there.
type entryReader struct {
	rest []byte
	bad  bool
}

func (r *entryReader) end() error {
	if r.bad || len(r.rest) > 0 {
		return errEntry
	}
	return nil
}

func (r *entryReader) byte() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *entryReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	r.skip(n)
	return v
}

func (r *entryReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.skip(n)
	return v
}

// skip goes on behind a number of n bytes.
func (r *entryReader) skip(n int) {
	if n <= 0 {
		r.bad, r.rest = true, nil
		return
	}
	r.rest = r.rest[n:]
}

func (r *entryReader) name() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *entryReader) key() laneKey {
	return laneKey{r.name(), r.name(), int32(r.varint())}
}

// point reads the rest of a point.
func (r *entryReader) point(p *point) {
	p.next, p.invisible = p.start+r.varint(), r.varint()
	p.num, p.state, p.revive = r.byte(), pointState(r.byte()), uint16(r.uvarint())
	n := r.uvarint()
	if p.start < 0 || p.next <= p.start || p.num > MaxMessages || p.state > pointDone || n != 0 && n != uint64(p.num) {
		r.bad = true
		return
	}
	if n > 0 {
		p.diffs = make([]int32, n)
	}
	for i := range p.diffs {
		d := r.varint()
		r.bad = r.bad || d < 0 || d > math.MaxInt32
		p.diffs[i] = int32(d)
	}
}
