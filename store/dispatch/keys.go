package dispatch

import (
	"iter"

	"gorocket/store/record"
)

// Keys are the hashes of what a message is found by in the index. The zero value says nothing: the index reads the
// record again.
type Keys struct {
	known  bool
	n      uint8
	hashes [MaxKeys]int32
}

// MaxKeys is how many keys fit; of messages with more the index reads the record.
const MaxKeys = 4

// KeysOf returns the keys of a message with these values of UNIQ_KEY and KEYS, nil where there is none; topic is
// record.TopicHash of its topic. Whoever has read the properties anyway saves the index the work.
func KeysOf(topic int32, unique, keys []byte) Keys {
	var k Keys
	k.Set(topic, unique, keys)
	return k
}

// KeysIn returns the keys of a stored record; none of one that was rolled back.
func KeysIn(m *record.View) Keys {
	if rolledBack(m) {
		return NoKeys()
	}
	var noted Noted
	noted.Read(m.Properties)
	var k Keys
	k.Set(record.TopicHashBytes(m.Topic), noted.Unique, noted.Keys)
	return k
}

func rolledBack(m *record.View) bool {
	return m.SysFlag&record.SysFlagTransaction == record.SysFlagRollback
}

// NoKeys are those of a record that the index leaves out: of a transaction that was rolled back.
func NoKeys() Keys { return Keys{known: true} }

// Set is KeysOf in place.
func (k *Keys) Set(topic int32, unique, keys []byte) {
	k.known, k.n = true, 0
	if unique != nil && len(keys) == 0 { // most messages; the walk below takes as long as the hash
		k.add(record.KeyHash(topic, unique))
		return
	}
	for word := range Words(unique, keys) {
		if k.add(record.KeyHash(topic, word)); !k.known {
			return
		}
	}
}

func (k *Keys) add(hash int32) {
	if k.n == MaxKeys {
		k.known = false
		return
	}
	k.hashes[k.n] = hash
	k.n++
}

// Hashes returns the hashes, none for a message without keys; known is false for the zero value and for more keys than
// fit. They lie in k.
func (k *Keys) Hashes() (list []int32, known bool) { return k.hashes[:k.n], k.known }

// Words is what a message is found by: its UNIQ_KEY and each word of its KEYS; nil where there is none.
func Words(unique, keys []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if unique != nil && !yield(unique) {
			return
		}
		for word, rest, ok := record.NextKey(keys); ok && yield(word); word, rest, ok = record.NextKey(rest) {
		}
	}
}

// HashesOf yields the hash of each key of a stored record; none for one that was rolled back.
func HashesOf(m *record.View) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		if rolledBack(m) {
			return
		}
		var noted Noted
		noted.Read(m.Properties)
		topic := record.TopicHashBytes(m.Topic)
		for word := range Words(noted.Unique, noted.Keys) {
			if !yield(record.KeyHash(topic, word)) {
				return
			}
		}
	}
}

// Noted are the properties that the store looks at in every message, nil where there is none.
type Noted struct {
	Tags, Unique, Keys []byte
	Reserved           bool // one that a batch item may not have is there
}

// Read finds them in one walk: it is taken for every message of a batch.
func (n *Noted) Read(text []byte) {
	*n = Noted{}
	for {
		name, value, rest, ok := record.NextProperty(text)
		if !ok {
			return
		}
		switch string(name) {
		case record.PropTags:
			n.Tags = value
		case record.PropUniqKey:
			n.Unique = value
		case record.PropKeys:
			n.Keys = value
		case record.PropInnerNum, record.PropInnerBase, record.PropMultiQueueOffset:
			n.Reserved = true
		}
		text = rest
	}
}
