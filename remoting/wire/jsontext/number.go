package jsontext

// Numbers of so many digits fit without a check.
const (
	safeDigits32 = 9
	safeDigits64 = 18
)

// ParseInt reads a decimal number of 32 or 64 bits the way Java's Integer.ParseInt does: optional sign, digits,
// nothing else.
func ParseInt(b []byte, bits uint) (int64, bool) {
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg, b = b[0] == '-', b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	var n uint64
	var ok bool
	if len(b) <= safeDigits32 || bits == 64 && len(b) <= safeDigits64 {
		n, ok = digits(b)
	} else {
		limit := uint64(1) << (bits - 1)
		if !neg {
			limit--
		}
		n, ok = digitsUpTo(b, limit)
	}
	if neg {
		return -int64(n), ok
	}
	return int64(n), ok
}

func digits(b []byte) (n uint64, ok bool) {
	for _, ch := range b {
		d := ch - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	return n, true
}

func digitsUpTo(b []byte, limit uint64) (n uint64, ok bool) {
	for _, ch := range b {
		if ch < '0' || ch > '9' || n > limit/10 {
			return 0, false
		}
		if n = n*10 + uint64(ch-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}

// ScanInt32 reads the JSON number at b[i]: digits with an optional minus sign. It returns where it ends; false when
// there is none or it is no int32.
func ScanInt32(b []byte, i int) (n int32, end int, ok bool) {
	start := i
	if i < len(b) && b[i] == '-' {
		i++
	}
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	x, ok := ParseInt(b[start:i], 32)
	return int32(x), i, ok
}
