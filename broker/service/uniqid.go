package service

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"gorocket/compat"
)

// uniqIDs makes UNIQ_KEYs for senders that sent none: 32 hex digits of ip (4 bytes), process id (2), random (4; Java:
// class loader hash), ms since the start of the month (4), counter (2). Java: MessageClientIDSetter.
type uniqIDs struct {
	prefix  [10]byte
	counter atomic.Uint32
}

func newUniqIDs(host netip.Addr) *uniqIDs {
	u := new(uniqIDs)
	if host.Is4() {
		ip := host.As4()
		copy(u.prefix[:4], ip[:])
	} else {
		_, _ = rand.Read(u.prefix[:4])
	}
	binary.BigEndian.PutUint16(u.prefix[4:], uint16(os.Getpid()))
	_, _ = rand.Read(u.prefix[6:])
	return u
}

// append appends a new id to dst.
func (u *uniqIDs) append(dst []byte, now time.Time) []byte {
	var raw [16]byte
	copy(raw[:], u.prefix[:])
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location())
	binary.BigEndian.PutUint32(raw[10:], uint32(now.Sub(month).Milliseconds()))
	binary.BigEndian.PutUint16(raw[14:], uint16(u.counter.Add(1)))
	return compat.AppendHex(dst, raw[:])
}
