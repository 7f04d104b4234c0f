package sim

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"gorocket/namesrv/controller"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/epoch"
	"gorocket/store/record"
)

type changeMembers = controller.ChangeMembersHeader

const changeMembersCode = controller.ChangeMembersCode

var changeMembersRequest = controller.ChangeMembers

// acknowledged notes an acknowledgement.
func (s *sim) acknowledged(a ack) {
	s.event("ack %s by b%d: queue %d offset %d, %d", a.id, a.broker, a.queue, a.offset, a.phy)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Acked++
	s.acks = append(s.acks, a)
}

// consumed notes what a consumer got.
func (s *sim) consumed(got []seen) {
	if len(got) == 0 {
		return
	}
	s.event("read %d from b%d: %s to %s", len(got), got[0].broker, got[0].id, got[len(got)-1].id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Read += len(got)
	s.reads = append(s.reads, got...)
}

// term is a time in which one process is master without a break: what it has in memory stays.
type term struct {
	run   *run
	epoch int32
}

// termOf is the term of a broker now; the zero value: it is no master.
func (s *sim) termOf(i int) (t term) {
	r := s.brokers[i].now()
	if r == nil || r.store.Load() == nil {
		return t
	}
	b := r.host.Broker()
	cfg := b.Config()
	e, err := epoch.Open(r.mem, cfg.StorePathEpochFile)
	again := b.Config() // reading took its time
	if cfg.IsSlave() || again.IsSlave() || err != nil {
		return t
	}
	return term{r, e.List().Last()}
}

// commits are the largest offsets of each queue that were committed, by the term of who acknowledged them.
type commits struct {
	in   map[term]*[queues]int64
	most [queues]int64
}

// commit commits an offset at a broker, and looks at what it has then: in one term it does not go back. Behind a switch
// or a restart it may, by what the next master had not heard yet, or what was not in its file: that is counted.
func (s *sim) commit(cl *remoting.Client, at int, queue int32, offset int64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	before := s.termOf(at)
	q := wire.QueryConsumerOffsetRequestHeader{ConsumerGroup: group, Topic: topic, QueueID: queue, SetZeroIfNotFound: true}
	resp, err := remoting.Call(ctx, cl, s.brokers[at].addr(), wire.ReqQueryConsumerOffset, wire.QueryConsumerOffsetRequest, &q,
		nil)
	var has wire.OffsetResponseHeader
	if err == nil {
		err = wire.OffsetResponse.Decode(resp, nil, &has)
	}
	if err != nil || before.run == nil || s.termOf(at) != before {
		return
	}
	known := s.offs.in[before]
	switch {
	case known != nil && has.Offset < known[queue]:
		s.violation("b%d, master of epoch %d, says that %d of queue %d is committed; %d was, in this term", at, before.epoch,
			has.Offset, queue, known[queue])
	case has.Offset < s.offs.most[queue]:
		s.count(&s.stats.Back)
	}
	if offset = max(offset, has.Offset); offset == has.Offset {
		return
	}
	h := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: group, Topic: topic, QueueID: queue, CommitOffset: offset}
	_, err = remoting.Call(ctx, cl, s.brokers[at].addr(), wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &h, nil)
	if err != nil || s.termOf(at) != before {
		return
	}
	s.count(&s.stats.Commits)
	if known == nil {
		known = new([queues]int64)
		s.offs.in[before] = known
	}
	known[queue], s.offs.most[queue] = offset, max(offset, s.offs.most[queue])
}

// place is where a message is.
type place struct {
	queue  int32
	offset int64
	phy    int64
}

// logOf reads all messages of a store below end, by their ids.
func (s *sim) logOf(name string, st *store.Store) (ids map[string]place, end int64) {
	ids = map[string]place{}
	var next [queues]int64
	log := st.Log()
	at := st.MinPhyOffset()
	for end = st.MaxPhyOffset(); at < end; {
		seg := log.Lease(at)
		if seg == nil {
			s.violation("%s: no file of the log at %d, which ends at %d", name, at, end)
			return ids, end
		}
		at = s.readFile(name, seg.Data[:min(end, seg.End())-seg.Base], seg.Base, at, seg.End(), ids, &next)
		seg.Release()
	}
	return ids, end
}

// readFile reads the messages of a file from at on, and returns where the next file begins.
func (s *sim) readFile(name string, b []byte, base, at, end int64, ids map[string]place, next *[queues]int64) int64 {
	for at-base < int64(len(b)) {
		rest := b[at-base:]
		if size, magic := record.Head(rest); magic == blankMagic {
			return at + int64(size)
		}
		m, err := record.Decode(rest)
		if err != nil {
			s.violation("%s: what stands at %d of the log is no message: %v", name, at, err)
			return end
		}
		if string(m.Topic) == topic {
			id := idOf(&m)
			if old, twice := ids[id]; twice {
				s.violation("%s: message %s is there twice, at %d and %d", name, id, old.phy, at)
			}
			ids[id] = place{m.QueueID, m.QueueOffset, at}
			if m.QueueOffset != next[m.QueueID] {
				s.violation("%s: message %s has offset %d of queue %d, and %d follows there", name, id, m.QueueOffset, m.QueueID,
					next[m.QueueID])
			}
			next[m.QueueID] = m.QueueOffset + 1
		}
		at += int64(m.Size)
	}
	return at
}

// blankMagic heads what ends a file.
const blankMagic = record.MagicBlank

// idOf is the message's id, as its producer gave it.
func idOf(m *record.View) string {
	id, _, _ := bytes.Cut(m.Body, []byte(" "))
	return string(id)
}

// contains looks whether all that was acknowledged is in a log.
func (s *sim) contains(name string, ids map[string]place, acks []ack) {
	for _, a := range acks {
		switch p, ok := ids[a.id]; {
		case !ok:
			s.violation("%s: message %s is lost, which b%d acknowledged %v after the start, at %d", name, a.id, a.broker,
				a.at.Sub(s.begun), a.phy)
		case p != place{a.queue, a.offset, a.phy}:
			s.violation("%s: message %s was acknowledged as %v and is at %v", name, a.id, place{a.queue, a.offset, a.phy}, p)
		}
	}
}

// watchMasters looks at each new master whether it has what was acknowledged before.
func (s *sim) watchMasters() {
	for !s.stopping() {
		time.Sleep(100 * time.Millisecond)
		for i, n := range s.brokers {
			if r := n.now(); r != nil {
				s.lookAt(i, r)
			}
		}
	}
}

func (s *sim) lookAt(i int, r *run) {
	r.mu.Lock()
	runs := r.started && !r.dead
	r.mu.Unlock()
	if !runs {
		return
	}
	b := r.host.Broker()
	cfg := b.Config()
	if r.store.Store(b.Store()); cfg.IsSlave() || b.Store() == nil {
		return
	}
	e, err := epoch.Open(r.mem, cfg.StorePathEpochFile)
	if cfg = b.Config(); err != nil || len(e.List()) == 0 || cfg.IsSlave() || r.host.Broker() != b {
		return // reading took its time
	}
	number := e.List().Last()
	s.mu.Lock()
	last := int32(0)
	for n := range s.terms {
		last = max(last, n)
	}
	who, known := s.terms[number]
	if !known {
		s.terms[number] = i
	}
	acks := s.acks
	s.mu.Unlock()
	if known && who != i {
		s.violation("b%d and b%d are both master of epoch %d", who, i, number)
		return
	}
	if known || number < last {
		return
	}
	s.count(&s.stats.Masters)
	s.event("b%d is master of epoch %d, its log ends at %d", i, number, b.Store().MaxPhyOffset())
	ids, _ := s.logOf(fmt.Sprintf("b%d, master of epoch %d", i, number), b.Store())
	s.contains(fmt.Sprintf("b%d, master of epoch %d", i, number), ids, acks)
}

// settle waits until all brokers have the same log and take messages.
func (s *sim) settle() {
	for _, n := range s.nodes {
		if r := n.now(); r != nil {
			r.die.Store(0)
		}
		n.boot()
	}
	cl, err := s.client("10.0.5.1")
	if err != nil {
		s.violation("%v", err)
		return
	}
	defer cl.Stop()
	limit := time.Now().Add(60 * time.Second)
	for n := 0; ; n++ {
		time.Sleep(time.Second)
		took := false
		for i := range s.brokers {
			took = s.send(cl, i, fmt.Sprintf("end-%d-%d", n, i), 0, 10) || took
		}
		time.Sleep(200 * time.Millisecond)
		why := s.together()
		if took && why == "" {
			s.event("settled")
			return
		}
		if time.Now().After(limit) {
			s.violation("a minute after all was mended the brokers are not together: a send was taken: %v; %s", took, why)
			return
		}
		for _, n := range s.nodes {
			n.boot()
		}
	}
}

// together tells why the brokers have not the same log; "" when they have.
func (s *sim) together() string {
	masters, ends := 0, []int64{}
	for i, n := range s.brokers {
		r := n.now()
		if r == nil {
			return fmt.Sprintf("b%d is down", i)
		}
		r.mu.Lock()
		started := r.started
		r.mu.Unlock()
		if !started {
			return fmt.Sprintf("b%d has not started", i)
		}
		b := r.host.Broker()
		cfg := b.Config()
		if !cfg.IsSlave() {
			masters++
		}
		ends = append(ends, b.Store().MaxPhyOffset(), b.Store().Confirmed())
	}
	if masters != 1 {
		return fmt.Sprintf("%d masters", masters)
	}
	if slices.Min(ends) != slices.Max(ends) {
		return fmt.Sprintf("ends of the logs, and what is confirmed: %v", ends)
	}
	return ""
}

// end compares all logs with what was acknowledged and read.
func (s *sim) end() {
	time.Sleep(3 * time.Second)
	var first map[string]place
	var firstEnd int64
	for i, n := range s.brokers {
		r := n.now()
		if r == nil || r.host.Broker().Store() == nil {
			continue
		}
		name := fmt.Sprintf("b%d at the end", i)
		ids, end := s.logOf(name, r.host.Broker().Store())
		s.contains(name, ids, s.acks)
		for _, m := range s.reads {
			if p, ok := ids[m.id]; !ok || p.queue != m.queue || p.offset != m.offset {
				s.violation("%s: message %s, which was read from b%d at %v as queue %d offset %d, is at %v %v", name, m.id,
					m.broker, m.at.Sub(s.begun), m.queue, m.offset, p, ok)
			}
		}
		if first == nil {
			first, firstEnd = ids, end
		} else if end != firstEnd || len(ids) != len(first) {
			s.violation("%s: its log has %d messages and ends at %d, that of b0 %d and %d", name, len(ids), end, len(first),
				firstEnd)
		}
	}
	for _, n := range s.nodes {
		n.mu.Lock()
		n.gone = true
		n.mu.Unlock()
		n.quit()
	}
	s.await(&s.tasks, "that all have stopped")
}
