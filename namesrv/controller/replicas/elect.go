package replicas

import (
	"math"
	"slices"
	"strconv"

	"gorocket/remoting/wire"
)

// decide elects. Java: ReplicasInfoManager.electMaster.
func (e *Elect) decide(s *Set) (Result, *Set) {
	if s == nil {
		return refuse(wire.ControllerBrokerNeedToBeRegistered, "Broker hasn't been registered"), nil
	}
	if _, known := s.Replicas[e.ID]; e.ID != NoID && !known {
		return refuse(wire.ControllerBrokerNeedToBeRegistered, "BrokerId: %d hasn't been registered in broker-set: %s",
			e.ID, s.Broker), nil
	}
	winner := e.winner(s)
	switch {
	case winner != 0 && winner == s.Master:
		return refuse(wire.ControllerMasterStillExist,
			"The old master %d is still alive, not need to elect new master for broker %s", s.Master, s.Broker), nil
	case winner != 0:
		epoch, ok := e.nextEpoch(s)
		if !ok {
			return refuse(wire.ControllerElectMasterFailed, "Failed to elect a new master: no epoch is left behind %d",
				s.MasterEpoch), nil
		}
		next := s.clone()
		next.Master, next.MasterEpoch, next.Adopted = winner, epoch, false
		next.inSync([]int64{winner})
		return Result{}, &next
	case e.ID != NoID:
		return refuse(wire.ControllerElectMasterFailed, "Failed to elect a new master"), nil
	}
	r := refuse(wire.ControllerMasterNotAvailable, "Old master has down and failed to elect a new broker master")
	if s.Master == 0 {
		return r, nil
	}
	next := s.clone() // nobody is master; the sync state set says who may be the next one
	next.Master, next.MasterEpoch = 0, s.MasterEpoch+1
	return r, &next
}

// winner is 0 when nobody can be master.
func (e *Elect) winner(s *Set) int64 {
	switch {
	case s.MasterEpoch == 0 && s.Adopted:
		if !e.Settled {
			return 0
		}
		return e.among(s, s.IDs())
	case s.MasterEpoch == 0 && e.ID != NoID:
		return e.ID // the first one of a new set, whose logs are all empty
	}
	if id := e.among(s, s.InSync); id != 0 || !e.Unclean {
		return id
	}
	return e.among(s, s.IDs())
}

// among chooses from the living ones of ids. Java: DefaultElectPolicy.tryElect.
func (e *Elect) among(s *Set, ids []int64) int64 {
	var candidates []Live
	for _, l := range e.Alive {
		if slices.Contains(ids, l.ID) {
			candidates = append(candidates, l)
		}
	}
	designated := e.Designate && e.ID != NoID
	if Alive(candidates, s.Master) && (!designated || e.ID == s.Master) {
		return s.Master
	}
	if designated {
		if Alive(candidates, e.ID) {
			return e.ID
		}
		return 0
	}
	var best Live
	for i, l := range candidates {
		if i == 0 || better(l, best) {
			best = l
		}
	}
	return best.ID
}

// maxForeignEpoch bounds what a broker's own epoch can raise that of its set to: a forged one must not use them up.
const maxForeignEpoch = math.MaxInt32 / 2

// nextEpoch is above the set's and above those that its living brokers have from other controllers.
func (e *Elect) nextEpoch(s *Set) (int32, bool) {
	last := s.MasterEpoch
	for _, l := range e.Alive {
		if l.Epoch <= maxForeignEpoch {
			last = max(last, l.Epoch)
		}
	}
	return last + 1, last < math.MaxInt32-1
}

func orNull(id int64) string {
	if id == 0 {
		return "null"
	}
	return strconv.FormatInt(id, 10)
}
