package replicas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
	"gorocket/store/ha"
)

// checkSet proposes another sync state set when a slave has caught up, is gone, or has been behind for too long.
func (s *Service) checkSet(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	heard := s.heard
	s.mu.Unlock()
	if s.set.settle(heard) {
		s.d.Role.Counted()
	}
	set := s.d.Settings()
	look := now.Sub(s.loop.checked) >= set.Check
	if look {
		s.loop.checked = now
	}
	slaves := s.d.Role.Slaves()
	agreed, _ := s.set.Agreed()
	stay := s.staying(slaves, agreed, now, look)
	next := union(stay, s.joining(slaves, agreed))
	if slices.Equal(next, agreed) {
		return nil
	}
	err := s.alter(ctx, next)
	if code := refused(err); len(next) == len(stay) ||
		code != wire.ControllerInvalidReplicas && code != wire.ControllerBrokerNotAlive {
		return err
	}
	s.learn(ctx) // one that joins may be none of the set
	again := union(stay, s.joining(slaves, agreed))
	if slices.Equal(again, next) || slices.Equal(again, agreed) {
		return err
	}
	return s.alter(ctx, again)
}

// staying is this broker, and who may stay in the set: they follow, and, when it is time to look, keep up.
func (s *Service) staying(slaves []ha.SlaveState, agreed []int64, now time.Time, look bool) []int64 {
	since := now.Add(-s.d.Settings().NotCaughtUp)
	ids := []int64{s.ID()}
	for _, id := range agreed {
		if id != s.ID() && has(slaves, id, 0) && (!look || caughtUpSince(slaves, id, since)) {
			ids = append(ids, id)
		}
	}
	return union(ids, nil)
}

// caughtUpSince tells whether a slave had all there was at some time since then.
func caughtUpSince(slaves []ha.SlaveState, id int64, since time.Time) bool {
	return slices.ContainsFunc(slaves, func(c ha.SlaveState) bool { return c.ID == id && c.CaughtUp.After(since) })
}

// has tells whether a slave follows this master now and has the log up to an offset.
func has(slaves []ha.SlaveState, id, offset int64) bool {
	return slices.ContainsFunc(slaves, func(c ha.SlaveState) bool { return c.ID == id && c.Acked >= offset })
}

// joinFresh is how lately a slave has to have had everything to become part of the set.
const joinFresh = 2 * time.Second

// joining are slaves that may become part of the set: they keep up.
func (s *Service) joining(slaves []ha.SlaveState, agreed []int64) (ids []int64) {
	for _, c := range slaves {
		if c.ID > 0 && !c.Learner && !slices.Contains(agreed, c.ID) && time.Since(c.CaughtUp) < joinFresh && s.mayJoin(c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// learnedFor is how long a master relies on what it has learned of who may join.
const learnedFor = 10 * time.Second

// mayJoin tells whether it makes sense to propose a broker: anybody may follow, with any id, and the controllers refuse
// a set with a broker that they do not know. As long as they do not, nobody is asked for.
func (s *Service) mayJoin(id int64) bool {
	return time.Since(s.loop.learned) >= learnedFor || s.loop.members[id]
}

// learn asks the controllers which brokers of the set they know, and are alive to them. Without an answer it is nobody.
func (s *Service) learn(ctx context.Context) {
	set := s.d.Settings()
	s.loop.members, s.loop.learned = map[int64]bool{}, time.Now()
	body, err := compat.Marshal([]string{set.Broker})
	if err != nil {
		return
	}
	var all protocol.BrokerReplicasInfo
	resp, err := tell[wire.NoHeader, wire.NoHeader](ctx, &s.ctl, set.FindLeader, wire.ReqControllerGetSyncStateData,
		wire.None, new(wire.NoHeader), body, nil, nil)
	if err == nil {
		err = compat.Unmarshal(resp.Body, &all)
	}
	if err != nil {
		s.d.Throttled.Warn("members").Err(err).Msg("cannot ask the controllers who is of this broker's set: nobody joins it")
		return
	}
	info := all.ReplicasInfoTable[set.Broker]
	for _, r := range slices.Concat(info.InSyncReplicas, info.NotInSyncReplicas) {
		s.loop.members[r.BrokerID] = r.Alive
	}
}

// alter proposes a set to the controllers. From before it asks, and until it knows the answer, both sets count: whoever
// they elect has what is acknowledged meanwhile.
func (s *Service) alter(ctx context.Context, next []int64) error {
	set, m := s.d.Settings(), s.Master()
	s.set.propose(next)
	s.d.Role.Counted()
	next = s.catchUp(ctx, next)
	agreed, epoch := s.set.Agreed()
	if slices.Equal(next, agreed) { // the next look finds those that are late
		s.set.refused()
		s.d.Role.Counted()
		return nil
	}
	body, err := compat.Marshal(protocol.SyncStateSet{SyncStateSet: next, SyncStateSetEpoch: epoch})
	if err != nil {
		return err
	}
	h := wire.AlterSyncStateSetHeader{BrokerName: set.Broker, MasterBrokerID: s.ID(), MasterEpoch: m.Epoch,
		InvokeTime: time.Now().UnixMilli()}
	var out wire.AlterSyncStateSetResponseHeader
	sent := time.Now()
	resp, err := tell(ctx, &s.ctl, set.FindLeader, wire.ReqControllerAlterSyncStateSet, wire.AlterSyncStateSetRequest, &h,
		body, wire.AlterSyncStateSetResponse, &out)
	var now protocol.SyncStateSet
	if err == nil {
		now, err = agreedTo(resp.Body, s.ID(), epoch)
	}
	switch code := refused(err); {
	case err == nil:
		s.mu.Lock()
		s.heard = sent
		s.mu.Unlock()
		s.count(now.SyncStateSet, now.SyncStateSetEpoch)
		return nil
	case code >= wire.ControllerFencedMasterEpoch && code <= wire.ControllerAlterSyncStateSetFailed &&
		code != wire.ControllerNotLeader && !errors.Is(err, errMayBe): // it is certain that it is not so
		s.set.refused()
		s.d.Role.Counted()
	default:
		s.set.unanswered()
	}
	s.loop.polled = time.Time{} // what is so, the controllers say
	return fmt.Errorf("proposing the sync state set %v: %w", next, err)
}

// agreedTo is the set that controllers have agreed to, which follows that of an epoch.
func agreedTo(body []byte, self int64, before int32) (set protocol.SyncStateSet, err error) {
	if err = compat.Unmarshal(body, &set); err == nil &&
		(set.SyncStateSetEpoch <= before || !slices.Contains(set.SyncStateSet, self)) {
		err = fmt.Errorf("%v with epoch %d does not follow epoch %d of broker %d", set.SyncStateSet, set.SyncStateSetEpoch,
			before, self)
	}
	if err != nil {
		err = fmt.Errorf("the sync state set of a controller: %w", err)
	}
	return set, err
}

// catchUp waits until those that come into the set have what was written before they counted, and may be acknowledged
// without them: under load they have not quite. It returns the set without those that do not get there.
func (s *Service) catchUp(ctx context.Context, next []int64) []int64 {
	end := s.d.Role.State().End
	for limit := time.Now().Add(joinWait); ; time.Sleep(time.Millisecond) {
		slaves, late := s.d.Role.Slaves(), ctx.Err() != nil || time.Now().After(limit)
		lacks := func(id int64) bool { return id != s.ID() && !s.set.Has(id) && !has(slaves, id, end) }
		if late || !slices.ContainsFunc(next, lacks) {
			return slices.DeleteFunc(slices.Clone(next), lacks)
		}
	}
}

// joinWait bounds it. With allAckInSyncStateSet who sends waits for them meanwhile.
const joinWait = 200 * time.Millisecond
