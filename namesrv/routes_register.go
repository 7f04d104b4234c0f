package namesrv

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// registration is one REGISTER_BROKER request.
type registration struct {
	brokerKey
	name         string
	id           int64
	haAddr       string
	zone         *string
	timeout      time.Duration // 0: not given
	oldSender    bool          // no enableActingMaster field: a broker that knows nothing of acting masters
	actingMaster bool
	deleteOthers bool // deleteTopicWithBrokerRegistration
	data         *protocol.RegisterBrokerBody
	conn         *remoting.Conn
}

// registered is what came of a registration.
type registered struct {
	haAddr, masterAddr string         // of the master, for a slave
	refused            string         // remark of the error answer
	ignored            string         // why it had no effect although the answer is SUCCESS
	isNew              bool           // first registration of this address
	otherID            bool           // this address had another id of the same name before
	replaced           string         // the address that had this name and id, if it is another one
	changedTopics      int            // topics created or changed
	droppedTopics      int            // topics that found no room, or whose names no broker makes
	minID              *minIDChange   // set when the smallest broker id got smaller
	left               []*minIDChange // what its end under a former name changed
}

// register takes a broker's registration into the tables (RouteInfoManager.registerBroker).
func (r *routes) register(g *registration) registered {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live[g.brokerKey] == nil && len(r.live) >= maxLiveBrokers {
		return registered{refused: fmt.Sprintf("register broker failed, there are %d brokers already", maxLiveBrokers)}
	}
	left := r.leaveName(g)
	out := r.join(g)
	out.left = left
	return out
}

// leaveName takes out a broker that comes under another name: the end of its connection is told of the last name only,
// and what it registered under the others would stay for ever, as it does in Java. The caller holds mu.
func (r *routes) leaveName(g *registration) []*minIDChange {
	l := r.live[g.brokerKey]
	if l == nil || l.name == g.name {
		return nil
	}
	changes, _ := r.takeOut([]departure{{brokerKey: g.brokerKey, name: l.name, id: l.id}})
	return changes
}

// join enters a registration under its name. The caller holds mu.
func (r *routes) join(g *registration) registered {
	b, first := r.brokers[g.name], false
	if b == nil {
		b, first = &protocol.BrokerData{BrokerAddrs: map[int64]string{}, BrokerName: g.name, Cluster: g.cluster}, true
	}
	prevMin := minID(b.BrokerAddrs)
	if prevMin == noID {
		prevMin = protocol.MasterID // nobody to tell
	}
	prev := maps.Clone(b.BrokerAddrs)
	maps.DeleteFunc(b.BrokerAddrs, func(id int64, addr string) bool { return addr == g.addr && id != g.id })
	if holder, stale := r.staleVersion(g, b); stale {
		r.takeOut([]departure{{brokerKey: g.brokerKey, name: g.name, id: g.id}})
		return registered{ignored: fmt.Sprintf("id %d is held by %s with a newer state version", g.id, holder)}
	}
	if _, known := b.BrokerAddrs[g.id]; !known && len(g.data.TopicConfigSerializeWrapper.TopicConfigTable) == 1 {
		// A single-topic update may not come before the full registration. Java leaves an empty broker behind; we leave all
		// as it was.
		b.BrokerAddrs = prev
		return registered{refused: "register broker failed"}
	}
	first = r.joinBroker(g, b, prev) || first
	out := r.finishRegister(g, b, first, g.id < prevMin)
	if holder := prev[g.id]; holder != g.addr {
		out.replaced = holder
	}
	return out
}

// staleVersion says whether the id is held by another address that registered with a greater state version: then the
// newcomer is a master of the past.
func (r *routes) staleVersion(g *registration, b *protocol.BrokerData) (holder string, stale bool) {
	holder = b.BrokerAddrs[g.id]
	if holder == "" || holder == g.addr {
		return "", false
	}
	l := r.live[brokerKey{g.cluster, holder}]
	return holder, l != nil && l.version.StateVersion > g.data.TopicConfigSerializeWrapper.DataVersion.StateVersion
}

// joinBroker enters the address under its name and cluster. It says whether the id is new.
func (r *routes) joinBroker(g *registration, b *protocol.BrokerData, prev map[int64]string) (newID bool) {
	old := *b
	r.brokers[g.name] = b
	if r.clusters[g.cluster] == nil {
		r.clusters[g.cluster] = map[string]struct{}{}
	}
	r.clusters[g.cluster][g.name] = struct{}{}
	newID = b.BrokerAddrs[g.id] == ""
	b.BrokerAddrs[g.id] = g.addr
	b.EnableActingMaster = !g.oldSender && g.actingMaster
	b.ZoneName = g.zone
	if !maps.Equal(prev, b.BrokerAddrs) || old.EnableActingMaster != b.EnableActingMaster ||
		!sameText(old.ZoneName, b.ZoneName) {
		r.cache.clear()
	}
	return newID
}

func sameText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (r *routes) finishRegister(g *registration, b *protocol.BrokerData, first, lowered bool) registered {
	primeSlave := !g.oldSender && g.id != protocol.MasterID && g.id == minID(b.BrokerAddrs)
	before := r.live[g.brokerKey]
	out := registered{isNew: before == nil, otherID: before != nil && before.id != g.id}
	if g.id == protocol.MasterID || primeSlave {
		out.changedTopics, out.droppedTopics = r.takeTopics(g, first, primeSlave && b.EnableActingMaster)
	}
	r.live[g.brokerKey] = newLive(g)
	r.takeFilters(g)
	if g.id != protocol.MasterID {
		if l := r.live[brokerKey{g.cluster, b.BrokerAddrs[protocol.MasterID]}]; l != nil {
			out.masterAddr, out.haAddr = b.BrokerAddrs[protocol.MasterID], l.haAddr
		}
	}
	if lowered {
		out.minID = newMinIDChange(b, "", g.haAddr)
	}
	return out
}

func newLive(g *registration) *liveBroker {
	l := &liveBroker{timeout: g.timeout, version: g.data.TopicConfigSerializeWrapper.DataVersion, conn: g.conn,
		haAddr: g.haAddr, name: g.name, id: g.id}
	if l.timeout <= 0 {
		l.timeout = defaultLiveTimeout
	}
	l.seen.Store(time.Now().UnixMilli())
	return l
}

// takeTopics updates the topics of the broker and counts the changes. A topic is looked at on a first registration,
// with a new data version, or when the broker is not in it yet: 205 and 327 therefore last until the next changed
// registration.
func (r *routes) takeTopics(g *registration, first, wipeWrite bool) (changed, dropped int) {
	w := &g.data.TopicConfigSerializeWrapper
	l := r.live[g.brokerKey]
	all := first || l == nil || l.version != w.DataVersion
	if g.deleteOthers && len(w.TopicQueueMappingInfoMap) == 0 {
		r.dropOtherTopics(g)
	}
	for _, t := range w.TopicConfigTable {
		if !all {
			if _, has := queueIndex(r.topics[t.TopicName], g.name); has {
				continue
			}
		}
		q := protocol.QueueData{BrokerName: g.name, Perm: t.Perm, ReadQueueNums: t.ReadQueueNums,
			TopicSysFlag: t.TopicSysFlag, WriteQueueNums: t.WriteQueueNums}
		if wipeWrite {
			q.Perm &^= protocol.PermWrite
		}
		switch differs, kept := r.setQueue(t.TopicName, q); {
		case differs:
			r.cache.drop(t.TopicName)
			changed++
		case !kept:
			dropped++
		}
	}
	if all {
		r.takeMappings(g.name, w.TopicQueueMappingInfoMap)
	}
	return changed, dropped
}

// dropOtherTopics removes the broker from topics that it did not name (deleteTopicWithBrokerRegistration).
func (r *routes) dropOtherTopics(g *registration) {
	for topic := range r.topics {
		if g.data.TopicConfigSerializeWrapper.TopicConfigTable[topic] == nil && r.removeQueue(topic, g.name) {
			r.cache.drop(topic)
		}
	}
}

// takeMappings takes what a broker says of its own share in topics that are there; they go with the topic. Java takes
// any.
func (r *routes) takeMappings(broker string, infos map[string]*protocol.TopicQueueMappingInfo) {
	for topic, info := range infos {
		if r.topics[topic] == nil || info.Bname != broker {
			continue
		}
		if r.mappings[topic] == nil {
			r.mappings[topic] = map[string]*protocol.TopicQueueMappingInfo{}
		}
		r.mappings[topic][info.Bname] = info
		r.cache.drop(topic)
	}
}

func (r *routes) takeFilters(g *registration) {
	list := g.data.FilterServerList
	list = list[:min(len(list), maxFilters)]
	if slices.Equal(r.filters[g.brokerKey], list) {
		return
	}
	if len(list) == 0 {
		delete(r.filters, g.brokerKey)
	} else {
		r.filters[g.brokerKey] = list
	}
	r.cache.clear()
}
