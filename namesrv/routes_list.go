package namesrv

import (
	"maps"
	"slices"

	"gorocket/remoting/protocol"
)

// topicsWhere lists topics that a test accepts, sorted (the lists of RouteInfoManager are in no order).
func (r *routes) topicsWhere(accept func(queues []protocol.QueueData) bool) *protocol.TopicList {
	r.mu.RLock()
	list := make([]string, 0, len(r.topics))
	for topic, queues := range r.topics {
		if accept(queues) {
			list = append(list, topic)
		}
	}
	r.mu.RUnlock()
	slices.Sort(list)
	return &protocol.TopicList{TopicList: list}
}

// topicsOfCluster lists the topics on any broker of a cluster; an unknown cluster has none.
func (r *routes) topicsOfCluster(cluster string) *protocol.TopicList {
	r.mu.RLock()
	names := maps.Clone(r.clusters[cluster])
	r.mu.RUnlock()
	return r.topicsWhere(func(queues []protocol.QueueData) bool {
		return slices.ContainsFunc(queues, func(q protocol.QueueData) bool {
			_, in := names[q.BrokerName]
			return in
		})
	})
}

// systemTopics lists the names of clusters and brokers, and one broker's address.
func (r *routes) systemTopics() *protocol.TopicList {
	r.mu.RLock()
	defer r.mu.RUnlock()
	set := map[string]struct{}{}
	for cluster, names := range r.clusters {
		set[cluster] = struct{}{}
		maps.Copy(set, names)
	}
	out := &protocol.TopicList{TopicList: slices.AppendSeq([]string{}, maps.Keys(set))}
	slices.Sort(out.TopicList)
	for _, name := range slices.Sorted(maps.Keys(r.brokers)) {
		if addrs := r.brokers[name].BrokerAddrs; len(addrs) > 0 {
			addr := addrs[minID(addrs)]
			out.BrokerAddr = &addr
			break
		}
	}
	return out
}

// clusterInfo copies all brokers and clusters.
func (r *routes) clusterInfo() *protocol.ClusterInfo {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := &protocol.ClusterInfo{BrokerAddrTable: map[string]*protocol.BrokerData{},
		ClusterAddrTable: map[string][]string{}}
	for name, b := range r.brokers {
		copied := *b
		copied.BrokerAddrs = maps.Clone(b.BrokerAddrs)
		out.BrokerAddrTable[name] = &copied
	}
	for cluster, names := range r.clusters {
		out.ClusterAddrTable[cluster] = slices.Sorted(maps.Keys(names))
	}
	return out
}
