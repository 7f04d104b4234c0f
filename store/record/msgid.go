package record

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"

	"gorocket/compat"
)

// ErrBadMessageID is returned by ParseMessageID.
var ErrBadMessageID = errors.New("store: malformed offset message id")

// AppendMessageID appends the offset message id: upper-case hex of ip (4 or 16 bytes), int32 port, int64 commit log
// offset: 32 or 56 characters (Java MessageDecoder.createMessageId).
func AppendMessageID(dst []byte, host netip.AddrPort, offset int64) []byte {
	return AppendMessageIDs(dst, host, []int64{offset})
}

// AppendMessageIDs appends the message ids of several offsets with commas between them, the answer to a batch.
func AppendMessageIDs(dst []byte, host netip.AddrPort, offsets []int64) []byte {
	if len(offsets) == 0 {
		return dst
	}
	var raw [28]byte
	n := putHost(raw[:], host)
	first := len(dst)
	dst = compat.AppendHex(dst, raw[:n+8])
	compat.PutHex64(dst[first+2*n:], uint64(offsets[0]))
	size := len(dst) - first
	for _, offset := range offsets[1:] {
		dst = append(append(dst, ','), dst[first:first+size]...) // the host is the same
		compat.PutHex64(dst[len(dst)-16:], uint64(offset))
	}
	return dst
}

// ParseMessageID is the reverse of AppendMessageID; it accepts lower case too.
func ParseMessageID(id string) (host netip.AddrPort, offset int64, err error) {
	var raw [28]byte
	if len(id) != 32 && len(id) != 56 {
		return host, 0, ErrBadMessageID
	}
	n, err := hex.Decode(raw[:], []byte(id))
	if err != nil {
		return host, 0, ErrBadMessageID
	}
	host = getHost(raw[:n-8])
	return host, int64(binary.BigEndian.Uint64(raw[n-8:])), nil
}

// hostLen is the stored size of an address: 8 (v4) or 20 (v6).
func hostLen(v6 bool) int {
	if v6 {
		return 20
	}
	return 8
}

// isV6 tells whether an address is stored in 16 bytes. An IPv4-mapped address and the zero AddrPort are stored as v4.
func isV6(a netip.AddrPort) bool { return a.Addr().Is6() && !a.Addr().Is4In6() }

// putHost writes ip and int32 port; the result is 8 or 20.
func putHost(b []byte, a netip.AddrPort) int {
	n := 4
	switch {
	case isV6(a):
		ip := a.Addr().As16()
		n = copy(b, ip[:])
	case a.Addr().IsValid():
		ip := a.Addr().Unmap().As4()
		copy(b, ip[:])
	default:
		clear(b[:4])
	}
	binary.BigEndian.PutUint32(b[n:], uint32(a.Port()))
	return n + 4
}

// getHost reads what putHost wrote; len(b) is 8 or 20. A port outside 0..65535 is cut to 16 bits.
func getHost(b []byte) netip.AddrPort {
	n := len(b) - 4
	ip, _ := netip.AddrFromSlice(b[:n])
	return netip.AddrPortFrom(ip, uint16(binary.BigEndian.Uint32(b[n:])))
}
