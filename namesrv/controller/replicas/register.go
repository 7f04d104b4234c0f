package replicas

import (
	"strings"
	"unicode/utf8"

	"gorocket/remoting/wire"
)

// decide notes a broker's address, and takes one that nobody here knows as it is. Java: ReplicasInfoManager
// .registerBroker, which refuses that with 2010.
func (r *Register) decide(s *Set, sets int) (Result, *Set) {
	if why := fits(r.Cluster, r.Broker, r.ID, r.Address); why != "" {
		return refuse(wire.ControllerBrokerIDInvalid, "%s", why), nil
	}
	if s == nil {
		if sets >= MaxSets {
			return full(sets), nil
		}
		next := Set{Cluster: r.Cluster, Broker: r.Broker, Replicas: map[int64]Replica{}, NextID: 1, Adopted: true}
		next.add(r.ID, Replica{Address: r.Address})
		return Result{}, &next
	}
	known, has := s.Replicas[r.ID]
	out := Result{Living: s.Master != 0 && Alive(r.Alive, s.Master)}
	switch {
	case has && known.Address == r.Address:
		return out, nil
	case !has && len(s.Replicas) >= MaxReplicas:
		return tooMany(s), nil
	}
	next := s.clone()
	known.Address = r.Address
	next.add(r.ID, known)
	return out, &next
}

// decide gives an id to who asks for it. Java: ReplicasInfoManager.applyBrokerId.
func (a *Apply) decide(s *Set, sets int) (Result, *Set) {
	address, _, _ := strings.Cut(a.CheckCode, ";")
	if why := fits(a.Cluster, a.Broker, a.ID, a.CheckCode); why != "" {
		return refuse(wire.ControllerBrokerIDInvalid, "%s", why), nil
	}
	replica := Replica{Address: address, CheckCode: a.CheckCode}
	if s == nil {
		switch {
		case a.ID != 1:
			return refuse(wire.ControllerBrokerIDInvalid,
				"Broker-set: %s hasn't been registered in controller, but broker try to apply brokerId: %d", a.Broker,
				a.ID), nil
		case sets >= MaxSets:
			return full(sets), nil
		}
		next := Set{Cluster: a.Cluster, Broker: a.Broker, Replicas: map[int64]Replica{}, NextID: 1}
		next.add(a.ID, replica)
		return Result{}, &next
	}
	known, has := s.Replicas[a.ID]
	switch {
	case has && known.CheckCode == a.CheckCode:
		return Result{}, nil
	case has:
		return refuse(wire.ControllerBrokerIDInvalid, "Fail to apply brokerId: %d in broker-set: %s", a.ID, a.Broker), nil
	case len(s.Replicas) >= MaxReplicas:
		return tooMany(s), nil
	}
	next := s.clone()
	next.add(a.ID, replica)
	return Result{}, &next
}

// maxID bounds a broker's id: NextID is one more.
const maxID = 1 << 40

// fits tells why a broker's names, id or address cannot be kept; "" when they can.
func fits(cluster, broker string, id int64, address string) string {
	switch {
	case !utf8.ValidString(cluster + broker + address): // JSON would make other names of them
		return "the names and the address of a broker are UTF-8"
	case broker == "" || len(broker) > MaxName || len(cluster) > MaxName:
		return "the names of cluster and broker need 1 to 255 bytes"
	case id < 1 || id > maxID:
		return "a broker id in controller mode is a number from 1 to 2^40"
	case address == "" || len(address) > MaxAddress:
		return "the broker's address needs 1 to 512 bytes"
	}
	return ""
}

func full(sets int) Result {
	return refuse(wire.ControllerBrokerIDInvalid, "the controller knows %d broker sets, more are not taken", sets)
}

func tooMany(s *Set) Result {
	return refuse(wire.ControllerBrokerIDInvalid, "broker-set %s has %d brokers, more are not taken", s.Broker,
		len(s.Replicas))
}
