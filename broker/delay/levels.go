package delay

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/meta"
	"gorocket/broker/signal"
	"gorocket/broker/worker"
	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/remoting/protocol"
	"gorocket/remoting/throttle"
	"gorocket/store"
	"gorocket/store/delivered"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Limits of a delivery.
const (
	deliverRetry = 100 * time.Millisecond
	deliverBatch = 32

	// maxDelayLevels is the highest level whose position is kept while messageDelayLevel has fewer.
	maxDelayLevels = 1024
)

type delayLevel struct {
	number int32 // 1..n; queue is number-1
	delay  time.Duration
	offset atomic.Int64  // next queue offset to deliver
	wake   chan struct{} // a message was parked
	upTo   int64         // the level's loop's; below it some messages may be delivered without a note of it, see remember
}

// Deps is what the levels need of their broker.
type Deps struct {
	Store      func() *store.Store       // open from Start to Stop
	Put        func(*store.Record) error // stores what is due, here or, for a master that is away, elsewhere
	Now        func() time.Time          // the wall clock, by which messages are due
	FilterBits func(r *store.Record, buf []byte) []byte
	Throttled  *throttle.Log
}

// Levels delivers the messages of all delay levels. Java: ScheduleMessageService.
type Levels struct {
	d       Deps
	levels  []*delayLevel // index number-1; immutable
	Changed func()        // marks delayOffset.json; set before Start
	loops   worker.Group
	copies  *delivered.Set // of a run of the loops, set by Start

	mu      sync.Mutex
	version compat.DataVersion // guarded by mu
	absent  map[int]int64      // positions of levels that messageDelayLevel does not have now, by level; guarded by mu
}

// NewLevels prepares the levels of messageDelayLevel. The error names the key.
func NewLevels(d Deps, spec string) (*Levels, error) {
	s := &Levels{d: d, Changed: func() {}, version: compat.NewDataVersion()}
	levels, err := config.DelayLevels(spec)
	if err != nil {
		return nil, fmt.Errorf("broker: messageDelayLevel=%s: %w", spec, err)
	}
	for i, ms := range levels {
		s.levels = append(s.levels, &delayLevel{number: int32(i + 1), delay: time.Duration(ms) * time.Millisecond,
			wake: make(chan struct{}, 1)})
	}
	return s, nil
}

// Position is the next queue offset of a level.
func (s *Levels) Position(level int32) int64 { return s.levels[level-1].offset.Load() }

// Max is the highest level.
func (s *Levels) Max() int32 { return int32(len(s.levels)) }

// Stored is called after each append to the schedule topic.
func (s *Levels) Stored(queue int32) {
	if queue < 0 || int(queue) >= len(s.levels) {
		return
	}
	signal.Raise(s.levels[queue].wake)
}

// LookAgain makes every level look at the clock: its sleep was measured by another one, which does not jump.
func (s *Levels) LookAgain() {
	for _, l := range s.levels {
		signal.Raise(l.wake)
	}
}

// Start begins to deliver where the positions are, without what is delivered already, see remember. That may read the
// end of the log.
func (s *Levels) Start() {
	s.remember()
	loops := make([]func(<-chan struct{}), 0, len(s.levels))
	for _, l := range s.levels {
		loops = append(loops, func(stop <-chan struct{}) { s.run(l, stop) })
	}
	s.loops.Start(loops...)
}

// Stop ends the deliveries. Start goes on with them.
func (s *Levels) Stop() { s.loops.Stop() }

func (s *Levels) run(l *delayLevel, stop <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-l.wake:
		case <-timer.C:
		}
		if next := s.deliver(l, stop); next >= 0 {
			timer.Reset(next)
		}
	}
}

// deliver sends on what is due and returns the time until the next delivery, negative when nothing waits.
func (s *Levels) deliver(l *delayLevel, stop <-chan struct{}) time.Duration {
	d := delivery{due: &dueFilter{delay: l.delay.Milliseconds()}}
	for {
		select {
		case <-stop:
			return -1
		default:
		}
		wait, more := s.deliverSome(l, &d)
		if !more {
			return wait
		}
	}
}

// delivery is what one run over a level reuses from message to message.
type delivery struct {
	due  *dueFilter
	res  store.GetResult
	text []byte
	bits []byte
}

// dueFilter lets messages pass whose time has come and stops at the first other one: entries of a level are in order
// of time.
type dueFilter struct {
	delay int64 // ms of the level
	now   int64 // ms since 1970
	next  int64 // delivery time of the first that is not due; 0 = none seen
}

// MatchTagsCode gets the delivery time. A time further away than the level's delay (a clock that went back) counts as
// now, as in Java.
func (f *dueFilter) MatchTagsCode(deliverAt int64) bool {
	if f.next != 0 {
		return false
	}
	if deliverAt > f.now && deliverAt <= f.now+f.delay {
		f.next = deliverAt
		return false
	}
	return true
}

// MatchRecord accepts everything. Part of store.MessageFilter.
func (f *dueFilter) MatchRecord([]byte) bool { return true }

func (s *Levels) deliverSome(l *delayLevel, d *delivery) (wait time.Duration, more bool) {
	d.due.now, d.due.next = s.d.Now().UnixMilli(), 0
	at := l.offset.Load()
	s.d.Store().Get(&store.GetQuery{Topic: dispatch.ScheduleTopic, QueueID: l.number - 1, Offset: at,
		MaxCount: deliverBatch, Filter: d.due}, &d.res)
	defer d.res.Release()
	switch d.res.Status {
	case store.OffsetTooSmall, store.OffsetOverflowBadly:
		s.advance(l, d.res.NextBeginOffset)
		return 0, d.res.Status == store.OffsetTooSmall
	case store.NotReadable:
		return deliverRetry, false // the store has told; the level waits for a repair rather than to lose a message
	}
	for i, rec := range d.res.Slices {
		if err := s.forward(rec, l.upTo, d); err != nil {
			s.d.Throttled.Warn("delay").Err(err).Int32("level", l.number).Msg("cannot deliver a delayed message; trying again")
			return deliverRetry, false
		}
		s.advance(l, d.res.QueueOffsets[i]+1)
	}
	if d.due.next != 0 {
		return time.Duration(max(1, d.due.next-s.d.Now().UnixMilli())) * time.Millisecond, false
	}
	return -1, len(d.res.Slices) > 0
}

func (s *Levels) advance(l *delayLevel, offset int64) {
	l.offset.Store(offset)
	s.Changed()
}

// forward stores a copy of a parked message in its real queue, unless the message lies before upTo and its copy is
// known. A record that names no real topic is skipped with a log line, as in Java.
func (s *Levels) forward(rec []byte, upTo int64, d *delivery) error {
	m, err := record.Decode(rec)
	if err != nil {
		return err
	}
	topic, _ := m.Property(record.PropRealTopic)
	queueText, _ := m.Property(record.PropRealQueue)
	queue, err := strconv.ParseInt(string(queueText), 10, 32)
	if err != nil || !meta.MayHold(string(topic), queue) {
		s.d.Throttled.Warn("delay").Int64("offset", m.PhysicalOffset).Bytes("topic",
			topic).Msg("delayed message without a real topic is dropped")
		return nil
	}
	if m.QueueOffset < upTo && s.copies.Take(&m, string(topic), int32(queue), nil) {
		return nil
	}
	tags, _ := m.Property(record.PropTags)
	r := store.Record{
		Now: s.d.Now().UnixMilli(),
		Message: record.Message{
			Topic: string(topic), QueueID: int32(queue), Flag: m.Flag, SysFlag: m.SysFlag,
			BornTimestamp: m.BornTimestamp, BornHost: m.BornHost, StoreHost: m.StoreHost,
			ReconsumeTimes: m.ReconsumeTimes, Body: m.Body,
			Properties: d.deliveredProperties(m.Properties),
		},
		TagsCode: record.TagsCode(tags),
	}
	d.bits = s.d.FilterBits(&r, d.bits)
	err = s.d.Put(&r)
	if errors.Is(err, record.ErrIllegal) {
		s.d.Throttled.Warn("delay").Err(err).Int64("offset", m.PhysicalOffset).Msg("delayed message is illegal and dropped")
		return nil
	}
	return err
}

// deliveredProperties removes what made the message a delayed one; REAL_TOPIC and REAL_QID stay, as in Java.
func (d *delivery) deliveredProperties(text []byte) []byte {
	d.text = d.text[:0]
	for {
		name, value, rest, ok := record.NextProperty(text)
		if !ok {
			return d.text
		}
		text = rest
		switch string(name) {
		case record.PropDelay, protocol.PropTimerDeliverMs, protocol.PropTimerDelaySec:
			continue
		}
		d.text = append(append(append(append(d.text, name...), 1), value...), 2)
	}
}

// Offsets is delayOffset.json. Java: DelayOffsetSerializeWrapper; the key is the level, not the queue.
type Offsets struct {
	DataVersion compat.DataVersion `json:"dataVersion"`
	OffsetTable map[int]int64      `json:"offsetTable"`
}

// Durable is encode once what it says was delivered is on the disk: a power cut must not take a delivery and keep the
// note of it.
func (s *Levels) Durable() ([]byte, error) {
	data, err := s.Encode()
	if err == nil {
		err = s.d.Store().Flush()
	}
	return data, err
}

// Encode is the content of delayOffset.json.
func (s *Levels) Encode() ([]byte, error) {
	s.mu.Lock()
	s.version.Next(0)
	w := Offsets{DataVersion: s.version, OffsetTable: map[int]int64{}}
	maps.Copy(w.OffsetTable, s.absent)
	s.mu.Unlock()
	for _, l := range s.levels {
		if off := l.offset.Load(); off > 0 {
			w.OffsetTable[int(l.number)] = off
		}
	}
	return compat.MarshalPretty(w)
}

// Load takes positions from delayOffset.json.
func (s *Levels) Load(data []byte) error { return s.take(data, false) }

// Advance takes positions from another broker of this name where they are ahead of the present ones: what it delivered
// is not delivered again. Any goroutine.
func (s *Levels) Advance(data []byte) error { return s.take(data, true) }

// take is Load, or Advance.
func (s *Levels) take(data []byte, forward bool) error {
	var w Offsets
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if forward { // levels that only the other has wait for nobody here
		if w.DataVersion.Compare(s.version) > 0 {
			s.version = w.DataVersion
		}
		for level, off := range w.OffsetTable {
			if level < 1 || level > len(s.levels) {
				continue
			}
			for at := &s.levels[level-1].offset; ; {
				if have := at.Load(); off <= have || at.CompareAndSwap(have, off) {
					break
				}
			}
		}
		return nil
	}
	s.version, s.absent = w.DataVersion, map[int]int64{}
	for level, off := range w.OffsetTable {
		switch {
		case level >= 1 && level <= len(s.levels):
			s.levels[level-1].offset.Store(off)
		// the level goes on there when it is back; Java keeps the whole table too
		case level > 0 && level <= maxDelayLevels && off > 0:
			s.absent[level] = off
		}
	}
	return nil
}
