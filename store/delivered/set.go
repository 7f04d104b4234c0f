package delivered

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"sync"

	"gorocket/store/record"
)

// maxCopies bounds a Set: about 100 MB. It is reached when a slave that never heard from its master takes over.
const maxCopies = 2 << 20

// Names of the properties that timer messages have. Java: MessageConst.
const (
	propOutMs     = "TIMER_OUT_MS"
	propDequeueMs = "TIMER_DEQUEUE_MS"
	propRolls     = "TIMER_ROLL_TIMES"
	propDeletes   = "TIMER_DEL_UNIQKEY"
)

// Log is where copies are; *store.Store is one.
type Log interface {
	RecordsSince(ts, from int64, fn func(m *record.View)) error
}

// Set is what was delivered since some moment. A nil Set knows of nothing. Any goroutine.
type Set struct {
	seed maphash.Seed

	mu        sync.Mutex
	copies    map[uint64]int32 // guarded by mu; how many copies of each kind nobody has asked for yet
	forgotten int64            // guarded by mu; copies for which there was no room
}

// Since looks for copies that were stored at ts (ms since 1970) or later; from is as in Log.RecordsSince. What was read
// before an error is in the Set.
func Since(log Log, ts, from int64) (*Set, error) {
	s := &Set{seed: maphash.MakeSeed(), copies: map[uint64]int32{}}
	err := log.RecordsSince(ts, from, s.note)
	return s, err
}

// Len is the number of copies that nobody has asked for, and Forgotten that of those for which there was no room.
func (s *Set) Len() (copies int, forgotten int64) {
	if s == nil {
		return 0, 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.copies {
		copies += int(n)
	}
	return copies, s.forgotten
}

// note notes a record of the log if it is a copy.
func (s *Set) note(m *record.View) {
	if !bytes.Contains(m.Properties, []byte(propDequeueMs+"\x01")) {
		if topic, _ := m.Property(record.PropRealTopic); len(topic) == 0 || !bytes.Equal(topic, m.Topic) {
			return
		}
	}
	rolls, _ := m.Property(propRolls)
	key, ok := s.key(m, string(m.Topic), m.QueueID, rolls)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, has := s.copies[key]; !has && len(s.copies) >= maxCopies {
		s.forgotten++
		return
	}
	s.copies[key]++
}

// Take tells whether the log has a copy of the parked message m in a queue, and forgets that one. rolls is the
// TIMER_ROLL_TIMES that the copy has.
func (s *Set) Take(m *record.View, topic string, queue int32, rolls []byte) bool {
	if s == nil {
		return false
	}
	key, ok := s.key(m, topic, queue, rolls)
	if !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.copies[key]
	if n > 1 {
		s.copies[key] = n - 1
	} else {
		delete(s.copies, key)
	}
	return n > 0
}

// key is a number for all that a message and its copy have in common.
func (s *Set) key(m *record.View, topic string, queue int32, rolls []byte) (uint64, bool) {
	id, _ := m.Property(record.PropUniqKey)
	if len(id) == 0 {
		return 0, false
	}
	out, _ := m.Property(propOutMs)
	deletes, _ := m.Property(propDeletes)
	var h maphash.Hash
	h.SetSeed(s.seed)
	var fixed [32]byte
	b := binary.BigEndian.AppendUint32(fixed[:0], uint32(queue))
	b = binary.BigEndian.AppendUint64(b, uint64(m.BornTimestamp))
	b = binary.BigEndian.AppendUint32(b, m.BodyCRC)
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.Body)))
	b = binary.BigEndian.AppendUint32(b, uint32(m.Flag))
	b = binary.BigEndian.AppendUint32(b, uint32(m.ReconsumeTimes))
	_, _ = h.Write(b)
	for _, part := range [...][]byte{[]byte(topic), id, out, deletes, rolls} {
		_, _ = h.Write(part)
		_ = h.WriteByte(0)
	}
	return h.Sum64(), true
}
