package store

import (
	"slices"

	"gorocket/store/commitlog"
	"gorocket/store/consumequeue"
	"gorocket/store/dispatch"
	"gorocket/store/record"
	"gorocket/store/recovery"
)

// A store whose brokerRole is SLAVE is the copy of another one: it takes the bytes of that store's log and no messages
// of its own; queues and index come from the records in them, as in recovery (Java DefaultMessageStore.
// appendToCommitLog, ReputMessageService). The role is that of Open: another start, another role, the same directory.

// rawTaker is what a slave needs to take records over. Its fields are guarded by the append lock.
type rawTaker struct {
	take   commitlog.Taker   // Store.takeRaw
	topics map[string]string // names in records become these; see maxRawTopics
	places []placed          // of the present record
	jumps  []recovery.Jump   // to be told
	jumped int               // jumps since the start
}

// placed is an entry and where it goes.
type placed struct {
	q     *consumequeue.Queue
	e     dispatch.Entry
	place recovery.Place
	again bool // behind another entry of the same record in the same queue: it counts if it follows it
}

// adds tells that the entry comes into the queue.
func (p *placed) adds() bool {
	return p.place.Why() == "" && p.place != recovery.PlaceKnown || p.place == recovery.PlaceGap
}

const (
	maxRawTopics = 4096 // names that are kept; then all of them are forgotten
	maxRawJumps  = 100  // jumps that the listener is told of
)

// Log is the commit log, for a master that sends it to slaves. It is not to be changed through it.
func (s *Store) Log() *commitlog.Log { return s.log }

// SegmentSize is the size of a file of the commit log, in bytes.
func (s *Store) SegmentSize() int64 { return s.log.SegmentSize() }

// RawEnd is the offset of the next byte that a slave wants from its master's log: behind the last one that came in. It
// is -1 when there is none yet: then the log may begin at any file of the master's. One goroutine at a time calls
// RawEnd, AppendRaw and DropPartial.
func (s *Store) RawEnd() int64 { return s.log.RawEnd() }

// AppendRaw stores bytes of the master's commit log, which stand there at offset at and are part of one file; they may
// begin and end anywhere. What is a whole record then can be read at once, is in its queues and told to
// EventListener.MessageStored. Errors: those of commitlog.Log.AppendRaw.
func (s *Store) AppendRaw(at int64, b []byte) error {
	if err := s.tooMuchHeld(); err != nil {
		return err
	}
	err := s.log.AppendRaw(at, b, s.raw.take)
	s.tellJumps()
	return err
}

// DropPartial forgets the bytes behind the last whole record: RawEnd is the end of the log then. A slave calls it
// before it asks a master for what follows, which need not be the one before.
func (s *Store) DropPartial() { s.log.DropPartial() }

// LastRecord copies the last record that accept takes, to be compared with a master's; nil when there is none. Not
// while records come in. It may read the disk, and the error is that it cannot.
func (s *Store) LastRecord(accept func(m *record.View) bool) (rec []byte, err error) {
	err = s.guard(func() error {
		if m, ok := s.log.LastRecord(accept); ok {
			rec = slices.Clone(s.log.Slice(s.log.Find(m.PhysicalOffset), m.PhysicalOffset, int(m.Size)))
		}
		return nil
	})
	return rec, err
}

// takeRaw notes what a record of the master's means, see commitlog.Taker. Only the first time a topic is seen is
// anything allocated.
func (s *Store) takeRaw(m *record.View) error {
	if err := s.placeRaw(m); err != nil {
		return err
	}
	for i := range s.raw.places {
		if p := &s.raw.places[i]; !p.again || p.e.Base == p.q.End()+p.q.Reserved {
			s.noteRaw(p)
		}
	}
	s.noteRawKeys(m)
	return nil
}

// placeRaw finds the entries of a record. It returns a *commitlog.Pending when a queue has to begin anew for it.
func (s *Store) placeRaw(m *record.View) error {
	r := &s.raw
	r.places = r.places[:0]
	if !record.HasQueueEntry(m.SysFlag) {
		return nil
	}
	rules, f := s.rules(), s.rawFacts(m)
	e := dispatch.Entry{Offset: m.PhysicalOffset, Size: m.Size}
	rules.Own(&f, &e)
	q := s.queues.GetOrCreate(f.Topic, m.QueueID, dispatch.MakesBatchQueue(m.SysFlag))
	if !q.Batch() {
		e.Base, e.Count = f.QueueOffset, 1
	}
	r.places = append(r.places, placed{q: q, e: e})
	_ = rules.Lights(&f, func(name string, offset int64) error {
		e.Base, e.Count = offset, 1
		r.places = append(r.places, placed{q: s.queues.GetOrCreate(name, 0, false), e: e})
		return nil
	})
	for i := range r.places {
		p := &r.places[i]
		if p.again = s.twice(i); p.again {
			continue
		}
		if p.place = recovery.PlaceOf(p.q, &p.e, s.log.LastEnd(), true); p.place == recovery.PlaceAgain {
			q := p.q
			return &commitlog.Pending{Do: func() error {
				s.dropHeld(func(other *consumequeue.Queue) bool { return other == q })
				return s.queues.Replace(q)
			}}
		}
	}
	return nil
}

// twice tells that an earlier entry of the same record comes into the queue of place i.
func (s *Store) twice(i int) bool {
	for j := range s.raw.places[:i] {
		if p := &s.raw.places[j]; p.q == s.raw.places[i].q && !p.again && p.adds() {
			return true
		}
	}
	return false
}

// rawFacts is dispatch.FactsOf without a new string for the topic.
func (s *Store) rawFacts(m *record.View) dispatch.Facts {
	r := &s.raw
	topic, ok := r.topics[string(m.Topic)]
	if !ok {
		if topic = string(m.Topic); r.topics == nil || len(r.topics) >= maxRawTopics {
			r.topics = map[string]string{}
		}
		r.topics[topic] = topic
	}
	return dispatch.FactsNamed(topic, m)
}

// noteRaw notes one entry, as recovery would add it.
func (s *Store) noteRaw(p *placed) {
	q, e := p.q, &p.e
	if why := p.place.Why(); why != "" && !p.again {
		s.rawJump(q, e, why)
	}
	switch {
	case p.again:
	case p.place == recovery.PlaceStart:
		q.Start(e.Base)
	case p.place == recovery.PlaceGap:
		for have := q.End() + q.Reserved; !q.Batch() && have < e.Base; have = q.End() + q.Reserved {
			for _, filler := range recovery.Fillers(e, have) {
				s.committer.noteStored(q, &filler)
			}
		}
	case !p.adds():
		return
	}
	s.committer.noteStored(q, e)
}

// noteRawKeys notes the keys of a record for the index.
func (s *Store) noteRawKeys(m *record.View) {
	keys, c := dispatch.KeysIn(m), &s.committer
	c.keys = s.index.Queue.Append(c.keys, &keys, m.PhysicalOffset, m.StoreTimestamp, m.Size)
}

// rawJump notes a queue offset that does not follow, for tellJumps.
func (s *Store) rawJump(q *consumequeue.Queue, e *dispatch.Entry, what string) {
	if r := &s.raw; r.jumped < maxRawJumps && s.ev.QueueJump != nil {
		r.jumped++
		r.jumps = append(r.jumps, recovery.Jump{Topic: q.Topic, QueueID: q.ID, Want: q.End() + q.Reserved, Got: e.Base,
			LogOffset: e.Offset, What: what})
	}
}

// tellJumps tells the listener of the jumps since the last call.
func (s *Store) tellJumps() {
	if s.ev.QueueJump == nil {
		return
	}
	var jumps []recovery.Jump
	s.log.Exclusive(func() { jumps, s.raw.jumps = s.raw.jumps, nil })
	for _, j := range jumps {
		s.ev.QueueJump(j)
	}
}
