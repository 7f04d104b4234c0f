package timer

import (
	"errors"
	"slices"

	"gorocket/store/record"
)

// recover brings log, wheel and check point to one state: that of the check point. Units that were written later are
// taken back, since their messages are read from the queue again; a Java broker keeps them and writes each a second
// time. It changes no file before the new state is known in memory.
func (t *Timers) recover(check checkpoint, found bool) error {
	now := t.floor(t.now().UnixMilli())
	t.readTime = t.floor(check.readTime)
	if !found || t.readTime > now+wheelSlots*t.precision { // or it is no time at all
		t.readTime = now - (slotsTotal-blankSlots)*t.precision // all that Java would still deliver
	}
	end := t.scan(max(0, check.logPos-t.log.size), t.revise)
	t.log.end = end
	kept := t.dropTail(end, check, found)
	whole := t.unhang(kept, end)
	t.report.Dropped = (end - kept) / unitSize
	if end > kept || t.log.end < t.lastEnd() {
		if err := t.log.cutAt(kept); err != nil {
			return err
		}
	}
	t.log.end = kept
	if !whole || t.snapshots {
		t.rebuild()
	}
	t.queueOffset, t.catchUp, t.writeTime = t.resume(check, found), t.ms.MaxOffset(Topic, 0), now
	t.readTime = min(t.readTime, now) // the clock went back: what was delivered is not in the wheel any more
	t.pending = t.wheel.waiting(t.readTime)
	t.saved = checkpoint{readTime: check.readTime, logPos: check.logPos, queueOffset: check.queueOffset,
		masterOffset: check.masterOffset, version: check.version}
	t.master = t.saved
	t.report.ReadTime, t.report.QueueOffset, t.report.Pending = t.readTime, t.queueOffset, t.pending
	t.changed = true
	return nil
}

// lastEnd is the position behind the last file.
func (t *Timers) lastEnd() int64 {
	if n := len(t.log.files); n > 0 {
		return t.log.files[n-1].base + t.log.size
	}
	return 0
}

// scan calls fn with every unit from the beginning of the file that holds from, and returns where the units end.
func (t *Timers) scan(from int64, fn func(pos int64, u *unit)) (end int64) {
	end = t.log.end
	buf := make([]byte, scanBlock)
	for _, f := range t.log.files[t.scanStart(from):] {
		var full bool
		if end, full = t.scanFile(f, buf, fn); !full {
			return end
		}
	}
	return end
}

// scanStart is the file that holds from. Where that has no unit, or is not there, as more of the log was lost than a
// crash can take, it is an earlier one that has some: else the end would be taken for where nothing is.
func (t *Timers) scanStart(from int64) int {
	i := slices.IndexFunc(t.log.files, func(f *logFile) bool { return f.base+t.log.size > from })
	if i < 0 {
		i = len(t.log.files) - 1
	}
	for b := make([]byte, unitSize); i > 0; i-- {
		if _, err := t.log.files[i].f.ReadAt(b, 0); err != nil {
			break // scanFile meets it, and says so
		}
		if _, ok := decodeUnit(b); ok {
			break
		}
	}
	return max(0, i)
}

// scanBlock is a multiple of the unit's size.
const scanBlock = 4096 * unitSize

// scanFile scans one file; full tells that its units go on in the next one.
func (t *Timers) scanFile(f *logFile, buf []byte, fn func(pos int64, u *unit)) (end int64, full bool) {
	for off := int64(0); off < t.log.size; {
		n := min(int64(len(buf)), t.log.size-off)
		if _, err := f.f.ReadAt(buf[:n], off); err != nil {
			t.failed("read the timer log", err)
			return f.base + off, false
		}
		for b := buf[:n]; len(b) > 0; {
			if isBlank(b) {
				return f.base + t.log.size, true
			}
			u, ok := decodeUnit(b)
			if !ok {
				return f.base + off, false
			}
			fn(f.base+off, &u)
			off, b = off+unitSize, b[unitSize:]
		}
	}
	return f.base + t.log.size, true
}

// revise hangs a unit that the wheel does not know yet into its slot. Java: TimerWheel.reviseSlot.
func (t *Timers) revise(pos int64, u *unit) {
	at := t.floor(u.time())
	if at < t.readTime {
		return
	}
	if s, ok := t.wheel.get(at); !ok || s.last < pos {
		t.wheel.add(at, pos, u.weight())
	}
}

// dropTail walks back over the units whose messages will be read again, or are not in the commit log, and returns the
// end of those that stay.
func (t *Timers) dropTail(end int64, check checkpoint, found bool) int64 {
	for end > t.log.first() {
		pos := end - unitSize
		if end%t.log.size == 0 {
			pos = end - t.log.size + t.log.lastUnitAt()
		}
		u, ok := t.log.read(pos)
		if !ok || u.offset < t.ms.MinPhyOffset() {
			return end
		}
		q, ok := t.queueOffsetOf(&u)
		if ok && (!found || q < check.resumeAt()) {
			return end
		}
		end = pos
	}
	return end
}

// queueOffsetOf is the offset of a unit's message in the timer queue; ok is false when the commit log does not hold it.
func (t *Timers) queueOffsetOf(u *unit) (q int64, ok bool) {
	err := t.ms.WithOwnRecord(u.offset, func(rec []byte) error {
		m, err := record.Decode(rec)
		if err != nil || string(m.Topic) != Topic || m.Size != u.size {
			return errors.Join(err, errOtherRecord)
		}
		q = m.QueueOffset
		return nil
	})
	return q, err == nil
}

// unhang takes the units from kept up to end out of the wheel; false when a slot points to what cannot be read: then
// the wheel has to be made anew.
func (t *Timers) unhang(kept, end int64) bool {
	whole := true
	t.wheel.each(t.readTime, func(i int, s slot) {
		for s.last >= kept {
			u, ok := unit{}, s.last < end
			if ok {
				u, ok = t.log.read(s.last)
			}
			if !ok || u.prev >= s.last {
				whole = false
				return
			}
			s.last, s.num = u.prev, s.num-u.weight()
			if s.last < 0 {
				t.wheel.clear(i)
				return
			}
			t.wheel.put(s)
		}
	})
	return whole
}

// rebuild makes the slots that are still to come from the timer log alone.
func (t *Timers) rebuild() {
	t.report.Rebuilt = true
	t.wheel.each(t.readTime, func(i int, _ slot) { t.wheel.clear(i) })
	t.scan(0, func(pos int64, u *unit) {
		if at := t.floor(u.time()); at >= t.readTime && pos < t.log.end {
			t.wheel.add(at, pos, u.weight())
		}
	})
}

// resume is the queue offset to go on from. The check point of a Java broker may be ahead of the log it speaks of:
// after a power cut the message of the last unit decides, as in Java.
func (t *Timers) resume(check checkpoint, found bool) int64 {
	at := check.resumeAt()
	if end := t.log.end; !found || end != check.logPos {
		if q, ok := t.lastQueueOffset(end); ok && (!found || q+1 < at) {
			at = q + 1
		}
	}
	return min(max(at, t.ms.MinOffset(Topic, 0)), t.ms.MaxOffset(Topic, 0))
}

// lastQueueOffset is the place in the timer queue of the message of the last unit.
func (t *Timers) lastQueueOffset(end int64) (int64, bool) {
	pos := end - unitSize
	if end%t.log.size == 0 {
		pos = end - t.log.size + t.log.lastUnitAt()
	}
	u, ok := t.log.read(pos)
	if !ok {
		return 0, false
	}
	return t.queueOffsetOf(&u)
}
