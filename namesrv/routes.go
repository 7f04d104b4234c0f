package namesrv

import (
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
)

// Limits on what peers can make the tables hold. Java has none.
const (
	maxLiveBrokers = 10000
	maxTopics      = 1 << 20
	maxPairs       = 4 << 20                    // brokers of all topics together; some 90 bytes each
	maxTopicName   = compat.RetryTopicMaxLength // bytes; no broker makes a longer one
	maxBrokerName  = 255                        // bytes of the name, cluster, zone and each address of a broker
	maxFilters     = 256                        // filter servers of one broker
)

// defaultLiveTimeout is how long a broker that names no timeout stays without a sign of life
// (RouteInfoManager.DEFAULT_BROKER_CHANNEL_EXPIRED_TIME).
const defaultLiveTimeout = 2 * time.Minute

// brokerKey is a broker address within a cluster (BrokerAddrInfo.java).
type brokerKey struct{ cluster, addr string }

// liveBroker is what is known of one registered broker process (BrokerLiveInfo.java). Immutable but for seen.
type liveBroker struct {
	seen    atomic.Int64 // ms since 1970 of the last sign of life
	timeout time.Duration
	version compat.DataVersion
	conn    *remoting.Conn // the connection it registered on; its end unregisters the broker
	haAddr  string
	name    string
	id      int64
}

// routes are the NameServer's tables (RouteInfoManager.java).
type routes struct {
	cache *routeCache

	mu sync.RWMutex
	// guarded by mu; topic → one entry per broker name, sorted by it
	topics   map[string][]protocol.QueueData
	pairs    int                             // guarded by mu; entries of all lists of topics
	brokers  map[string]*protocol.BrokerData // guarded by mu; by broker name
	clusters map[string]map[string]struct{}  // guarded by mu; cluster → broker names
	live     map[brokerKey]*liveBroker       // guarded by mu
	filters  map[brokerKey][]string          // guarded by mu; filter servers of 4.x brokers
	// guarded by mu; static topic → broker name → mapping, values immutable
	mappings map[string]map[string]*protocol.TopicQueueMappingInfo
}

func newRoutes() *routes {
	return &routes{
		cache: newRouteCache(), topics: map[string][]protocol.QueueData{}, brokers: map[string]*protocol.BrokerData{},
		clusters: map[string]map[string]struct{}{}, live: map[brokerKey]*liveBroker{}, filters: map[brokerKey][]string{},
		mappings: map[string]map[string]*protocol.TopicQueueMappingInfo{},
	}
}

// queueIndex finds a broker's entry in a topic's list.
func queueIndex(list []protocol.QueueData, broker string) (int, bool) {
	return slices.BinarySearchFunc(list, broker, func(q protocol.QueueData, name string) int {
		switch {
		case q.BrokerName < name:
			return -1
		case q.BrokerName > name:
			return 1
		}
		return 0
	})
}

// setQueue puts q into the topic's list; it says whether that changed anything, and whether there was room. The caller
// holds mu and drops the topic from the cache.
func (r *routes) setQueue(topic string, q protocol.QueueData) (changed, kept bool) {
	list, known := r.topics[topic]
	if !known && (len(r.topics) >= maxTopics || len(topic) > maxTopicName) {
		return false, false
	}
	i, found := queueIndex(list, q.BrokerName)
	if found {
		changed = list[i] != q
		list[i] = q
		return changed, true
	}
	if r.pairs >= maxPairs {
		return false, false
	}
	r.topics[topic] = slices.Insert(list, i, q)
	r.pairs++
	return true, true
}

// removeQueue takes a broker out of a topic, and the topic out of the table with its last broker. The caller holds mu.
func (r *routes) removeQueue(topic, broker string) bool {
	list := r.topics[topic]
	i, found := queueIndex(list, broker)
	if !found {
		return false
	}
	r.pairs--
	if len(list) == 1 {
		delete(r.topics, topic)
		delete(r.mappings, topic)
		return true
	}
	r.topics[topic] = slices.Delete(list, i, i+1)
	return true
}

// noID is what minID gives for nobody.
const noID = math.MaxInt64

// minID is the smallest broker id. Java lets ids be negative; no broker does that.
func minID(addrs map[int64]string) int64 {
	low := int64(noID)
	for id := range addrs {
		low = min(low, id)
	}
	return low
}

// touch notes a sign of life; unknown brokers are ignored (updateBrokerInfoUpdateTimestamp).
func (r *routes) touch(k brokerKey) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if l := r.live[k]; l != nil {
		l.seen.Store(time.Now().UnixMilli())
	}
}

// version is the data version that a broker registered last (queryBrokerTopicConfig).
func (r *routes) version(k brokerKey) (compat.DataVersion, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	l := r.live[k]
	if l == nil {
		return compat.DataVersion{}, false
	}
	return l.version, true
}

// deleteTopic removes a topic, everywhere or (cluster not empty) from the brokers of one cluster.
func (r *routes) deleteTopic(topic, cluster string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cluster == "" {
		r.pairs -= len(r.topics[topic])
		delete(r.topics, topic)
	}
	for name := range r.clusters[cluster] {
		r.removeQueue(topic, name)
	}
	if _, left := r.topics[topic]; !left {
		delete(r.mappings, topic) // Java keeps it: a new topic of that name would look like a static one
	}
	r.cache.drop(topic)
}

// registerTopic adds queues to a topic if every broker in the list is known; Java, too, keeps what came before an
// unknown one when the topic exists already.
func (r *routes) registerTopic(topic string, queues []protocol.QueueData) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := func(q protocol.QueueData) bool { return r.brokers[q.BrokerName] != nil }
	_, exists := r.topics[topic]
	if !exists && slices.ContainsFunc(queues, func(q protocol.QueueData) bool { return !known(q) }) {
		return false
	}
	defer r.cache.drop(topic)
	for _, q := range queues {
		if !known(q) {
			return false
		}
		r.setQueue(topic, q)
	}
	return true
}

// setWritePerm wipes (keep 4) or gives (6) write permission on all topics of a broker and counts them
// (operateWritePermOfBroker).
func (r *routes) setWritePerm(broker string, writable bool) int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.cache.clear()
	var n int32
	for _, list := range r.topics {
		i, found := queueIndex(list, broker)
		if !found {
			continue
		}
		n++
		if writable {
			list[i].Perm = protocol.PermRead | protocol.PermWrite
		} else {
			list[i].Perm &^= protocol.PermWrite
		}
	}
	return n
}

// members copies the addresses of a broker name (getBrokerMemberGroup).
func (r *routes) members(broker string) map[int64]string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if b := r.brokers[broker]; b != nil {
		return maps.Clone(b.BrokerAddrs)
	}
	return map[int64]string{}
}
