package pop

import (
	"errors"
	"math"
	"strconv"

	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
)

// handOut notes what a read found and adds it to the outcome. Messages whose check point cannot be noted are left in
// the queue.
func (s *Service) handOut(p *Pop, l *lane, res *store.GetResult, drops int) {
	start, n := p.query.Offset, len(res.QueueOffsets)
	if p.Order {
		p.Counts = s.orders.popped(l.laneKey, p, res.QueueOffsets, p.Counts)
	} else if !s.note(p, l, res, drops) {
		p.Rest += int64(n)
		return
	}
	p.Starts = strconv.AppendInt(appendEntry(p.Starts, l.topic, l.queue), start, 10)
	p.Offsets = appendOffsets(p.Offsets, l.topic, l.queue, res.QueueOffsets)
	if isRetry(l.topic) && !s.cfg().PopResponseReturnActualRetryTopic {
		s.recode(p, l, res)
	} else {
		p.Parts = append(p.Parts, res.Slices...)
		p.Ranges = append(p.Ranges, res.Ranges...)
	}
	p.Count += n
	s.d.Stats.Found.Add(1)
	s.d.Stats.Gets.Add(int64(n))
	s.d.Stats.GetBytes.Add(int64(res.Bytes))
	s.tableFull(s.d.Pulled.Pulled(l.group, l.topic, l.queue, res.NextBeginOffset, int64(n), int64(res.Bytes)))
}

// note keeps a check point of what is handed out: in memory, or in the revive topic at once. False when it could not be
// stored, or the lane was emptied meanwhile. Java: appendCheckPoint.
func (s *Service) note(p *Pop, l *lane, res *store.GetResult, drops int) bool {
	c := s.cfg()
	pt := point{start: p.query.Offset, next: res.NextBeginOffset, popTime: p.PopTime, invisible: p.Invisible,
		diffs: diffs(p.query.Offset, res.QueueOffsets), num: uint8(len(res.QueueOffsets)), revive: uint16(p.ReviveQueue)}
	due := pt.dueAt(int64(c.PopCkStayBufferTime), int64(c.PopCkStayBufferTimeOut))
	hold := c.EnablePopBufferMerge && s.serves.Load() && s.points.Load() < int64(c.PopCkMaxBufferSize) &&
		due > p.now+holdAtLeast
	if !hold {
		if !s.announce(l, &pt, drops) {
			return false
		}
		end, err := s.storePoint(&l.laneKey, &pt, p.NoWait)
		if errors.Is(err, store.ErrWouldWait) {
			p.cold = true
			return false
		}
		if err != nil {
			s.d.Throttled.Warn("pop.checkPoint").Err(err).Str("topic", l.topic).Str("group", l.group).
				Msg("messages are not handed out: their check point cannot be stored")
			return false
		}
		pt.state, pt.end, p.End = pointStored, end, max(p.End, end)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.drops != drops {
		return false
	}
	if l.size() == 0 {
		s.lanes.activate(l) // first: the journal looks at active lanes before it removes a file
	}
	s.journal.lane(l, &entry{kind: entryPoint, point: pt})
	l.push(pt)
	s.points.Add(1)
	if hold && (l.due == 0 || due < l.due) {
		l.due = due
	}
	return true
}

// announce notes a point that is being stored: after a kill meanwhile its messages are not popped a second time, beside
// their coming again. False when the lane was emptied.
func (s *Service) announce(l *lane, pt *point, drops int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.drops != drops {
		return false
	}
	s.journal.lane(l, &entry{kind: entryPoint, point: *pt})
	return true
}

// holdAtLeast is for how long a check point has to stay in memory to be worth it, ms. Java: 1500.
const holdAtLeast = 1500

// passOver notes that a read found nothing to hand out up to where the next one begins.
func (s *Service) passOver(p *Pop, l *lane, res *store.GetResult, drops int) {
	next := res.NextBeginOffset
	if p.Order {
		s.tableFull(s.d.Committed.Commit(l.group, l.topic, l.queue, next))
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.drops != drops || next <= p.query.Offset:
	case l.size() == 0:
		s.commit(l, next)
	case l.pass(p.query.Offset, next):
		s.points.Add(1)
	}
}

// commit moves the group's committed offset on.
func (s *Service) commit(l *lane, next int64) {
	_, err := s.d.Committed.Forward(l.group, l.topic, l.queue, next)
	s.tableFull(err)
}

// settle commits what is settled at the front of a lane. The caller holds its mu.
func (s *Service) settle(l *lane) {
	if next, n := l.settle(s.store.FlushedOffset()); n > 0 {
		s.points.Add(-int64(n))
		s.commit(l, next)
	}
}

// diffs are the distances of queue offsets from start, nil when they are 0, 1, 2 ...
func diffs(start int64, offsets []int64) []int32 {
	if offsets[0] == start && offsets[len(offsets)-1] == start+int64(len(offsets))-1 {
		return nil
	}
	list := make([]int32, len(offsets))
	for i, offset := range offsets {
		list[i] = int32(min(offset-start, math.MaxInt32))
	}
	return list
}

// recodeLimits are those of messages that come again: whatever the store took.
var recodeLimits = record.Limits{MaxBody: math.MaxInt32, LongTopics: true}

// recode adds messages that come again as of the topic that was asked for, with the handle that only the broker can
// give them: clients build handles for messages of that topic.
func (s *Service) recode(p *Pop, l *lane, res *store.GetResult) {
	h := Handle{Start: p.query.Offset, PopTime: p.PopTime, Invisible: p.Invisible, ReviveQueue: p.ReviveQueue,
		Broker: s.cfg().BrokerName}
	p.copied = true
	for i, rec := range res.Slices {
		m, err := record.Decode(rec)
		if err != nil {
			continue // it comes again when its time is over
		}
		from := len(p.scratch)
		properties := m.Properties
		if _, has := m.Property(protocol.PropPopCheckPoint); !has {
			text := string(h.Append(nil, l.topic, m.QueueID, res.QueueOffsets[i]))
			properties = record.AppendProperty(properties[:len(properties):len(properties)], protocol.PropPopCheckPoint, text)
		}
		out, err := recodeLimits.Append(p.scratch, &record.Message{Topic: p.Topic, QueueID: m.QueueID, Flag: m.Flag,
			SysFlag: m.SysFlag, BornTimestamp: m.BornTimestamp, BornHost: m.BornHost, StoreHost: m.StoreHost,
			ReconsumeTimes: m.ReconsumeTimes, PreparedTransactionOffset: m.PreparedTransactionOffset, Body: m.Body,
			Properties: properties}, record.Stamp{QueueOffset: m.QueueOffset, Offset: m.PhysicalOffset,
			StoreTime: m.StoreTimestamp})
		if err != nil {
			s.d.Throttled.Warn("pop.recode").Err(err).Str("topic", l.topic).Int64("offset", res.QueueOffsets[i]).
				Msg("a message that comes again cannot be shown")
			continue
		}
		p.scratch = out
		p.Parts = append(p.Parts, out[from:len(out):len(out)])
	}
}
