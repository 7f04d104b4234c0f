package pop

import (
	"errors"
	"strconv"

	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
)

// comeAgain stores the messages of a check point that are not acknowledged in the retry topic of the group, and notes
// in it which are done: after an error it may be called again. end is the commit log offset to publish. Java:
// reviveMsgFromCk.
func (s *Service) comeAgain(c *CheckPoint, queue int32) (end int64, err error) {
	topic := normalTopic(c.Topic, c.Group)
	if s.d.Topics.Get(topic) == nil || s.d.Groups.Get(c.Group) == nil {
		return 0, nil
	}
	for i := range int(c.Num) {
		if c.acked(i) {
			continue
		}
		at, err := s.again(c, c.offset(i))
		if errors.Is(err, record.ErrIllegal) {
			at, err = s.putOff(c, c.offset(i), queue, err)
		}
		if err != nil {
			return end, err
		}
		end = max(end, at)
		c.Bits |= 1 << i
	}
	return end, nil
}

// errElsewhere is of class record.ErrIllegal: it does not help to try at once again.
var errElsewhere = errors.Join(record.ErrIllegal, errors.New("another broker has the message"))

// again stores one message in the retry topic; end is 0 when the message is no more.
func (s *Service) again(c *CheckPoint, offset int64) (end int64, err error) {
	if c.Broker != s.cfg().BrokerName {
		return 0, errElsewhere
	}
	var res store.GetResult
	s.store.Get(&store.GetQuery{Topic: c.Topic, QueueID: c.QueueID, Offset: offset, MaxCount: 1}, &res)
	defer res.Release()
	if res.Status == store.NotReadable {
		return 0, res.Err
	}
	if len(res.Slices) == 0 || res.QueueOffsets[0] != offset {
		return 0, nil
	}
	m, err := record.Decode(res.Slices[0])
	if err != nil {
		return 0, errors.Join(record.ErrIllegal, err)
	}
	end, err = s.storeRetry(c, &m)
	s.Counts.put(&s.Counts.Retries, err)
	return end, err
}

// storeRetry stores m for the group. Java: PopReviveService.reviveRetry.
func (s *Service) storeRetry(c *CheckPoint, m *record.View) (end int64, err error) {
	topic := c.Topic
	if !isRetry(topic) {
		topic = RetryTopic(topic, c.Group, s.cfg().EnableRetryTopicV2)
	}
	tags, _ := m.Property(record.PropTags)
	r := store.Record{Now: s.now(), Later: true, TagsCode: record.TagsCode(tags), Message: record.Message{Topic: topic,
		QueueID: s.retryQueue(topic, c.Group, m.QueueID), Flag: m.Flag, SysFlag: m.SysFlag,
		BornTimestamp: m.BornTimestamp, BornHost: s.d.StoreHost, StoreHost: s.d.StoreHost,
		ReconsumeTimes: m.ReconsumeTimes, Body: m.Body}}
	if !c.Suspend {
		r.ReconsumeTimes++
	}
	text := record.DeleteProperty(nil, m.Properties, propOriginGroup)
	if _, has := m.Property(propFirstPop); !has || m.ReconsumeTimes == 0 {
		text = record.SetProperty(nil, text, propFirstPop, strconv.FormatInt(c.PopTime, 10))
	}
	r.Properties = record.AppendProperty(text, propOriginGroup, c.Group)
	a, err := s.store.Append(&r)
	if errors.Is(err, record.ErrPropertiesTooLong) { // those of the message alone have fitted once
		r.Properties = m.Properties
		a, err = s.store.Append(&r)
	}
	if err != nil {
		return 0, err
	}
	return a.End(), nil
}

// retryQueue is the queue of a retry topic for messages of a queue. The topic is made, or gets the queues that it
// lacks. Java: addRetryTopicIfNotExist, getRetryQueueId.
func (s *Service) retryQueue(topic, group string, queue int32) int32 {
	queues := 1
	if s.cfg().UseSeparateRetryQueue {
		if t := s.d.Topics.Get(normalTopic(topic, group)); t != nil {
			queues = t.WriteQueueNums
		}
	}
	t := s.d.Topics.Get(topic)
	if t == nil {
		t = s.d.Topics.Ensure(topic, queues, false, 0)
		if s.d.TopicMade != nil {
			s.d.TopicMade()
		}
	} else if t.WriteQueueNums < queues {
		wider := *t
		wider.ReadQueueNums, wider.WriteQueueNums, wider.Attributes = queues, queues, nil
		if err := s.d.Topics.Update(wider); err == nil {
			t = &wider
		}
	}
	for q := range int32(t.ReadQueueNums) {
		if s.d.Committed.Query(group, topic, q) < 0 {
			s.tableFull(s.d.Committed.Commit(group, topic, q, 0))
		}
	}
	if !s.cfg().UseSeparateRetryQueue || int(queue) >= t.WriteQueueNums {
		return 0
	}
	return queue
}

// reputAfter is after how long a message is tried again that could not be stored, seconds. Java:
// ckRewriteIntervalsInSeconds.
var reputAfter = [...]int64{10, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200}

// putOff writes a check point for one message that cannot come again now, for reason why. Java: rePutCK.
func (s *Service) putOff(c *CheckPoint, offset int64, queue int32, why error) (end int64, err error) {
	times := c.reputs()
	s.d.Throttled.Warn("pop.putOff").Err(why).Str("topic", c.Topic).Str("group", c.Group).Int64("offset", offset).
		Int("times", times).Msg("a message that was not acknowledged cannot come again; trying later")
	if times >= len(reputAfter) && s.cfg().SkipWhenCKRePutReachMaxTimes {
		return 0, nil
	}
	next := CheckPoint{Start: offset, PopTime: c.PopTime, Invisible: c.Invisible, Num: 1, QueueID: c.QueueID,
		Topic: c.Topic, Group: c.Group, Diffs: []int32{0}, Broker: c.Broker, Reput: strconv.Itoa(times + 1),
		Suspend: c.Suspend}
	if now := s.now(); next.ReviveTime() <= now {
		next.Invisible = max(next.Invisible, now-next.PopTime) + reputAfter[min(times, len(reputAfter)-1)]*1000
	}
	return s.storeCheckPoint(&next, queue, false)
}

// deliverTime is when a message of the revive topic was to be there, ms since 1970; 0 when it does not say so.
func deliverTime(m *record.View) int64 {
	text, _ := m.Property(protocol.PropTimerDeliverMs)
	at, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0
	}
	return at
}
