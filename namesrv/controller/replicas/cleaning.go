package replicas

import (
	"slices"

	"gorocket/remoting/wire"
)

// decide forgets replicas. Java: ReplicasInfoManager.cleanBrokerData; there a set whose master is cleaned keeps it.
func (c *Clean) decide(s *Set) (Result, *Set) {
	if !c.Living {
		if len(c.IDs) == 0 && s != nil && s.Master != 0 {
			return refuse(wire.ControllerInvalidCleanMetadata, "Broker %s is still alive, clean up failure", c.Broker), nil
		}
		for _, id := range c.IDs {
			if Alive(c.Alive, id) {
				return refuse(wire.ControllerInvalidCleanMetadata, "Broker [%s,  %d] is still alive, clean up failure",
					c.Broker, id), nil
			}
		}
	}
	if s == nil {
		return refuse(wire.ControllerInvalidCleanMetadata, "Broker %s is not existed,clean broker data failure.",
			c.Broker), nil
	}
	next := s.clone()
	if len(c.IDs) == 0 {
		clear(next.Replicas)
		return Result{}, &next
	}
	changes := false
	for _, id := range c.IDs {
		if _, known := s.Replicas[id]; !known {
			continue
		}
		changes = true
		delete(next.Replicas, id)
		if slices.Contains(next.InSync, id) {
			next.inSync(slices.DeleteFunc(next.InSync, func(have int64) bool { return have == id }))
		}
		if next.Master == id {
			next.Master, next.MasterEpoch = 0, next.MasterEpoch+1
		}
	}
	if !changes {
		return Result{}, nil
	}
	return Result{}, &next
}
