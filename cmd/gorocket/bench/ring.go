package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"gorocket/remoting/wire"
)

// ring is the requests of one connection, encoded beforehand and back to back. Before a frame leaves, its opaque, its
// unique keys and its time stamp are replaced in place; many frames leave in one write, without a copy. Worker's
// goroutine only.
type ring struct {
	bytes    []byte
	frames   []place
	at       int    // next frame
	from, to int    // bytes staged and not sent yet
	serial   uint32 // last unique key
}

// place says where the changing parts of one frame stand in the ring. Positions are those of their first byte, -1 when
// there is none.
type place struct {
	end    int
	opaque int
	binary bool
	keys   []int // counters of unique keys: keyDigits hex digits each
	stamp  int   // stamped bodies, see stampSize
	begin  int
	signed *resigner // nil: not signed, or nothing in it changes
}

const (
	keyDigits  = 8
	slotDigits = 5 // of the opaque: what maxInFlight needs
)

// ringSpec says what newRing looks for.
type ringSpec struct {
	keyPrefix string // what stands before the counter of each unique key; "" when there are none
	stamped   bool   // bodies begin with a stamp
	bodySize  int    // bytes; for stamped
	sign      *signing
}

func (s *ringSpec) keysOf(value []byte) [][]byte { return keysIn(value, s.keyPrefix) }

// newRing makes a ring of frames, which were encoded with opaqueBase.
func newRing(frames [][]byte, spec ringSpec) (*ring, error) {
	r := &ring{}
	for _, f := range frames {
		p, err := locate(f, spec)
		if err != nil {
			return nil, err
		}
		base := len(r.bytes)
		if p.begin = base; len(p.keys) > 0 || p.stamp >= 0 {
			if p.signed, err = spec.sign.newResigner(f, spec.keysOf); err != nil {
				return nil, err
			}
		}
		p.end, p.opaque = base+len(f), p.opaque+base
		for i := range p.keys {
			p.keys[i] += base
		}
		if p.stamp >= 0 {
			p.stamp += base
		}
		r.bytes = append(r.bytes, f...)
		r.frames = append(r.frames, p)
	}
	return r, nil
}

func locate(f []byte, spec ringSpec) (place, error) {
	p := place{stamp: -1}
	var err error
	if p.opaque, p.binary, err = findOpaque(f); err != nil {
		return p, err
	}
	for from := 0; spec.keyPrefix != ""; {
		i := bytes.Index(f[from:], []byte(spec.keyPrefix))
		if i < 0 {
			break
		}
		from += i + len(spec.keyPrefix)
		p.keys = append(p.keys, from)
	}
	if spec.stamped {
		p.stamp = len(f) - spec.bodySize
	}
	return p, nil
}

// findOpaque returns where the opaque of an encoded request stands, as ten digits or as four bytes.
func findOpaque(f []byte) (at int, isBinary bool, err error) {
	word := binary.BigEndian.Uint32(f[lengthWord:])
	if wire.SerializeType(word>>24) == wire.SerializeBinary {
		return frameHead + 5, true, nil
	}
	end := frameHead + int(word&0xFFFFFF)
	i := bytes.LastIndex(f[frameHead:end], opaqueKey)
	if i < 0 {
		return 0, false, fmt.Errorf("no opaque in the encoded request") // cannot be: our own writer
	}
	return frameHead + i + len(opaqueKey), false, nil
}

func putOpaque(b []byte, at int, isBinary bool, slot int32) {
	if isBinary {
		binary.BigEndian.PutUint32(b[at:], uint32(opaqueBase+slot))
		return
	}
	putDigits(b[at+opaqueDigits-slotDigits:at+opaqueDigits], uint64(slot))
}

// putDigits fills b with n in decimal, with leading zeros.
func putDigits(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = '0' + byte(n%10)
		n /= 10
	}
}

const hexDigits = "0123456789ABCDEF"

func putHex(b []byte, n uint32) {
	for i := keyDigits - 1; i >= 0; i-- {
		b[i] = hexDigits[n&15]
		n >>= 4
	}
}

// stampSize is the size of a stamp: run (8 bytes), number of the message (8), intended time in ns on the run's clock
// (8).
const stampSize = 24

// stage puts the next frame into the batch and returns its slot. There must be room. number goes into stamped bodies.
func (r *ring) stage(c *conn, begun int64, number uint64) (slot int32, err error) {
	slot = c.take(begun)
	p := &r.frames[r.at]
	putOpaque(r.bytes, p.opaque, p.binary, slot)
	for _, k := range p.keys {
		r.serial++
		putHex(r.bytes[k:], r.serial)
	}
	if p.stamp >= 0 {
		binary.BigEndian.PutUint64(r.bytes[p.stamp+8:], number)
		binary.BigEndian.PutUint64(r.bytes[p.stamp+16:], uint64(begun))
	}
	if p.signed != nil {
		r.resign(p)
	}
	r.to = p.end
	if r.at++; r.at < len(r.frames) {
		return slot, nil
	}
	err = r.flush(c)
	r.at, r.from, r.to = 0, 0, 0
	return slot, err
}

// resign signs a frame that has changed. The keys in its fields are the first ones: a body comes behind the header.
func (r *ring) resign(p *place) {
	for i, text := range p.signed.changing {
		copy(text, r.bytes[p.keys[i]:])
	}
	p.signed.sign(r.bytes[p.begin:p.end])
}

// flush sends what was staged, in one write as a rule.
func (r *ring) flush(c *conn) error {
	if r.to == r.from {
		return nil
	}
	b := r.bytes[r.from:r.to:r.to]
	r.from = r.to
	return c.send(b)
}

// mark puts the number of the run into all stamped bodies.
func (r *ring) mark(run uint64) {
	for _, p := range r.frames {
		binary.BigEndian.PutUint64(r.bytes[p.stamp:], run)
	}
}
