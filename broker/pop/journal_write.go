package pop

import (
	"errors"
	"time"

	"gorocket/broker/service"
)

// tries is how often an entry is begun anew, as the file that it is written to is full.
const tries = 3

// lane notes an entry of a lane, whose mu the caller holds. What a point becomes is noted before it does.
func (j *journal) lane(l *lane, e *entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for range tries {
		if j.seq == 0 {
			return
		}
		if l.noted != j.seq && !j.all(l) {
			continue
		}
		e.lane = l.number
		if j.write(e) {
			return
		}
	}
	j.give()
}

// all names a lane in the file and notes its points; false when the file was full. The caller holds mu and that of the
// lane.
func (j *journal) all(l *lane) bool {
	j.lanes++
	number := j.lanes
	if !j.write(&entry{kind: entryLane, lane: number, key: l.laneKey}) {
		return false
	}
	for i := l.head; i < len(l.points); i++ {
		if !j.write(&entry{kind: entryPoint, lane: number, point: l.points[i]}) {
			return false
		}
	}
	l.noted, l.number = j.seq, number
	return true
}

// named sees to it that the file has all points of a lane, whose mu the caller holds.
func (j *journal) named(l *lane) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for range tries {
		if j.seq == 0 || l.noted == j.seq || j.all(l) {
			return
		}
	}
	j.give()
}

// other notes an entry that is of no lane.
func (j *journal) other(e *entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for range tries {
		if j.seq == 0 || j.write(e) {
			return
		}
	}
	j.give()
}

// write writes an entry; false when the file was full. The caller holds mu.
func (j *journal) write(e *entry) bool {
	if j.seq == 0 {
		return false
	}
	j.buf = e.append(append(j.buf[:0], make([]byte, entryHead)...))
	return j.put()
}

// give stops noting as a lane is too large. The caller holds mu.
func (j *journal) give() {
	if j.seq != 0 {
		j.turn(false)
	}
}

// journals tells whether there is a journal at all.
func (s *Service) journals() bool { return s.d.FS != nil && s.timers != nil }

// openJournal begins the journal when this is the first that is noted since a start without one. The error is
// service.ErrWouldWait. If there is no room, runJournal tries again.
func (s *Service) openJournal(noWait bool) error {
	switch {
	case s.noted.Load() || !s.journals():
		return nil
	case noWait:
		return service.ErrWouldWait
	}
	s.openMu.Lock()
	defer s.openMu.Unlock()
	if s.noted.Load() || !s.serves.Load() {
		return nil
	}
	if err := s.journal.begin(1); err != nil {
		s.journalFails(err)
	}
	s.noted.Store(true)
	return nil
}

func (s *Service) journalFails(err error) {
	s.d.Throttled.Warn("pop.journal").Err(err).Str("dir", s.d.Dir).
		Msg("what is popped cannot be noted on disk; a kill would have it popped again")
}

// noteAck notes that messages of a point are acknowledged.
func (s *Service) noteAck(l *lane, p *point, bits uint32, end int64) {
	if bits != 0 {
		s.journal.lane(l, &entry{kind: entryAck, point: point{start: p.start, popTime: p.popTime, bits: bits, end: end}})
	}
}

// noteOrder notes what is popped in order of a queue, and commits an offset, unless it is -1.
func (s *Service) noteOrder(key laneKey, o *orderInfo, commit int64) {
	c := s.d.Committed
	if commit >= 0 && !c.HasReset(key.group, key.topic, key.queue) {
		s.tableFull(c.Commit(key.group, key.topic, key.queue, commit))
	}
	s.journal.other(&entry{kind: entryOrder, key: key, offset: c.Query(key.group, key.topic, key.queue), order: o})
}

const (
	journalEvery = time.Second     // between looks at the journal, unless a file is full
	journalKeep  = 5 * time.Second // ... for files that are not needed any more
)

// runJournal has a file ready for when one is full, and removes those that are not needed any more.
func (s *Service) runJournal(stop <-chan struct{}) {
	tick := time.NewTicker(journalEvery)
	defer tick.Stop()
	kept := time.Now()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		case <-s.journal.work:
		}
		seq, err := s.journal.prepare()
		if seq == 0 && err == nil {
			if !s.noted.Load() {
				continue
			}
			seq, err = s.noteAnew()
		}
		if old := s.journal.old(seq); err == nil && old > 0 && (time.Since(kept) >= journalKeep || old > maxJournalFiles) {
			kept = time.Now()
			err = s.trim(seq)
		}
		if err != nil {
			s.journalFails(err)
		}
	}
}

// maxJournalFiles is how many files may lie there before those that are not needed are removed at once.
const maxJournalFiles = 8

// noteAnew begins a journal with all that is to be known, after one that could not go on: it lacks what came since.
func (s *Service) noteAnew() (seq uint64, err error) {
	list, err := s.journal.list()
	if err != nil {
		return 0, err
	}
	seq = 1
	if n := len(list); n > 0 {
		seq = list[n-1] + 1
	}
	if err = s.journal.begin(seq); err != nil {
		return 0, err
	}
	s.d.Log.Warn().Msg("what is popped is noted on disk again")
	return seq, s.trim(seq)
}

// trim removes the files below one that has, or gets, all that is in memory.
func (s *Service) trim(seq uint64) error {
	for _, l := range s.lanes.actives(nil) {
		l.mu.Lock()
		s.journal.named(l)
		l.mu.Unlock()
	}
	if err := s.d.SaveOffsets(); err != nil {
		return errors.Join(errors.New("committed offsets are not on disk"), err)
	}
	return s.journal.remove(seq)
}
