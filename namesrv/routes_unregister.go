package namesrv

import (
	"maps"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// departure is one broker to take out: named by itself (104), by the connection that ended, or by the scan for silent
// ones.
type departure struct {
	brokerKey
	name string
	id   int64
	conn *remoting.Conn // not nil: everybody who registered on this connection and on no other since
	dead *liveBroker    // not nil: only if this very registration still stands
	peer string         // who said so (104), or the connection's peer
	why  string         // why the connection ended
}

// minIDChange tells the members of a broker name that their smallest id changed (NOTIFY_MIN_BROKER_ID_CHANGE).
type minIDChange struct {
	broker      string
	minID       int64
	minAddr     string
	offlineAddr string // who went, "" when somebody came
	haAddr      string // of who came
	targets     []string
}

// newMinIDChange chooses whom to tell: everybody when one went or is alone, else all but the new minimum
// (chooseBrokerAddrsToNotify).
func newMinIDChange(b *protocol.BrokerData, offline, haAddr string) *minIDChange {
	low := minID(b.BrokerAddrs)
	c := &minIDChange{broker: b.BrokerName, minID: low, minAddr: b.BrokerAddrs[low], offlineAddr: offline, haAddr: haAddr}
	for id, addr := range b.BrokerAddrs {
		if offline != "" || len(b.BrokerAddrs) == 1 || id != low {
			c.targets = append(c.targets, addr)
		}
	}
	return c
}

// unregister takes a batch of brokers out of all tables at once (RouteInfoManager.unRegisterBroker). It returns the
// changes of smallest ids among members that know of acting masters, and who was removed.
func (r *routes) unregister(batch []departure) (changes []*minIDChange, gone []departure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.takeOut(r.expand(batch))
}

// takeOut is unregister for departures that name their brokers. The caller holds mu.
func (r *routes) takeOut(list []departure) (changes []*minIDChange, gone []departure) {
	removed, reduced := map[string]bool{}, map[string]bool{}
	lowered := map[string]string{} // broker name → address of the former minimum
	for _, d := range list {
		if l := r.live[d.brokerKey]; l != nil && l.name != d.name {
			continue // whoever is there has another name; without its live entry nobody would take it out any more
		}
		delete(r.live, d.brokerKey)
		delete(r.filters, d.brokerKey)
		gone = append(gone, d)
		b := r.brokers[d.name]
		if b == nil {
			continue
		}
		low := minID(b.BrokerAddrs)
		before := len(b.BrokerAddrs)
		maps.DeleteFunc(b.BrokerAddrs, func(_ int64, addr string) bool { return addr == d.addr })
		if len(b.BrokerAddrs) == 0 {
			delete(r.brokers, d.name)
			removed[d.name] = true
			continue
		}
		reduced[d.name] = true
		if d.id == low && len(b.BrokerAddrs) < before {
			lowered[d.name] = d.addr
		}
	}
	if len(gone) > 0 {
		r.cleanClusters(list)
		r.cleanTopics(removed, reduced)
		r.cache.clear()
	}
	return r.minIDChanges(lowered), gone
}

// expand resolves connections and expired entries to what they registered. The caller holds mu.
func (r *routes) expand(batch []departure) []departure {
	var out []departure
	conns, named := map[*remoting.Conn]departure{}, map[brokerKey]bool{}
	for _, d := range batch {
		switch {
		case d.conn != nil:
			conns[d.conn] = d
		case d.dead == nil || r.live[d.brokerKey] == d.dead:
			out = append(out, d)
			named[d.brokerKey] = true // its connection may end right after: that is no other reason
		}
	}
	if len(conns) == 0 {
		return out
	}
	for key, l := range r.live {
		if d, ended := conns[l.conn]; ended && l.conn != nil && !named[key] {
			d.brokerKey, d.name, d.id = key, l.name, l.id
			out = append(out, d)
		}
	}
	return out
}

// cleanClusters takes the names of a batch out of the clusters in which nobody of that name lives any more: members of
// one name may have registered in several.
func (r *routes) cleanClusters(batch []departure) {
	type member struct{ cluster, name string }
	left := map[member]bool{}
	for _, d := range batch {
		left[member{d.cluster, d.name}] = true
		if b := r.brokers[d.name]; b != nil {
			left[member{b.Cluster, d.name}] = true
		}
	}
	for key, l := range r.live {
		delete(left, member{key.cluster, l.name})
	}
	for m := range left {
		names := r.clusters[m.cluster]
		delete(names, m.name)
		if names != nil && len(names) == 0 {
			delete(r.clusters, m.cluster)
		}
	}
}

// cleanTopics removes brokers that are gone from all topics, and takes write permission from those that lost their
// master and may be represented by a slave.
func (r *routes) cleanTopics(removed, reduced map[string]bool) {
	for name := range reduced {
		b := r.brokers[name]
		if removed[name] || b == nil || !b.EnableActingMaster || minID(b.BrokerAddrs) <= protocol.MasterID {
			delete(reduced, name)
		}
	}
	for topic, list := range r.topics { // each pair once, however many brokers are gone
		for i := len(list) - 1; i >= 0; i-- {
			switch name := list[i].BrokerName; {
			case removed[name]:
				r.removeQueue(topic, name)
			case reduced[name]:
				list[i].Perm &^= protocol.PermWrite
			}
		}
	}
}

func (r *routes) minIDChanges(lowered map[string]string) []*minIDChange {
	var out []*minIDChange
	for name, offline := range lowered {
		if b := r.brokers[name]; b != nil && b.EnableActingMaster {
			out = append(out, newMinIDChange(b, offline, ""))
		}
	}
	return out
}

// silent lists brokers without a sign of life for longer than they promised.
func (r *routes) silent(now time.Time) []departure {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []departure
	for key, l := range r.live {
		if l.seen.Load()+l.timeout.Milliseconds() < now.UnixMilli() {
			out = append(out, departure{brokerKey: key, name: l.name, id: l.id, dead: l})
		}
	}
	return out
}
