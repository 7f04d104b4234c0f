package store

import (
	"math"
	"unicode/utf8"
)

// hashCode is Java's String.hashCode of UTF-8 text, continued from h. Bytes that are not UTF-8 count as U+FFFD, as Java's decoder
// would have made them.
func hashCode(h int32, s []byte) int32 {
	for len(s) >= 4 && (s[0]|s[1]|s[2]|s[3]) < utf8.RuneSelf { // four steps at once: they do not wait for each other
		h = h*(31*31*31*31) + int32(s[0])*(31*31*31) + int32(s[1])*(31*31) + int32(s[2])*31 + int32(s[3])
		s = s[4:]
	}
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			h = h*31 + int32(c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		i += n
		h = hashRune(h, r)
	}
	return h
}

// hashRune adds one character, as one or two UTF-16 units.
func hashRune(h int32, r rune) int32 {
	if r < 0x10000 {
		return h*31 + r
	}
	r -= 0x10000
	h = h*31 + (0xD800 + r>>10)
	return h*31 + (0xDC00 + r&0x3FF)
}

// TagsCode returns the tags code of a TAGS property: Java's hashCode, sign-extended; 0 without tags
// (Java MessageExtBrokerInner.tagsString2tagsCode).
func TagsCode(tags []byte) int64 { return int64(hashCode(0, tags)) }

// indexHash is the key hash of an index entry: abs(hashCode(topic#key)), 0 for the one value without abs (Java IndexFile.indexKeyHashMethod).
func indexHash(topic, key []byte) int32 {
	return foldHash(hashCode(hashCode(hashCode(0, topic), []byte{'#'}), key))
}

func foldHash(h int32) int32 {
	if h == math.MinInt32 {
		return 0
	}
	if h < 0 {
		return -h
	}
	return h
}
