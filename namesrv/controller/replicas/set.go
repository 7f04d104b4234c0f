package replicas

import (
	"encoding/json"
	"maps"
	"slices"
)

// Replica is one broker of a set.
type Replica struct {
	Address   string `json:"address"`
	CheckCode string `json:"checkCode,omitempty"` // what the broker applied for its id with; "" for an adopted one
}

// Set is one broker set. Ids begin at 1; no master is 0. Values given out are copies.
type Set struct {
	Cluster     string            `json:"cluster"`
	Broker      string            `json:"broker"` // its name, the key
	Replicas    map[int64]Replica `json:"replicas"`
	NextID      int64             `json:"nextId"`
	Master      int64             `json:"master"`
	MasterEpoch int32             `json:"masterEpoch"`
	InSync      []int64           `json:"inSync"` // ascending
	SyncEpoch   int32             `json:"syncEpoch"`
	// Adopted tells that its brokers had other controllers before, and have had no election by these.
	Adopted bool `json:"adopted,omitempty"`
}

// MasterAddress is "" without a master.
func (s *Set) MasterAddress() string { return s.Replicas[s.Master].Address }

// IDs are those of all replicas, ascending.
func (s *Set) IDs() []int64 { return slices.Sorted(maps.Keys(s.Replicas)) }

func (s *Set) clone() Set {
	c := *s
	c.Replicas, c.InSync = maps.Clone(s.Replicas), slices.Clone(s.InSync)
	return c
}

// add gives a replica its id. Java: BrokerReplicaInfo.addBroker.
func (s *Set) add(id int64, r Replica) {
	s.Replicas[id] = r
	s.NextID = max(s.NextID, id+1)
}

// inSync sets the sync state set. Java: SyncStateInfo.updateSyncStateSetInfo.
func (s *Set) inSync(ids []int64) {
	s.InSync = slices.Clone(ids)
	slices.Sort(s.InSync)
	s.SyncEpoch++
}

// size is how many bytes the set takes in a snapshot at most, with every number at its longest and all in sync; 0 for
// nil.
func (s *Set) size() int {
	if s == nil {
		return 0
	}
	const fixed, each = 220, 64 // names of fields, numbers; an id stands in Replicas and in InSync
	n := fixed + quoted(s.Cluster) + quoted(s.Broker)
	for _, r := range s.Replicas {
		n += each + quoted(r.Address) + quoted(r.CheckCode)
	}
	return n
}

// quoted is the length of a text in JSON.
func quoted(text string) int {
	b, _ := json.Marshal(text) // a string always has a form
	return len(b)
}

// Live is a member that was alive when a command was made, with what it reported last.
type Live struct {
	ID        int64 `json:"id"`
	Epoch     int32 `json:"epoch"`
	MaxOffset int64 `json:"maxOffset"` // of its commit log, bytes
	Priority  int32 `json:"priority"`  // brokerElectionPriority: the smaller one wins
}

// better orders candidates: the newest epoch, the longest log, the smallest priority, the smallest id.
func better(a, b Live) bool {
	switch {
	case a.Epoch != b.Epoch:
		return a.Epoch > b.Epoch
	case a.MaxOffset != b.MaxOffset:
		return a.MaxOffset > b.MaxOffset
	case a.Priority != b.Priority:
		return a.Priority < b.Priority
	}
	return a.ID < b.ID
}

// Alive tells whether a broker is in the list.
func Alive(list []Live, id int64) bool {
	return slices.ContainsFunc(list, func(l Live) bool { return l.ID == id })
}
