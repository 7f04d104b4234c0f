package namesrv

import (
	"maps"
	"slices"
	"strings"

	"gorocket/compat"
	"gorocket/remoting/protocol"
)

// pickup copies a topic's route out of the tables, nil when the topic has no broker
// (RouteInfoManager.pickupTopicRouteData).
func (r *routes) pickup(topic string, actingMaster bool) *protocol.TopicRouteData {
	route := r.copyRoute(topic)
	if route != nil && actingMaster && !strings.HasPrefix(topic, compat.SyncMemberPrefix) {
		route.actMasters()
		return &route.TopicRouteData
	}
	if route == nil {
		return nil
	}
	return &route.TopicRouteData
}

type routeCopy struct{ protocol.TopicRouteData }

func (r *routes) copyRoute(topic string) *routeCopy {
	r.mu.RLock()
	defer r.mu.RUnlock()
	queues := r.topics[topic]
	route := &routeCopy{protocol.TopicRouteData{FilterServerTable: map[string][]string{},
		QueueDatas: slices.Clone(queues)}}
	for _, q := range queues {
		b := r.brokers[q.BrokerName]
		if b == nil {
			continue
		}
		copied := *b
		copied.BrokerAddrs = maps.Clone(b.BrokerAddrs)
		route.BrokerDatas = append(route.BrokerDatas, copied)
		r.copyFilters(&copied, route.FilterServerTable)
	}
	if len(route.BrokerDatas) == 0 {
		return nil
	}
	if m := r.mappings[topic]; m != nil {
		route.TopicQueueMappingByBroker = maps.Clone(m)
	}
	return route
}

func (r *routes) copyFilters(b *protocol.BrokerData, into map[string][]string) {
	if len(r.filters) == 0 {
		return
	}
	for _, addr := range b.BrokerAddrs {
		if list := r.filters[brokerKey{b.Cluster, addr}]; list != nil {
			into[addr] = list
		}
	}
}

// actMasters shows the smallest slave of a read-only broker without master as its master.
func (route *routeCopy) actMasters() {
	for i := range route.BrokerDatas {
		b := &route.BrokerDatas[i]
		low := minID(b.BrokerAddrs)
		if low <= protocol.MasterID || low == noID || !b.EnableActingMaster {
			continue
		}
		if at, has := queueIndex(route.QueueDatas, b.BrokerName); has && route.QueueDatas[at].Perm&protocol.PermWrite == 0 {
			b.BrokerAddrs[protocol.MasterID] = b.BrokerAddrs[low]
			delete(b.BrokerAddrs, low)
		}
	}
}

// keepZone leaves only brokers of the zone, and those without a master wherever they are
// (ZoneRouteRPCHook.filterByZoneName).
func keepZone(route *protocol.TopicRouteData, zone string) {
	removed := map[string]bool{}
	route.BrokerDatas = slices.DeleteFunc(route.BrokerDatas, func(b protocol.BrokerData) bool {
		_, hasMaster := b.BrokerAddrs[protocol.MasterID]
		if !hasMaster || b.ZoneName != nil && strings.EqualFold(*b.ZoneName, zone) {
			return false
		}
		removed[b.BrokerName] = true
		for _, addr := range b.BrokerAddrs {
			delete(route.FilterServerTable, addr)
		}
		return true
	})
	route.QueueDatas = slices.DeleteFunc(route.QueueDatas,
		func(q protocol.QueueData) bool { return removed[q.BrokerName] })
	if route.BrokerDatas == nil {
		route.BrokerDatas = []protocol.BrokerData{}
	}
	if route.QueueDatas == nil {
		route.QueueDatas = []protocol.QueueData{}
	}
}
