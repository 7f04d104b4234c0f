package trans

import (
	"time"

	"gorocket/broker/worker"
	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/store"
	"gorocket/store/record"
)

// A slave that stands in for its master asks producers as a master does, but stores nothing: half messages stay where
// they are, and what ended waits in Acted until the master is there. Java moves every half message to another master,
// and its own master, back again, asks about all of them once more.

// askInPlace asks about every half message that is old enough.
func (t *Service) askInPlace(stop <-chan struct{}) {
	r := &t.round
	r.began, r.cfg, r.asked = t.d.Now().UnixMilli(), t.d.Settings(), 0
	until, end := time.Now().Add(roundLimit), t.d.Store().MaxOffset(compat.TopicTransHalf, 0)
	at := t.Halves.NextOpen(t.position(compat.TopicTransHalf), end)
	for at < end && time.Now().Before(until) && !worker.Stopped(stop) {
		next := max(at+1, t.askSome(r, at, stop))
		at = t.Halves.NextOpen(next, end)
	}
	if r.asked > 0 {
		t.d.Log.Info().Int("asked", r.asked).Msg("producers were asked about their transactions in the master's place")
	}
}

// askSome asks about some half messages from at on and returns the first that it has not looked at.
func (t *Service) askSome(r *checkRound, at int64, stop <-chan struct{}) (next int64) {
	t.d.Store().Get(&store.GetQuery{Topic: compat.TopicTransHalf, Offset: at, MaxCount: 32}, &r.res)
	defer r.res.Release()
	next = r.res.NextBeginOffset
	for i, rec := range r.res.Slices {
		offset := r.res.QueueOffsets[i]
		if t.Halves.NextOpen(offset, offset+1) != offset {
			continue
		}
		m, err := record.Decode(rec)
		if err != nil {
			continue
		}
		limit, _ := Immunity(&m, r.cfg.Timeout)
		if age := r.began - m.BornTimestamp; age >= 0 && age <= limit {
			continue
		}
		for t.askOne(r, &m, offset) == again {
			if !worker.Rest(busyWait, stop) {
				return next
			}
		}
	}
	return next
}

// askOne asks a producer of the half message's group, if there is one.
func (t *Service) askOne(r *checkRound, m *record.View, offset int64) verdict {
	group, _ := m.Property(protocol.PropProducerGroup)
	topic, _ := m.Property(record.PropRealTopic)
	conn, busy := t.d.Producers.Pick(string(group), string(topic), t.d.Now().UnixMilli(), producerBacklog)
	if busy || conn != nil && !r.pace.mayAsk(t.answered.Load(), time.Now()) {
		return again
	}
	if conn == nil {
		return pass
	}
	r.asked++
	r.pace.sent++
	r.text = append(r.text[:0], m.Properties...)
	t.sendCheck(r, conn, m, store.Appended{Offset: m.PhysicalOffset, QueueOffset: offset})
	return pass
}

// EndedInPlace notes an end that a slave brought about in its master's place. took is from the birth of the half
// message to now, in ms.
func (t *Service) EndedInPlace(e ActedEnd, commit bool, took int64) {
	t.Acted.Add(e)
	t.Counts.Ended(e.Topic, commit, took)
}

// settleActed marks what a slave has ended already.
func (t *Service) settleActed() {
	for _, e := range t.Acted.List() {
		if !t.d.Settings().Slave { // it was told, or has become master itself
			if t.endAt(e.QueueOffset, t.d.Settings().OpMsgMaxSize) {
				t.Counts.Add(e.Topic, -1)
			}
		} else if at, c := t.Halves.Claim(e.QueueOffset); c == Claimed {
			t.Halves.Release(at, true)
		}
	}
}

// Noted tells whether op messages name every end that this broker has noted up to now: it is asked again until they do.
// Any goroutine.
func (t *Service) Noted() bool {
	noted := true
	t.ops.waiting(func(int64) { noted = false })
	return noted && !t.Replaying()
}
