package record

import (
	"math"

	"gorocket/compat"
)

// TagsCode returns the tags code of a TAGS property: Java's hashCode, sign-extended; 0 without tags
// (Java MessageExtBrokerInner.tagsString2tagsCode).
func TagsCode(tags []byte) int64 { return int64(compat.HashCodeBytes(tags)) }

// TopicHash is the part of a KeyHash that the topic gives.
func TopicHash(topic string) int32 { return compat.HashCode(topic)*31 + '#' }

// TopicHashBytes is TopicHash of a topic in a record.
func TopicHashBytes(topic []byte) int32 { return compat.HashCodeBytes(topic)*31 + '#' }

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
