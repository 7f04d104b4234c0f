package wire

import "encoding/binary"

// Interner turns the short strings that repeat from request to request (topics, groups, client ids) into Go strings
// without allocating each time. It is a direct-mapped cache: bounded, and a hostile peer can only make it miss. Not
// safe for concurrent use: each event loop and each worker has its own. A nil Interner copies.
type Interner struct {
	slots [internSlots]string
}

const (
	internSlots  = 1024
	internMaxLen = 300 // longest topic or group name with its prefix, in bytes
)

// String returns b as a string that outlives the frame.
func (in *Interner) String(b []byte) string {
	if in == nil || len(b) == 0 || len(b) > internMaxLen {
		return string(b)
	}
	slot := &in.slots[internHash(b)%internSlots]
	if *slot != string(b) {
		*slot = string(b)
	}
	return *slot
}

// internHash mixes words instead of bytes: names are long where their neighbours differ by little.
func internHash(b []byte) uint64 {
	const prime = 0x9E3779B97F4A7C15
	h := uint64(len(b))
	i := 0
	for ; i+8 <= len(b); i += 8 {
		h = (h ^ binary.LittleEndian.Uint64(b[i:])) * prime
		h ^= h >> 32
	}
	var last uint64
	for ; i < len(b); i++ {
		last = last<<8 | uint64(b[i])
	}
	h = (h ^ last) * prime
	return h >> 40
}
