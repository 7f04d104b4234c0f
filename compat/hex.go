package compat

// hexPairs holds the two upper-case digits of each byte. Immutable.
var hexPairs = func() (pairs [256][2]byte) {
	const digits = "0123456789ABCDEF"
	for b := range pairs {
		pairs[b] = [2]byte{digits[b>>4], digits[b&15]}
	}
	return pairs
}()

// AppendHex appends two upper-case digits for each byte, as ids have them (Java UtilAll.bytes2string).
func AppendHex(dst, raw []byte) []byte {
	for _, b := range raw {
		dst = append(dst, hexPairs[b][:]...)
	}
	return dst
}
