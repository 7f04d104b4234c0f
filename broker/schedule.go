package broker

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/broker/signal"
	"gorocket/compat"
	"gorocket/compat/config"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// Delay levels: messages parked in SCHEDULE_TOPIC_XXXX, queue level-1, whose consume queue entries carry the delivery time. One
// goroutine per level sleeps until the next delivery or the next message; idle levels cost nothing. Order within a level is kept: a
// delivery that fails is tried again before the next one. Java: ScheduleMessageService.
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
}

type scheduler struct {
	b       *Broker
	levels  []*delayLevel // index number-1; immutable
	changed func()
	stop    chan struct{}
	wg      sync.WaitGroup
	once    sync.Once

	mu      sync.Mutex
	version compat.DataVersion // guarded by mu
	absent  map[int]int64      // positions of levels that messageDelayLevel does not have now, by level; guarded by mu
}

func newScheduler(b *Broker, spec string) (*scheduler, error) {
	s := &scheduler{b: b, changed: func() {}, stop: make(chan struct{}), version: compat.NewDataVersion()}
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

// position is the next queue offset of a level.
func (s *scheduler) position(level int32) int64 { return s.levels[level-1].offset.Load() }

func (s *scheduler) maxLevel() int32 { return int32(len(s.levels)) }

// stored is called after each append to the schedule topic.
func (s *scheduler) stored(queue int32) {
	if queue < 0 || int(queue) >= len(s.levels) {
		return
	}
	signal.Raise(s.levels[queue].wake)
}

// lookAgain makes every level look at the clock: its sleep was measured by another one, which does not jump.
func (s *scheduler) lookAgain() {
	for _, l := range s.levels {
		signal.Raise(l.wake)
	}
}

func (s *scheduler) start() {
	for _, l := range s.levels {
		s.wg.Add(1)
		go s.run(l)
	}
}

func (s *scheduler) close() {
	s.once.Do(func() {
		close(s.stop)
		s.wg.Wait()
	})
}

func (s *scheduler) run(l *delayLevel) {
	defer s.wg.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-l.wake:
		case <-timer.C:
		}
		if next := s.deliver(l); next >= 0 {
			timer.Reset(next)
		}
	}
}

// deliver sends on what is due and returns the time until the next delivery, negative when nothing waits.
func (s *scheduler) deliver(l *delayLevel) time.Duration {
	d := delivery{due: &dueFilter{delay: l.delay.Milliseconds()}}
	for {
		select {
		case <-s.stop:
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

// dueFilter lets messages pass whose time has come and stops at the first other one: entries of a level are in order of time.
type dueFilter struct {
	delay int64 // ms of the level
	now   int64 // ms since 1970
	next  int64 // delivery time of the first that is not due; 0 = none seen
}

// MatchTagsCode gets the delivery time. A time further away than the level's delay (a clock that went back) counts as now, as in Java.
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

func (s *scheduler) deliverSome(l *delayLevel, d *delivery) (wait time.Duration, more bool) {
	d.due.now, d.due.next = s.b.now().UnixMilli(), 0
	at := l.offset.Load()
	s.b.store.Get(&store.GetQuery{Topic: dispatch.ScheduleTopic, QueueID: l.number - 1, Offset: at, MaxCount: deliverBatch, Filter: d.due}, &d.res)
	defer d.res.Release()
	switch d.res.Status {
	case store.OffsetTooSmall, store.OffsetOverflowBadly:
		s.advance(l, d.res.NextBeginOffset)
		return 0, d.res.Status == store.OffsetTooSmall
	case store.NotReadable:
		return deliverRetry, false // the store has told; the level waits for a repair rather than to lose a message
	}
	for i, rec := range d.res.Slices {
		if err := s.forward(rec, d); err != nil {
			s.b.throttled.Warn("delay").Err(err).Int32("level", l.number).Msg("cannot deliver a delayed message; trying again")
			return deliverRetry, false
		}
		s.advance(l, d.res.QueueOffsets[i]+1)
	}
	if d.due.next != 0 {
		return time.Duration(max(1, d.due.next-s.b.now().UnixMilli())) * time.Millisecond, false
	}
	return -1, len(d.res.Slices) > 0
}

func (s *scheduler) advance(l *delayLevel, offset int64) {
	l.offset.Store(offset)
	s.changed()
}

// forward stores a copy of a parked message in its real queue. A record that names no real topic is skipped with a log line, as in Java.
func (s *scheduler) forward(rec []byte, d *delivery) error {
	m, err := record.Decode(rec)
	if err != nil {
		return err
	}
	topic, _ := m.Property(record.PropRealTopic)
	queueText, _ := m.Property(record.PropRealQueue)
	queue, err := strconv.ParseInt(string(queueText), 10, 32)
	if err != nil || !mayHold(string(topic), queue) {
		s.b.throttled.Warn("delay").Int64("offset", m.PhysicalOffset).Bytes("topic", topic).Msg("delayed message without a real topic is dropped")
		return nil
	}
	tags, _ := m.Property(record.PropTags)
	r := store.Record{
		Message: record.Message{
			Topic: string(topic), QueueID: int32(queue), Flag: m.Flag, SysFlag: m.SysFlag,
			BornTimestamp: m.BornTimestamp, BornHost: m.BornHost, StoreHost: m.StoreHost,
			ReconsumeTimes: m.ReconsumeTimes, Body: m.Body,
			Properties: d.deliveredProperties(m.Properties),
		},
		TagsCode: record.TagsCode(tags),
	}
	d.bits = s.b.filterBits(&r, d.bits)
	_, err = s.b.store.Append(&r)
	if errors.Is(err, record.ErrIllegal) {
		s.b.throttled.Warn("delay").Err(err).Int64("offset", m.PhysicalOffset).Msg("delayed message is illegal and dropped")
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

// delayOffsets is delayOffset.json. Java: DelayOffsetSerializeWrapper; the key is the level, not the queue.
type delayOffsets struct {
	DataVersion compat.DataVersion `json:"dataVersion"`
	OffsetTable map[int]int64      `json:"offsetTable"`
}

// durable is encode once what it says was delivered is on the disk: a power cut must not take a delivery and keep the note of it.
func (s *scheduler) durable() ([]byte, error) {
	data, err := s.encode()
	if err == nil {
		err = s.b.store.Flush()
	}
	return data, err
}

// encode is the content of delayOffset.json.
func (s *scheduler) encode() ([]byte, error) {
	s.mu.Lock()
	s.version.Next(0)
	w := delayOffsets{DataVersion: s.version, OffsetTable: map[int]int64{}}
	maps.Copy(w.OffsetTable, s.absent)
	s.mu.Unlock()
	for _, l := range s.levels {
		if off := l.offset.Load(); off > 0 {
			w.OffsetTable[int(l.number)] = off
		}
	}
	return compat.MarshalPretty(w)
}

func (s *scheduler) load(data []byte) error {
	var w delayOffsets
	if err := compat.Unmarshal(data, &w); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
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
