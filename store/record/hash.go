package record

import (
	"math"

	"gorocket/compat"
)

// TagsCode returns the tags code of a TAGS property: Java's hashCode, sign-extended; 0 without tags
// (Java MessageExtBrokerInner.tagsString2tagsCode).
func TagsCode(tags []byte) int64 { return int64(compat.HashCodeBytes(tags)) }

// TopicHash is the part of a KeyHash that the topic gives.
func TopicHash[T string | []byte](topic T) int32 {
	var buf [maxTopicV1 + 1]byte
	return compat.HashCodeBytes(append(append(buf[:0], topic...), '#'))
}

// KeyHash is the hash of a key in the index: abs(hashCode(topic#key)), 0 for the one value without abs; topic is
// TopicHash of the topic (Java IndexFile.indexKeyHashMethod).
func KeyHash(topic int32, key []byte) int32 {
	h := compat.ContinueHash(topic, key)
	if h == math.MinInt32 {
		return 0
	}
	if h < 0 {
		return -h
	}
	return h
}
