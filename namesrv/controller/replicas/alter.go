package replicas

import (
	"slices"

	"gorocket/remoting/wire"
)

// decide has Java's checks in Java's order (ReplicasInfoManager.alterSyncStateSet).
func (a *Alter) decide(s *Set) (Result, *Set) {
	if s == nil {
		return refuse(wire.ControllerAlterSyncStateSetFailed, "Broker metadata is not existed"), nil
	}
	ids := slices.Compact(slices.Sorted(slices.Values(a.InSync)))
	switch {
	case slices.Equal(ids, s.InSync):
		return refuse(wire.ControllerAlterSyncStateSetFailed,
			"The newSyncStateSet is equal with oldSyncStateSet, no needed to update syncStateSet"), nil
	case s.Master == 0 || s.Master != a.Master:
		return refuse(wire.ControllerInvalidMaster,
			"Rejecting alter syncStateSet request because the current leader is:{%s}, not {%d}", orNull(s.Master),
			a.Master), nil
	case a.MasterEpoch != s.MasterEpoch:
		return refuse(wire.ControllerFencedMasterEpoch,
			"Rejecting alter syncStateSet request because the current master epoch is:{%d}, not {%d}", s.MasterEpoch,
			a.MasterEpoch), nil
	case a.SyncEpoch != s.SyncEpoch:
		return refuse(wire.ControllerFencedSyncStateSetEpoch,
			"Rejecting alter syncStateSet request because the current syncStateSet epoch is:{%d}, not {%d}", s.SyncEpoch,
			a.SyncEpoch), nil
	}
	for _, id := range ids {
		if _, known := s.Replicas[id]; !known {
			return refuse(wire.ControllerInvalidReplicas,
				"Rejecting alter syncStateSet request because the replicas {%d} don't exist", id), nil
		}
		if !Alive(a.Alive, id) {
			return refuse(wire.ControllerBrokerNotAlive,
				"Rejecting alter syncStateSet request because the replicas {%d} don't alive", id), nil
		}
	}
	if !slices.Contains(ids, s.Master) {
		return refuse(wire.ControllerAlterSyncStateSetFailed,
			"Rejecting alter syncStateSet request because the newSyncStateSet don't contains origin leader {%d}",
			s.Master), nil
	}
	next := s.clone()
	next.inSync(ids)
	return Result{}, &next
}
